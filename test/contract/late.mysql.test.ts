// Protects: a win counts in the epoch it was decided in, or was promised something that is kept for it, or counts for
// nothing and says so; never in between. Taking in and opening an epoch come one after the other, on real MariaDB.

import { setTimeout as wait } from 'node:timers/promises';
import type { PoolConnection } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { makeMysqlEpochs } from '../../src/adapters/mysql/epochs.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import { makeMysqlRecord } from '../../src/adapters/mysql/record.ts';
import { makeSqlSettled } from '../../src/adapters/sql/settled.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { Campaign } from '../../src/core/campaign.ts';
import type { ClaimWon } from '../../src/core/event.ts';
import type { Epoch, Epochs } from '../../src/ports/epochs.ts';
import type { RecordBatch, StoreResult } from '../../src/ports/record.ts';
import { ID, type RecordPlace, STORED, wins } from '../support/contract/record-bench.ts';
import { makerOfMysqlPlaces } from '../support/mysql-place.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../support/samples.ts';

const maria = await startOrSkip(() => startMariaDb());
const system = makeSystem();

const of = (epoch: number, facts: ClaimWon[]): ClaimWon[] => facts.map((fact) => ({ ...fact, epoch }));

describe.skipIf(maria === null)('wins and epochs in MariaDB', () => {
  if (!maria) return;
  const places = makerOfMysqlPlaces(maria.url);
  let place: RecordPlace;
  let mysql: Mysql;
  let epochs: Epochs;
  let at = 0;

  beforeAll(async () => {
    place = await places.make();
    mysql = await openMysql(maria.url, { lockWaitSeconds: 2 });
  });
  beforeEach(async () => {
    place = await places.make();
    epochs = makeMysqlEpochs(mysql, system);
    at = 0;
  });
  afterAll(async () => {
    await Promise.all([places.close(), mysql.close()]);
    await maria.stop();
  });

  const create = (over: Partial<Campaign> = {}) =>
    place.campaigns.create(sampleCampaign(over), sampleAudit());
  function batchOf(facts: ClaimWon[]): RecordBatch {
    const listed = facts.map((fact) => ({ fact, codeLookup: null }));
    return { source: 'log', from: at, next: at + 1, wins: listed, unreadable: [], now: T0 };
  }
  async function store(facts: ClaimWon[]): Promise<StoreResult> {
    const result = await place.record.store(batchOf(facts));
    at += 1;
    return result;
  }
  async function next(over: Partial<Epoch> = {}): Promise<Epoch> {
    const now = (await epochs.of(ID)) as Epoch;
    const begun = (await epochs.begin(ID, now.epoch)) as Epoch;
    const opened: Epoch = { ...begun, state: 'open', ...over };
    expect(await epochs.open(opened)).toBe(true);
    return opened;
  }
  const seqs = async () => (await place.record.page(ID, 0, 1000)).map(({ seq }) => seq);
  const letters = () => place.letters.list({}, null, 1000);
  const userOf = async (seq: number) => (await place.record.find(ID, { seq }))[0]?.userId;

  describe('at level logged', () => {
    beforeEach(() => create({ durability: 'logged' }));

    it('sets a late win aside that nobody was told of, and counts it for nothing', async () => {
      await store(wins(1, 10));
      await next({ baseSeq: 10, leasedSeq: 10 });
      const late = wins(11, 13);
      expect(await store([...late, ...of(2, wins(14, 20))])).toEqual({
        ...STORED,
        inserted: 7,
        conflicts: 3,
      });
      expect(await seqs()).toEqual([...wins(1, 10), ...wins(14, 20)].map(({ seq }) => seq));
      expect(await letters()).toHaveLength(3);
      for (const letter of await letters()) {
        expect(letter.reason).toMatch(/^late: .*nobody was told/);
        expect(letter.campaignId).toBeNull();
        expect(late).toContainEqual(JSON.parse(letter.payload));
      }
      expect((await place.letters.counts(ID)).dead).toBe(0);
      // It took nothing from the stock: all the rest is to be had, and no more.
      const rest = of(2, [...wins(11, 13), ...wins(21, 101)]);
      expect(await store(rest)).toEqual({ ...STORED, inserted: 83, conflicts: 1 });
    });

    it('keeps the number for whom it was given to in the later epoch, whichever comes first', async () => {
      await next();
      const before = sampleWin(1, { userId: 'before' });
      const after = sampleWin(1, { userId: 'after', epoch: 2 });
      const behind = sampleWin(2, { userId: 'before' });
      await store([before, after]);
      await store([sampleWin(2, { userId: 'too', epoch: 2 })]);
      await store([behind]);
      expect([await userOf(1), await userOf(2)]).toEqual(['after', 'too']);
      expect((await letters()).map(({ campaignId, reason }) => [campaignId, reason.slice(0, 5)])).toEqual([
        [null, 'late:'],
        [null, 'late:'],
      ]);
    });

    it('takes a unit that was told again under a later epoch as the one it is', async () => {
      await store(wins(1, 5));
      await next({ baseSeq: 5 });
      expect(await store(of(2, wins(1, 5)))).toEqual({ ...STORED, repeated: 5 });
      expect(await store(wins(1, 5))).toEqual({ ...STORED, repeated: 5 });
      expect((await place.record.find(ID, { seq: 1 }))[0]?.epoch).toBe(1);
      expect(await letters()).toEqual([]);
    });

    it('takes what the epoch before decided while the next is being filled, and nothing older', async () => {
      await store(wins(1, 3));
      await next({ baseSeq: 3 });
      await epochs.begin(ID, 2);
      await epochs.begin(ID, 3);
      expect(await store([...of(2, wins(5, 6)), sampleWin(4)])).toEqual({
        ...STORED,
        inserted: 2,
        conflicts: 1,
      });
      expect(await seqs()).toEqual([1, 2, 3, 5, 6]);
      expect((await letters())[0]?.reason).toMatch(/^late: /);
    });

    it('sets aside what an epoch decided that has not begun', async () => {
      expect(await store(of(2, wins(1, 1)))).toEqual({ ...STORED, conflicts: 1 });
      expect(await letters()).toMatchObject([{ campaignId: ID, reason: 'epoch 2 has not begun' }]);
    });

    it('keeps nothing back, though units are counted for dead letters', async () => {
      await next({ baseSeq: 0, leasedSeq: 20, reserved: 5, reservedUntil: null });
      expect(await store(wins(1, 2))).toEqual({ ...STORED, conflicts: 2 });
      expect(await epochs.of(ID)).toMatchObject({ reserved: 5 });
    });
  });

  describe('at a weaker level', () => {
    beforeEach(() => create({ durability: 'memory' }));

    it('honours a late win out of what was kept for such', async () => {
      await store(wins(1, 10));
      await next({ baseSeq: 10, leasedSeq: 20, reserved: 10, reservedUntil: T0 });
      await store(of(2, wins(21, 22)));
      expect(await store([...wins(13, 14), ...of(2, wins(23, 23))])).toEqual({ ...STORED, inserted: 3 });
      expect(await epochs.of(ID)).toMatchObject({ reserved: 8, reservedUntil: T0 });
      expect(await store(wins(13, 14))).toEqual({ ...STORED, repeated: 2 });
      expect(await epochs.of(ID)).toMatchObject({ reserved: 8 });
      expect(await seqs()).toEqual([...wins(1, 10), ...wins(13, 14), ...wins(21, 23)].map(({ seq }) => seq));
      const runs = (await place.outbox(ID)).map(({ seqFirst, seqLast }) => [seqFirst, seqLast]);
      expect(runs).toContainEqual([13, 14]);
      expect(await store(of(2, wins(24, 110)))).toMatchObject({ inserted: 85, conflicts: 2 });
    });

    it('honours as many as there is for, oldest first, and no number that had not been leased', async () => {
      await next({ leasedSeq: 20, reserved: 3, reservedUntil: T0 });
      expect(await store([sampleWin(21), ...wins(1, 5)])).toEqual({ ...STORED, inserted: 3, conflicts: 3 });
      expect(await seqs()).toEqual([1, 2, 3]);
      expect(await epochs.of(ID)).toMatchObject({ reserved: 0, reservedUntil: null });
      for (const { campaignId, reason } of await letters()) {
        expect(campaignId).toBeNull();
        expect(reason).toMatch(/^late: .*may have been told: nothing is kept/);
      }
    });

    it('keeps the reserve when a late winner has his unit already', async () => {
      await next({ leasedSeq: 20, reserved: 3, reservedUntil: T0 });
      await store([sampleWin(21, { userId: 'ann', epoch: 2 })]);
      expect(await store([sampleWin(1, { userId: 'ann' }), sampleWin(2)])).toEqual({
        ...STORED,
        inserted: 1,
        conflicts: 1,
      });
      expect(await epochs.of(ID)).toMatchObject({ reserved: 2 });
      expect((await letters())[0]?.reason).toMatch(/^late: .*has this unit already/);
    });
  });

  it('numbers that need no sending again are those in the record and those set aside', async () => {
    const { settled } = makeSqlSettled(mysql.db);
    await create({ durability: 'logged' });
    await create({ id: 'other', durability: 'logged' });
    await store([...wins(1, 3), sampleWin(5), sampleWin(2, { campaignId: 'other' })]);
    expect([...(await settled(ID, 1, 1, 10))]).toEqual([1, 2, 3, 5]);
    expect([...(await settled(ID, 1, 2, 3))]).toEqual([2, 3]);
    await next({ baseSeq: 5 });
    await store([sampleWin(4), sampleWin(7, { epoch: 3 }), sampleWin(9, { campaignId: 'other', epoch: 2 })]);
    const sorted = async (id: string, epoch: number) =>
      [...(await settled(id, epoch, 1, 10))].toSorted((a, b) => a - b);
    expect(await sorted(ID, 1)).toEqual([1, 2, 3, 4, 5]);
    expect(await sorted(ID, 3)).toEqual([1, 2, 3, 5, 7]);
    expect(await sorted('other', 2)).toEqual([2, 9]);
    expect([...(await settled('none', 1, 1, 10))]).toEqual([]);
  });

  describe('one after the other', () => {
    beforeEach(() => create({ durability: 'logged' }));

    /** A record that stops before its first commit, or before its `nth` statement that begins so, until `go`. */
    function stoppingAt(what: 'COMMIT' | 'SAVEPOINT', nth: number) {
      let reached = (): void => undefined;
      let go = (): void => undefined;
      const atIt = new Promise<void>((resolve) => (reached = resolve));
      const going = new Promise<void>((resolve) => (go = resolve));
      let left = nth;
      const stop = async (now: string): Promise<void> => {
        if (now.startsWith(what)) left -= 1;
        if (!now.startsWith(what) || left !== 0) return;
        reached();
        await going;
      };
      const pool = {
        getConnection: async (): Promise<PoolConnection> => {
          const connection = await mysql.pool.getConnection();
          return new Proxy(connection, {
            get(target, name) {
              const found: unknown = Reflect.get(target, name);
              if (typeof found !== 'function') return found;
              return (...args: unknown[]) => {
                const run = () => Reflect.apply(found, target, args) as unknown;
                if (name === 'commit') return stop('COMMIT').then(run);
                if (name === 'query' && typeof args[0] === 'string') return stop(args[0]).then(run);
                return run();
              };
            },
          });
        },
      } as Mysql['pool'];
      return { record: makeMysqlRecord({ mysql: { ...mysql, pool }, system }), atIt, go: () => go() };
    }

    it.each<[string, number, () => ClaimWon[], 'COMMIT' | 'SAVEPOINT', number]>([
      ['of new wins', 1, () => wins(4, 6), 'COMMIT', 1],
      ['of repeats', 1, () => wins(1, 3), 'COMMIT', 1],
      // After it was seen which are late, and before the others are counted.
      ['with late ones among them', 2, () => [...wins(4, 6), ...of(2, wins(7, 9))], 'SAVEPOINT', 2],
    ])(
      'an epoch is opened after a batch %s that is on its way in',
      async (_what, epoch, facts, where, nth) => {
        await store(wins(1, 3));
        if (epoch === 2) await next();
        const begun = (await epochs.begin(ID, epoch)) as Epoch;
        const stopping = stoppingAt(where, nth);
        const storing = stopping.record.store(batchOf(facts()));
        await stopping.atIt;
        let isOpen = false;
        const opening = epochs.open(begun).then((done) => {
          isOpen = done;
        });
        await wait(300);
        expect(isOpen).toBe(false);
        stopping.go();
        expect(await storing).toMatchObject({ kind: 'stored', conflicts: epoch === 2 ? 3 : 0 });
        await opening;
        expect(isOpen).toBe(true);
      },
    );

    it('a batch that comes while an epoch is being opened sees it opened', async () => {
      const begun = (await epochs.begin(ID, 1)) as Epoch;
      const holder = await mysql.pool.getConnection();
      await holder.beginTransaction();
      const holding = makeMysqlEpochs({ ...mysql, pool: holder as unknown as Mysql['pool'] }, system);
      expect(await holding.open(begun)).toBe(true);
      const storing = store(wins(1, 3));
      await wait(300);
      await holder.commit();
      holder.release();
      expect(await storing).toEqual({ ...STORED, conflicts: 3 });
      expect(await seqs()).toEqual([]);
    });

    it('wins in a rush of batches and epochs are either in or late, never both and never neither', async () => {
      const sources = Array.from({ length: 4 }, (_, i) => `source-${i}`);
      const told = new Map<number, number>();
      const opening = (async () => {
        for (let i = 0; i < 6; i++) {
          await wait(25);
          const opened = await next();
          told.set(opened.epoch, (await seqs()).length);
        }
      })();
      await Promise.all(
        sources.map(async (source, s) => {
          for (let i = 0; i < 20; i++) {
            const fact = sampleWin(1 + s * 20 + i, { epoch: (await epochs.of(ID))?.epoch ?? 1 });
            const batch = batchOf([fact]);
            await place.record.store({ ...batch, source, from: i, next: i + 1 });
          }
        }),
      );
      await opening;
      const late = (await letters()).map(({ payload }) => (JSON.parse(payload) as ClaimWon).seq);
      expect([...(await seqs()), ...late].toSorted((a, b) => a - b)).toEqual(
        wins(1, 80).map(({ seq }) => seq),
      );
      const { issued } = await place.record.counts(ID, T0);
      const [[row]] = (await mysql.pool.query('SELECT issued FROM campaigns')) as unknown as [
        { issued: number }[],
      ];
      expect(row?.issued).toBe(issued);
      expect(told.size).toBe(6);
    });
  });
});

// Protects: of many who act on an epoch or a lease at once, one does, on real MariaDB with a connection each; whether a
// lease has run out is decided by the database's clock alone; an older database is brought up to date as it is.

import { setTimeout as wait } from 'node:timers/promises';
import { Kysely, MysqlDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { createPool } from 'mysql2';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { makeMysqlEpochs } from '../../src/adapters/mysql/epochs.ts';
import { makeMysqlLeases } from '../../src/adapters/mysql/leases.ts';
import { MYSQL_MIGRATIONS } from '../../src/adapters/mysql/migrations.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { Epoch, Epochs } from '../../src/ports/epochs.ts';
import type { Leases } from '../../src/ports/leases.ts';
import { ID, type RecordPlace } from '../support/contract/record-bench.ts';
import { makerOfMysqlPlaces, placeIn } from '../support/mysql-place.ts';
import { makeTrouble, type Trouble } from '../support/mysql-trouble.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../support/samples.ts';

const maria = await startOrSkip(() => startMariaDb());
const system = makeSystem();

/** A campaign's epoch as it is when nobody has touched it. */
const FIRST: Epoch = {
  campaignId: ID,
  version: 1,
  epoch: 1,
  state: 'open',
  baseSeq: 0,
  leasedSeq: 0,
  reserved: 0,
  reservedUntil: null,
};

describe.skipIf(maria === null)('in MariaDB', () => {
  if (!maria) return;
  const places = makerOfMysqlPlaces(maria.url);
  let place: RecordPlace;
  let mysqls: Mysql[];
  let trouble: Trouble;

  beforeAll(async () => {
    place = await places.make();
    mysqls = await Promise.all([openMysql(maria.url), openMysql(maria.url)]);
    trouble = await makeTrouble(maria.adminUrl);
  });
  beforeEach(async () => {
    place = await places.make();
  });
  afterAll(async () => {
    await Promise.all([places.close(), trouble.end(), ...mysqls.map((mysql) => mysql.close())]);
    await maria.stop();
  });

  describe('epochs', () => {
    let epochs: Epochs;
    let others: Epochs;
    beforeEach(async () => {
      [epochs, others] = mysqls.map((mysql) => makeMysqlEpochs(mysql, system)) as [Epochs, Epochs];
      await place.campaigns.create(sampleCampaign(), sampleAudit());
    });

    it('begin at one, open, for each campaign that is not archived', async () => {
      const other = sampleCampaign({ id: 'other', version: 7, createdAt: T0 });
      await place.campaigns.create(other, sampleAudit());
      const both = [FIRST, { ...FIRST, campaignId: 'other', version: 7 }];
      expect((await epochs.all()).toSorted((a, b) => (a.campaignId < b.campaignId ? -1 : 1))).toEqual(both);
      await place.campaigns.update({ ...other, version: 8, archivedAt: T0 }, 7, sampleAudit(), []);
      expect(await epochs.all()).toEqual([FIRST]);
      expect(await epochs.of('other')).toEqual({ ...FIRST, campaignId: 'other', version: 8 });
      expect(await epochs.of('none')).toBeNull();
    });

    it('keep what they were opened with', async () => {
      const begun = await epochs.begin(ID, 1);
      expect(begun).toEqual({ ...FIRST, epoch: 2, state: 'rebuilding' });
      const opened: Epoch = {
        ...(begun as Epoch),
        state: 'open',
        baseSeq: 40,
        leasedSeq: 64,
        reserved: 24,
        reservedUntil: T0 + 1,
      };
      expect(await epochs.open(opened)).toBe(true);
      expect(await others.of(ID)).toEqual(opened);
      expect(await epochs.lease(ID, 2, 128)).toBe(true);
      expect(await epochs.lease(ID, 2, 96)).toBe(true);
      expect(await epochs.unreserve(ID, 2, 4)).toBe(true);
      expect(await epochs.of(ID)).toEqual({ ...opened, leasedSeq: 128, reserved: 20 });
      expect(await epochs.unreserve(ID, 2, 21)).toBe(false);
      expect(await epochs.unreserve(ID, 2, 20)).toBe(true);
      expect(await epochs.of(ID)).toEqual({ ...opened, leasedSeq: 128, reserved: 0, reservedUntil: null });
      expect(await epochs.retire(ID, 2)).toBe(true);
      expect(await epochs.of(ID)).toMatchObject({ epoch: 2, state: 'retired' });
    });

    it('of twenty who begin the next one, one does', async () => {
      const begun = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? epochs : others).begin(ID, 1)),
      );
      expect(begun.filter((one) => one !== null)).toEqual([{ ...FIRST, epoch: 2, state: 'rebuilding' }]);
      expect((await epochs.of(ID))?.epoch).toBe(2);
    });

    it('of twenty who take from the reserve at once, as many do as there is for', async () => {
      const begun = await epochs.begin(ID, 1);
      await epochs.open({ ...(begun as Epoch), reserved: 7, reservedUntil: T0 });
      const taken = await Promise.all(
        Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? epochs : others).unreserve(ID, 2, 1)),
      );
      expect(taken.filter(Boolean)).toHaveLength(7);
      expect(await epochs.of(ID)).toMatchObject({ reserved: 0, reservedUntil: null });
    });

    it('do nothing for whoever has another epoch in mind, or the wrong state', async () => {
      const begun = (await epochs.begin(ID, 1)) as Epoch;
      // While it is being filled nothing is leased, given back or ended; nor ever again in the one before.
      for (const epoch of [1, 2, 3]) {
        expect(await others.lease(ID, epoch, 10)).toBe(false);
        expect(await others.unreserve(ID, epoch, 0)).toBe(false);
        expect(await others.retire(ID, epoch)).toBe(false);
      }
      expect(await others.open({ ...begun, epoch: 1 })).toBe(false);
      expect(await others.open({ ...begun, epoch: 3 })).toBe(false);
      expect(await epochs.of(ID)).toEqual(begun);
      expect(await epochs.open(begun)).toBe(true);
      expect(await epochs.open(begun)).toBe(false);
      expect(await others.lease(ID, 1, 10)).toBe(false);
      expect(await others.begin(ID, 1)).toBeNull();
      expect(await others.begin('none', 1)).toBeNull();
      expect(await epochs.of(ID)).toEqual({ ...begun, state: 'open' });
    });

    it('are not opened by one who was overtaken', async () => {
      const slow = (await epochs.begin(ID, 1)) as Epoch;
      const quick = (await others.begin(ID, 2)) as Epoch;
      expect(await epochs.open(slow)).toBe(false);
      expect(await others.open(quick)).toBe(true);
      expect(await epochs.of(ID)).toMatchObject({ epoch: 3, state: 'open' });
    });

    it('stay as they are when the campaign changes beside them', async () => {
      const begun = (await epochs.begin(ID, 1)) as Epoch;
      await place.campaigns.update(sampleCampaign({ version: 2 }), 1, sampleAudit(), []);
      expect(await epochs.of(ID)).toEqual({ ...begun, version: 2 });
    });
  });

  describe('leases', () => {
    let leases: Leases;
    let others: Leases;
    beforeEach(() => {
      [leases, others] = mysqls.map((mysql) => makeMysqlLeases(mysql, system)) as [Leases, Leases];
    });

    it('belong to one until they run out or are given back', async () => {
      expect(await leases.take('supervisor', 'a', 400)).toBe(true);
      expect(await others.take('supervisor', 'b', 400)).toBe(false);
      expect(await others.held('super')).toEqual([{ name: 'supervisor', holder: 'a' }]);
      await wait(450);
      expect(await others.held('super')).toEqual([]);
      expect(await others.take('supervisor', 'b', 60_000)).toBe(true);
      expect(await leases.take('supervisor', 'a', 60_000)).toBe(false);
      await leases.release('supervisor', 'a');
      expect(await leases.take('supervisor', 'a', 60_000)).toBe(false);
      await others.release('supervisor', 'b');
      expect(await leases.take('supervisor', 'a', 60_000)).toBe(true);
    });

    it('are renewed by whoever has them, from now', async () => {
      for (let i = 0; i < 2; i++) {
        expect(await leases.take('x', 'a', 1_000)).toBe(true);
        expect(await leases.take('x', 'a', 1_000)).toBe(true);
        await wait(550);
        expect(await others.take('x', 'b', 1_000)).toBe(false);
      }
      // Nobody else's asking prolongs them.
      await expect.poll(() => others.take('x', 'b', 1_000), { timeout: 10_000 }).toBe(true);
    });

    it('go to one of twenty who ask at once, a new one and one that has run out', async () => {
      for (let round = 0; round < 5; round++) {
        const taken = await Promise.all(
          Array.from({ length: 20 }, (_, i) => (i % 2 ? others : leases).take('race', `h-${i}`, 60_000)),
        );
        expect(taken.filter(Boolean)).toHaveLength(1);
        const holder = `h-${taken.indexOf(true)}`;
        expect(await leases.held('race')).toEqual([{ name: 'race', holder }]);
        expect(await leases.take('race', holder, 20)).toBe(true);
        await wait(40);
      }
    });

    it('are apart by name, to the byte, and found by how the name begins', async () => {
      const names = ['recorder/won/0', 'recorder/won/1', 'Recorder/won/0', 'record'];
      for (const [i, name] of names.entries()) expect(await leases.take(name, `h-${i}`, 60_000)).toBe(true);
      expect(await others.held('recorder/')).toEqual([
        { name: 'recorder/won/0', holder: 'h-0' },
        { name: 'recorder/won/1', holder: 'h-1' },
      ]);
      expect(await others.held('%')).toEqual([]);
      expect(await others.held('')).toHaveLength(4);
    });

    it('run by the database alone, whatever time zone it is set to', async () => {
      expect(await leases.take('zone', 'a', 60_000)).toBe(true);
      await trouble.admin.query("SET GLOBAL time_zone = '+09:00'");
      const far = await openMysql(maria.url);
      await trouble.admin.query("SET GLOBAL time_zone = 'SYSTEM'");
      const distant = makeMysqlLeases(far, system);
      expect(await distant.take('zone', 'b', 60_000)).toBe(false);
      expect(await distant.held('zone')).toHaveLength(1);
      const [[row]] = (await far.pool.query('SELECT `until` FROM leases')) as unknown as [
        { until: number }[],
      ];
      expect(Math.abs((row?.until ?? 0) - 60_000 - system.now())).toBeLessThan(2_000);
      await far.close();
    });
  });

  describe('tables', () => {
    /** A database as an older version has left it, with a campaign in it of which three units are given. */
    async function older(name: string, steps: number): Promise<URL> {
      await trouble.admin.query(`CREATE DATABASE ${name} CHARACTER SET utf8mb4`);
      const url = new URL(maria?.adminUrl ?? '');
      url.pathname = `/${name}`;
      const pool = createPool(url.href);
      const db = new Kysely({ dialect: new MysqlDialect({ pool }) });
      const known = Object.fromEntries(Object.entries(MYSQL_MIGRATIONS).slice(0, steps));
      const { error } = await new Migrator({
        db,
        provider: { getMigrations: async () => known },
      }).migrateToLatest();
      expect(error).toBeUndefined();
      const values = [ID, JSON.stringify(sampleCampaign())];
      await pool
        .promise()
        .query(
          'INSERT INTO campaigns (id, version, quantity, issued, created_at, body) VALUES (?, 1, 100, 3, 1, ?)',
          values,
        );
      await pool
        .promise()
        .query(
          'INSERT INTO claims (campaign_no, seq, epoch, user_id, nth, won_at) VALUES (1, 1, 1, ?, 1, 5), (1, 2, 1, ?, 1, 6), (1, 3, 1, ?, 1, 7)',
          ['u-1', 'u-2', 'u-3'],
        );
      await pool.promise().query("INSERT INTO recorder (source, `next`) VALUES ('journal', 3)");
      await db.destroy();
      return url;
    }

    it.each([1, 2])('of version %i are brought up to date, and what is in them stays', async (steps) => {
      const url = await older(`older_${steps}`, steps);
      const after = await openMysql(url.href);
      expect(await makeMysqlEpochs(after, system).all()).toEqual([FIRST]);
      expect(await makeMysqlLeases(after, system).take('x', 'a', 1000)).toBe(true);
      const { record, rulings, lines } = placeIn(after);
      expect((await record.page(ID, 0, 10)).map(({ userId }) => userId)).toEqual(['u-1', 'u-2', 'u-3']);
      expect([await record.next('journal'), await rulings.deciders()]).toEqual([3, []]);
      const fact = {
        type: 'line.released' as const,
        campaignId: ID,
        epoch: 1,
        at: T0,
        to: 1,
        confirmBy: null,
      };
      const batch = { source: 'journal', from: 3, next: 4, unreadable: [], now: T0 };
      await record.store({ ...batch, wins: [{ fact: sampleWin(4), codeLookup: null }], lines: [fact] });
      expect(await lines.page(ID, 0)).toEqual({ facts: [fact], next: null });
      await after.close();
    });

    it('are made to the end by the next start when one was cut off between a table and its note', async () => {
      const url = await older('cut_off', 3);
      await trouble.admin.query("DELETE FROM cut_off.kysely_migration WHERE name > '0002'");
      await (await openMysql(url.href)).close();
      await trouble.admin.query("DELETE FROM cut_off.kysely_migration WHERE name > '0001-first'");
      await (await openMysql(url.href)).close();
    });
  });
});

// Protects: trouble in the database loses no win, doubles none and changes none. What may pass is tried again, for a
// limited time; a bad row does not stop its batch; what cannot be used is refused at the start with what to do.

import { setTimeout as wait } from 'node:timers/promises';
import type { PoolConnection } from 'mysql2/promise';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { MYSQL_MIGRATIONS } from '../../src/adapters/mysql/migrations.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import { makeMysqlRecord } from '../../src/adapters/mysql/record.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { gateRule } from '../../src/core/gate.ts';
import type { RecordBatch } from '../../src/ports/record.ts';
import { ID, type RecordPlace, STORED, wins } from '../support/contract/record-bench.ts';
import { makerOfMysqlPlaces } from '../support/mysql-place.ts';
import { makeTrouble, type Trouble } from '../support/mysql-trouble.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../support/samples.ts';

const maria = await startOrSkip(() => startMariaDb());
const system = makeSystem();

function batchOf(facts: ReturnType<typeof wins>, over: Partial<RecordBatch> = {}): RecordBatch {
  const listed = facts.map((fact) => ({ fact, codeLookup: null }));
  return { source: 'journal', from: 0, next: 1, wins: listed, unreadable: [], now: T0, ...over };
}

describe.skipIf(maria === null)('the record in MariaDB', () => {
  if (!maria) return;
  const places = makerOfMysqlPlaces(maria.url);
  let place: RecordPlace;
  let mysql: Mysql;
  let trouble: Trouble;
  let retries: string[] = [];
  const record = () =>
    makeMysqlRecord({ mysql, system, onRetry: (error) => retries.push(String(Reflect.get(error, 'code'))) });
  const seqs = async () => (await place.record.page(ID, 0, 1000)).map(({ seq }) => seq);

  beforeAll(async () => {
    place = await places.make();
    mysql = await openMysql(maria.url, { lockWaitSeconds: 1 });
    trouble = await makeTrouble(maria.adminUrl);
  });
  beforeEach(async () => {
    place = await places.make();
    retries = [];
    await place.campaigns.create(sampleCampaign(), sampleAudit());
  });
  afterEach(() => trouble.letGo());
  afterAll(async () => {
    await Promise.all([places.close(), mysql.close(), trouble.end()]);
    await maria.stop();
  });

  async function exactlyOnce(): Promise<void> {
    expect(await seqs()).toEqual(wins(1, 50).map(({ seq }) => seq));
    expect(await place.record.next('journal')).toBe(1);
    expect(await place.outbox(ID)).toEqual([{ type: 'coupon.issued', seqFirst: 1, seqLast: 50, data: null }]);
    expect(await place.record.counts(ID, T0)).toMatchObject({ issued: 50, distinctUsers: 50 });
    expect(await place.record.tally(ID)).toEqual({ issued: 50, redeemed: 0, revoked: 0, unissued: 0 });
    // The count that guards the quantity was raised once: the other half is still to be had, and no more.
    const rest = batchOf(wins(51, 101), { from: 1, next: 2 });
    expect(await record().store(rest)).toEqual({ ...STORED, inserted: 50, conflicts: 1 });
  }

  describe('tries again', () => {
    it('when it was undone by a deadlock', async () => {
      await record().store(batchOf([], { source: 'journal', from: 0, next: 0 }));
      await trouble.hold();
      const storing = record().store(batchOf(wins(1, 50)));
      await trouble.waiting();
      await trouble.ask('journal');
      await trouble.letGo();
      expect(await storing).toEqual({ ...STORED, inserted: 50 });
      expect(retries).toContain('ER_LOCK_DEADLOCK');
      await exactlyOnce();
    });

    it('when a lock was not to be had in time', async () => {
      await trouble.hold();
      const storing = record().store(batchOf(wins(1, 50)));
      await wait(1_300);
      await trouble.letGo();
      expect(await storing).toEqual({ ...STORED, inserted: 50 });
      expect(retries).toEqual(['ER_LOCK_WAIT_TIMEOUT']);
      await exactlyOnce();
    });

    it('when its connection was killed in the middle', async () => {
      await trouble.hold();
      const storing = record().store(batchOf(wins(1, 50)));
      await trouble.admin.query(`KILL ${await trouble.waiting()}`);
      await trouble.letGo();
      expect(await storing).toEqual({ ...STORED, inserted: 50 });
      expect(retries).toHaveLength(1);
      await exactlyOnce();
    });

    it('a decider’s batch too, with all that is in it', async () => {
      const rule = gateRule(sampleCampaign({ quantity: 50 }));
      const head = { campaignId: ID, epoch: 1, at: T0 };
      const line = { type: 'line.released' as const, ...head, to: 1, confirmBy: null };
      const ruling = { campaignId: ID, rule, clock: T0, phases: [], issued: 50, lastSeq: 50 };
      await trouble.hold();
      const batch = batchOf(wins(1, 50), { rulings: [ruling], lines: [line], unreadableAt: [0] });
      const storing = record().store(batch);
      await wait(1_300);
      await trouble.letGo();
      expect(await storing).toEqual({ ...STORED, inserted: 50 });
      expect(retries).toHaveLength(1);
      expect((await place.outbox(ID)).map(({ type }) => type)).toEqual([
        'coupon.issued',
        'campaign.sold_out',
      ]);
      const { rulings, lines } = place;
      expect(await rulings.deciders()).toEqual([{ source: 'journal', next: 1, unreadable: [0] }]);
      expect(await rulings.of(ID)).toEqual({ ...ruling, source: 'journal', changed: 1 });
      expect((await lines.page(ID, 0)).facts).toEqual([line]);
    });

    it('when nobody answered the commit, and knows its own batch again', async () => {
      let cut = 1;
      const pool = {
        getConnection: async (): Promise<PoolConnection> => {
          const connection = await mysql.pool.getConnection();
          const commit = connection.commit.bind(connection);
          connection.commit = async () => {
            connection.commit = commit;
            await commit();
            cut -= 1;
            if (cut >= 0) throw Object.assign(new Error('cut'), { code: 'PROTOCOL_CONNECTION_LOST' });
          };
          return connection;
        },
      } as Mysql['pool'];
      const cutting = makeMysqlRecord({ mysql: { ...mysql, pool }, system });
      expect(await cutting.store(batchOf(wins(1, 50)))).toEqual({ ...STORED, inserted: 50 });
      // For whoever has not been at it, the same batch is somebody else's.
      expect(await record().store(batchOf(wins(1, 50)))).toEqual({ kind: 'zombie', next: 1 });
      await exactlyOnce();
    });

    it('while the server is read-only, for a time; then says so, and goes on when it is writable again', async () => {
      const readOnly = (on: 0 | 1) => trouble.admin.query(`SET GLOBAL read_only = ${on}`);
      onTestFinished(async () => void (await readOnly(0)));
      await readOnly(1);
      await expect(record().store(batchOf(wins(1, 50)))).rejects.toMatchObject({
        name: 'RecordFault',
        message: expect.stringContaining('read-only') as string,
      });
      expect(await seqs()).toEqual([]);
      const storing = record().store(batchOf(wins(1, 50)));
      await wait(100);
      await readOnly(0);
      expect(await storing).toEqual({ ...STORED, inserted: 50 });
      await exactlyOnce();
    });

    it('after the server was killed with -9, and has everything that it said it had', async () => {
      expect(await record().store(batchOf(wins(1, 20)))).toEqual({ ...STORED, inserted: 20 });
      await maria.kill();
      const late = batchOf(wins(21, 50), { from: 1, next: 2 });
      await expect(record().store(late)).rejects.toMatchObject({ name: 'RecordFault' });
      await maria.restart();
      trouble = await makeTrouble(maria.adminUrl);
      expect(await record().store(late)).toEqual({ ...STORED, inserted: 30 });
      expect(await seqs()).toHaveLength(50);
    });
  });

  describe('sets aside', () => {
    it('the one row that does not fit, not those around it, and never a part of it', async () => {
      const tooLong = sampleWin(40, { userId: '가'.repeat(43) });
      const facts = [...wins(1, 39), tooLong, ...wins(41, 99)];
      expect(await record().store(batchOf(facts))).toEqual({ ...STORED, inserted: 98, conflicts: 1 });
      const [letter] = await place.letters.list({}, null, 10);
      expect(letter).toMatchObject({ payload: JSON.stringify(tooLong), campaignId: ID });
      expect(letter?.reason).toContain('Data too long');
      expect(await seqs()).not.toContain(40);
    });

    it('nobody because another is called alike', async () => {
      const users = ['Ann', 'ann', 'ann ', 'ánn'];
      const facts = users.map((userId, i) => sampleWin(i + 1, { userId }));
      expect(await record().store(batchOf(facts))).toEqual({ ...STORED, inserted: 4 });
      expect((await place.record.holders(ID, 0, 10)).userIds).toEqual(users);
      for (const [i, userId] of users.entries()) {
        expect((await place.record.find(ID, { userId })).map(({ seq }) => seq)).toEqual([i + 1]);
      }
    });
  });

  describe('opened', () => {
    const at = (change: (url: URL) => void): string => {
      const url = new URL(maria.url);
      change(url);
      return url.href;
    };

    it.each<[string, (url: URL) => void, string]>([
      [
        'a port where nobody is',
        (url) => Object.assign(url, { port: '1' }),
        'No database answers at 127.0.0.1:1',
      ],
      ['a wrong password', (url) => Object.assign(url, { password: 's3cret' }), 'refuses the user "dibs"'],
      [
        'a database that is not there',
        (url) => Object.assign(url, { pathname: '/none' }),
        'no database "none"',
      ],
    ])('refuses %s, with what to do', async (_what, change, message) => {
      const refusal = openMysql(at(change));
      await expect(refusal).rejects.toMatchObject({
        name: 'DatabaseFault',
        message: expect.stringContaining(message) as string,
      });
      await expect(refusal).rejects.not.toThrow('s3cret');
    });

    it('refuses a user without the rights to make tables, and needs none once they are there', async () => {
      const { admin } = trouble;
      await admin.query('CREATE DATABASE bare');
      await admin.query("CREATE USER app@'127.0.0.1' IDENTIFIED BY 'app'");
      await admin.query("GRANT SELECT, INSERT, UPDATE, DELETE ON bare.* TO app@'127.0.0.1'");
      const app = at((url) => Object.assign(url, { username: 'app', password: 'app', pathname: '/bare' }));
      await expect(openMysql(app)).rejects.toThrow('lacks a right on the database "bare"');
      const owner = new URL(maria.adminUrl);
      owner.pathname = '/bare';
      await (await openMysql(owner.href)).close();
      await (await openMysql(app)).close();
    });

    it('refuses tables of a newer program, and changes nothing', async () => {
      await trouble.admin.query('CREATE DATABASE newer');
      const owner = new URL(maria.adminUrl);
      owner.pathname = '/newer';
      await (await openMysql(owner.href)).close();
      await trouble.admin.query("INSERT INTO newer.kysely_migration VALUES ('9999-later', '2030')");
      const known = Object.keys(MYSQL_MIGRATIONS).length;
      const why = `schema ${known + 1}, this program knows up to ${known}`;
      await expect(openMysql(owner.href)).rejects.toThrow(why);
    });

    it('by many at once makes the tables once', async () => {
      await trouble.admin.query('CREATE DATABASE crowd');
      const owner = new URL(maria.adminUrl);
      owner.pathname = '/crowd';
      const opened = await Promise.all(Array.from({ length: 5 }, () => openMysql(owner.href)));
      await Promise.all(opened.map((one) => one.close()));
      expect(opened).toHaveLength(5);
    });
  });
});

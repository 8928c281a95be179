// Protects: a database that hangs, is full of others, forbids or has lost what is needed makes nobody wait for long and
// breaks nothing; TLS is TLS, with a certificate that is checked; what a database really is can be asked.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Connection, createConnection } from 'mysql2/promise';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { runToEnd, temporaryFolder } from '../../scripts/services/local.ts';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { findProgram } from '../../scripts/services/programs.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { makeMysqlEpochs } from '../../src/adapters/mysql/epochs.ts';
import { makeMysqlLeases } from '../../src/adapters/mysql/leases.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import { probeMysql } from '../../src/adapters/mysql/probe.ts';
import { makeMysqlRecord } from '../../src/adapters/mysql/record.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { RecordBatch } from '../../src/ports/record.ts';
import { ID, type RecordPlace, STORED, wins } from '../support/contract/record-bench.ts';
import { makerOfMysqlPlaces } from '../support/mysql-place.ts';
import { makeTrouble, type Trouble } from '../support/mysql-trouble.ts';
import { sampleAudit, sampleCampaign, T0 } from '../support/samples.ts';

/** A certificate for 127.0.0.1 and localhost, and for no other name, signed by itself; null where there is no openssl. */
async function makeCertificate(): Promise<{ key: string; cert: string } | null> {
  if (!findProgram('openssl')) return null;
  const folder = temporaryFolder('tls');
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const make = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-keyout', key, '-out', cert];
  const subject = ['-subj', '/CN=database', '-addext', 'subjectAltName=IP:127.0.0.1'];
  await runToEnd('openssl', [...make, ...subject], { cwd: folder });
  await runToEnd('chmod', ['-R', 'a+rX', folder], { cwd: folder });
  return { key, cert };
}

const certificate = await makeCertificate();
const tlsArgs = certificate ? [`--ssl-cert=${certificate.cert}`, `--ssl-key=${certificate.key}`] : [];
const maria = await startOrSkip(() => startMariaDb({ args: tlsArgs }));
const system = makeSystem();

const batch: RecordBatch = {
  source: 'log',
  from: 0,
  next: 1,
  wins: wins(1, 50).map((fact) => ({ fact, codeLookup: null })),
  unreadable: [],
  now: T0,
};

describe.skipIf(maria === null)('MariaDB in trouble', () => {
  if (!maria) return;
  const places = makerOfMysqlPlaces(maria.url);
  let place: RecordPlace;
  let mysql: Mysql;
  let trouble: Trouble;
  const seqs = async () => (await place.record.page(ID, 0, 1000)).length;

  beforeAll(async () => {
    place = await places.make();
    mysql = await openMysql(maria.url, { lockWaitSeconds: 1, silenceMaxMs: 1_000 });
    trouble = await makeTrouble(maria.adminUrl);
  });
  beforeEach(async () => {
    place = await places.make();
    await place.campaigns.create(sampleCampaign(), sampleAudit());
  });
  afterAll(async () => {
    maria.resume();
    await Promise.all([places.close(), mysql.close(), trouble.end()]);
    await maria.stop();
  });

  async function killAll(user: string): Promise<void> {
    const [rows] = await trouble.admin.query('SELECT id FROM information_schema.processlist WHERE user = ?', [
      user,
    ]);
    for (const { id } of rows as { id: number }[]) await trouble.admin.query(`KILL ${id}`);
    await wait(100);
  }
  const at = (change: (url: URL) => void, from = maria.url): string => {
    const url = new URL(from);
    change(url);
    return url.href;
  };

  describe('that hangs', () => {
    it('keeps nobody waiting who asks, and answers again when it goes on', async () => {
      await place.record.store(batch);
      maria.pause();
      onTestFinished(() => maria.resume());
      const asked = performance.now();
      const asking = [
        place.record.find(ID, { userId: 'u-1' }),
        place.record.next('log'),
        place.campaigns.get(ID),
        makeMysqlEpochs(mysql, system).all(),
        makeMysqlLeases(mysql, system).take('x', 'a', 1000),
        // More than there are connections.
        ...Array.from({ length: 30 }, () => place.record.find(ID, { seq: 1 })),
      ];
      const told = await Promise.allSettled(asking);
      expect(performance.now() - asked).toBeLessThan(3_000);
      for (const one of told) {
        expect(one).toMatchObject({ status: 'rejected', reason: { name: 'RecordFault' } });
      }
      expect(String((told[0] as PromiseRejectedResult).reason)).toContain('has not answered for 2 s');
      maria.resume();
      expect(await place.record.find(ID, { userId: 'u-1' })).toHaveLength(1);
    });

    it('gets a batch once, on another connection when the first one went quiet', async () => {
      const retries: string[] = [];
      const onRetry = (error: Error) => retries.push(String(Reflect.get(error, 'code')));
      const record = makeMysqlRecord({ mysql, system, onRetry });
      await record.next('log');
      maria.pause();
      onTestFinished(() => maria.resume());
      const storing = record.store(batch);
      await wait(1_500);
      maria.resume();
      expect(await storing).toEqual({ ...STORED, inserted: 50 });
      expect(retries).toContain('PROTOCOL_SEQUENCE_TIMEOUT');
      expect(await seqs()).toBe(50);
    });

    it('does not cut connections that nobody uses', async () => {
      const ids = async () => {
        const [rows] = await mysql.pool.query('SELECT CONNECTION_ID() AS id');
        return rows;
      };
      const before = await ids();
      await wait(2_300);
      expect(await ids()).toEqual(before);
    });
  });

  it('is not locked for long by whoever is stopped in the middle of a batch', async () => {
    await place.record.store(batch);
    const stopped = await openMysql(maria.url, { connectionsMax: 2, quietMaxSeconds: 1 });
    const silent = await stopped.pool.getConnection();
    await silent.beginTransaction();
    await silent.query("UPDATE recorder SET `next` = 9 WHERE source = 'log'");
    const asked = performance.now();
    const next = { ...batch, from: 1, next: 2, wins: [] };
    expect(await makeMysqlRecord({ mysql, system }).store(next)).toMatchObject({ kind: 'stored' });
    expect(performance.now() - asked).toBeLessThan(4_000);
    await expect(silent.commit()).rejects.toThrow();
    silent.destroy();
    // Whoever is there again, and whoever was only idle, has a connection that works.
    expect(await makeMysqlRecord({ mysql: stopped, system }).next('log')).toBe(2);
    await stopped.close();
  });

  it('that has no connection left says so, and goes on when it has', async () => {
    const { admin } = trouble;
    const connected = async (): Promise<number> => {
      const [rows] = await admin.query("SHOW STATUS LIKE 'Threads_connected'");
      return Number((rows as { Value: string }[])[0]?.Value);
    };
    const others: Connection[] = [];
    const fill = async (): Promise<void> => {
      const other = await createConnection(maria.url).catch(() => null);
      if (other === null) return;
      others.push(other);
      await fill();
    };
    onTestFinished(async () => void (await admin.query('SET GLOBAL max_connections = 200')));
    const most = Math.max(10, (await connected()) + 2);
    await admin.query(`SET GLOBAL max_connections = ${most}`);
    await fill();
    await expect(openMysql(maria.url)).rejects.toMatchObject({
      name: 'DatabaseFault',
      message: expect.stringContaining('Raise max_connections') as string,
    });
    await admin.query('SET GLOBAL max_connections = 200');
    const crowded = await openMysql(maria.url, { connectionsMax: 1 });
    await admin.query(`SET GLOBAL max_connections = ${most}`);
    await killAll('dibs');
    await fill();
    const record = makeMysqlRecord({ mysql: crowded, system });
    await expect(record.store(batch)).rejects.toMatchObject({ name: 'RecordFault' });
    const storing = record.store(batch);
    await wait(100);
    for (const other of others) other.destroy();
    expect(await storing).toEqual({ ...STORED, inserted: 50 });
    await crowded.close();
  });

  it('that takes a right away says so, loses nothing, and goes on when it is given back', async () => {
    const { admin } = trouble;
    await admin.query("CREATE USER clerk@'127.0.0.1' IDENTIFIED BY 'clerk'");
    await admin.query("GRANT ALL ON dibs.* TO clerk@'127.0.0.1'");
    const clerk = await openMysql(at((url) => Object.assign(url, { username: 'clerk', password: 'clerk' })));
    await admin.query("REVOKE INSERT ON dibs.* FROM clerk@'127.0.0.1'");
    // A connection keeps the rights that it came with.
    await killAll('clerk');
    const record = makeMysqlRecord({ mysql: clerk, system });
    await expect(record.store(batch)).rejects.toMatchObject({
      name: 'RecordFault',
      message: expect.stringContaining('The user "clerk" lacks a right on the database "dibs"') as string,
    });
    expect([await seqs(), await place.record.next('log')]).toEqual([0, 0]);
    await admin.query("GRANT INSERT ON dibs.* TO clerk@'127.0.0.1'");
    await killAll('clerk');
    expect(await record.store(batch)).toEqual({ ...STORED, inserted: 50 });
    await clerk.close();
  });

  it('that changed its password says so to whoever comes then', async () => {
    const { admin } = trouble;
    await admin.query("CREATE USER guard@'127.0.0.1' IDENTIFIED BY 'before'");
    await admin.query("GRANT ALL ON dibs.* TO guard@'127.0.0.1'");
    const guard = await openMysql(at((url) => Object.assign(url, { username: 'guard', password: 'before' })));
    await admin.query("ALTER USER guard@'127.0.0.1' IDENTIFIED BY 'after'");
    // Its connections go; new ones are not let in.
    await killAll('guard');
    await expect(makeMysqlRecord({ mysql: guard, system }).next('log')).rejects.toMatchObject({
      name: 'RecordFault',
      message: expect.stringContaining('refuses the user "guard"') as string,
    });
    await guard.close();
  });

  describe('asked what it is', () => {
    it('is as a record needs it', async () => {
      const state = await probeMysql(mysql, system);
      expect(state).toMatchObject({
        isMariaDb: true,
        flushLogAtCommit: 1,
        hasBinaryLog: true,
        syncBinlog: 1,
        binlogFormat: 'ROW',
        isolation: 'READ-COMMITTED',
        isReadOnly: false,
        maxAllowedPacketBytes: 16 * 1024 * 1024,
        charset: 'utf8mb4',
        tls: false,
        problems: [],
        warnings: [],
      });
      expect(state.version).toContain('MariaDB');
      expect(Math.abs(state.clockAheadMs)).toBeLessThan(1_000);
    });

    it.each<[string, string, 'problems' | 'warnings', string]>([
      ['innodb_flush_log_at_trx_commit', '2', 'problems', 'SET GLOBAL innodb_flush_log_at_trx_commit = 1'],
      ['read_only', '1', 'problems', 'Name the primary in DIBS_DATABASE_URL'],
      ['sync_binlog', '0', 'warnings', 'SET GLOBAL sync_binlog = 1'],
      ['max_connections', '20', 'warnings', 'Raise max_connections'],
    ])('with %s = %s says what to change', async (variable, value, where, words) => {
      const [[before]] = (await trouble.admin.query(`SELECT @@${variable} AS v`)) as unknown as [
        { v: number }[],
      ];
      onTestFinished(
        async () => void (await trouble.admin.query(`SET GLOBAL ${variable} = ${before?.v ?? 1}`)),
      );
      await trouble.admin.query(`SET GLOBAL ${variable} = ${value}`);
      const state = await probeMysql(mysql, system);
      expect(state[where]).toEqual([expect.stringContaining(words)]);
      expect(state[where === 'problems' ? 'warnings' : 'problems']).toEqual([]);
    });

    it('tells how far its clock is from ours', async () => {
      const state = await probeMysql(mysql, { ...system, now: () => system.now() - 60_000 });
      expect(Math.abs(state.clockAheadMs - 60_000)).toBeLessThan(1_000);
      expect(state.warnings).toEqual([expect.stringContaining('ahead of this machine')]);
    });
  });

  describe.skipIf(certificate === null)('over TLS', () => {
    const secure = (ca: string | null, over: Partial<URL> = {}): string =>
      at((url) => {
        Object.assign(url, {
          search: ca === null ? '?tls=yes' : `?tls-ca=${encodeURIComponent(ca)}&tls=yes`,
          ...over,
        });
      });
    const cert = certificate?.cert ?? '';

    it('is encrypted, for a certificate that names it and an authority that is known', async () => {
      const safe = await openMysql(secure(cert).replace('mysql:', 'mysqls:'));
      expect((await probeMysql(safe, system)).tls).toBe(true);
      expect(await makeMysqlRecord({ mysql: safe, system }).store(batch)).toEqual({
        ...STORED,
        inserted: 50,
      });
      await safe.close();
    });

    it.each([
      ['an authority that nobody knows', () => secure(null), 'cannot prove what it is'],
      [
        'a certificate for another name',
        () => secure(cert, { hostname: 'localhost' }),
        'cannot prove what it is',
      ],
      ['a file that is not there', () => secure('/none/ca.pem'), '/none/ca.pem, cannot be read'],
    ])('is refused for %s', async (_what, url, words) => {
      expect(existsSync(cert)).toBe(true);
      await expect(openMysql(url())).rejects.toMatchObject({
        name: 'DatabaseFault',
        message: expect.stringContaining(words) as string,
      });
    });

    it('is asked for when the server wants it', async () => {
      onTestFinished(async () => void (await trouble.admin.query('SET GLOBAL require_secure_transport = 0')));
      await trouble.admin.query('SET GLOBAL require_secure_transport = 1');
      await expect(openMysql(maria.url)).rejects.toThrow('say mysqls://');
      await (await openMysql(secure(cert))).close();
    });
  });
});

// Protects: a level is said to hold only when every part that carries it does, and else what is missing is named.

import { describe, expect, it } from 'vitest';
import type { Finding, LevelParts, RedisLacks } from '../../src/main/probe.ts';
import { levelsOf, mysqlLines, redisLines } from '../../src/main/probe.ts';

const ok: Finding = { name: 'brokers', finding: 'ok', found: '3' };
const copies: Finding = { name: 'logged', finding: 'ok', found: 'on 2 brokers before it is told' };
const ALL_KEPT = { memory: null, disk: null, replicated: null };
const good: LevelParts = {
  redis: { findings: [], lacks: ALL_KEPT },
  kafka: [ok, copies],
  mysql: [ok],
};
const NAMES = ['memory', 'disk', 'replicated', 'logged'];

function levels(change: Partial<LevelParts>): Record<string, string> {
  return Object.fromEntries(
    levelsOf({ ...good, ...change }).map(({ name, finding, found, todo }) => [
      name,
      `${finding} ${found}${todo === undefined ? '' : ` → ${todo}`}`,
    ]),
  );
}

function redisLacks(lacks: Partial<RedisLacks>): Partial<LevelParts> {
  return { redis: { findings: [], lacks: { ...ALL_KEPT, ...lacks } } };
}

describe('levels', () => {
  it('hold, all four, on parts that carry them', () => {
    const told = levels({});
    expect(Object.keys(told)).toEqual(NAMES);
    for (const text of Object.values(told)) expect(text).toMatch(/^ok holds: survives /);
  });

  it('do not hold when Redis lacks what they ask, which is named', () => {
    const told = levels(redisLacks({ disk: 'Set appendfsync always.', replicated: 'Add a replica.' }));
    expect(told['disk']).toBe('warn does not hold → Set appendfsync always.');
    expect(told['replicated']).toBe('warn does not hold → Add a replica.');
    expect([told['memory'], told['logged']]).toEqual([
      expect.stringMatching(/^ok/),
      expect.stringMatching(/^ok/),
    ]);
  });

  it('hold none of them on a Redis that forgets', () => {
    const told = levels(redisLacks({ memory: 'Set maxmemory-policy noeviction.' }));
    for (const name of NAMES)
      expect(told[name]).toBe('warn does not hold → Set maxmemory-policy noeviction.');
  });

  it('logged: as Kafka is', () => {
    const broken: Finding = { name: 'rights', finding: 'fail', found: 'missing: Write', todo: 'Grant it.' };
    expect(levels({ kafka: [ok, broken] })['logged']).toBe('warn does not hold → See Kafka above: Grant it.');
    const one: Finding = { name: 'logged', finding: 'warn', found: 'on one broker', todo: 'Run three.' };
    expect(levels({ kafka: [ok, one] })['logged']).toBe('warn holds, on one broker → Run three.');
  });

  it('logged: as the record is, where that is the log', () => {
    expect(levels({ kafka: null })['logged']).toMatch(/^ok/);
    const unsafe: Finding = {
      name: 'problem',
      finding: 'fail',
      found: 'innodb_flush_log_at_trx_commit is 2.',
    };
    expect(levels({ kafka: null, mysql: [ok, unsafe] })['logged']).toBe(
      'warn does not hold → See MySQL above: innodb_flush_log_at_trx_commit is 2.',
    );
    expect(levels({ mysql: [ok, unsafe] })['logged']).toMatch(/^ok/);
  });
});

it('what MySQL is stands in lines, its problems in lines of their own', () => {
  const state = {
    version: '10.11.6-MariaDB',
    isMariaDb: true,
    flushLogAtCommit: 1,
    hasBinaryLog: true,
    syncBinlog: 0,
    binlogFormat: 'ROW',
    isolation: 'READ-COMMITTED',
    sqlMode: 'STRICT_ALL_TABLES',
    isReadOnly: false,
    maxAllowedPacketBytes: 16_777_216,
    maxConnections: 151,
    charset: 'utf8mb4',
    tls: false,
    clockAheadMs: -12,
    warnings: ['sync_binlog is 0.'],
    problems: ['It is read-only.'],
  };
  expect(mysqlLines(state)).toEqual([
    { name: 'version', finding: 'ok', found: 'MariaDB 10.11.6-MariaDB' },
    {
      name: 'settings',
      finding: 'ok',
      found: 'innodb_flush_log_at_trx_commit 1, sync_binlog 0, READ-COMMITTED',
    },
    { name: 'connection', finding: 'ok', found: 'not encrypted, clock −12 ms' },
    { name: 'problem', finding: 'fail', found: 'It is read-only.' },
    { name: 'warning', finding: 'warn', found: 'sync_binlog is 0.' },
  ]);
  expect(mysqlLines({ ...state, version: '5.7.44', isMariaDb: false })[0]?.finding).toBe('fail');
});

describe('what Redis is', () => {
  const server = {
    at: '10.0.0.1:6379',
    product: 'Redis',
    version: '7.4.1',
    runId: 'x',
    role: 'master',
    clusterEnabled: false,
    maxmemory: 0,
    maxmemoryPolicy: 'noeviction',
    appendonly: true,
    appendfsync: 'everysec',
    aofWriteOk: true,
    replicas: 1,
    minReplicasToWrite: 0,
    clockAheadMs: 3,
  };
  const holds = { holds: true, missing: null };
  const levels = { memory: holds, disk: holds, replicated: holds, logged: holds };
  const probe = { cluster: false, servers: [server], refused: [], problems: [], warnings: [], levels };

  it('stands in a line, and every level may hold', () => {
    expect(redisLines(probe)).toEqual({
      findings: [
        {
          name: '10.0.0.1:6379',
          finding: 'ok',
          found:
            'Redis 7.4.1, master with 1 replicas, maxmemory-policy noeviction, appendfsync everysec, clock +3 ms',
        },
      ],
      lacks: { memory: null, disk: null, replicated: null },
    });
  });

  it('names what a level lacks, or that nobody can see it', () => {
    const disk = { holds: false, missing: 'appendfsync always' };
    const replicated = { holds: null, missing: 'the right +info' };
    expect(redisLines({ ...probe, levels: { ...levels, disk, replicated } }).lacks).toEqual({
      memory: null,
      disk: 'Redis lacks: appendfsync always.',
      replicated: 'It cannot be seen whether Redis has it: the right +info.',
    });
  });

  it('keeps no level when it must not be used at all', () => {
    const { findings, lacks } = redisLines({ ...probe, problems: ['It evicts.'], warnings: ['Its clock.'] });
    expect(findings.slice(1).map(({ finding, found }) => [finding, found])).toEqual([
      ['fail', 'It evicts.'],
      ['warn', 'Its clock.'],
    ]);
    expect(
      levelsOf({ redis: { findings, lacks }, kafka: null, mysql: [] }).map((one) => one.finding),
    ).toEqual(['warn', 'warn', 'warn', 'warn']);
  });
});

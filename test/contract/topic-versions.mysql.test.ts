// Protects: one version of the topic of requests follows another once, whoever asks; and when the older one is closed,
// nobody decides anything in it any more, wherever he believes that he stands. On real MariaDB.

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import { makeMysqlTopicVersions } from '../../src/adapters/mysql/topic-versions.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { CLOSED_AT, FIRST_VERSION } from '../../src/core/topic-version.ts';
import type { RecordBatch } from '../../src/ports/record.ts';
import type { TopicVersions } from '../../src/ports/topic-versions.ts';
import type { RecordPlace } from '../support/contract/record-bench.ts';
import { makerOfMysqlPlaces } from '../support/mysql-place.ts';
import { T0 } from '../support/samples.ts';

const maria = await startOrSkip(() => startMariaDb());
const SOURCES = [0, 1, 2].map((partition) => `requests.v1/${partition}`);

describe.skipIf(maria === null)('versions of a topic in MariaDB', () => {
  if (!maria) return;
  const places = makerOfMysqlPlaces(maria.url);
  let place: RecordPlace;
  let mysql: Mysql;
  let versions: TopicVersions;

  beforeAll(async () => {
    mysql = await openMysql(maria.url);
    versions = makeMysqlTopicVersions(mysql, makeSystem());
  });
  beforeEach(async () => {
    place = await places.make();
  });
  afterAll(async () => {
    await Promise.all([places.close(), mysql.close()]);
    await maria.stop();
  });

  const decided = (source: string, from: number, next: number) => {
    const batch: RecordBatch = { source, from, next, wins: [], rulings: [], unreadable: [], now: T0 };
    return place.record.store(batch);
  };
  const stands = (nexts: readonly number[]) =>
    SOURCES.map((source, at) => ({ source, next: nexts[at] as number }));
  const told = async () => (await versions.all()).map(({ partitions, state }) => [partitions, state]);

  it('begin with one, and go on one by one', async () => {
    expect(await versions.all()).toEqual([FIRST_VERSION]);
    expect(await versions.begin({ version: 3, partitions: 5 }, T0)).toBe(false);
    expect(await versions.begin({ version: 1, partitions: 5 }, T0)).toBe(false);
    expect(await versions.begin({ version: 2, partitions: 5 }, T0)).toBe(true);
    expect(await versions.all()).toEqual([
      { ...FIRST_VERSION, state: 'draining', since: T0 },
      { version: 2, partitions: 5, state: 'current', since: T0 },
    ]);
    expect(await versions.begin({ version: 3, partitions: 7 }, T0)).toBe(false);
    expect(await versions.close(1, stands([0, 0, 0]), T0 + 9)).toBe(true);
    expect(await versions.begin({ version: 3, partitions: 7 }, T0)).toBe(true);
    expect(await told()).toEqual([
      [3, 'drained'],
      [5, 'draining'],
      [7, 'current'],
    ]);
  });

  it('let one of many begin the next one', async () => {
    const begun = await Promise.all(
      [4, 5, 6, 7, 8].map((partitions) => versions.begin({ version: 2, partitions }, T0)),
    );
    expect(begun.filter(Boolean)).toHaveLength(1);
    expect(await told()).toEqual([
      [3, 'draining'],
      [4 + begun.indexOf(true), 'current'],
    ]);
  });

  it('are closed where their deciders stand, and nowhere else', async () => {
    const [a, b, c] = SOURCES as [string, string, string];
    await decided(a, 0, 10);
    await decided(b, 0, 20);
    expect(await versions.close(1, stands([10, 20, 0]), T0)).toBe(false);
    await versions.begin({ version: 2, partitions: 5 }, T0);
    expect(await versions.close(2, stands([10, 20, 0]), T0)).toBe(false);
    expect(await versions.close(1, stands([10, 19, 0]), T0)).toBe(false);
    expect(await versions.close(1, stands([10, 20, 1]), T0)).toBe(false);
    expect(await decided(a, 10, 12)).toMatchObject({ kind: 'stored' });
    expect(await versions.close(1, stands([10, 20, 0]), T0)).toBe(false);
    expect(await versions.close(1, stands([12, 20, 0]), T0 + 5)).toBe(true);
    expect(await versions.close(1, stands([12, 20, 0]), T0 + 6)).toBe(false);
    const refused = { kind: 'zombie', next: CLOSED_AT };
    expect(await Promise.all([decided(a, 12, 13), decided(b, 20, 21), decided(c, 0, 1)])).toEqual([
      refused,
      refused,
      refused,
    ]);
    expect(await place.rulings.deciders()).toEqual([
      { source: a, next: CLOSED_AT, unreadable: [] },
      { source: b, next: CLOSED_AT, unreadable: [] },
    ]);
    expect((await versions.all())[0]).toEqual({ ...FIRST_VERSION, state: 'drained', since: T0 + 5 });
  });

  it('are refused, with what to do, when what is stored cannot be', async () => {
    await versions.begin({ version: 2, partitions: 5 }, T0);
    for (const [statement, why] of [
      ["UPDATE topic_versions SET state = 'paused' WHERE version = 1", 'version 1 is "paused"'],
      ["UPDATE topic_versions SET state = 'current' WHERE version = 1", 'version 1 is current, and there is'],
      ["UPDATE topic_versions SET state = 'drained'", 'version 2 is drained, and none is current'],
      ['DELETE FROM topic_versions WHERE version = 1', 'version 1 is missing'],
      ["UPDATE topic_versions SET version = 1, partitions = 0, state = 'current'", 'has 0 partitions'],
    ] as const) {
      await mysql.pool.query(statement);
      await expect(versions.all()).rejects.toThrow(why);
      await expect(versions.begin({ version: 3, partitions: 5 }, T0)).rejects.toThrow('docs/operating.md');
    }
  });
});

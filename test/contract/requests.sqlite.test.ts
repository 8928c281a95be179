// Protects: the log of requests in one process keeps the promises of ports/requests, its clock never runs back, not even
// over a restart, and what the disk refuses is told and written later.

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { openRequestJournal } from '../../src/adapters/sqlite/requests.ts';
import { openRequestJournalReader } from '../../src/adapters/sqlite/requests-reader.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { PACK_MAX, placeOf } from '../../src/core/request.ts';
import { asked, readAllRequests, requestsContract, sampleTry } from '../support/contract/requests.ts';
import { dataFolder } from '../support/data-folder.ts';

const system = makeSystem();
const tooMany = JSON.stringify({ at: 1, requests: Array(PACK_MAX + 1).fill(['c', 'u', null]) });

requestsContract('SQLite', async () => {
  const path = join(dataFolder(), 'requests.db');
  return {
    async open() {
      const requests = await openRequestJournal(path, system);
      const reader = openRequestJournalReader(path);
      return {
        requests,
        reader,
        async close() {
          reader.close();
          await requests.close();
        },
      };
    },
    async spoil(payload) {
      const db = new Database(path);
      db.prepare('INSERT INTO entry (facts) VALUES (?)').run(payload);
      db.close();
    },
    unreadable: {
      'no JSON': '{"at":1,"requests":[["c","u",null]',
      nothing: '',
      null: 'null',
      'no moment': '{"requests":[["c","u",null]]}',
      'no requests': '{"at":1,"requests":[]}',
      'something else': '{"at":1,"requests":"all"}',
      'a try cut short': '{"at":1,"requests":[["c","u",null],["c"]]}',
      'a key that is no text': '{"at":1,"requests":[["c","u",7]]}',
      'a rule without its parts':
        '{"at":1,"requests":[{"type":"campaign.changed","campaignId":"c","rule":{}}]}',
      'more than an entry may hold': tooMany,
    },
  };
});

describe('the log of requests of one process', () => {
  it('never tells an earlier time, though the clock steps back, here or over a restart', async () => {
    const path = join(dataFolder(), 'requests.db');
    let nowMs = 5_000;
    const clock = { ...system, now: () => nowMs };
    const first = await openRequestJournal(path, clock);
    await asked(first, sampleTry('a'));
    nowMs = 4_000;
    await asked(first, sampleTry('b'));
    await first.close();
    nowMs = 3_000;
    const again = await openRequestJournal(path, clock);
    await asked(again, sampleTry('c'));
    nowMs = 6_000;
    await asked(again, sampleTry('d'));
    const reader = openRequestJournalReader(path);
    expect((await readAllRequests(reader)).requests.map(({ at }) => at)).toEqual([
      5_000, 5_000, 5_000, 6_000,
    ]);
    reader.close();
    await again.close();
  });

  it('tells what the disk refuses, and writes it when it can, in front of what came since', async () => {
    const path = join(dataFolder(), 'requests.db');
    const requests = await openRequestJournal(path, system);
    await asked(requests, sampleTry('a'));
    const db = new Database(path);
    db.exec('ALTER TABLE entry RENAME TO away');
    await expect(asked(requests, sampleTry('b'))).rejects.toThrow();
    expect(requests.state()).toMatchObject({ waiting: 1, end: 2 });
    expect(requests.state().fault).not.toBeNull();
    const since = asked(requests, sampleTry('c'));
    db.exec('ALTER TABLE away RENAME TO entry');
    db.close();
    expect((await since).place).toBe(placeOf(3, 0));
    expect(requests.state()).toEqual({ waiting: 0, end: 4, fault: null });
    const reader = openRequestJournalReader(path);
    const read = (await readAllRequests(reader)).requests;
    expect(read.map(({ request }) => request)).toEqual(['a', 'b', 'c'].map((user) => sampleTry(user)));
    reader.close();
    await requests.close();
  });

  it('lets go of what is decided, and never numbers anything again', async () => {
    const path = join(dataFolder(), 'requests.db');
    const requests = await openRequestJournal(path, system);
    for (const user of ['a', 'b', 'c']) await asked(requests, sampleTry(user));
    await requests.trim(requests.state().end);
    await requests.skipTo(500);
    expect(await asked(requests, sampleTry('d'))).toEqual({
      topicVersion: 0,
      partition: 0,
      place: placeOf(500, 0),
    });
    const reader = openRequestJournalReader(path);
    const read = await readAllRequests(reader);
    expect(read.requests.map(({ request }) => request)).toEqual([sampleTry('c'), sampleTry('d')]);
    expect(read.unreadable).toEqual([]);
    reader.close();
    await requests.close();
  });
});

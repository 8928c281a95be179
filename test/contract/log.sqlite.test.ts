// Protects: the journal keeps the promises of ports/log, and its end never falls behind what a reader has seen.

import { join } from 'node:path';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../src/adapters/sqlite/journal.ts';
import { decodeRow, encodeWin } from '../../src/adapters/sqlite/journal-file.ts';
import { openJournalReader } from '../../src/adapters/sqlite/journal-reader.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { LogSlice } from '../../src/ports/log.ts';
import { logContract } from '../support/contract/log.ts';
import { dataFolder } from '../support/data-folder.ts';
import { sampleWin } from '../support/samples.ts';

const system = makeSystem();

logContract('SQLite', async () => {
  const path = join(dataFolder(), 'journal.db');
  return {
    async open() {
      const log = await openJournal(path, system);
      const reader = openJournalReader(path);
      return {
        log,
        reader,
        async close() {
          reader.close();
          await log.close();
        },
      };
    },
    async spoil(payload) {
      const db = new Database(path);
      db.prepare('INSERT INTO entry (facts) VALUES (?)').run(payload);
      db.close();
    },
    unreadable: {
      'no JSON': '[["chicken-100",1,2,"u-2",1,null,5]',
      nothing: '',
      'a line without its parts': '[{"type":"line.left","campaignId":"c"}]',
      'no list': '{"type":"claim.won"}',
      'a list of something else': '[{"seq":2}]',
      'a fact cut short': '[["chicken-100",1,2,"u-2"]]',
      'a seq that is no whole number': '[["chicken-100",1,2.5,"u-2",1,null,5]]',
      'a seq in text': '[["chicken-100",1,"2","u-2",1,null,5]]',
      'no user': '[["chicken-100",1,2,null,1,null,5]]',
      'a key that is no text': '[["chicken-100",1,2,"u-2",1,7,5]]',
    },
  };
});

describe('a row of the journal', () => {
  it('with one bad fact among good ones gives the good ones, and says which is bad', () => {
    const slice: LogSlice = { facts: [], unreadable: [], next: 0 };
    decodeRow(7, `[${encodeWin(sampleWin(1))},17,${encodeWin(sampleWin(2))}]`, slice);
    expect(slice.facts).toEqual([sampleWin(1), sampleWin(2)]);
    expect(slice.unreadable).toEqual([{ at: 'journal:7', reason: 'not a fact', payload: '17' }]);
  });
});

describe('a journal that was lost', () => {
  it('goes on behind what the record has read, so that nothing new is taken for old', async () => {
    const path = join(dataFolder(), 'journal.db');
    const journal = await openJournal(path, system);
    await journal.skipTo(500);
    expect(journal.state().end).toBe(500);
    await new Promise<void>((resolve) => journal.append(sampleWin(1), () => resolve()));
    const reader = openJournalReader(path);
    expect((await reader.read(500, 10)).facts).toEqual([sampleWin(1)]);
    reader.close();
    await journal.skipTo(10);
    expect(journal.state().end).toBe(501);
    await journal.close();
  });
});

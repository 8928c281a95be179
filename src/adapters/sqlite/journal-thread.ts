/**
 * The thread that writes the journal: takes a batch, commits it (one fsync), says so. Kept apart from the thread that
 * answers people, because a commit blocks whoever makes it.
 */

import type { MessagePort } from 'node:worker_threads';
import { parentPort, workerData } from 'node:worker_threads';
import { openJournalFile } from './journal-file.ts';
import { storageFault, writeAnew } from './open.ts';

export interface JournalThreadData {
  path: string;
  /** told of the new end after each commit: the recorder's thread listens */
  commits: MessagePort;
}

export type JournalOrder =
  | { append: string[] }
  | { trim: number }
  | { compact: number }
  | { skipTo: number }
  | { close: true };
export type JournalReport =
  | { end: number }
  | { error: string }
  | { closed: true }
  /** null: done; else why not */
  | { compacted: string | null }
  | { ready: number }
  | { fatal: string };

const { path, commits } = workerData as JournalThreadData;
const port = parentPort as MessagePort;
const report = (message: JournalReport): void => port.postMessage(message);

function start(): void {
  const db = openJournalFile(path);
  const insert = db.prepare('INSERT INTO entry (facts) VALUES (?)');
  const trim = db.prepare('DELETE FROM entry WHERE id < ? AND id < (SELECT max(id) FROM entry)');
  // The newest row keeps its number, which the next one goes on from.
  const blank = db.prepare("UPDATE entry SET facts = '[]' WHERE id < ?");
  const skip = db.prepare("INSERT INTO entry (id, facts) VALUES (?, '[]')");
  const last = db.prepare<[], number | null>('SELECT max(id) FROM entry').pluck();

  const append = db.transaction((rows: string[]): number => {
    let id = 0;
    for (const row of rows) id = Number(insert.run(row).lastInsertRowid);
    return id + 1;
  });

  port.on('message', (order: JournalOrder) => {
    try {
      if ('append' in order) {
        const end = append(order.append);
        report({ end });
        commits.postMessage(end);
      } else if ('skipTo' in order) {
        skip.run(order.skipTo - 1);
        report({ end: order.skipTo });
      } else if ('trim' in order) {
        trim.run(order.trim);
      } else if ('compact' in order) {
        trim.run(order.compact);
        blank.run(order.compact);
        writeAnew(db, path);
        report({ compacted: null });
      } else {
        db.close();
        commits.close();
        report({ closed: true });
        port.close();
      }
    } catch (error) {
      const { message } = storageFault(error, path);
      if ('append' in order || 'skipTo' in order) report({ error: message });
      if ('compact' in order) report({ compacted: message });
    }
  });
  // As a reader that has read everything has it: 0 when there has never been anything.
  const newest = last.get() ?? null;
  report({ ready: newest === null ? 0 : newest + 1 });
}

try {
  start();
} catch (error) {
  report({ fatal: storageFault(error, path).message });
}

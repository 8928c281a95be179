/**
 * The log of one process (ports/log): all facts of a commit in one row. While it cannot be written the gate is kept
 * closed by flow/claim.
 */

import type { MessagePort } from 'node:worker_threads';
import type { Fact } from '../../core/event.ts';
import type { LineFact } from '../../core/line-fact.ts';
import { packLineFacts } from '../../core/line-fact.ts';
import type { Log } from '../../ports/log.ts';
import type { System } from '../../ports/system.ts';
import { type Gathering, openGroupCommit } from './group-commit.ts';
import { encodeLineFact, encodeWin } from './journal-file.ts';

export interface Journal extends Log {
  /** hears the new end of the journal after each commit: hand it to the recorder's thread */
  commits: MessagePort;
  /** Lets go of entries before `offset`, the newest too, and of every trace of them in the file. */
  compact(offset: number): Promise<void>;
  /** Goes on at `offset` at the earliest. For a journal that was lost: what has been read is never numbered again. */
  skipTo(offset: number): Promise<void>;
}

/** Rejects with a StorageFault when the file cannot be used. */
export function openJournal(path: string, system: System): Promise<Journal> {
  return openGroupCommit(path, system, gatherFacts);
}

/** Wins in the order in which they came, then the lines, each in its order and as few facts as say the same. */
function gatherFacts(): Gathering<Fact, null> {
  const wins: string[] = [];
  const lines: LineFact[] = [];
  return {
    add(fact) {
      if (fact.type === 'claim.won') wins.push(encodeWin(fact));
      else lines.push(fact);
    },
    rows() {
      const byLine = Map.groupBy(lines, ({ campaignId }) => campaignId);
      const packed = [...byLine.values()].flatMap(packLineFacts).map(encodeLineFact);
      return [`[${[...wins, ...packed].join(',')}]`];
    },
    at: () => null,
  };
}

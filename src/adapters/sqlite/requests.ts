/** The log of requests of one process (ports/requests): a file of group commits, as the journal. */

import type { MessagePort } from 'node:worker_threads';
import type { Request } from '../../core/request.ts';
import { PACK_MAX, placeOf } from '../../core/request.ts';
import type { RequestPlace, Requests } from '../../ports/requests.ts';
import type { System } from '../../ports/system.ts';
import { type Gathering, openGroupCommit } from './group-commit.ts';
import { encodeRequest, encodeRequestRow, newestAt } from './requests-file.ts';

export interface RequestJournal extends Requests {
  /** hears the new end after each commit: hand it to the decider's thread */
  commits: MessagePort;
  /** Called with the offset after each durable write. */
  onDurable(listener: (end: number) => void): void;
  /** Resolves with the offset after everything that was appended before the call, when that is durable. */
  flush(): Promise<number>;
  /** Lets go of what is decided: entries before `offset`. */
  trim(offset: number): Promise<void>;
  /** The same, the newest too, and without a trace in the file. */
  compact(offset: number): Promise<void>;
  /** Goes on at `offset` at the earliest. For a file that was lost: what has been decided is never numbered again. */
  skipTo(offset: number): Promise<void>;
}

/** Rejects with a StorageFault when the file cannot be used. */
export async function openRequestJournal(path: string, system: System): Promise<RequestJournal> {
  let at = 0;
  const stamp = (): number => {
    at = Math.max(at, system.now());
    return at;
  };
  const journal = await openGroupCommit(path, system, () => gatherRequests(stamp));
  try {
    at = newestAt(path);
    return journal;
  } catch (error) {
    await journal.close();
    throw error;
  }
}

/** `stamp` says when it is, and never an earlier moment than before: a commit is stamped as a whole, when it is made. */
function gatherRequests(stamp: () => number): Gathering<Request, RequestPlace> {
  const requests: string[] = [];
  return {
    add: (request) => void requests.push(encodeRequest(request)),
    rows() {
      const at = stamp();
      const rows: string[] = [];
      for (let from = 0; from < requests.length; from += PACK_MAX) {
        rows.push(encodeRequestRow(at, requests.slice(from, from + PACK_MAX)));
      }
      return rows;
    },
    at: (index, firstId) => ({
      topicVersion: 0,
      partition: 0,
      place: placeOf(firstId + Math.floor(index / PACK_MAX), index % PACK_MAX),
    }),
  };
}

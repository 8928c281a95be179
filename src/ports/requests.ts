/** The ordered log of requests: where tries wait for their decision, in the order in which it took them. */

import type { PlacedRequest, Request } from '../core/request.ts';
import type { LogState } from './log.ts';

/** Where the log has put a request; what its ticket says. */
export interface RequestPlace {
  topicVersion: number;
  partition: number;
  place: number;
}

export interface Requests {
  /** `done(null, at)` when durable; an error means: not known to be durable, and the log goes on trying. */
  append(request: Request, done: (error: Error | null, at: RequestPlace | null) => void): void;
  state(): LogState;
  close(): Promise<void>;
}

export interface RequestSlice {
  /** in order of place */
  requests: PlacedRequest[];
  /** entries that could not be read: set aside, never skipped in silence; `place` of the first that may be in it */
  unreadable: { place: number; at: string; reason: string; payload: string }[];
  /** the offset to read on from */
  next: number;
}

/** The reading side, for the decider: one partition. */
export interface RequestReader {
  /** From `offset`, up to about `max` requests; empty when there is nothing yet. */
  read(offset: number, max: number): Promise<RequestSlice>;
}

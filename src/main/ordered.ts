/** Ordered mode put together: the way onto the log of requests, and what its deciders have made of it. */

import type { Catalog } from '../flow/catalog.ts';
import type { Codes } from '../flow/codes.ts';
import type { Decided, SourceOf } from '../flow/decided.ts';
import { makeDecided, STALE_MAX_MS } from '../flow/decided.ts';
import type { ModeFlow } from '../flow/mode.ts';
import { makeOrderedGate, routeGates } from '../flow/ordered-gate.ts';
import { makeRequestFlow } from '../flow/request.ts';
import type { Tickets } from '../flow/tickets.ts';
import type { Gate } from '../ports/gate.ts';
import type { RecordStore } from '../ports/record.ts';
import type { Requests } from '../ports/requests.ts';
import type { Rulings } from '../ports/rulings.ts';
import type { System } from '../ports/system.ts';

export interface OrderedParts {
  system: System;
  catalog: Catalog;
  record: RecordStore;
  rulings: Rulings;
  requests: Requests;
  codes: Codes;
  tickets: Tickets;
  sourceOf: SourceOf;
  /** the gate of the other modes; null: there is none */
  gate: Gate | null;
  /** deciders and other API processes are elsewhere */
  shared: boolean;
  /** brings rules to the deciders that did not get there */
  catchesUp: boolean;
  requestsWaitingMax: number;
}

export interface Ordered {
  flow: ModeFlow;
  /** the gate of campaigns of every mode */
  gate: Gate;
  decided: Decided;
  /** Takes in what is decided so far, and goes on doing so. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

const CATCH_UP_MS = 1_000;
/** What the clocks of two machines that are kept in step may be apart. */
const CLOCK_SLACK_MS = 1_000;

export function makeOrdered(parts: OrderedParts): Ordered {
  const { catalog, shared, system, catchesUp } = parts;
  const decided = makeDecided(parts);
  const rules = makeOrderedGate({ ...parts, decided, settleMs: shared ? STALE_MAX_MS : 0 });
  const flow = makeRequestFlow({
    ...parts,
    decided,
    staleMaxMs: shared ? STALE_MAX_MS : Number.POSITIVE_INFINITY,
    clockSlackMs: shared ? CLOCK_SLACK_MS : 0,
  });
  const campaignOf = (id: string) => catalog.get(id)?.campaign ?? null;
  let catching: { stop(): void } | null = null;
  return {
    flow,
    gate: routeGates({ shared: parts.gate, ordered: rules, decided, campaignOf, system }),
    decided,
    async start() {
      await decided.look();
      if (shared) decided.start();
      if (!catchesUp) return;
      rules.catchUpRules();
      catching = system.every(CATCH_UP_MS, () => rules.catchUpRules());
    },
    async stop() {
      catching?.stop();
      await decided.stop();
    },
  };
}

/**
 * Which parts did not work, from when to when, as this process saw it: looked at as often as the counts are, so that a
 * report can say what a fault did to the people who pressed meanwhile.
 */

import { said } from '../core/said.ts';
import type { PartFault } from '../ports/figures.ts';
import type { Catalog } from './catalog.ts';

/** A part that has never worked is still starting for so long. */
const START_MS = 5_000;
/** How often an ongoing fault is stored again, so that its end is known when this process dies before it. */
const AGAIN_MS = 5_000;
const WHAT_MAX = 300;
/** Faults that may wait to be stored: while the store is one of them, the oldest that are over make room. */
const WAITING_MAX = 500;
const READY = 'ready';
const REBUILDING = said('gate_rebuilding');

export interface FaultWatch {
  look(now: number): void;
  /** What is to be stored; `done` when it is. */
  unstored(): { faults: PartFault[]; done: () => void };
}

interface Watched {
  fault: PartFault;
  /** `until` as last stored; 0: never */
  storedUntil: number;
  storedOver: boolean;
}

export interface FaultParts {
  /** what each part is doing: `ready`, or why it is not */
  roles(): Readonly<Record<string, string>>;
  catalog: Pick<Catalog, 'all'>;
}

export function watchPartFaults({ roles, catalog }: FaultParts): FaultWatch {
  const seenReady = new Set<string>();
  const open = new Map<string, Watched>();
  let all: Watched[] = [];
  let since: number | null = null;

  function see(part: string, campaignId: string, what: string | null, now: number): void {
    const key = `${part} ${campaignId}`;
    const known = open.get(key);
    if (what === null) {
      if (known === undefined) return;
      Object.assign(known.fault, { until: now, over: true });
      open.delete(key);
    } else if (known === undefined) {
      const text = what.length > WHAT_MAX ? `${what.slice(0, WHAT_MAX - 1)}…` : what;
      const fault = { part, campaignId, since: now, until: now, over: false, what: text };
      const watched = { fault, storedUntil: 0, storedOver: false };
      open.set(key, watched);
      all.push(watched);
    } else known.fault.until = now;
  }

  return {
    look(now) {
      since ??= now;
      for (const [part, state] of Object.entries(roles())) {
        if (state === READY) seenReady.add(part);
        else if (!seenReady.has(part) && now - since < START_MS) continue;
        see(part, '', state === READY ? null : state, now);
      }
      for (const { campaign, rebuilding } of catalog.all()) {
        if (!rebuilding && open.size === 0) continue;
        see('gate', campaign.id, rebuilding ? REBUILDING : null, now);
      }
      if (all.length > WAITING_MAX) {
        const over = all.findIndex(({ fault }) => fault.over);
        all.splice(over === -1 ? 0 : over, 1);
      }
    },
    unstored() {
      const due = all.filter(
        ({ fault, storedUntil, storedOver }) =>
          fault.over !== storedOver || fault.until - storedUntil >= AGAIN_MS,
      );
      const told = due.map(({ fault }) => ({ ...fault }));
      return {
        faults: told,
        done: () => {
          due.forEach((watched, i) => {
            const { until, over } = told[i] as PartFault;
            Object.assign(watched, { storedUntil: until, storedOver: over });
          });
          if (due.length > 0) all = all.filter(({ storedOver }) => !storedOver);
        },
      };
    },
  };
}

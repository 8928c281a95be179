/** The waiting line of one process: the rule itself, called in turn. JavaScript's single thread is its lock. */

import type { Standing } from '../../core/line.ts';
import {
  freeUnits,
  isSoldOut,
  leave,
  overdue,
  press,
  reconfigure,
  release,
  standing,
} from '../../core/line.ts';
import type { LineFact } from '../../core/line-fact.ts';
import type { LineState } from '../../core/line-state.ts';
import { emptyLine, evolve } from '../../core/line-state.ts';
import type { AtGate, LineAnswer, LineCounts, NearLine } from '../../ports/line.ts';
import type { System } from '../../ports/system.ts';

const UNKNOWN: LineAnswer = { fault: 'unknown_campaign' };

export function makeMemoryLine(system: Pick<System, 'now'>): NearLine {
  const states = new Map<string, LineState>();

  function stateOf(campaignId: string): LineState {
    const state = states.get(campaignId);
    if (!state) throw new Error(`campaign ${campaignId} has no line here`);
    return state;
  }

  function standingNow(campaignId: string, of: string | number): Standing | null {
    const state = states.get(campaignId);
    return state ? standing(state, of, system.now()) : null;
  }

  return {
    standingNow,
    join(campaignId, attempt, answer) {
      const state = states.get(campaignId);
      if (state === undefined) return answer(UNKNOWN);
      const now = system.now();
      const facts = takeIn(state, overdue(state, now));
      const given = press(state, attempt, now);
      if ('fact' in given) facts.push(...takeIn(state, [given.fact]));
      return answer({ given, facts });
    },
    async leave(campaignId, userId) {
      const state = states.get(campaignId);
      if (!state) return { left: false, facts: [] };
      const now = system.now();
      const facts = takeIn(state, overdue(state, now));
      const left = leave(state, userId, now);
      if (left !== null) facts.push(...takeIn(state, [left]));
      return { left: left !== null, facts };
    },
    async standing(campaignId, of) {
      return standingNow(campaignId, of);
    },
    async advance(campaignId, budget, eligible) {
      const state = stateOf(campaignId);
      const now = system.now();
      const facts = takeIn(state, overdue(state, now));
      const before = letIn(state);
      facts.push(...takeIn(state, release(state, budget, now, eligible)));
      return { facts, released: letIn(state) - before, atGate: turns(state) };
    },
    async counts(campaignId) {
      const state = states.get(campaignId);
      return state ? countsOf(state) : null;
    },
    async configure(campaignId, rule) {
      if (rule === null) {
        states.delete(campaignId);
        return [];
      }
      const state = states.get(campaignId);
      if (!state) {
        states.set(campaignId, emptyLine(rule));
        return [];
      }
      const stretched = reconfigure(state, rule, system.now());
      return stretched === null ? [] : takeIn(state, [stretched]);
    },
    async take(campaignId, facts) {
      takeIn(stateOf(campaignId), facts);
    },
  };
}

function takeIn(state: LineState, facts: readonly LineFact[]): LineFact[] {
  for (const fact of facts) evolve(state, fact);
  return [...facts];
}

function countsOf(state: LineState): LineCounts {
  const { serving, lastNumber, waiting, offers, atGate, won } = state;
  return {
    serving,
    lastNumber,
    waiting,
    offered: offers.size,
    atGate: atGate.size,
    won,
    free: freeUnits(state),
    soldOut: isSoldOut(state),
    unnumbered: state.unnumbered.length > 0,
  };
}

/** Only a release makes these more, and nothing else happens in one. */
function letIn({ offers, atGate }: LineState): number {
  return offers.size + atGate.size;
}

function turns({ atGate, users, keyOf }: LineState): AtGate[] {
  return Array.from(atGate, (number) => ({
    number,
    userId: users[number - 1] as string,
    key: keyOf.get(number) ?? null,
  }));
}

// Protects: whatever happens to processes, log, decider and rules, a ticket is answered as the rule decided the try behind
// it, at every process that knows of the decision, also in the middle of a look, and never otherwise.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { offsetOf } from '../../src/core/request.ts';
import type { UnitFound } from '../../src/flow/mode.ts';
import type { Found } from '../../src/flow/outcome.ts';
import { type Api, breathe, makeOrderedWorld, type OrderedWorld } from '../support/ordered-world.ts';

const told = (found: Found | UnitFound): string => {
  if (found.kind === 'unit') return `unit ${found.seq}`;
  return found.kind === 'refused' ? found.verdict : found.kind;
};

type Act = { do: 'press' | 'ask'; user: number; api: number } | { do: Exclude<Move, 'press' | 'ask'> };
type Move = 'press' | 'ask' | 'log' | 'decide' | 'look' | 'restart' | 'raise' | 'pause' | 'resume' | 'time';

const acts = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ do: fc.constant<'press'>('press'), user: fc.nat(4), api: fc.nat(1) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant<'ask'>('ask'), user: fc.nat(4), api: fc.nat(1) }) },
    {
      weight: 8,
      arbitrary: fc.record({
        do: fc.constantFrom<Exclude<Move, 'press' | 'ask'>>(
          ...([
            'log',
            'log',
            'decide',
            'decide',
            'look',
            'look',
            'restart',
            'raise',
            'pause',
            'resume',
            'time',
          ] as const),
        ),
      }),
    },
  ),
  { maxLength: 60 },
);

function expectDecided(world: OrderedWorld, place: number, found: Found | UnitFound): void {
  const decision = world.decider.decisions.get(place);
  expect(offsetOf(place)).toBeLessThan(world.requests.entries.length);
  if (decision?.verdict === 'won') expect(told(found)).toBe(`unit ${decision.fact.seq}`);
  else if (decision?.verdict === 'already_won') expect(told(found)).toBe(`unit ${decision.seq}`);
  else expect(told(found)).toBe(decision?.verdict);
}

/** The same in the middle of a look, of all that is answered without a wait. */
function checkNow(world: OrderedWorld, apis: Api[], held: Map<string, string>): void {
  for (const [text, userId] of held) {
    for (const { flow, live, ticketOf } of apis) {
      const ticket = ticketOf(text);
      const found = flow.askNow?.(live, { ticket, text, userId }) ?? null;
      const place = ticket.kind === 'ordered' ? ticket.offset : 0;
      if (found !== null && found.kind !== 'waiting') expectDecided(world, place, found);
    }
  }
}

/** Every ticket that somebody was given, asked at every process, against what the rule said at its place. */
async function checkTickets(world: OrderedWorld, apis: Api[], held: Map<string, string>): Promise<void> {
  for (const [text, userId] of held) {
    for (const api of apis) {
      const ticket = api.ticketOf(text);
      const place = ticket.kind === 'ordered' ? ticket.offset : 0;
      const found = await api.asks(text, userId);
      if (found.kind === 'waiting') {
        expect(api.decided.isDecided('requests', place)).toBe(false);
        continue;
      }
      expectDecided(world, place, found);
    }
  }
}

describe('whatever happens', () => {
  it('every ticket is answered as the rule decided it, at every process, and for ever', async () => {
    const run = async (sequence: Act[], when: string): Promise<void> => {
      const world = makeOrderedWorld({ quantity: 1 });
      const apis = [world.api(), world.api()];
      const held = new Map<string, string>();
      // In the middle of a look the decider goes on.
      world.decider.before.call = (name) => {
        if (name === when) world.decider.decide(1);
        checkNow(world, apis, held);
      };
      for (const act of sequence) {
        if (act.do === 'press') {
          const userId = `u-${act.user}`;
          void apis[act.api]?.press(userId).then((outcome) => {
            if (outcome.verdict === 'pending') held.set(outcome.ticket, userId);
          });
        } else if (act.do === 'log') world.requests.letThrough();
        else if (act.do === 'decide') world.decider.decide(1);
        else if (act.do === 'look') for (const api of apis) await api.decided.look();
        else if (act.do === 'restart') apis[1] = world.api();
        else if (act.do === 'raise') world.change({ quantity: world.row.campaign.quantity + 1 });
        else if (act.do === 'pause') world.change({ pausedAt: world.clock.now() });
        else if (act.do === 'resume') world.change({ pausedAt: null });
        else if (act.do === 'time') world.clock.move(10);
        await breathe(1);
        await checkTickets(world, apis, held);
      }
      world.settle();
      for (const api of apis) await api.decided.look();
      await breathe(1);
      await checkTickets(world, apis, held);
    };
    const when = fc.constantFrom('changed', 'holders', 'holders, or none');
    await fc.assert(fc.asyncProperty(acts, when, run), { numRuns: 300 });
  });
});

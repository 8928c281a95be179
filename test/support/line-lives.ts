// Random lives of a line with everything that can happen in one, as the facts that they leave: what lines are made anew of.

import fc from 'fast-check';
import { makeMemoryLine } from '../../src/adapters/memory/line.ts';
import type { LineFact } from '../../src/core/line-fact.ts';
import type { LineRule } from '../../src/core/line-state.ts';
import { sampleLineRule } from './contract/line.ts';
import { T0 } from './samples.ts';

export const ID = 'chicken-100';
export const SEED = '5e'.repeat(32);
const head = { campaignId: ID, epoch: 1, at: T0 };
export const USERS = 12;

const step = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('join' as const),
      user: fc.nat({ max: USERS }),
      key: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('leave' as const), user: fc.nat({ max: USERS }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('release' as const), win: fc.nat({ max: 3 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 200 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pause' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
export const lineLife = fc.record({
  shuffle: fc.boolean(),
  confirm: fc.boolean(),
  steps: fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }),
});

/** Plays a life to a memory line, and gives its facts, each by itself. */
export async function factsOfLife(rule: LineRule, steps: readonly Step[]): Promise<LineFact[]> {
  let now = T0;
  let seq = 0;
  let pausedAt: number | null = null;
  const facts: LineFact[] = [];
  const line = makeMemoryLine({ now: () => now });
  await line.configure(ID, rule);
  for (const one of steps) {
    now += 1;
    if (one.do === 'join') {
      const attempt = { userId: `u-${one.user}`, key: one.key ? 'k' : null, eligible: true, another: false };
      line.join(ID, attempt, (answer) => void ('facts' in answer && facts.push(...answer.facts)));
    } else if (one.do === 'leave') facts.push(...(await line.leave(ID, `u-${one.user}`)).facts);
    else if (one.do === 'wait') now += one.ms;
    else if (one.do === 'pause') {
      pausedAt = pausedAt === null ? now : null;
      facts.push(...(await line.configure(ID, { ...rule, pausedAt })));
    } else {
      const moved = await line.advance(ID, 2, (userId) => userId !== 'u-3');
      facts.push(...moved.facts);
      for (const { number } of moved.atGate.slice(0, one.win)) {
        const fact: LineFact = { type: 'line.won', ...head, at: now, numbers: [number], seqs: [++seq] };
        await line.take(ID, [fact]);
        facts.push(fact);
      }
    }
  }
  return facts;
}

export const lineRuleOfLife = ({ shuffle, confirm }: { shuffle: boolean; confirm: boolean }): LineRule =>
  sampleLineRule({
    quantity: 30,
    startsAt: shuffle ? T0 + 30 : T0,
    shuffleSeed: shuffle ? SEED : null,
    confirmWithinMs: confirm ? 60 : null,
  });

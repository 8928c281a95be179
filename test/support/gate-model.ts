// Protects: a gate, however it is made, is the rule. Random lives of a campaign (presses, repeats, crowds in one turn,
// clocks that jump, changed quantities, pauses, restarts) are played to it and to the naive rule; both must say the
// same at every step, and what was told must keep the invariants by itself.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Campaign } from '../../src/core/campaign.ts';
import type { Attempt } from '../../src/core/gate.ts';
import type { Gate, GateAnswer } from '../../src/ports/gate.ts';
import type { Holders } from '../../src/ports/record.ts';
import type { NaiveAnswer, NaiveGate, NaiveUnit } from './naive-gate.ts';
import { naiveClaim, naiveConfigure } from './naive-gate.ts';
import { sampleCampaign, T0 } from './samples.ts';
import { seed } from './seed.ts';

/** Makes an empty gate that judges by the given clock. */
export type MakeGate = (clock: { now(): number }) => Promise<{ gate: Gate; close(): Promise<void> }>;

type Press = { user: number; key: number | null; eligible: boolean };
export type Step =
  | { do: 'press'; crowd: Press[] }
  | { do: 'wait'; ms: number }
  | { do: 'change'; to: Partial<Campaign> }
  | { do: 'restart' };

const press: fc.Arbitrary<Press> = fc.record({
  user: fc.nat({ max: 7 }),
  key: fc.option(fc.nat({ max: 3 }), { freq: 4 }),
  eligible: fc.nat({ max: 9 }).map((n) => n > 0),
});
/** On a coarse grid, so that presses hit the borders of windows, and now and then a millisecond beside them. */
const moment = fc.integer({ min: -4, max: 12 }).map((n) => T0 + n * 50);
const waitMs = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -1, max: 2 }).map((n) => n * 50) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 1) },
);
const change: fc.Arbitrary<Partial<Campaign>> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ quantity: fc.integer({ min: 1, max: 14 }) }) },
  { weight: 3, arbitrary: fc.record({ pausedAt: fc.option(fc.constant(T0), { freq: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ closesAt: fc.option(moment) }) },
  { weight: 1, arbitrary: fc.record({ closedAt: fc.option(fc.constant(T0), { freq: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ openedAt: fc.option(moment) }) },
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('press' as const),
      crowd: fc.tuple(press).map((one) => [...one]),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('press' as const),
      crowd: fc.array(press, { minLength: 2, maxLength: 12 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: waitMs }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change' as const), to: change }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const) }) },
);
const beginning = fc.record({
  quantity: fc.integer({ min: 1, max: 12 }),
  perUserLimit: fc.integer({ min: 1, max: 3 }),
  openedAt: fc.option(fc.constant(T0), { freq: 3 }),
  opensAt: fc.option(moment),
});
/** Lives of at least 30 steps. */
const life = fc.record({ beginning, steps: fc.array(step, { minLength: 30, maxLength: 60, size: 'max' }) });

/** What was asked and told, with what was in force then. */
interface Told {
  attempt: Attempt;
  campaign: Campaign;
  answer: NaiveAnswer;
}

/** One campaign at a gate under test, with the naive one beside it. */
interface Play {
  gate: Gate;
  naive: NaiveGate;
  told: Told[];
}

function asTold(given: GateAnswer): NaiveAnswer {
  if (given.verdict === 'won') return { verdict: 'won', seq: given.fact.seq, wonAt: given.fact.wonAt };
  if (given.verdict !== 'already_won') return { verdict: given.verdict };
  return { verdict: 'already_won', seq: given.seq, wonAt: given.wonAt };
}

/** The whole crowd presses in one turn, before anybody is answered. */
async function pressAll({ gate, naive, told }: Play, crowd: Press[], now: number): Promise<void> {
  const attempts = crowd.map(({ user, key, eligible }): Attempt => {
    return { userId: `u-${user}`, key: key === null ? null : `k-${key}`, eligible };
  });
  const answers = await Promise.all(
    attempts.map(
      (attempt) => new Promise<GateAnswer>((resolve) => gate.claim(naive.campaign.id, attempt, resolve)),
    ),
  );
  const expected = attempts.map((attempt) => naiveClaim(naive, attempt, now));
  expect(answers.map(asTold)).toEqual(expected);
  for (const [i, attempt] of attempts.entries()) {
    told.push({ attempt, campaign: naive.campaign, answer: asTold(answers[i] as GateAnswer) });
  }
}

/** Units as the record would hand them over. */
export function holdersOf(units: NaiveUnit[], perUserLimit: number): Holders {
  return {
    seqs: Float64Array.from(units, (unit) => unit.seq),
    wonAt: Float64Array.from(units, (unit) => unit.wonAt),
    userIds: units.map((unit) => unit.userId),
    keys: perUserLimit === 1 ? null : units.map((unit) => unit.key),
  };
}

async function expectSameState({ gate, naive: { campaign, units } }: Play): Promise<void> {
  expect(await gate.counts(campaign.id)).toEqual({
    issued: units.length,
    lastSeq: units.length,
    quantity: campaign.quantity,
    holders: new Set(units.map((unit) => unit.userId)).size,
  });
  for (let user = 0; user <= 7; user++) {
    const held = units.filter((unit) => unit.userId === `u-${user}`);
    expect(await gate.holdings(campaign.id, `u-${user}`)).toEqual(
      held.map(({ seq, wonAt, key }) => ({ seq, wonAt, key: campaign.perUserLimit === 1 ? null : key })),
    );
  }
}

/** I1, I2, I6, I8, I10 and I11 by what was told alone. */
function expectInvariants(told: Told[]): void {
  const units: (NaiveUnit & { told: Told })[] = [];
  for (const one of told) {
    const { attempt, campaign, answer } = one;
    const mine = units.filter((unit) => unit.userId === attempt.userId);
    if (answer.verdict === 'won') {
      const wonAt = answer.wonAt as number;
      expect(answer.seq, 'I6').toBe(units.length + 1);
      expect(wonAt, 'I10').toBeGreaterThanOrEqual(
        campaign.openedAt ?? campaign.opensAt ?? Number.POSITIVE_INFINITY,
      );
      expect(wonAt, 'I10').toBeLessThan(campaign.closesAt ?? Number.POSITIVE_INFINITY);
      expect(mine.length, 'I2').toBeLessThan(campaign.perUserLimit);
      units.push({ seq: units.length + 1, userId: attempt.userId, key: attempt.key, wonAt, told: one });
      expect(units.length, 'I1').toBeLessThanOrEqual(campaign.quantity);
    }
    if (answer.verdict === 'already_won') {
      const unit = mine.find(({ seq }) => seq === answer.seq);
      expect(unit?.wonAt, 'I8').toBe(answer.wonAt);
      const named = mine.find(({ key }) => key === attempt.key && key !== null);
      if (campaign.perUserLimit > 1 && named) expect(answer.seq, 'I8').toBe(named.seq);
    }
    if (answer.verdict === 'sold_out') expect(units.length, 'I11').toBeGreaterThanOrEqual(campaign.quantity);
  }
}

async function playLife(makeGate: MakeGate, over: Partial<Campaign>, steps: Step[]): Promise<void> {
  let now = T0;
  const clock = { now: () => now };
  const campaign = sampleCampaign(over);
  let made = await makeGate(clock);
  await made.gate.configure(campaign);
  const play: Play = { gate: made.gate, naive: { campaign, units: [], clock: 0 }, told: [] };
  const { naive } = play;
  for (const one of steps) {
    if (one.do === 'press') await pressAll(play, one.crowd, now);
    if (one.do === 'wait') now += one.ms;
    if (one.do === 'change') {
      const next = { ...naive.campaign, ...one.to, version: naive.campaign.version + 1 };
      const issued = naive.units.length;
      const expected = naiveConfigure(naive, next) ? { kind: 'ok' } : { kind: 'below_issued', issued };
      expect(await made.gate.configure(next)).toEqual(expected);
    }
    if (one.do === 'restart') {
      await expectSameState(play);
      await made.close();
      made = await makeGate(clock);
      play.gate = made.gate;
      naive.clock = naive.units.at(-1)?.wonAt ?? 0;
      await made.gate.configure(naive.campaign);
      await made.gate.load(naive.campaign.id, holdersOf(naive.units, naive.campaign.perUserLimit));
    }
  }
  await expectSameState(play);
  await made.close();
  expectInvariants(play.told);
}

/**
 * Plays `lives` random lives to gates of this make. Rejects with the shortest life that goes wrong; with
 * `first`, where it is known that one does, with the first: the shortest is looked for in a hundred more.
 */
export async function holdAgainstRule(makeGate: MakeGate, lives: number, first = false): Promise<void> {
  await fc.assert(
    fc.asyncProperty(life, ({ beginning: over, steps }) => playLife(makeGate, over, steps)),
    { seed, numRuns: lives, endOnFailure: first },
  );
}

/** The suite for one make of gate. */
export function gateModel(name: string, makeGate: MakeGate, lives = 2500): void {
  describe(`the ${name} gate`, () => {
    it(`says what the naive rule says, in ${lives} random lives of 30 to 60 steps`, async () => {
      await holdAgainstRule(makeGate, lives);
    });
  });
}

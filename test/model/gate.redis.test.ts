// Protects: claim.lua is the rule. The random lives that every gate is held against, played to a real Redis with the
// suite's clock; shorter ones by Redis' own clock, every answer held against core/gate at the moment that Redis says it
// decided at; and the comparison would notice Lua that is not the rule.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claimArgs, readAnswer } from '../../src/adapters/redis/answers.ts';
import type { RedisClient } from '../../src/adapters/redis/connect.ts';
import { campaignKey } from '../../src/adapters/redis/keys.ts';
import { armedScript, CONTRACTS, scriptText } from '../../src/adapters/redis/scripts.ts';
import type { Attempt, Decision } from '../../src/core/gate.ts';
import { decide, emptyGate, evolve, gateRule, reconfigure } from '../../src/core/gate.ts';
import { holdAgainstRule } from '../support/gate-model.ts';
import { inQuickRedis } from '../support/in-redis.ts';
import { arming, heldClockText, makerOfRedisGates, newPrefix, plainGate } from '../support/redis-gate.ts';
import { sampleCampaign } from '../support/samples.ts';
import { seed } from '../support/seed.ts';

const LIVES = 2_000;
const OWN_CLOCK_LIVES = 150;
const TIMEOUT_MS = 300_000;

// --- by Redis' own clock -------------------------------------------------------------------------------------------

const attempt: fc.Arbitrary<Attempt> = fc.record({
  userId: fc.nat({ max: 9 }).map((n) => `u-${n}`),
  key: fc.option(
    fc.nat({ max: 3 }).map((n) => `k,${n}`),
    { freq: 3 },
  ),
  eligible: fc.nat({ max: 9 }).map((n) => n > 0),
});
const ownClockLife = fc.record({
  quantity: fc.integer({ min: 1, max: 15 }),
  perUserLimit: fc.integer({ min: 1, max: 3 }),
  opensInMs: fc.integer({ min: -5, max: 20 }),
  closesInMs: fc.option(fc.integer({ min: 5, max: 60 })),
  steps: fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.array(attempt, { minLength: 1, maxLength: 12 }) },
      { weight: 1, arbitrary: fc.record({ quantity: fc.integer({ min: 1, max: 20 }) }) },
      { weight: 1, arbitrary: fc.record({ pausedAt: fc.constantFrom(1, null, null) }) },
    ),
    { minLength: 30, maxLength: 40, size: 'max' },
  ),
});
type OwnClockLife = typeof ownClockLife extends fc.Arbitrary<infer T> ? T : never;

async function holdByOwnClock(real: RedisClient, claimText: string): Promise<void> {
  await fc.assert(
    fc.asyncProperty(ownClockLife, (life) => playByOwnClock(real, claimText, life)),
    { seed, numRuns: OWN_CLOCK_LIVES, endOnFailure: true },
  );
}

async function playByOwnClock(real: RedisClient, claimText: string, life: OwnClockLife): Promise<void> {
  const now = Date.now();
  const { quantity, perUserLimit, opensInMs, closesInMs, steps } = life;
  let campaign = sampleCampaign({
    quantity,
    perUserLimit,
    openedAt: now + opensInMs,
    closesAt: closesInMs === null ? null : now + closesInMs,
  });
  const prefix = newPrefix();
  const gate = plainGate(real, { prefix, claimText });
  await gate.configure(campaign);
  await gate.arm(campaign.id, arming(1));
  const { sha } = armedScript(claimText, campaign.id, 1);
  const keys = CONTRACTS.claim.keys.map((name) => campaignKey(prefix, campaign.id, name));
  const state = emptyGate(gateRule(campaign));
  for (const step of steps) {
    if (!Array.isArray(step)) {
      campaign = { ...campaign, ...step, version: campaign.version + 1 };
      expect(await gate.configure(campaign)).toEqual(reconfigure(state, gateRule(campaign)));
      if (state.rule.version !== campaign.version) campaign = { ...campaign, quantity: state.rule.quantity };
      continue;
    }
    const reply = await real.evalsha(sha, keys.length, ...keys, 1, 0, ...claimArgs(step), '');
    const { clock, answers } = readAnswer(reply, step, { campaignId: campaign.id, epoch: 1 });
    const expected = step.map((one): Decision => {
      const decision = decide(state, one, clock);
      if (decision.verdict === 'won') evolve(state, decision.fact);
      return decision;
    });
    expect(answers).toEqual(expected);
  }
  await gate.unload(campaign.id);
}

// --- what is not the rule ------------------------------------------------------------------------------------------

const MUTANTS: [what: string, from: string, to: string][] = [
  ['gives one unit too many', 'issued >= quantity', 'issued > quantity'],
  [
    'closes a millisecond late',
    "rule[8] == '1' or (closesAt and clock >= closesAt)",
    "rule[8] == '1' or (closesAt and clock > closesAt)",
  ],
  ['lets time step back', 'math.max(now, kept, tonumber(ARGV[2]))', 'now'],
  ['forgets keys', 'itsKey == key', 'false'],
  ['forgets who won earlier in the batch', 'units = writes[place[user]]', 'units = nil'],
  ['lets everybody in', "mark == 'x' or mark == 'y'", 'false'],
  ['does not write the winners down', "redis.call('HSET', KEYS[2], unpack(writes))", ''],
];

await inQuickRedis((client) => {
  describe('the redis gate', () => {
    it(`says what the naive rule says, in ${LIVES} random lives of 30 to 60 steps`, {
      timeout: TIMEOUT_MS,
    }, async () => {
      await holdAgainstRule(makerOfRedisGates(client), LIVES);
    });

    it(`says what core/gate says, by its own clock, in ${OWN_CLOCK_LIVES} lives`, {
      timeout: TIMEOUT_MS,
    }, async () => {
      await holdByOwnClock(client, scriptText('claim'));
    });
  });

  describe('claim.lua is found out that', () => {
    it.each(MUTANTS)('%s', { timeout: TIMEOUT_MS }, async (_what, from, to) => {
      const text = heldClockText();
      expect(text.split(from).length, 'the line is there once').toBe(2);
      const spoilt = makerOfRedisGates(client, text.replace(from, to));
      await expect(holdAgainstRule(spoilt, 500, true)).rejects.toThrow('Property failed');
    });

    it('ignores a pause', { timeout: TIMEOUT_MS }, async () => {
      const spoilt = scriptText('claim').replace("rule[7] == '1'", 'false');
      await expect(holdByOwnClock(client, spoilt)).rejects.toThrow('Property failed');
    });
  });
});

// Protects: line.lua is the rule. The random lives that every line is held against, played to a real Redis with the suite's
// clock; and the comparison would notice Lua that is not the rule.

import { describe, expect, it } from 'vitest';
import { inQuickRedis } from '../support/in-redis.ts';
import { holdLineAgainstRule } from '../support/line-model.ts';
import { heldClockLineText, makerOfRedisLines } from '../support/redis-line.ts';

const LIVES = 150;
const TIMEOUT_MS = 300_000;

const MUTANTS: [what: string, from: string, to: string][] = [
  [
    'gives one unit too many',
    "rule.keeps ~= '1' and number.won >= number.quantity",
    "rule.keeps ~= '1' and number.won > number.quantity",
  ],
  ['sends everybody away when nothing is left', "rule.keeps ~= '1' and number.won", 'number.won'],
  ['lets time step back', 'clock = math.max(clock, now)', 'clock = now'],
  ['counts those who have left', "redis.call('ZRANK', KEYS[2], user)", 'place - 1'],
  ['forgets who joined earlier in the batch', 'joined[user] = last', ''],
];

await inQuickRedis((client) => {
  describe('the redis line', () => {
    it(`says what the naive line says, in ${LIVES} random lives of 20 to 60 steps`, {
      timeout: TIMEOUT_MS,
    }, async () => {
      await holdLineAgainstRule(makerOfRedisLines(client), LIVES);
    });
  });

  describe('line.lua is found out that', () => {
    it.each(MUTANTS)('%s', { timeout: TIMEOUT_MS }, async (_what, from, to) => {
      const text = heldClockLineText();
      expect(text.split(from).length, 'the line is there once').toBe(2);
      const spoilt = makerOfRedisLines(client, text.replace(from, to));
      await expect(holdLineAgainstRule(spoilt, 300, true)).rejects.toThrow('Property failed');
    });
  });
});

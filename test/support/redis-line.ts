// A line in a real Redis, made for tests: with a clock that the test holds, and made and armed as soon as it is configured.
// The script under test is line.lua itself with one expression exchanged, the one that reads Redis' clock.

import type { RedisClient } from '../../src/adapters/redis/connect.ts';
import { campaignKey } from '../../src/adapters/redis/keys.ts';
import { makeRedisLine, type RedisLine, type RedisLineParts } from '../../src/adapters/redis/line.ts';
import { scriptText } from '../../src/adapters/redis/scripts.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { Line } from '../../src/ports/line.ts';
import type { MakeLine } from './line-model.ts';
import { newPrefix } from './redis-gate.ts';

const CLOCK = "redis.call('TIME')";
const HELD_CLOCK = "redis.call('HMGET', KEYS[1], 'testSeconds', 'testMicros')";

export function heldClockLineText(): string {
  const text = scriptText('line');
  if (text.split(CLOCK).length !== 2) throw new Error('line.lua must read the clock in exactly one place');
  return text.replace(CLOCK, HELD_CLOCK);
}

/** A line as it is in production; nobody may join it until it is armed. */
export function plainLine(client: RedisClient, parts: Partial<RedisLineParts> = {}): RedisLine {
  return makeRedisLine({ client, system: makeSystem(), prefix: newPrefix(), ...parts });
}

/** Sets the clock that a line with {@link heldClockLineText} goes by. */
export async function setLineClock(
  client: RedisClient,
  prefix: string,
  campaignId: string,
  now: number,
): Promise<void> {
  const key = campaignKey(prefix, campaignId, 'lineRule');
  await client.hset(key, 'testSeconds', Math.floor(now / 1000), 'testMicros', (now % 1000) * 1000);
}

/** For the suites that every line must pass: a line that is configured is armed, as the supervisor would do it. */
export function makerOfRedisLines(client: RedisClient, lineText = heldClockLineText()): MakeLine {
  return async (clock) => {
    const prefix = newPrefix();
    const inner = plainLine(client, { prefix, lineText });
    const there = new Set<string>();
    /** those who press in one turn press in their order, whatever has to be done first */
    const pressed: (() => void)[] = [];

    async function atClock<T>(campaignId: string, run: () => Promise<T>): Promise<T> {
      if (there.has(campaignId)) await setLineClock(client, prefix, campaignId, clock.now());
      return await run();
    }

    const line: Line = {
      join(campaignId, attempt, answer) {
        if (!there.has(campaignId)) return inner.join(campaignId, attempt, answer);
        pressed.push(() => inner.join(campaignId, attempt, answer));
        if (pressed.length > 1) return undefined;
        void setLineClock(client, prefix, campaignId, clock.now()).then(() => {
          for (const press of pressed.splice(0)) press();
        });
        return undefined;
      },
      leave: (id, userId) => atClock(id, () => inner.leave(id, userId)),
      standing: (id, of) => atClock(id, () => inner.standing(id, of)),
      advance: (id, budget, eligible) => atClock(id, () => inner.advance(id, budget, eligible)),
      counts: (id) => atClock(id, () => inner.counts(id)),
      take: (id, facts) => atClock(id, () => inner.take(id, facts)),
      async configure(id, rule) {
        if (rule === null) {
          there.delete(id);
          return await inner.configure(id, null);
        }
        if (there.has(id)) return await atClock(id, () => inner.configure(id, rule));
        const armed = await inner.arm(id, rule.epoch, rule, []);
        if (armed.kind !== 'armed') throw new Error(armed.detail);
        there.add(id);
        return [];
      },
    };
    const close = async () => {
      for (const id of there) await inner.unload(id);
    };
    return { line, close };
  };
}

// Protects: a press is counted by a clock that never steps back, by all processes together where they share a limit,
// and an address that is refused costs its users nothing.

import { expect, it } from 'vitest';
import { makeThrottle } from '../../src/http/throttle.ts';

const ONE = { tries: 1, periodMs: 1000 };

function clock() {
  let at = 5000;
  return {
    monotonic: () => at,
    move(ms: number) {
      at += ms;
    },
  };
}

it('lets one through each second', () => {
  const time = clock();
  const throttle = makeThrottle({ user: ONE, ip: null }, time);
  expect(throttle.refusal('ann', '::1')).toBeNull();
  expect(throttle.refusal('ann', '::1')).toMatchObject({
    code: 'rate_limited',
    extra: { retryAfterMs: 1000 },
  });
  expect(throttle.refusal('bob', '::1')).toBeNull();
  time.move(1000);
  expect(throttle.refusal('ann', '::1')).toBeNull();
});

it('asks the shared limit instead of its own, with the same clock', () => {
  const asked: [string, number][] = [];
  const sharedRate = {
    allow(userId: string, now: number) {
      asked.push([userId, now]);
      return userId === 'ann' ? 250 : 0;
    },
  };
  const throttle = makeThrottle({ user: ONE, ip: ONE }, clock(), sharedRate);
  expect(throttle.refusal('ann', '1.1.1.1')).toMatchObject({ extra: { retryAfterMs: 250 } });
  expect(throttle.refusal('bob', '1.1.1.2')).toBeNull();
  expect(throttle.refusal('bob', '1.1.1.2')).toMatchObject({ code: 'rate_limited' });
  expect(throttle.refusal(null, '1.1.1.3')).toBeNull();
  expect(asked).toEqual([
    ['ann', 5000],
    ['bob', 5000],
  ]);
});

it('asks nobody when there is no limit', () => {
  const sharedRate = { allow: () => 1 };
  const throttle = makeThrottle({ user: null, ip: null }, clock(), sharedRate);
  expect([throttle.on, throttle.refusal('ann', '::1')]).toEqual([false, null]);
});

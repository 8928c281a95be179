// Protects: waiting for the record costs the same however many wait, and nobody hears of a moment before his own.

import { expect, it } from 'vitest';
import { sharedCatchUp } from '../../src/flow/catch-up.ts';
import { makeHandClock } from '../support/hand-clock.ts';

it('asks once for all who came while it was asked before', async () => {
  const asked: ((isThere: boolean) => void)[] = [];
  const caughtUp = sharedCatchUp(() => new Promise((resolve) => void asked.push(resolve)), makeHandClock());
  const first = caughtUp(1000);
  const rest = Array.from({ length: 50 }, () => caughtUp(1000));
  expect(asked).toHaveLength(1);
  asked[0]?.(true);
  expect(await first).toBe(true);
  await Promise.resolve();
  expect(asked).toHaveLength(2);
  const later = caughtUp(1000);
  asked[1]?.(false);
  expect(new Set(await Promise.all(rest))).toEqual(new Set([false]));
  await new Promise(setImmediate);
  expect(asked).toHaveLength(3);
  asked[2]?.(true);
  expect(await later).toBe(true);
  void caughtUp(1000);
  expect(asked).toHaveLength(4);
});

it('keeps nobody longer than he asked to wait', async () => {
  const clock = makeHandClock();
  const caughtUp = sharedCatchUp(() => new Promise(() => undefined), clock);
  void caughtUp(1000);
  const second = caughtUp(1000);
  clock.move(1001);
  expect(await second).toBe(false);
});

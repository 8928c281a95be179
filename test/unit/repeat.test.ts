// Protects: what goes on by itself goes on, one at a time, as soon as it is asked to, and not after it was stopped.

import { describe, expect, it } from 'vitest';
import { repeat } from '../../src/main/repeat.ts';
import { makeHandClock } from '../support/hand-clock.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function makeRun() {
  const clock = makeHandClock();
  const ends: (() => void)[] = [];
  const state = { began: 0, running: 0, mostAtOnce: 0 };
  const repeated = repeat(clock, 500, async () => {
    state.began += 1;
    state.running += 1;
    state.mostAtOnce = Math.max(state.mostAtOnce, state.running);
    await new Promise<void>((end) => ends.push(end));
    state.running -= 1;
  });
  const end = async (): Promise<void> => {
    ends.shift()?.();
    await settled();
  };
  return { clock, state, end, repeated };
}

describe('what is done again and again', () => {
  it('begins at once, and again so long after it ended', async () => {
    const { clock, state, end } = makeRun();
    clock.move(0);
    expect(state.began).toBe(1);
    clock.move(5_000);
    expect(state.began).toBe(1);
    await end();
    clock.move(499);
    expect(state.began).toBe(1);
    clock.move(1);
    expect(state.began).toBe(2);
  });

  it('is done now when asked, and its time counts anew', async () => {
    const { clock, state, end, repeated } = makeRun();
    clock.move(0);
    await end();
    clock.move(400);
    repeated.poke();
    expect(state.began).toBe(2);
    await end();
    clock.move(499);
    expect(state.began).toBe(2);
    clock.move(1);
    expect(state.began).toBe(3);
  });

  it('is done once more when asked meanwhile, however often, and never twice at once', async () => {
    const { clock, state, end, repeated } = makeRun();
    clock.move(0);
    for (let i = 0; i < 5; i++) repeated.poke();
    expect(state.began).toBe(1);
    await end();
    expect(state.began).toBe(2);
    await end();
    expect(state).toEqual({ began: 2, running: 0, mostAtOnce: 1 });
  });

  it('stops when the last one has ended, and is not asked again', async () => {
    const { clock, state, end, repeated } = makeRun();
    clock.move(0);
    let stopped = false;
    const stopping = repeated.stop().then(() => {
      stopped = true;
    });
    await settled();
    expect(stopped).toBe(false);
    repeated.poke();
    await end();
    await stopping;
    repeated.poke();
    clock.move(5_000);
    expect(state.began).toBe(1);
  });

  it('does not begin when it was stopped before', async () => {
    const { clock, state, repeated } = makeRun();
    await repeated.stop();
    clock.move(5_000);
    expect(state.began).toBe(0);
  });
});

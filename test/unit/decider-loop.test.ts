// Protects: a log's way into the record in one process. What people wait for is taken at once, whatever goes on; what
// gives way does so for a while only; nothing counts as safe before it is; trouble is told, and tried again.

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { LogLoopParts, LoopProgress } from '../../src/main/log-loop.ts';
import { LogLoop } from '../../src/main/log-loop.ts';
import { makeHandClock } from '../support/hand-clock.ts';

function loopOver(over: Partial<LogLoopParts> = {}) {
  const clock = makeHandClock();
  const state = {
    /** entries in the log, and how many of them are taken */
    end: 0,
    next: 0,
    settled: 0,
    faults: [] as string[],
    told: null as LoopProgress | null,
  };
  const loop = new LogLoop({
    system: clock,
    next: 0,
    async step() {
      await turn();
      const fault = state.faults.shift();
      if (fault !== undefined) throw new Error(fault);
      const taken = Math.min(10, state.end - state.next);
      state.next += taken;
      return { taken, conflicts: 0, next: state.next };
    },
    async settle() {
      state.settled += 1;
    },
    givesWay: false,
    ratePerSecond: 0,
    tell: (progress) => {
      state.told = { ...progress };
    },
    told: (error) => error as Error,
    ...over,
  });
  /** Lets what is under way go on, without any time passing. */
  const settle = async () => {
    for (let i = 0; i < 20; i++) {
      await turn();
      clock.turn();
    }
  };
  return {
    loop,
    clock,
    state,
    settle,
    async commit(entries: number) {
      state.end += entries;
      loop.wake().catch(() => undefined);
      await settle();
    },
    async pass(ms: number) {
      for (let left = ms; left > 0; left -= 30) {
        clock.move(Math.min(30, left));
        await settle();
      }
    },
  };
}

describe('a log on its way', () => {
  it('is taken at once, and settled when it has been quiet', async () => {
    const { commit, pass, state } = loopOver();
    await commit(25);
    expect(state.told).toEqual({ next: 25, safe: 0, conflicts: 0, fault: null });
    await pass(400);
    await commit(1);
    await pass(400);
    expect(state).toMatchObject({ next: 26, settled: 0 });
    await pass(200);
    expect(state.told).toEqual({ next: 26, safe: 26, conflicts: 0, fault: null });
    await pass(2000);
    expect(state.settled).toBe(1);
  });

  it('is settled now and then where it is never quiet', async () => {
    const { commit, pass, state } = loopOver();
    for (let passed = 0; passed < 7000; passed += 100) {
      await commit(1);
      await pass(100);
    }
    expect(state.settled).toBe(2);
    expect(state.told?.safe).toBeGreaterThan(50);
  });

  it('is safe when somebody has waited for all of it', async () => {
    const { loop, settle, state } = loopOver();
    state.end = 30;
    const drained = loop.drain();
    await settle();
    await drained;
    expect(state.told).toMatchObject({ next: 30, safe: 30 });
  });

  it('gives way to a rush, and not for ever', async () => {
    const { commit, pass, state } = loopOver({ givesWay: true });
    await commit(5);
    expect(state.next).toBe(0);
    await pass(90);
    expect(state).toMatchObject({ next: 5, settled: 1 });
    for (let passed = 0; passed < 2900; passed += 30) {
      await commit(1);
      await pass(30);
    }
    expect(state.next).toBe(5);
    for (let passed = 0; passed < 300; passed += 30) {
      await commit(1);
      await pass(30);
    }
    expect(state.next).toBeGreaterThan(90);
  });

  it('does not give way while somebody waits for an offset', async () => {
    const { loop, commit, pass, settle, state } = loopOver({ givesWay: true });
    await commit(20);
    const reached = loop.reach(15);
    await pass(30);
    await settle();
    await reached;
    expect(state.next).toBe(20);
    await loop.reach(15);
  });

  it('tells trouble, and tries again', async () => {
    const { commit, pass, state } = loopOver();
    state.faults.push('the disk is full', 'the disk is full');
    await commit(1);
    expect(state.told?.fault).toBe('the disk is full');
    await pass(450);
    expect(state.faults).toHaveLength(1);
    await pass(600);
    expect(state.told).toMatchObject({ next: 1, fault: null });
  });

  it('does not let anybody wait for what cannot be done now', async () => {
    const { loop, state } = loopOver();
    state.faults.push('the disk is full');
    await expect(loop.drain()).rejects.toThrow('the disk is full');
  });

  it('keeps its pace', async () => {
    const { commit, pass, state } = loopOver({ ratePerSecond: 10 });
    await commit(30);
    expect(state.next).toBe(10);
    await pass(960);
    expect(state.next).toBe(10);
    await pass(60);
    expect(state.next).toBe(20);
  });

  it('tells a settle that failed, and counts nothing as safe', async () => {
    const fails = [true, false];
    const { commit, pass, state } = loopOver({
      async settle() {
        if (fails.shift()) throw new Error('no sync');
      },
    });
    await commit(1);
    await pass(600);
    expect(state.told).toMatchObject({ safe: 0, fault: 'no sync' });
    await commit(1);
    await pass(600);
    expect(state.told).toMatchObject({ safe: 2, fault: null });
  });
});

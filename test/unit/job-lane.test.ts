// Protects: bulk work gives way while a drop is hot, does a little all the same, and not for ever; what jobs press for
// themselves is no crowd.

import { describe, expect, it } from 'vitest';
import type { Campaign } from '../../src/core/campaign.ts';
import { makeCatalog } from '../../src/flow/catalog.ts';
import { makeHeat } from '../../src/jobs/heat.ts';
import { makeLane } from '../../src/jobs/lane.ts';
import { makeHandClock } from '../support/hand-clock.ts';
import { sampleCampaign, T0 } from '../support/samples.ts';

const HOT_FROM = 100;

function bench(campaign: Partial<Campaign> = {}) {
  const system = makeHandClock();
  const catalog = makeCatalog();
  const live = catalog.put(sampleCampaign({ openedAt: T0 - 3_600_000, ...campaign }));
  const heat = makeHeat({ catalog, system, pressesPerSecond: HOT_FROM });
  return {
    system,
    live,
    heat,
    /** So many answers and units a second, for so long. */
    crowd(seconds: number, answers: number, units = 0, own = 0) {
      for (let i = 0; i < seconds * 4; i++) {
        live.told.set('sold_out', (live.told.get('sold_out') ?? 0) + answers / 4);
        live.issued += units / 4;
        heat.own(own / 4);
        system.move(250);
      }
    },
  };
}

describe('heat', () => {
  it('begins with a crowd, and ends seconds after it', () => {
    const { heat, crowd } = bench();
    crowd(2, HOT_FROM - 10);
    expect(heat.hot()).toBe(false);
    crowd(2, HOT_FROM + 50);
    expect(heat.hot()).toBe(true);
    crowd(2, 0);
    expect(heat.hot()).toBe(true);
    crowd(4, 0);
    expect(heat.hot()).toBe(false);
  });

  it('is there when units go out elsewhere', () => {
    const { heat, crowd } = bench();
    crowd(1, 0, HOT_FROM + 50);
    expect(heat.hot()).toBe(true);
  });

  it('is there around an opening, by hand or by the clock', () => {
    const { heat, system } = bench({ openedAt: null, opensAt: T0 + 10_000 });
    system.move(7_000);
    expect(heat.hot()).toBe(false);
    system.move(1_500);
    expect(heat.hot()).toBe(true);
    system.move(6_000);
    expect(heat.hot()).toBe(true);
    system.move(5_000);
    expect(heat.hot()).toBe(false);
  });

  it('is not made by what jobs press for themselves', () => {
    const { heat, crowd } = bench();
    crowd(5, 5000, 5000, 5000);
    expect(heat.hot()).toBe(false);
    crowd(2, 5000 + HOT_FROM, 5000, 5000);
    expect(heat.hot()).toBe(true);
  });

  it('ends with its timer', () => {
    const { heat, crowd } = bench();
    heat.stop();
    crowd(2, 1000);
    expect(heat.hot()).toBe(false);
  });
});

describe('the lane', () => {
  function laneBench(hot: boolean, giveWayMaxMs = 10_000) {
    const system = makeHandClock();
    const state = { hot };
    const lane = makeLane({ heat: { hot: () => state.hot }, system, giveWayMaxMs });
    const aborted = new AbortController();
    /** how long a chunk that took `lastMs` is waited after, and how large the next may be */
    async function turn(lastMs: number): Promise<{ waitedMs: number; size: number }> {
      let size: number | null = null;
      const from = system.monotonic();
      void lane.turn(lastMs, aborted.signal).then((most) => {
        size = most;
      });
      for (let i = 0; i < 1000 && size === null; i++) {
        system.turn();
        await new Promise((resolve) => setImmediate(resolve));
        if (size === null) system.move(50);
      }
      return { waitedMs: system.monotonic() - from, size: size ?? -1 };
    }
    return { turn, state, aborted };
  }

  it('lets others have a turn, and no more, while nobody presses', async () => {
    const { turn } = laneBench(false);
    expect(await turn(400)).toMatchObject({ size: Number.POSITIVE_INFINITY });
    expect((await turn(400)).waitedMs).toBeLessThanOrEqual(50);
  });

  it('does a small chunk for at most a tenth of the time while it is hot', async () => {
    const { turn } = laneBench(true);
    expect(await turn(5)).toMatchObject({ waitedMs: 300, size: 100 });
    const long = await turn(200);
    expect(long.waitedMs).toBeGreaterThanOrEqual(1800);
    expect(long.waitedMs).toBeLessThanOrEqual(1900);
  });

  it('goes on at its own pace when it has given way for long enough', async () => {
    const { turn } = laneBench(true, 2_000);
    await turn(200);
    await turn(200);
    expect(await turn(200)).toMatchObject({ size: Number.POSITIVE_INFINITY });
  });

  it('goes on at once when it has cooled, or the run is to stop', async () => {
    const { turn, state, aborted } = laneBench(true);
    aborted.abort();
    expect((await turn(1000)).waitedMs).toBeLessThanOrEqual(50);
    state.hot = false;
    expect((await turn(1000)).size).toBe(Number.POSITIVE_INFINITY);
  });
});

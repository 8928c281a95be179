// Protects: a report adds up what many processes have told, and says what a fault did to the people who pressed: which
// part was away, from when to when, and how many were told to ask again.

import { afterAll, describe, expect, it } from 'vitest';
import { type Installation, install, uninstall } from '../support/distributed.ts';
import { rush } from '../support/distributed-rush.ts';

const installed = await install();
afterAll(() => uninstall(installed));

interface Told {
  given: number;
  presses: { verdicts: Record<string, number>; unavailable: number; processes: number };
  faults: {
    part: string;
    from: string;
    lastedMs: number;
    over: boolean;
    unavailable: number;
    processes: number;
  }[];
  demand: { people: { count: number } };
  integrity: { ok: boolean };
}

describe.skipIf(installed === null)('a report of two processes', () => {
  const { redis, site } = installed as Installation;

  it('has the answers of both, and the fault with its effect', async () => {
    const beganAt = Date.now();
    const { campaignId, crowd } = await rush(
      site,
      { fault: 'Redis away for a while, in the report', quantity: 400, persons: 40, perSecond: 400 },
      async (crowd) => {
        await crowd.at(1 / 3);
        await redis.kill();
        await new Promise((resolve) => setTimeout(resolve, 2_000));
        await redis.restart();
      },
    );
    let told: Told | null = null;
    const asked = async (): Promise<number> => {
      const { body } = await site.call('GET', `/v1/admin/campaigns/${campaignId}/report`);
      told = body as unknown as Told;
      return told.presses.verdicts['won'] ?? 0;
    };
    // The other process stores what it has counted once a second.
    await expect.poll(asked).toBe(crowd.words['won']);
    const { presses, faults, demand, given, integrity } = told as unknown as Told;
    expect([given, integrity.ok, presses.processes]).toEqual([400, true, 2]);
    expect(presses.verdicts['sold_out'] ?? 0).toBe(crowd.words['sold_out'] ?? 0);
    const gate = faults.filter(({ part }) => part === 'gate');
    expect(gate.length, JSON.stringify({ faults, presses, words: crowd.words })).toBeGreaterThan(0);
    expect(gate[0]).toMatchObject({ over: true });
    expect(Date.parse(gate[0]?.from ?? '')).toBeGreaterThan(beganAt);
    expect(gate[0]?.lastedMs).toBeGreaterThan(1_000);
    const effect = Math.max(...gate.map(({ unavailable }) => unavailable));
    expect(effect).toBeGreaterThan(0);
    expect(effect).toBeLessThanOrEqual(presses.unavailable);
    expect(demand.people.count).toBeGreaterThanOrEqual(400);
  }, 60_000);
});

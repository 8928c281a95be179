// Protects: what operators watch is true: what was told and what the record has stand side by side, and how long people
// waited is told while they do.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';

let site: Site;

beforeAll(async () => {
  site = await startSite();
});
afterAll(() => site.stop());

describe('live counters', () => {
  const stats = async () => (await site.admin('/v1/admin/campaigns/shop/stats')).json;

  it('have what the record counts, from the first look on', async () => {
    await site.campaign('shop', 40);
    for (let i = 0; i < 48; i++) await site.press('shop', `u-${i}`);
    const first = await stats();
    expect(first).toMatchObject({ issued: 40, claims: 48, record: null, returned: 0 });
    await expect
      .poll(stats, { timeout: 5_000, interval: 100 })
      .toMatchObject({ record: { told: 40, recorded: 40, setAside: 0, reserved: 0, unissued: 0 } });
  });

  it('have the waiting times of the last seconds, in ms', async () => {
    const { latencyMs } = (await stats()) as { latencyMs: { p50: number; p99: number; measured: number } };
    expect(latencyMs.measured).toBe(3);
    expect(latencyMs.p50).toBeGreaterThan(0);
    expect(latencyMs.p99).toBeGreaterThanOrEqual(latencyMs.p50);
  });
});

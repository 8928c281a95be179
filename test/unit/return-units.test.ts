// Protects: a unit that is free goes back to the stock by its campaign's rule, no more than are on their way and no more
// than a pool has codes for, and not into a campaign that is over; whoever is quicker changes nothing of that.

import { describe, expect, it } from 'vitest';
import type { Campaign } from '../../src/core/campaign.ts';
import { makeCampaignFlow } from '../../src/flow/campaign.ts';
import { makeCatalog } from '../../src/flow/catalog.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import { returnUnits } from '../../src/flow/return-units.ts';
import type { UnitsBack } from '../../src/ports/coupons.ts';
import { sampleCampaign, T0 } from '../support/samples.ts';

const ID = sampleCampaign().id;

/** A store with units on their way back, and a gate that is told of each rule. */
function bench(over: Partial<Campaign>, back: UnitsBack, pool = 0) {
  const catalog = makeCatalog();
  catalog.put(sampleCampaign(over)).atGate = true;
  const onTheWay = { ...back };
  const told: Campaign[] = [];
  const faults: Error[] = [];
  let stale = 0;
  const codePool = { counts: async () => ({ imported: pool, imports: 1, lastImportAt: null }) };
  const coupons = {
    async comingBack(ids: readonly string[]): Promise<Record<string, UnitsBack>> {
      const units = ids.includes(ID) ? onTheWay.units : 0;
      return { [ID]: { units, letters: onTheWay.letters } };
    },
    async putBack(_next: Campaign, expected: number, { units, letters }: UnitsBack): Promise<boolean> {
      if (stale > 0) stale -= 1;
      else if (expected === catalog.get(ID)?.campaign.version) {
        onTheWay.units -= units;
        onTheWay.letters -= letters;
        return true;
      }
      return false;
    },
  };
  const system = { now: () => T0 + 1000 };
  const campaigns = makeCampaignFlow({
    ...{ catalog, system, codePool, durabilities: ['disk'], codes: makeCodes(Buffer.alloc(32)) },
    gate: {
      configure: async (campaign: Campaign) => {
        told.push(campaign);
        return { kind: 'ok' };
      },
    },
    bring: async () => undefined,
  } as unknown as Parameters<typeof makeCampaignFlow>[0]);
  const onFault = (_id: string, error: Error) => faults.push(error);
  return {
    told,
    onTheWay,
    faults,
    campaign: () => catalog.get(ID)?.campaign as Campaign,
    beQuicker: () => {
      stale = 1;
    },
    run: () => returnUnits({ catalog, coupons, codePool, campaigns, system: system as never, onFault }),
  };
}

describe('a round of returns', () => {
  it('raises the quantity by what came back, in the store and at the gate, and no other time', async () => {
    const one = bench({ returnUnits: 'to_stock', quantity: 100 }, { units: 3, letters: 0 });
    expect(await one.run()).toBe(3);
    expect(one.campaign()).toMatchObject({ quantity: 103, returned: 3, version: 2 });
    expect(one.told).toMatchObject([{ quantity: 103, version: 2 }]);
    expect([await one.run(), one.told.length]).toEqual([0, 1]);
  });

  it('leaves units out by the rule `no`, and takes letters back all the same', async () => {
    const one = bench({ returnUnits: 'no' }, { units: 3, letters: 2 });
    expect(await one.run()).toBe(2);
    expect(one.onTheWay).toEqual({ units: 3, letters: 0 });
    expect(one.campaign().returned).toBe(2);
  });

  it('goes in steps when there are many', async () => {
    const one = bench({ returnUnits: 'to_stock', quantity: 5000 }, { units: 2500, letters: 1 });
    expect(await one.run()).toBe(2501);
    expect(one.told.map(({ returned }) => returned)).toEqual([1000, 2000, 2501]);
  });

  it.each([
    ['closed by hand', { closedAt: T0 }],
    ['closed by the clock', { closesAt: T0 + 1000 }],
    ['archived', { closedAt: T0, archivedAt: T0 }],
  ])('gives nothing to a campaign that is over: %s', async (_how, over) => {
    const one = bench({ returnUnits: 'to_stock', ...over }, { units: 3, letters: 1 });
    expect(await one.run()).toBe(0);
    expect(one.told).toEqual([]);
  });

  it('gives no more than the pool has codes for', async () => {
    const codes = { source: 'pool' as const };
    const one = bench({ returnUnits: 'to_stock', quantity: 100, codes }, { units: 5, letters: 1 }, 103);
    expect(await one.run()).toBe(3);
    expect(one.onTheWay).toEqual({ units: 3, letters: 0 });
  });

  it('leaves what somebody else has changed meanwhile for the next round', async () => {
    const one = bench({ returnUnits: 'to_stock' }, { units: 2, letters: 0 });
    one.beQuicker();
    expect([await one.run(), one.told.length]).toEqual([0, 0]);
    expect(await one.run()).toBe(2);
  });
});

// Protects: who gives wrong codes is counted by key, by address and with all others; over a limit nothing is looked up for
// him, not even a right code, and it is told; a code that cannot be one costs no look-up and counts.

import { describe, expect, it } from 'vitest';
import { makeCatalog } from '../../src/flow/catalog.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import { type CouponParts, makeCouponFlow } from '../../src/flow/coupon.ts';
import type { WrongCodeLimits } from '../../src/flow/wrong-codes.ts';
import { makeWrongCodes } from '../../src/flow/wrong-codes.ts';
import { sampleCampaign } from '../support/samples.ts';

const per = (tries: number) => ({ tries, periodMs: 60_000 });
const LIMITS: WrongCodeLimits = { key: per(4), address: per(3), all: per(6) };

function bench() {
  let now = 1000;
  const told: string[] = [];
  const codes = makeWrongCodes(
    { monotonic: () => now },
    ({ limit, source }) => told.push(`${limit} ${source.id} ${source.address}`),
    LIMITS,
  );
  return {
    codes,
    told,
    pass(ms: number) {
      now += ms;
    },
    wrong(id: string, address: string, times = 1) {
      for (let i = 0; i < times; i++) codes.count({ id, address });
    },
    waits: (id: string, address: string) => codes.waitMs({ id, address }) > 0,
  };
}

describe('wrong codes', () => {
  it('are counted by address, by key and in all', () => {
    const one = bench();
    one.wrong('k1', 'a1', 3);
    expect([one.waits('k1', 'a1'), one.waits('k1', 'a2'), one.waits('k2', 'a1')]).toEqual([
      true,
      false,
      true,
    ]);
    one.wrong('k1', 'a2');
    expect([one.waits('k1', 'a3'), one.waits('k2', 'a2')]).toEqual([true, false]);
    one.wrong('k2', 'a2', 2);
    expect(one.waits('k3', 'a3')).toBe(true);
    expect(one.told).toEqual(['address k1 a1', 'key k1 a2', 'address k2 a2', 'all k2 a2']);
    expect(one.codes.counts()).toEqual({ wrong: 6, refused: 4 });
  });

  it('are forgotten with time, a try at a time', () => {
    const one = bench();
    one.wrong('k1', 'a1', 3);
    expect(one.codes.waitMs({ id: 'k1', address: 'a1' })).toBe(20_000);
    one.pass(20_000);
    expect(one.waits('k1', 'a1')).toBe(false);
    one.wrong('k1', 'a1');
    expect(one.waits('k1', 'a1')).toBe(true);
  });

  it('cost no look-up when they cannot be codes, and then none at all', async () => {
    const one = bench();
    let looked = 0;
    const catalog = makeCatalog();
    catalog.put(sampleCampaign({ codes: { source: 'generated' } }));
    const coupons = makeCouponFlow({
      ...{ catalog, codes: makeCodes(Buffer.alloc(32)), wrongCodes: one.codes },
      caughtUp: async () => false,
      record: {
        async find() {
          looked += 1;
          return [];
        },
      },
    } as unknown as CouponParts);
    const till = { id: 'k1', address: 'a1', requestId: null };
    const find = async (code: string): Promise<string | undefined> => {
      const found = await coupons.find(code, till);
      return found.kind === 'refused' ? found.problem.code : undefined;
    };
    expect([await find('AAAA-AAAA-AAAA-0'), looked]).toEqual(['invalid_code', 0]);
    expect([await find('0000-0000-0000-0'), looked]).toEqual(['coupon_not_found', 1]);
    expect([await find('nonsense'), looked]).toEqual(['invalid_code', 1]);
    expect([await find('0000-0000-0000-0'), looked]).toEqual(['too_many_wrong_codes', 1]);
  });
});

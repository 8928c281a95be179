// Protects: codes of a pool are brought before they are needed, each block once however many wait for it, and a code that
// does not come holds nobody up for long.

import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { NONCE_BYTES, poolKey, sealCode } from '../../src/core/pool-code.ts';
import { ensureCodes, fillCode, lacksCode, makeCodes, toldClaim } from '../../src/flow/codes.ts';
import { BLOCK_ROWS } from '../../src/flow/pool-blocks.ts';
import type { CodePool } from '../../src/ports/code-pool.ts';
import { sampleCampaign } from '../support/samples.ts';

const master = Buffer.from('a master secret for tests only');
const campaign = sampleCampaign({ id: 'pins', codes: { source: 'pool' }, quantity: 10_000 });
const key = poolKey(master, 'pins');

/** A pool with `size` rows: `pin 1`, `pin 2` … */
function makePool(size: number) {
  const pool: Pick<CodePool, 'rows'> & { size: number; asked: number[]; fails: boolean } = {
    size,
    asked: [],
    fails: false,
    rows: async (_id, first, max) => {
      pool.asked.push(first);
      if (pool.fails) throw new Error('away');
      const count = Math.max(0, Math.min(max, pool.size - first + 1));
      const seals = Array.from({ length: count }, (_, i) =>
        sealCode(key, randomBytes(NONCE_BYTES), `pin ${first + i}`),
      );
      let at = 0;
      const ends = seals.map(({ length }) => {
        at += length;
        return at;
      });
      return { first, ends, bytes: new Uint8Array(Buffer.concat(seals)) };
    },
  };
  return pool;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const never = { after: () => ({ stop: () => undefined }) };
const atOnce = {
  after: (_ms: number, run: () => void) => {
    setImmediate(run);
    return { stop: () => undefined };
  },
};

describe('codes of a pool', () => {
  it('are missing until they are brought, once for all who wait', async () => {
    const pool = makePool(5000);
    const codes = makeCodes(master, pool);
    expect([codes.missing(campaign, 1), codes.codeOf(campaign, 1)]).toEqual([true, null]);
    await Promise.all([
      codes.ensure(campaign, [1]),
      codes.ensure(campaign, [2, 3]),
      codes.ensure(campaign, [900]),
    ]);
    expect(pool.asked).toEqual([1]);
    expect([codes.missing(campaign, 1), codes.codeOf(campaign, 900)]).toEqual([false, 'pin 900']);
  });

  it('are brought ahead of whoever is told one', async () => {
    const pool = makePool(10_000);
    const codes = makeCodes(master, pool);
    await codes.ensure(campaign, [1]);
    codes.codeOf(campaign, 1);
    await turn();
    for (let seq = 1; seq <= 10_000; seq++) {
      expect(codes.codeOf(campaign, seq)).toBe(`pin ${seq}`);
      if (seq % 500 === 0) await turn();
    }
    expect(pool.asked).toEqual([...new Set(pool.asked)]);
  });

  it('that were not there yet are asked for again', async () => {
    const pool = makePool(10);
    const codes = makeCodes(master, pool);
    await codes.ensure(campaign, [11]);
    expect([codes.codeOf(campaign, 10), codes.codeOf(campaign, 11)]).toEqual(['pin 10', null]);
    pool.size = BLOCK_ROWS + 5;
    await codes.ensure(campaign, [11, BLOCK_ROWS + 5]);
    expect(codes.codeOf(campaign, 11)).toBe('pin 11');
    expect(codes.codeOf(campaign, BLOCK_ROWS + 5)).toBe(`pin ${BLOCK_ROWS + 5}`);
  });

  it('that were sealed under another secret are not told', async () => {
    const codes = makeCodes(Buffer.from('another'), makePool(10));
    await codes.ensure(campaign, [1]);
    expect(codes.codeOf(campaign, 1)).toBeNull();
  });

  it('cost others nothing', async () => {
    const pool = makePool(10);
    const codes = makeCodes(master, pool);
    for (const source of ['none', 'generated'] as const) {
      const other = sampleCampaign({ codes: { source } });
      expect(codes.missing(other, 1)).toBe(false);
      await codes.ensure(other, [1]);
    }
    await ensureCodes(codes, [{ campaignId: 'x', seq: 1 }], () =>
      sampleCampaign({ codes: { source: 'none' } }),
    );
    expect(pool.asked).toEqual([]);
  });
});

describe('a win whose code is not here', () => {
  const win = { userId: 'u', seq: 7, wonAt: 1 };

  it('is told with it when it comes', async () => {
    const codes = makeCodes(master, makePool(10));
    const claim = toldClaim(codes, campaign, win);
    expect([claim.code, lacksCode(codes, campaign, 7)]).toEqual([null, true]);
    await fillCode(codes, campaign, claim, never);
    expect(claim.code).toBe('pin 7');
  });

  it('is told without it when it does not, or not in time', async () => {
    const pool = makePool(10);
    const codes = makeCodes(master, pool);
    pool.fails = true;
    const claim = toldClaim(codes, campaign, win);
    await fillCode(codes, campaign, claim, never);
    expect(claim.code).toBeNull();
    const hanging = makeCodes(master, { rows: () => new Promise(() => undefined) });
    await fillCode(hanging, campaign, claim, atOnce);
    expect(claim.code).toBeNull();
  });

  it('waits for nothing when a job issues it', () => {
    const byJob = sampleCampaign({ codes: { source: 'pool', issue: 'by_job' } });
    expect(lacksCode(makeCodes(master, makePool(10)), byJob, 1)).toBe(false);
  });
});

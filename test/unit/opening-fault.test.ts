// Protects: nobody can open a campaign that the parts in use cannot run, and each time it is said what is missing.

import { describe, expect, it } from 'vitest';
import type { Campaign, Durability } from '../../src/core/campaign.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import type { ModeFlow } from '../../src/flow/mode.ts';
import { openingFault, poolFault } from '../../src/flow/opening-fault.ts';
import { sampleCampaign } from '../support/samples.ts';

const flow = {} as ModeFlow;
const codes = makeCodes(Buffer.from('a master secret for tests only'));
const embedded = { codes, durabilities: ['memory', 'disk'] as Durability[], modes: { ordered: flow } };
const shared = { ...embedded, durabilities: ['memory', 'disk', 'logged'] as Durability[] };
const faultOf = (over: Partial<Campaign>, parts: Parameters<typeof openingFault>[1] = embedded) =>
  openingFault(sampleCampaign(over), parts);

describe('a mode', () => {
  it('is there, or the missing setting is named', () => {
    expect(faultOf({ mode: 'instant' })).toBeNull();
    expect(faultOf({ mode: 'ordered' })).toBeNull();
    expect(faultOf({ mode: 'queued' })).toMatchObject({
      code: 'mode_unavailable',
      detail:
        'Mode queued needs DIBS_REDIS_URL, for Redis as the line. Set that, or choose instant or ordered.',
    });
    expect(faultOf({ mode: 'ordered' }, { ...embedded, modes: {} })).toMatchObject({
      code: 'mode_unavailable',
      detail: expect.stringContaining('DIBS_KAFKA_BROKERS') as string,
    });
    expect(faultOf({ mode: 'instant', durability: 'logged' }, { ...shared, hasGate: false })).toMatchObject({
      code: 'mode_unavailable',
      detail: 'Mode instant needs DIBS_REDIS_URL, for Redis as the gate. Set that, or choose ordered.',
    });
  });

  it('that is ordered has the one level at which verdicts are in the record', () => {
    for (const durability of ['memory', 'replicated', 'logged'] as const)
      expect(faultOf({ mode: 'ordered', durability })?.code).toBe('durability_unavailable');
    for (const durability of ['memory', 'disk', 'replicated'] as const)
      expect(faultOf({ mode: 'ordered', durability }, shared)).toMatchObject({
        code: 'durability_unavailable',
        detail: 'In ordered mode a verdict is told when the record has it: level logged. Choose that.',
      });
    expect(faultOf({ mode: 'ordered', durability: 'logged' }, shared)).toBeNull();
  });

  it.each(['generated', 'pool'] as const)(
    'takes %s codes only under the secret they were made by',
    (source) => {
      expect(faultOf({ codes: { source }, codeKeyId: codes.keyId })).toBeNull();
      expect(faultOf({ codes: { source }, codeKeyId: 'another' })?.code).toBe('code_key_mismatch');
      expect(faultOf({ codes: { source: 'none' }, codeKeyId: 'another' })).toBeNull();
    },
  );

  it.each([
    [0, 'pool_too_small'],
    [99, 'pool_too_small'],
    [100, undefined],
    [101, undefined],
  ])('needs a code for each of its 100 units: %i imported', async (imported, code) => {
    const pool = { counts: async () => ({ imported, imports: 1, lastImportAt: 1 }) };
    const campaign = sampleCampaign({ quantity: 100, codes: { source: 'pool' } });
    const fault = await poolFault(campaign, pool);
    expect(fault?.code).toBe(code);
    if (fault) expect(fault.extra).toEqual({ imported, quantity: 100, missing: 100 - imported });
  });
});

// Protects: nobody can open a campaign that the parts in use cannot run, and each time it is said what is missing.

import { describe, expect, it } from 'vitest';
import type { Campaign, Durability } from '../../src/core/campaign.ts';
import { openingFault } from '../../src/flow/campaign.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import type { ModeFlow } from '../../src/flow/mode.ts';
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

  it('does not bring what codes cannot have', () => {
    expect(faultOf({ mode: 'ordered', codes: { source: 'pool' } })?.code).toBe('code_source_unavailable');
  });
});

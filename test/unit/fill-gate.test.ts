// Protects: a restart forgets nobody. Before the first press every holder is in the gate again, and a campaign that is
// over costs no memory and still knows how many it gave.

import { describe, expect, it } from 'vitest';
import { makeMemoryGate } from '../../src/adapters/memory/gate.ts';
import type { Campaign } from '../../src/core/campaign.ts';
import type { CampaignChange } from '../../src/flow/campaign.ts';
import { makeCampaignFlow } from '../../src/flow/campaign.ts';
import { makeCatalog } from '../../src/flow/catalog.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import { bringToGate, fillGate } from '../../src/flow/fill-gate.ts';
import type { GateAnswer } from '../../src/ports/gate.ts';
import type { RecordPlace } from '../support/contract/record-bench.ts';
import { makeHandClock } from '../support/hand-clock.ts';
import { sampleAttempt, sampleAudit, sampleCampaign, sampleWin, T0 } from '../support/samples.ts';
import { makeSqlitePlace } from '../support/sqlite-place.ts';

async function filled(place: RecordPlace) {
  const clock = makeHandClock();
  const gate = makeMemoryGate(clock);
  const catalog = makeCatalog();
  await fillGate({ campaigns: place.campaigns, record: place.record, gate, catalog, system: clock });
  const press = (campaignId: string, userId: string, key: string | null = null): GateAnswer => {
    let given: GateAnswer = { verdict: 'unavailable' };
    gate.claim(campaignId, sampleAttempt(userId, { key }), (one) => {
      given = one;
    });
    return given;
  };
  return { gate, catalog, press };
}

async function give(place: RecordPlace, campaign: Partial<Campaign>, count: number): Promise<void> {
  const made = sampleCampaign(campaign);
  await place.campaigns.create(made, sampleAudit());
  const wins = Array.from({ length: count }, (_, i) => {
    return {
      fact: sampleWin(i + 1, { campaignId: made.id, key: made.perUserLimit > 1 ? 'k' : null }),
      codeLookup: null,
    };
  });
  await place.record.store({ source: made.id, from: 0, next: 1, wins, unreadable: [], now: T0 });
}

describe('filling the gate', () => {
  it('finds nothing in an empty record', async () => {
    const { catalog } = await filled(await makeSqlitePlace());
    expect([...catalog.all()]).toEqual([]);
  });

  it('knows every holder, number and time again', async () => {
    const place = await makeSqlitePlace();
    await give(place, { quantity: 5 }, 3);
    const { gate, catalog, press } = await filled(place);
    expect(catalog.get('chicken-100')).toMatchObject({
      atGate: true,
      issued: 3,
      firstWonAt: T0 + 1,
      lastWonAt: T0 + 3,
    });
    expect(await gate.counts('chicken-100')).toEqual({ issued: 3, lastSeq: 3, quantity: 5, holders: 3 });
    expect(press('chicken-100', 'u-2')).toEqual({ verdict: 'already_won', seq: 2, wonAt: T0 + 2 });
    expect(press('chicken-100', 'new')).toMatchObject({ verdict: 'won', fact: { seq: 4 } });
  });

  it('knows keys again', async () => {
    const place = await makeSqlitePlace();
    await give(place, { perUserLimit: 2 }, 2);
    const { press } = await filled(place);
    expect(press('chicken-100', 'u-1', 'k')).toMatchObject({ verdict: 'already_won', seq: 1 });
    expect(press('chicken-100', 'u-1', 'other')).toMatchObject({ verdict: 'won', fact: { seq: 3, nth: 2 } });
  });

  it('takes more holders in than one page holds', async () => {
    const place = await makeSqlitePlace();
    await give(place, { quantity: 50_010 }, 50_001);
    const { catalog, press } = await filled(place);
    expect(catalog.get('chicken-100')).toMatchObject({ issued: 50_001, lastWonAt: T0 + 50_001 });
    expect(press('chicken-100', 'u-50001')).toMatchObject({ verdict: 'already_won', seq: 50_001 });
  });

  it('takes more campaigns in than one page holds', async () => {
    const place = await makeSqlitePlace();
    for (let i = 0; i < 501; i++) {
      await place.campaigns.create(sampleCampaign({ id: `c-${i}`, createdAt: T0 - (i % 7) }), sampleAudit());
    }
    const { catalog, press } = await filled(place);
    expect([...catalog.all()].filter(({ atGate }) => atGate)).toHaveLength(501);
    expect(press('c-500', 'ann')).toMatchObject({ verdict: 'won' });
  });

  it.each<[string, Partial<Campaign>, boolean]>([
    ['draft', { openedAt: null }, true],
    ['scheduled', { openedAt: null, opensAt: T0 + 1 }, true],
    ['open', {}, true],
    ['paused', { pausedAt: T0 - 1 }, true],
    ['paused past its end', { pausedAt: T0 - 1, closesAt: T0 - 1 }, true],
    ['sold out', { quantity: 2 }, true],
    ['closed by hand', { closedAt: T0 - 1 }, false],
    ['closed by the clock', { closesAt: T0 }, false],
    ['archived', { closedAt: T0 - 2, archivedAt: T0 - 1 }, false],
  ])('%s', async (_status, campaign, atGate) => {
    const place = await makeSqlitePlace();
    await give(place, campaign, 2);
    const { catalog, gate } = await filled(place);
    expect(catalog.get('chicken-100')).toMatchObject({
      atGate,
      issued: 2,
      firstWonAt: T0 + 1,
      lastWonAt: T0 + 2,
    });
    expect(await gate.counts('chicken-100')).toEqual(
      atGate ? { issued: 2, lastSeq: 2, quantity: campaign.quantity ?? 100, holders: 2 } : null,
    );
  });
});

describe('a campaign that is decided on the log', () => {
  it.each<[string, Partial<Campaign>]>([
    ['open', {}],
    ['closed', { closedAt: T0 - 1 }],
  ])('%s: is not at the gate, and its tickets are answered', async (_, over) => {
    const place = await makeSqlitePlace();
    await give(place, { ...over, mode: 'ordered' }, 2);
    const { catalog, gate } = await filled(place);
    expect(catalog.get('chicken-100')).toMatchObject({ atGate: true, issued: 2, firstWonAt: T0 + 1 });
    expect(await gate.counts('chicken-100')).toBeNull();
  });
});

describe('a campaign that was over before the start', () => {
  const operator = { id: 'k', requestId: null };

  async function extend(over: Partial<Campaign>, change: CampaignChange) {
    const place = await makeSqlitePlace();
    await give(place, over, 2);
    const made = await filled(place);
    const flow = makeCampaignFlow({
      ...made,
      ...place,
      codes: makeCodes(Buffer.from('a master secret for tests only')),
      system: makeHandClock(),
      durabilities: ['memory', 'disk'],
      bring: (live, campaign) => bringToGate({ ...made, ...place }, live, campaign),
    });
    const result = await flow.patch('chicken-100', 1, change, operator);
    return { ...made, place, result };
  }

  it('and whose end moves on is open again, with everybody who has won', async () => {
    const { result, press, catalog } = await extend({ closesAt: T0 - 5 }, { closesAt: T0 + 5000 });
    expect(result).toMatchObject({ kind: 'done', changed: true });
    expect(catalog.get('chicken-100')).toMatchObject({ atGate: true, issued: 2 });
    expect(press('chicken-100', 'u-2')).toMatchObject({ verdict: 'already_won', seq: 2 });
    expect(press('chicken-100', 'new')).toMatchObject({ verdict: 'won', fact: { seq: 3 } });
  });

  it('and stays over needs no gate', async () => {
    const { result, gate } = await extend({ closedAt: T0 - 5 }, { name: 'another' });
    expect(result).toMatchObject({ kind: 'done', live: { atGate: false, campaign: { name: 'another' } } });
    expect(await gate.counts('chicken-100')).toBeNull();
  });
});

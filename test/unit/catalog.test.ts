// Protects: the campaigns at hand. A newer version replaces the older one without losing what is going on in it, and
// whoever listens hears of each.

import { expect, it } from 'vitest';
import { makeCatalog } from '../../src/flow/catalog.ts';
import { sampleCampaign } from '../support/samples.ts';

it('begins each campaign empty and away from the gate', () => {
  const live = makeCatalog().put(sampleCampaign());
  expect(live).toMatchObject({ atGate: false, issued: 0, firstWonAt: null, lastWonAt: null });
  expect([live.inFlight.size, live.told.size]).toEqual([0, 0]);
});

it('takes a newer version in, and keeps what is going on', () => {
  const catalog = makeCatalog();
  const live = catalog.put(sampleCampaign());
  live.atGate = true;
  live.issued = 7;
  live.inFlight.set(7, []);
  const again = catalog.put(sampleCampaign({ version: 2, quantity: 200 }));
  expect(again).toBe(live);
  expect(again).toMatchObject({ atGate: true, issued: 7, campaign: { version: 2, quantity: 200 } });
  expect(catalog.get('chicken-100')).toBe(live);
  expect([...catalog.all()]).toEqual([live]);
  expect(catalog.get('nowhere')).toBeUndefined();
});

it('tells every listener of every put', () => {
  const catalog = makeCatalog();
  const heard: string[] = [];
  catalog.onChange((live) => heard.push(`first ${live.campaign.id} ${live.campaign.version}`));
  catalog.onChange((live) => heard.push(`second ${live.campaign.id} ${live.campaign.version}`));
  catalog.put(sampleCampaign());
  catalog.put(sampleCampaign({ version: 2 }));
  catalog.put(sampleCampaign({ id: 'other' }));
  expect(heard).toEqual([
    'first chicken-100 1',
    'second chicken-100 1',
    'first chicken-100 2',
    'second chicken-100 2',
    'first other 1',
    'second other 1',
  ]);
});

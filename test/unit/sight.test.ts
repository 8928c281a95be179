// Protects: `sold_out` is held against the units that are out, also where other processes give some of them out.

import { expect, it } from 'vitest';
import { makeCatalog } from '../../src/flow/catalog.ts';
import { makeSights } from '../../src/flow/sight.ts';
import { sampleCampaign } from '../support/samples.ts';

function soldOutSeen(shared: boolean, issuedHere: number, issuedAtGate: number) {
  const sights = makeSights(shared);
  const live = makeCatalog().put(sampleCampaign({ quantity: 10 }));
  live.issued = issuedHere;
  sights.see(live, { verdict: 'sold_out', campaign: live.campaign }, 0);
  sights.settle('chicken-100', issuedAtGate);
  sights.settle('chicken-100', issuedAtGate);
  return sights.of('chicken-100').soldOut;
}

it('is early when units were left, in one process at once', () => {
  expect(soldOutSeen(false, 10, 10)).toEqual({ compared: 1, early: 0 });
  expect(soldOutSeen(false, 9, 10)).toEqual({ compared: 1, early: 1 });
});

it('is held against the gate where this process does not know them all', () => {
  expect(soldOutSeen(true, 3, 10)).toEqual({ compared: 1, early: 0 });
  expect(soldOutSeen(true, 3, 9)).toEqual({ compared: 1, early: 1 });
  expect(soldOutSeen(true, 10, 10)).toEqual({ compared: 1, early: 0 });
});

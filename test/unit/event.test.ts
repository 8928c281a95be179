// Protects: twice is once. A fact's id follows from the fact, so that a fact sent again is known again (contract §8).

import { expect, it } from 'vitest';
import { factId, OUTBOX_TYPES } from '../../src/core/event.ts';
import { sampleWin } from '../support/samples.ts';

it('is campaign:epoch:seq:type', () => {
  expect(factId(sampleWin(17, { epoch: 2 }))).toBe('chicken-100:2:17:claim.won');
});

it('is the same for the same decision, whatever else the fact carries', () => {
  expect(factId(sampleWin(1, { userId: 'a', wonAt: 1 }))).toBe(
    factId(sampleWin(1, { userId: 'b', wonAt: 2 })),
  );
});

it('differs by campaign, epoch and seq', () => {
  const facts = [sampleWin(1), sampleWin(2), sampleWin(1, { epoch: 2 }), sampleWin(1, { campaignId: 'b' })];
  expect(new Set(facts.map(factId)).size).toBe(facts.length);
});

it('names types once each, in the past tense', () => {
  expect(new Set(OUTBOX_TYPES).size).toBe(OUTBOX_TYPES.length);
  for (const type of OUTBOX_TYPES) expect(type).toMatch(/^(coupon|campaign)\.([a-z]+ed|sold_out)$/);
});

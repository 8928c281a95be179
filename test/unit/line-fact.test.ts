// Protects: the log says what happened, in few entries: packing changes no line, what was written is read again as it was,
// and what is no fact is not taken for one.

import { describe, expect, it } from 'vitest';
import type { LineFact } from '../../src/core/line-fact.ts';
import { lineFactId, lineFactOf, packLineFacts } from '../../src/core/line-fact.ts';
import { T0 } from '../support/samples.ts';

const head = { campaignId: 'chicken-100', epoch: 1, at: T0 };

function joined(first: number, userId: string, key: string | null = null): LineFact {
  return { type: 'line.joined', ...head, first, userIds: [userId], keys: key === null ? null : [key] };
}

const each: LineFact[] = [
  joined(1, 'ann'),
  joined(-1, 'bob', 'k'),
  { type: 'line.left', ...head, numbers: [1] },
  { type: 'line.released', ...head, to: 1, confirmBy: null },
  { type: 'line.confirmed', ...head, numbers: [1, 2] },
  { type: 'line.expired', ...head, numbers: [3] },
  { type: 'line.won', ...head, numbers: [1, 2], seqs: [1, 2] },
  { type: 'line.refused', ...head, numbers: [4], why: 'ineligible' },
  { type: 'line.stretched', ...head, byMs: 40 },
  { type: 'line.shuffled', ...head, seed: '5e'.repeat(32), count: 3 },
];

describe('packing', () => {
  it('makes a crowd one fact', () => {
    const crowd = Array.from({ length: 20_000 }, (_, i) => joined(i + 1, `u-${i}`));
    expect(packLineFacts(crowd)).toEqual([
      { type: 'line.joined', ...head, first: 1, userIds: crowd.map((_, i) => `u-${i}`), keys: null },
    ]);
    expect(crowd[0]).toEqual(joined(1, 'u-0'));
  });

  it('keeps keys beside their users', () => {
    expect(packLineFacts([joined(1, 'a'), joined(2, 'b', 'k'), joined(3, 'c')])).toEqual([
      { type: 'line.joined', ...head, first: 1, userIds: ['a', 'b', 'c'], keys: [null, 'k', null] },
    ]);
    expect(packLineFacts([joined(-1, 'a'), joined(-2, 'b')])).toMatchObject([
      { first: -1, userIds: ['a', 'b'] },
    ]);
  });

  it('puts wins with their seqs, and takes the later time', () => {
    const wins: LineFact[] = [1, 2].map((n) => ({
      type: 'line.won',
      ...head,
      at: T0 + n,
      numbers: [n],
      seqs: [n + 4],
    }));
    expect(packLineFacts(wins)).toEqual([
      { type: 'line.won', ...head, at: T0 + 2, numbers: [1, 2], seqs: [5, 6] },
    ]);
  });

  it('leaves apart what does not follow, or says something else', () => {
    const refused = (why: 'closed' | 'sold_out', number: number): LineFact => ({
      type: 'line.refused',
      ...head,
      numbers: [number],
      why,
    });
    const apart: LineFact[] = [
      joined(1, 'a'),
      joined(3, 'b'),
      { ...joined(4, 'c'), epoch: 2 },
      { ...joined(5, 'd'), campaignId: 'other', epoch: 2 },
      refused('closed', 1),
      refused('sold_out', 2),
      { type: 'line.left', ...head, numbers: [3] },
      { type: 'line.released', ...head, to: 4, confirmBy: null },
      { type: 'line.released', ...head, to: 5, confirmBy: null },
    ];
    expect(packLineFacts(apart)).toEqual(apart);
  });
});

describe('reading', () => {
  it.each(each.map((fact) => [fact.type, fact] as const))('gives a %s back as it was', (_type, fact) => {
    expect(lineFactOf(JSON.parse(JSON.stringify(fact)))).toEqual(fact);
  });

  it.each<[string, unknown]>([
    ['nothing', null],
    ['a text', 'line.left'],
    ['another fact', { ...each[2], type: 'claim.won' }],
    ['a name of all objects', { ...each[2], type: 'constructor' }],
    ['no campaign', { ...each[2], campaignId: 7 }],
    ['a time that is none', { ...each[2], at: 'now' }],
    ['no numbers', { ...each[2], numbers: [] }],
    ['a number that is none', { ...each[2], numbers: [1.5] }],
    ['a place that does not exist', { ...joined(1, 'a'), first: 0 }],
    ['keys of others', { ...joined(1, 'a'), keys: ['k', 'k'] }],
    ['a seq too few', { ...each[6], seqs: [1] }],
    ['a reason that is none', { ...each[7], why: 'because' }],
    ['a seed that is none', { ...each[9], seed: 'seed' }],
  ])('takes %s for no fact', (_title, value) => {
    expect(lineFactOf(value)).toBeNull();
  });

  it('names each fact by itself', () => {
    expect(new Set(each.map(lineFactId)).size).toBe(each.length);
    expect(lineFactId(joined(7, 'ann'))).toBe('chicken-100:1:7:line.joined');
  });
});

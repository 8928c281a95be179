// Protects: what a line says of itself where no random life would ask: facts that cannot follow are refused, a clock that
// steps changes no place, and a line of many is small and quick.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { press, release, standing } from '../../src/core/line.ts';
import type { LineFact } from '../../src/core/line-fact.ts';
import type { LineState } from '../../src/core/line-state.ts';
import { ahead, emptyLine, evolve } from '../../src/core/line-state.ts';
import { sampleLineRule } from '../support/contract/line.ts';
import { T0 } from '../support/samples.ts';

const head = { campaignId: 'chicken-100', epoch: 1, at: T0 };
const anybody = () => true;

function join(state: LineState, userId: string, now = T0): string {
  const given = press(state, { userId, key: null, eligible: true, another: false }, now);
  if ('fact' in given) evolve(state, given.fact);
  return given.verdict;
}

function lineOf(many: number): LineState {
  const state = emptyLine(sampleLineRule({ quantity: 10_000_000 }));
  const userIds = Array.from({ length: many }, (_, i) => Buffer.from(`user-${i}`).toString());
  evolve(state, { type: 'line.joined', ...head, first: 1, userIds, keys: null });
  return state;
}

describe('a fact that cannot follow is refused', () => {
  it.each<[string, LineFact]>([
    ['a number that is not next', { type: 'line.joined', ...head, first: 5, userIds: ['x'], keys: null }],
    ['a number that was given', { type: 'line.joined', ...head, first: 3, userIds: ['x'], keys: null }],
    ['a release that was made', { type: 'line.released', ...head, to: 1, confirmBy: null }],
    ['a number that nobody has', { type: 'line.left', ...head, numbers: [4] }],
    ['a place before the shuffle that nobody has', { type: 'line.left', ...head, numbers: [-1] }],
    ['who left once more', { type: 'line.left', ...head, numbers: [2] }],
  ])('%s', (_title, fact) => {
    const state = lineOf(3);
    evolve(state, { type: 'line.released', ...head, to: 1, confirmBy: null });
    evolve(state, { type: 'line.left', ...head, numbers: [2] });
    expect(() => evolve(state, fact)).toThrow();
  });
});

describe('a clock that steps', () => {
  it('back opens nothing that was closed, and ahead changes no place', () => {
    const state = emptyLine(sampleLineRule({ closesAt: T0 + 1000 }));
    expect(join(state, 'a')).toBe('joined');
    expect(join(state, 'b', T0 - 3_600_000)).toBe('joined');
    expect(join(state, 'c', T0 + 1000)).toBe('closed');
    expect(join(state, 'c', T0 + 999)).toBe('closed');
    expect([state.numberOf.get('a'), state.numberOf.get('b')]).toEqual([1, 2]);
  });
});

describe('a line of many', () => {
  it('costs at most 300 bytes a person, the worst moment of its growth included', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const bytes = (): number => {
      collect();
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const before = bytes();
    // A little more than 2^17: everything that doubles has just done so.
    const state = lineOf(140_000);
    const each = (bytes() - before) / 140_000;
    expect(state.waiting).toBe(140_000);
    expect(each).toBeLessThan(300);
  });

  it('knows who is ahead without walking, whoever has left, and lets in past leavers', () => {
    const many = 200_000;
    const state = lineOf(many);
    const numbers = Array.from({ length: many - 1 }, (_, i) => i + 1).filter((number) => number % 10 !== 0);
    evolve(state, { type: 'line.left', ...head, numbers });
    const begun = process.cpuUsage().user;
    for (let i = 0; i < 100_000; i++) expectAhead(state, ((i * 7919) % many) + 1);
    // A walk of the line for each would take minutes.
    expect(process.cpuUsage().user - begun).toBeLessThan(2_000_000);
    const [fact] = release(state, 100, T0, anybody);
    expect(fact).toMatchObject({ type: 'line.released', to: 1000 });
    evolve(state, fact as LineFact);
    expect(standing(state, 'user-1999', T0)).toMatchObject({ number: 2000, ahead: 99 });
  });
});

function expectAhead(state: LineState, number: number): void {
  const expected = Math.floor((number - 1) / 10);
  if (ahead(state, number) !== expected) throw new Error(`${number}: ${ahead(state, number)} ahead`);
}

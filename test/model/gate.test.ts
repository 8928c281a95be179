// Protects: every gate is the rule (see support/gate-model), and the comparison would notice one that is not.

import { describe, expect, it } from 'vitest';
import { makeMemoryGate } from '../../src/adapters/memory/gate.ts';
import type { Attempt } from '../../src/core/gate.ts';
import type { Gate, GateAnswer } from '../../src/ports/gate.ts';
import type { MakeGate } from '../support/gate-model.ts';
import { gateModel, holdAgainstRule } from '../support/gate-model.ts';

const memory: MakeGate = async (clock) => ({ gate: makeMemoryGate(clock), close: async () => undefined });

gateModel('memory', memory);

/** A gate with one thing wrong. */
function spoilt(spoil: (gate: Gate) => Partial<Gate>): MakeGate {
  return async (clock) => {
    const gate = makeMemoryGate(clock);
    return { gate: { ...gate, ...spoil(gate) }, close: async () => undefined };
  };
}

function spoiltAttempt(change: (attempt: Attempt) => Partial<Attempt>): MakeGate {
  return spoilt((gate) => ({
    claim: (id, attempt, answer) => gate.claim(id, { ...attempt, ...change(attempt) }, answer),
  }));
}

describe('a gate is found out that', () => {
  it.each<[string, MakeGate]>([
    ['forgets keys', spoiltAttempt(() => ({ key: null }))],
    ['lets everybody in', spoiltAttempt(() => ({ eligible: true }))],
    ['mixes two users up', spoiltAttempt(({ userId }) => ({ userId: userId === 'u-7' ? 'u-6' : userId }))],
    [
      'gives one unit too many',
      spoilt((gate) => ({
        configure: (campaign) => gate.configure({ ...campaign, quantity: campaign.quantity + 1 }),
      })),
    ],
    [
      'closes a millisecond late',
      spoilt((gate) => ({
        configure: ({ closesAt, ...campaign }) =>
          gate.configure({ ...campaign, closesAt: closesAt === null ? null : closesAt + 1 }),
      })),
    ],
    ['comes back empty from a restart', spoilt(() => ({ load: async () => undefined }))],
    [
      'drops the keys in a restart',
      spoilt((gate) => ({ load: (id, past) => gate.load(id, { ...past, keys: null }) })),
    ],
    [
      'says sold_out for closed',
      spoilt((gate) => ({
        claim: (id, attempt, answer) =>
          gate.claim(id, attempt, (given) =>
            answer(given.verdict === 'closed' ? ({ verdict: 'sold_out' } as GateAnswer) : given),
          ),
      })),
    ],
  ])('%s', async (_title, makeGate) => {
    await expect(holdAgainstRule(makeGate, 1000, true)).rejects.toThrow('Property failed');
  });
});

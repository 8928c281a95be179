// Protects: every line is the rule (see support/line-model), and the comparison would notice one that is not.

import { describe, expect, it } from 'vitest';
import { makeMemoryLine } from '../../src/adapters/memory/line.ts';
import type { LineAttempt } from '../../src/core/line.ts';
import type { LineFact } from '../../src/core/line-fact.ts';
import type { LineRule } from '../../src/core/line-state.ts';
import type { Line } from '../../src/ports/line.ts';
import type { MakeLine } from '../support/line-model.ts';
import { holdLineAgainstRule, lineModel } from '../support/line-model.ts';

const memory: MakeLine = async (clock) => ({ line: makeMemoryLine(clock), close: async () => undefined });

lineModel('memory', memory);

/** A line with one thing wrong. */
function spoilt(spoil: (line: Line) => Partial<Line>): MakeLine {
  return async (clock) => {
    const line = makeMemoryLine(clock);
    return { line: { ...line, ...spoil(line) }, close: async () => undefined };
  };
}

function spoiltAttempt(change: Partial<LineAttempt>): MakeLine {
  return spoilt((line) => ({
    join: (id, attempt, answer) => line.join(id, { ...attempt, ...change }, answer),
  }));
}

function spoiltRule(change: (rule: LineRule) => Partial<LineRule>): MakeLine {
  return spoilt((line) => ({
    configure: (id, rule) => line.configure(id, rule && { ...rule, ...change(rule) }),
  }));
}

function without(type: LineFact['type']): MakeLine {
  return spoilt((line) => ({
    take: (id, facts) =>
      line.take(
        id,
        facts.filter((fact) => fact.type !== type),
      ),
  }));
}

const later = (ms: number | null) => (ms === null ? null : ms + 1);

describe('a line is found out that', () => {
  it.each<[string, MakeLine]>([
    ['gives a winner a place again', spoiltAttempt({ another: true })],
    ['lets everybody join', spoiltAttempt({ eligible: true })],
    ['forgets keys', spoiltAttempt({ key: null })],
    ['gives one unit too many', spoiltRule(({ quantity }) => ({ quantity: quantity + 1 }))],
    ['goes on while it is paused', spoiltRule(() => ({ pausedAt: null }))],
    ['closes a millisecond late', spoiltRule(({ closesAt }) => ({ closesAt: later(closesAt) }))],
    ['opens a millisecond late', spoiltRule(({ startsAt }) => ({ startsAt: later(startsAt) }))],
    ['takes one more than fit', spoiltRule(({ maxLength }) => ({ maxLength: later(maxLength) }))],
    ['gives everybody a chance', spoiltRule(() => ({ cutAt: null }))],
    ['sends everybody away when nothing is left', spoiltRule(() => ({ keepsLine: false }))],
    ['gives more time to confirm', spoiltRule((rule) => ({ confirmWithinMs: later(rule.confirmWithinMs) }))],
    ['shuffles as it likes', spoiltRule((rule) => ({ shuffleSeed: rule.shuffleSeed && 'ab'.repeat(32) }))],
    [
      'lets one too many in',
      spoilt((line) => ({ advance: (id, most, ok) => line.advance(id, most + 1, ok) })),
    ],
    ['lets anybody in', spoilt((line) => ({ advance: (id, most) => line.advance(id, most, () => true) }))],
    [
      'asks the gate for the last one first',
      spoilt((line) => ({
        async advance(id, most, ok) {
          const moved = await line.advance(id, most, ok);
          return { ...moved, atGate: moved.atGate.toReversed() };
        },
      })),
    ],
    ['lets nobody leave', spoilt(() => ({ leave: async () => ({ left: true, facts: [] }) }))],
    [
      'counts those who have left',
      spoilt((line) => ({
        async standing(id, userId) {
          const told = await line.standing(id, userId);
          if (told === null || told.number === null || told.stage !== 'waiting') return told;
          return { ...told, ahead: told.number - 1 - ((await line.counts(id))?.serving ?? 0) };
        },
      })),
    ],
    [
      'does not tell the log who left',
      spoilt((line) => ({
        leave: async (id, userId) => ({ ...(await line.leave(id, userId)), facts: [] }),
      })),
    ],
    [
      'does not tell the log of its pauses',
      spoilt((line) => ({
        configure: async (id, rule) => {
          await line.configure(id, rule);
          return [];
        },
      })),
    ],
    ...(
      [
        'joined',
        'left',
        'released',
        'confirmed',
        'expired',
        'won',
        'refused',
        'stretched',
        'shuffled',
      ] as const
    ).map((kind): [string, MakeLine] => [`forgets line.${kind} in a crash`, without(`line.${kind}`)]),
  ])('%s', async (_title, makeLine) => {
    await expect(holdLineAgainstRule(makeLine, 1000, true)).rejects.toThrow('Property failed');
  });
});

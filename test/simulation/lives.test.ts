// Protects: what people are told holds whatever breaks. Thousands of short lives of a whole installation (two or three
// API processes, two supervisors with relay and rebuild, two recorders; the real flows over simulated parts), each with
// up to four faults at any moment, are held against the invariants. And the simulation can see: with any one protection
// taken out, it finds a life in which that is missed.

import { describe, expect, it } from 'vitest';
import type { Durability } from '../../src/core/campaign.ts';
import { seed } from '../support/seed.ts';
import { auditLife } from '../support/simulated-audit.ts';
import type { Mutant } from '../support/simulated-mutants.ts';
import { type Fault, live } from '../support/simulated-world.ts';

const KEEPING_MEMORY: Fault[] = [
  'api killed',
  'api asleep',
  'supervisor killed',
  'supervisor asleep',
  'recorder killed',
  'gate restarted',
  'gate forgets scripts',
  'gate hangs',
  'log away',
  'record away',
];
const LOSING_MEMORY: Fault[] = ['gate emptied', 'gate set back', 'api asleep at a press, gate emptied'];
const ALL = [...KEEPING_MEMORY, ...LOSING_MEMORY];

interface Setting {
  durability: Durability;
  faults: Fault[];
  without?: Mutant;
}

/** Many side by side: their worlds know nothing of each other, and share the machine's turns. */
const AT_ONCE = 25;
/** Ten seconds of one core in all; a machine with much else to do may take its time. */
const PATIENCE = { timeout: 240_000 };

/** What is wrong in lives `from` … `from` + `count` - 1, as `seed: findings`. */
async function findings(setting: Setting, from: number, count: number): Promise<string[]> {
  const keepsWins =
    setting.durability === 'logged' || !setting.faults.some((one) => LOSING_MEMORY.includes(one));
  const each = Array.from({ length: count }, async (_, i) => {
    const lived = await live({ ...setting, seed: seed + from + i });
    const found = auditLife(lived, { keepsWins });
    return found.length === 0 ? [] : [`seed ${seed + from + i}: ${found.join('; ')}`];
  });
  return (await Promise.all(each)).flat();
}

async function allFindings(setting: Setting, lives: number): Promise<string[]> {
  const found: string[] = [];
  for (let from = 0; from < lives; from += AT_ONCE) found.push(...(await findings(setting, from, AT_ONCE)));
  return found;
}

describe('nobody is told what does not hold', () => {
  it.each<[string, Setting, number]>([
    ['logged, whatever breaks', { durability: 'logged', faults: ALL }, 600],
    [
      'logged, the log away and the gate emptied',
      {
        durability: 'logged',
        faults: ['log away', 'gate emptied', 'gate hangs', 'api killed', 'api asleep'],
      },
      300,
    ],
    [
      'logged, another server in the place of the first',
      {
        durability: 'logged',
        faults: ['gate fails over', 'api killed', 'api asleep', 'log away', 'supervisor killed'],
      },
      300,
    ],
    ['memory, while the gate keeps its own', { durability: 'memory', faults: KEEPING_MEMORY }, 300],
    ['memory, lost: never more than there is, no number twice', { durability: 'memory', faults: ALL }, 150],
  ])('%s', PATIENCE, async (_, setting, lives) => {
    expect(await allFindings(setting, lives)).toEqual([]);
  });

  it('the same seed is the same life', async () => {
    const options = { seed: seed + 3, durability: 'logged', faults: ALL } as const;
    const [one, two] = await Promise.all([live(options), live(options)]);
    expect(one.tries).toEqual(two.tries);
    expect(one.tries.length).toBeGreaterThan(5);
  });

  it('much has been broken and made good in these lives', async () => {
    const lives = await Promise.all(
      Array.from({ length: 100 }, (_, i) => live({ seed: seed + i, durability: 'logged', faults: ALL })),
    );
    const told = lives.flatMap(({ tries }) => tries.map(({ answer }) => answer));
    const count = (answer: string): number => told.filter((one) => one === answer).length;
    expect(lives.filter(({ epoch }) => epoch > 1).length).toBeGreaterThan(30);
    expect(lives.filter(({ epoch }) => epoch > 2).length).toBeGreaterThan(5);
    for (const answer of ['won', 'already_won', 'sold_out', 'outcome_unknown', 'gate_rebuilding', 'cut']) {
      expect(count(answer), answer).toBeGreaterThan(20);
    }
  });
});

/**
 * Two more are second lines here, whose absence no life shows. The freeze: a gate that must be made good answers nobody
 * already, because it was not armed. The lease: who still reaches a server that was left behind hears of the next epoch
 * before he can tell a win of the last, or tells it too late.
 */
describe('a protection taken out is missed', () => {
  const LIVES_MAX = 4_000;
  it.each<[Mutant, string, Setting]>([
    [
      'drain',
      'the log is not brought into the record first',
      { durability: 'logged', faults: ['gate emptied', 'recorder killed'] },
    ],
    [
      'salvage',
      'what only the gate has is not brought onto the log',
      { durability: 'memory', faults: ['gate forgets scripts', 'api killed', 'log away'] },
    ],
    [
      'arming',
      'a gate that comes back is believed',
      { durability: 'logged', faults: ['gate set back', 'gate restarted'] },
    ],
    [
      'tell bound',
      'won is told however late',
      { durability: 'logged', faults: ['api asleep at a press, gate emptied', 'log away'] },
    ],
    [
      'wait',
      'the drain begins while people can still be told',
      {
        durability: 'logged',
        faults: ['log away', 'gate emptied', 'gate hangs', 'api killed', 'api asleep'],
      },
    ],
    [
      'late rule',
      'wins of an epoch that is over are taken in',
      { durability: 'logged', faults: ['api asleep at a press, gate emptied', 'log away'] },
    ],
    [
      'comparing',
      'an epoch is opened although the record has taken in more',
      { durability: 'logged', faults: ['api asleep at a press, gate emptied', 'log away'] },
    ],
    [
      'again on the log',
      'already_won is told of what nobody has put on the log',
      {
        durability: 'logged',
        faults: ['gate emptied', 'gate hangs', 'api killed', 'api asleep', 'log away'],
      },
    ],
    ['relay', 'what a process left behind stays there', { durability: 'memory', faults: KEEPING_MEMORY }],
  ])('%s: %s', PATIENCE, async (without, _, setting) => {
    let found: string[] = [];
    let from = 0;
    for (; from < LIVES_MAX && found.length === 0; from += AT_ONCE) {
      found = await findings({ ...setting, without }, from, AT_ONCE);
    }
    expect(found).not.toEqual([]);
    // The very same lives with it are well.
    expect(await findings(setting, from - AT_ONCE, AT_ONCE)).toEqual([]);
  });
});

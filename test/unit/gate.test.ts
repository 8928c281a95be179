// Protects: the rule itself. The first verdict that applies is the answer (contract §3), asking again gives the same
// answer (I8), nothing is given outside the window by the gate's own clock (I10), and a changed quantity is exact (I1).

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Action, Campaign } from '../../src/core/campaign.ts';
import { ACTIONS, statusOf, transition } from '../../src/core/campaign.ts';
import type { Decision, GateState } from '../../src/core/gate.ts';
import { decide, emptyGate, evolve, gateRule, holdings, reconfigure } from '../../src/core/gate.ts';
import { sampleAttempt, sampleCampaign, sampleWin, T0 } from '../support/samples.ts';
import { seed } from '../support/seed.ts';

function gateOf(over: Partial<Campaign> = {}): GateState {
  return emptyGate(gateRule(sampleCampaign(over)));
}

/** Decides and takes the decision in, as every gate does. */
function press(
  state: GateState,
  userId: string,
  now = T0,
  key: string | null = null,
  eligible = true,
): Decision {
  const decision = decide(state, { userId, key, eligible }, now);
  if (decision.verdict === 'won') evolve(state, decision.fact);
  return decision;
}

/** What was answered, in short: `won 3`, `already_won 3`, `sold_out`. */
function short(decision: Decision): string {
  if (decision.verdict === 'won') return `won ${decision.fact.seq}`;
  return decision.verdict === 'already_won' ? `already_won ${decision.seq}` : decision.verdict;
}

describe('precedence', () => {
  /** In the order of contract §3. Each makes one verdict apply, whatever else applies. */
  const conditions = {
    already_won: {},
    ineligible: {},
    paused: { pausedAt: T0 },
    not_open: { openedAt: null, opensAt: T0 + 1 },
    closed: { closesAt: T0 },
    sold_out: {},
  } satisfies Record<string, Partial<Campaign>>;
  type Name = keyof typeof conditions;
  const names = Object.keys(conditions) as Name[];
  // A window is never over before it begins, so these two never meet; what is closed by hand has a test of its own.
  const sets = Array.from({ length: 2 ** names.length }, (_, bits) =>
    names.filter((_name, i) => bits & (1 << i)),
  ).filter((set) => !(set.includes('not_open') && set.includes('closed')));

  it.each(sets.map((set) => [set.join(' + ') || 'nothing else', set] as const))('%s', (_title, set) => {
    const state = gateOf({ quantity: 1 });
    if (set.includes('sold_out')) evolve(state, sampleWin(1, { userId: 'other', wonAt: T0 - 1 }));
    if (set.includes('already_won'))
      evolve(state, sampleWin(state.lastSeq + 1, { userId: 'me', wonAt: T0 - 1 }));
    const over = Object.assign({}, ...set.map((name) => conditions[name])) as Partial<Campaign>;
    state.rule = gateRule(sampleCampaign({ quantity: 1, ...over }));
    const attempt = sampleAttempt('me', { eligible: !set.includes('ineligible') });
    // A unit in somebody's own hand is also the last one here: he is told that it is his, everybody else sold_out.
    expect(decide(state, attempt, T0).verdict).toBe(set[0] ?? 'won');
  });

  it('what an operator closed before its opening is closed, not waiting to open', () => {
    expect(short(press(gateOf({ openedAt: null, opensAt: T0 + 1, closedAt: T0 }), 'a'))).toBe('closed');
    expect(short(press(gateOf({ openedAt: null, closedAt: T0 }), 'a'))).toBe('closed');
    expect(short(press(gateOf({ openedAt: null, closesAt: T0 }), 'a'))).toBe('closed');
    expect(short(press(gateOf({ openedAt: null }), 'a'))).toBe('not_open');
  });

  it('agrees with the status that operators and pages are shown, after any life', () => {
    const verdictOf = {
      draft: 'not_open',
      scheduled: 'not_open',
      open: 'won',
      paused: 'paused',
      sold_out: 'sold_out',
      closed: 'closed',
      archived: 'closed',
    } as const;
    const at = fc.option(fc.integer({ min: -3, max: 3 }).map((n) => T0 + n));
    const steps = fc.array(fc.tuple(fc.constantFrom<Action>(...ACTIONS), fc.nat({ max: 2 })), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(at, at, fc.nat({ max: 2 }), steps, (opensAt, closesAt, issued, life) => {
        let now = T0 - 3;
        let campaign = sampleCampaign({ openedAt: null, opensAt, closesAt, quantity: 2 });
        for (const [action, ms] of life) {
          now += ms;
          const step = transition(campaign, action, issued, now);
          if (step.kind === 'changed') campaign = step.campaign;
        }
        const state = emptyGate(gateRule(campaign));
        for (let seq = 1; seq <= issued; seq++) evolve(state, sampleWin(seq, { wonAt: 0 }));
        const { verdict } = decide(state, sampleAttempt('new'), now);
        expect(verdict).toBe(verdictOf[statusOf(campaign, issued, now)]);
      }),
      { seed, numRuns: 2000 },
    );
  });
});

describe('one unit to each', () => {
  it('numbers winners from 1 and stops at the quantity', () => {
    const state = gateOf({ quantity: 3 });
    const answers = ['a', 'b', 'a', 'c', 'd', 'b'].map((user, i) => short(press(state, user, T0 + i)));
    expect(answers).toEqual(['won 1', 'won 2', 'already_won 1', 'won 3', 'sold_out', 'already_won 2']);
  });

  it('tells a repeat the time of the win, and ignores any Idempotency-Key', () => {
    const state = gateOf();
    press(state, 'a', T0 + 5, 'key-1');
    expect(press(state, 'a', T0 + 900, 'key-2')).toEqual({ verdict: 'already_won', seq: 1, wonAt: T0 + 5 });
  });

  it('compares users as they are: case, spaces and marks make another person', () => {
    const state = gateOf();
    const users = ['Ann', 'ann', 'ann x', 'ánn', '__proto__', 'constructor', 'toString'];
    expect(users.map((user) => short(press(state, user)))).toEqual(users.map((_, i) => `won ${i + 1}`));
    expect(users.map((user) => short(press(state, user)))).toEqual(
      users.map((_, i) => `already_won ${i + 1}`),
    );
  });

  it('decides without changing anything: only a taken-in fact counts', () => {
    const state = gateOf();
    const first = decide(state, sampleAttempt('a'), T0);
    expect(decide(state, sampleAttempt('a'), T0)).toEqual(first);
    expect(state.issued).toBe(0);
    expect(holdings(state, 'a')).toEqual([]);
  });

  it('refuses a number that was given already', () => {
    const state = gateOf();
    press(state, 'a');
    expect(() => evolve(state, sampleWin(1, { userId: 'b' }))).toThrow(
      'seq 1 of chicken-100 was given already',
    );
  });
});

describe('perUserLimit above 1 (contract §3, §9.8)', () => {
  /** [user, key] → answer, one after the other in one campaign of 5 with a limit of 3. */
  const script: [string, string | null, string][] = [
    ['a', 'k1', 'won 1'],
    ['a', 'k1', 'already_won 1'],
    ['a', 'k2', 'won 2'],
    ['b', 'k1', 'won 3'], // keys of different users have nothing to do with each other
    ['a', null, 'already_won 2'], // without a key the latest is repeated
    ['a', 'k1', 'already_won 1'],
    ['a', 'k3', 'won 4'],
    ['a', 'k4', 'already_won 4'], // a new key beyond the limit
    ['a', 'k2', 'already_won 2'], // the old ones still name their own
    ['c', null, 'won 5'],
    ['c', null, 'already_won 5'],
    ['c', 'k9', 'sold_out'], // a new key is a new try
    ['d', 'k1', 'sold_out'],
    ['b', 'k1', 'already_won 3'],
  ];

  it('follows the script', () => {
    const state = gateOf({ quantity: 5, perUserLimit: 3 });
    expect(script.map(([user, key]) => short(press(state, user, T0, key)))).toEqual(
      script.map(([, , told]) => told),
    );
  });

  it('counts the units of a user, for the record to hold I2 too', () => {
    const state = gateOf({ perUserLimit: 3 });
    const nths = ['k1', 'k2', 'k3'].map((key) => {
      const decision = press(state, 'a', T0, key);
      return decision.verdict === 'won' ? [decision.fact.nth, decision.fact.key] : null;
    });
    expect(nths).toEqual([
      [1, 'k1'],
      [2, 'k2'],
      [3, 'k3'],
    ]);
    expect(holdings(state, 'a').map(({ seq }) => seq)).toEqual([1, 2, 3]);
  });

  it('a second unit is a new try, and meets every refusal', () => {
    const state = gateOf({ perUserLimit: 2 });
    press(state, 'a', T0, 'k1');
    expect(short(press(state, 'a', T0, 'k2', false))).toBe('ineligible');
    reconfigure(state, gateRule(sampleCampaign({ perUserLimit: 2, pausedAt: T0 })));
    expect(short(press(state, 'a', T0, 'k2'))).toBe('paused');
    expect(short(press(state, 'a', T0, 'k1'))).toBe('already_won 1');
    expect(short(press(state, 'a', T0, null))).toBe('already_won 1');
  });
});

describe('quantity', () => {
  it('raised after sold_out, the next units go out and no number twice', () => {
    const state = gateOf({ quantity: 1 });
    expect([short(press(state, 'a')), short(press(state, 'b'))]).toEqual(['won 1', 'sold_out']);
    expect(reconfigure(state, gateRule(sampleCampaign({ quantity: 2 })))).toEqual({ kind: 'ok' });
    expect([short(press(state, 'b')), short(press(state, 'c'))]).toEqual(['won 2', 'sold_out']);
  });

  it('falls to what is issued and not below', () => {
    const state = gateOf({ quantity: 10 });
    for (const user of ['a', 'b', 'c']) press(state, user);
    expect(reconfigure(state, gateRule(sampleCampaign({ quantity: 2 })))).toEqual({
      kind: 'below_issued',
      issued: 3,
    });
    expect(state.rule.quantity).toBe(10);
    expect(reconfigure(state, gateRule(sampleCampaign({ quantity: 3 })))).toEqual({ kind: 'ok' });
    expect(short(press(state, 'd'))).toBe('sold_out');
  });

  it('is a count, not the highest number: gaps after a disaster do not eat units', () => {
    const state = gateOf({ quantity: 3 });
    evolve(state, sampleWin(1));
    evolve(state, sampleWin(50));
    expect(short(press(state, 'x'))).toBe('won 51');
    expect(short(press(state, 'y'))).toBe('sold_out');
    expect(holdings(state, 'u-50')).toEqual([{ seq: 50, wonAt: T0 + 50, key: null }]);
  });
});

describe('the window, by the gate’s clock', () => {
  const over = { openedAt: null, opensAt: T0 + 100, closesAt: T0 + 200 };

  it.each([
    [99, 'not_open'],
    [100, 'won 1'],
    [199, 'won 1'],
    [200, 'closed'],
    [201, 'closed'],
  ])('at +%i ms: %s', (ms, told) => {
    expect(short(press(gateOf(over), 'a', T0 + ms))).toBe(told);
  });

  it('a clock that steps back closes nothing that was open', () => {
    const state = gateOf(over);
    expect(short(press(state, 'a', T0 + 100))).toBe('won 1');
    expect(short(press(state, 'b', T0 + 50))).toBe('won 2');
  });

  it('a clock that steps back opens nothing that was closed', () => {
    const state = gateOf(over);
    expect(short(press(state, 'a', T0 + 200))).toBe('closed');
    expect(short(press(state, 'a', T0 + 150))).toBe('closed');
  });

  it('no winner is told an earlier time than the one before him, not even after a restart', () => {
    const before = gateOf();
    press(before, 'a', T0 + 500);
    const again = gateOf();
    evolve(again, sampleWin(1, { userId: 'a', wonAt: T0 + 500 }));
    for (const state of [before, again]) {
      const decision = press(state, 'b', T0 + 20);
      expect(decision.verdict === 'won' && decision.fact.wonAt).toBe(T0 + 500);
    }
  });

  it('opened by hand before opensAt, it is open now', () => {
    const early = sampleCampaign({ openedAt: null, opensAt: T0 + 1000 });
    const opened = transition(early, 'open', 0, T0);
    expect(opened.kind === 'changed' && short(press(emptyGate(gateRule(opened.campaign)), 'a', T0))).toBe(
      'won 1',
    );
  });
});

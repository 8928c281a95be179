/**
 * The checker of people who wait can see: a right line and a right log have no finding, and each way to break them is
 * found under the rule it breaks.
 */
import { describe, expect, it } from 'vitest';
import {
  type CheckId,
  checkHistory,
  type History,
  type Truth,
  type WaitHistory,
} from '../../src/core/history.ts';
import type { LookHistory, PressHistory } from '../../src/core/history-wait.ts';

/** One press, and what became of it. Times are ms; the ticket came 2 ms after the press unless said otherwise. */
interface Press {
  user: string;
  at: number;
  ticketAt?: number;
  ticket?: number;
  position?: number;
  byLot?: boolean;
  pendingAt?: number;
  leftAt?: number;
  endAt?: number;
  end?: string;
  seq?: number;
}

interface Look {
  press: number;
  position?: number;
  serving?: number;
  ahead?: number;
  waitMs?: number;
  reasoned?: boolean;
}

interface Case {
  mode?: string;
  confirms?: boolean;
  presses: Press[];
  looks?: Look[];
  /** Tries of people who had their verdict and ask by their ticket again. */
  later?: { user: string; at: number; answer: string }[];
  truth?: Partial<Truth>;
}

function historyOf({ presses, later = [] }: Case): History {
  const names = [...new Set(presses.map((press) => press.user))];
  const rows = presses.flatMap((press) => {
    const user = names.indexOf(press.user);
    const ticketAt = press.ticketAt ?? press.at + 2;
    const sent = { user, at: press.at, until: ticketAt, status: 202, answer: 'pending', seq: 0 };
    if (press.end === undefined) return [sent];
    const until = press.endAt ?? 0;
    return [sent, { user, at: until - 1, until, status: 200, answer: press.end, seq: press.seq ?? 0 }];
  });
  for (const { user, at, answer } of later) {
    rows.push({ user: names.indexOf(user), at, until: at + 1, status: 200, answer, seq: 0 });
  }
  const answers = [...new Set(rows.map((row) => row.answer))];
  return {
    length: rows.length,
    user: rows.map((row) => row.user),
    claim: rows.map(() => 0),
    invokedMs: rows.map((row) => row.at),
    completedMs: rows.map((row) => row.until),
    status: rows.map((row) => row.status),
    answer: rows.map((row) => answers.indexOf(row.answer)),
    seq: rows.map((row) => row.seq),
    answers,
    codes: new Map(),
    nameOf: (user) => names[user] ?? '',
  };
}

function waitsOf({ mode = 'queued', confirms = false, presses, looks = [] }: Case): WaitHistory {
  const names = [...new Set(presses.map((press) => press.user))];
  const ends = [...new Set(presses.map((press) => press.end ?? ''))];
  const of = (value: (press: Press) => number): number[] => presses.map(value);
  const pressHistory: PressHistory = {
    length: presses.length,
    user: of(({ user }) => names.indexOf(user)),
    claim: of(() => 0),
    pressedMs: of(({ at }) => at),
    ticketMs: of(({ at, ticketAt }) => ticketAt ?? at + 2),
    ticket: of(({ user, position, ticket }) => ticket ?? 1 + names.indexOf(user) * 1000 + (position ?? 0)),
    position: of(({ position }) => position ?? 0),
    byLot: of(({ byLot }) => (byLot ? 1 : 0)),
    pendingMs: of(({ pendingAt }) => pendingAt ?? 0),
    leftMs: of(({ leftAt }) => leftAt ?? 0),
    endMs: of(({ endAt }) => endAt ?? 0),
    end: of(({ end }) => ends.indexOf(end ?? '')),
    ends,
  };
  const lookHistory: LookHistory = {
    length: looks.length,
    press: looks.map(({ press }) => press),
    position: looks.map(({ press, position }) => position ?? presses[press]?.position ?? 0),
    serving: looks.map(({ serving }) => serving ?? 0),
    ahead: looks.map(({ ahead }) => ahead ?? -1),
    waitMs: looks.map(({ waitMs }) => waitMs ?? -1),
    reasoned: looks.map(({ reasoned }) => (reasoned ? 1 : 0)),
  };
  return { mode, confirms, presses: pressHistory, looks: lookHistory };
}

function report(one: Case) {
  const { presses } = one;
  const wins = presses.filter(({ seq }) => seq !== undefined);
  const record = wins.map(({ user, seq = 0 }) => ({
    seq,
    userId: user,
    code: null,
    status: 'issued',
    wonAtMs: 1050,
  }));
  const clock = { offsetMs: 1000, errorMs: 1 };
  const truth: Truth = {
    quantity: wins.length,
    perUserLimit: 1,
    record,
    exclusive: true,
    clock,
    ...one.truth,
  };
  return checkHistory(historyOf(one), truth, waitsOf(one)).checks;
}

const failing = (one: Case): CheckId[] =>
  report(one)
    .filter((check) => !check.ok)
    .map((check) => check.id);
const found = (one: Case): string =>
  report(one)
    .flatMap((check) => check.findings)
    .join('\n');

const won = (user: string, at: number, position: number, seq: number): Press => ({
  user,
  at,
  position,
  seq,
  end: 'won',
  endAt: 50 + seq,
});
const lost = (user: string, at: number, position: number): Press => ({
  user,
  at,
  position,
  end: 'sold_out',
  endAt: 60 + position,
});

/** Two units; ann and cleo win, bob leaves before them, dora hears that nothing is left. */
const line: Press[] = [
  won('ann', 0, 1, 1),
  { user: 'bob', at: 5, position: 2, leftAt: 20, end: 'left', endAt: 22 },
  won('cleo', 10, 3, 2),
  lost('dora', 15, 4),
];
const changed = (at: number, more: Partial<Press>): Press[] =>
  line.map((press, i) => (i === at ? { ...press, ...more } : press));

describe('a right line', () => {
  it('has no finding, and says how much was compared', () => {
    const checks = report({
      presses: line,
      looks: [
        { press: 3, ahead: 3 },
        { press: 3, ahead: 1 },
      ],
    });
    expect(checks.flatMap((check) => check.findings)).toEqual([]);
    const compared = Object.fromEntries(checks.map((check) => [check.id, check.compared]));
    expect(compared).toMatchObject({ L1: 4, L2: 4, L3: 1, L4: 2, L5: 4, W1: 3, W3: 4 });
  });

  it('may be joined again by who left, and pressed twice by who stays', () => {
    const back: Press = { ...lost('bob', 30, 5), ticketAt: 33 };
    const twice: Press = { ...lost('dora', 16, 4) };
    expect(found({ presses: [...line, back, twice] })).toBe('');
  });

  it('is in the order of the second presses where people must press once more', () => {
    const presses = [won('ann', 0, 1, 2), won('bob', 5, 2, 1)];
    expect(failing({ presses })).toContain('L4');
    expect(failing({ presses, confirms: true })).toEqual([]);
  });

  it('has places by lot for those who came before the opening', () => {
    const presses = [
      { ...won('ann', 0, 2, 2), byLot: true },
      { ...won('bob', 5, 1, 1), byLot: true },
    ];
    expect(failing({ presses }).filter((id) => id !== 'I9')).toEqual([]);
    expect(failing({ presses: presses.map((press) => ({ ...press, byLot: false })) })).toContain('W1');
  });
});

describe('a broken line', () => {
  it('L1: one number for two people', () => {
    expect(found({ presses: changed(3, { position: 3 }) })).toMatch(
      /position 3 was told to cleo and to dora/,
    );
  });

  it('L2: two places for one person', () => {
    const presses = [...line, lost('dora', 16, 5)];
    expect(failing({ presses })).toEqual(['L2']);
    expect(found({ presses })).toMatch(/dora was told positions 4, 5/);
  });

  it('L3: a place that moves, a serving number that falls, more people ahead', () => {
    const looks = (second: Partial<Look>): Look[] => [
      { press: 3, serving: 2, ahead: 2 },
      { press: 3, serving: 2, ahead: 2, ...second },
    ];
    expect(failing({ presses: line, looks: looks({ position: 5 }) })).toEqual(['L3']);
    expect(failing({ presses: line, looks: looks({ serving: 1 }) })).toEqual(['L3']);
    expect(failing({ presses: line, looks: looks({ ahead: 3 }) })).toEqual(['L3']);
    expect(
      failing({ presses: line, looks: [...looks({ ahead: -1 }), { press: 3, serving: 2, ahead: 3 }] }),
    ).toEqual(['L3']);
  });

  it('L4: wins against the order of the places', () => {
    expect(failing({ presses: [won('ann', 0, 1, 2), won('bob', 1, 2, 1)] })).toEqual(['L4']);
  });

  it('L5: somebody passed over, and somebody who left and holds a unit', () => {
    const passed = changed(1, { leftAt: 0, end: 'sold_out', endAt: 62 });
    expect(failing({ presses: passed })).toEqual(['L5']);
    expect(found({ presses: passed })).toMatch(/bob at 2 was told sold_out, and 3 won/);
    const record = ['ann', 'bob'].map((userId, i) => ({
      seq: i + 1,
      userId,
      code: null,
      status: 'issued',
      wonAtMs: 1050,
    }));
    const gone = { presses: [line[0] as Press, line[1] as Press], truth: { record, quantity: 2 } };
    expect(found(gone)).toMatch(/bob left at 2, and holds seq 2/);
  });

  it('W1: who came later stands before', () => {
    const presses = [won('ann', 0, 2, 2), won('bob', 10, 1, 1)];
    expect(failing({ presses })).toEqual(['W1']);
    expect(failing({ presses: [{ ...won('ann', 0, 2, 2), ticketAt: 11 }, won('bob', 10, 1, 1)] })).toEqual(
      [],
    );
  });

  it('W1: but not where the first of two presses never learnt its place', () => {
    const unplaced: Press = { user: 'bob', at: 0, ticketAt: 0, end: 'sold_out', endAt: 70 };
    expect(failing({ presses: [won('ann', 0, 2, 2), won('bob', 10, 1, 1)] })).toEqual(['W1']);
    const presses = [won('ann', 0, 2, 1), lost('bob', 10, 1), unplaced];
    expect(failing({ presses }).filter((id) => id === 'W1')).toEqual([]);
  });

  it('W2: a longer wait without a reason', () => {
    const looks = (reasoned: boolean): Look[] => [
      { press: 3, waitMs: 100 },
      { press: 3 },
      { press: 3, waitMs: 200, reasoned },
    ];
    expect(failing({ presses: line, looks: looks(false) })).toEqual(['W2']);
    expect(failing({ presses: line, looks: looks(true) })).toEqual([]);
  });

  it('W3: two answers for one ticket, pending after the verdict, a ticket that is not known', () => {
    const twice = { ...lost('dora', 16, 4), end: 'paused', endAt: 70 };
    expect(failing({ presses: [...line, twice] })).toEqual(['W3']);
    expect(failing({ presses: line, later: [{ user: 'dora', at: 80, answer: 'pending' }] })).toEqual(['W3']);
    expect(failing({ presses: line, later: [{ user: 'dora', at: 40, answer: 'pending' }] })).toEqual([]);
    expect(failing({ presses: changed(3, { end: 'ticket_mismatch' }) })).toContain('W3');
  });

  it('W4: told to wait on, more than a second after the last unit', () => {
    expect(failing({ presses: changed(3, { pendingAt: 1040, endAt: 2000 }) })).toEqual([]);
    expect(failing({ presses: changed(3, { pendingAt: 1060, endAt: 2000 }) })).toEqual(['W4']);
    const many = { quantity: 3 };
    expect(failing({ presses: changed(3, { pendingAt: 1060, endAt: 2000 }), truth: many })).not.toContain(
      'W4',
    );
  });
});

describe('a log', () => {
  const ordered = (presses: Press[]): Case => ({ mode: 'ordered', presses });
  const at = (press: Press): Press => ({ ...press, position: 0 });

  it('is decided in its order', () => {
    const presses = [at(won('ann', 0, 0, 1)), at(won('bob', 5, 0, 2)), at(lost('cleo', 10, 0))];
    expect(found(ordered(presses))).toBe('');
    const ids = report(ordered(presses)).map((check) => check.id);
    expect(ids.slice(11)).toEqual(['W1', 'W3']);
  });

  it('W1: a later press that won with a lower number, or where an earlier one got nothing', () => {
    expect(failing(ordered([at(won('ann', 0, 0, 2)), at(won('bob', 5, 0, 1))]))).toEqual(['W1']);
    const passed = ordered([at(won('ann', 0, 0, 1)), at(lost('bob', 5, 0)), at(won('cleo', 10, 0, 2))]);
    expect(failing(passed)).toEqual(['W1']);
    expect(found(passed)).toMatch(/bob had his ticket before cleo pressed, and was told sold_out/);
    // Units that were added after bob was refused.
    expect(failing({ ...passed, truth: { lowestQuantity: 1 } })).toEqual([]);
  });

  it('W3: one ticket, one answer', () => {
    const twice = [
      { ...lost('ann', 0, 0), ticket: 7 },
      { ...lost('ann', 1, 0), ticket: 7, end: 'paused' },
    ];
    expect(failing(ordered([at(won('bob', 0, 0, 1)), ...twice]))).toEqual(['W3']);
  });

  it('is not looked at in mode instant', () => {
    expect(report({ mode: 'instant', presses: line })).toHaveLength(11);
  });
});

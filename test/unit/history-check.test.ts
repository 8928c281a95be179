/**
 * The crowd's checker can see: a right history has no finding, and each way to break one is found under the
 * invariant it breaks. A checker that cannot fail proves nothing.
 */
import { describe, expect, it } from 'vitest';
import {
  type CheckId,
  checkHistory,
  type History,
  type RecordedWin,
  type Truth,
} from '../../src/core/history.ts';

interface Try {
  user: string;
  at: number;
  until: number;
  answer: string;
  status?: number;
  seq?: number;
  code?: string;
  claim?: number;
}

const statusOf: Record<string, number> = {
  won: 201,
  already_won: 200,
  pending: 202,
  cut: 0,
  overloaded: 503,
};

function historyOf(tries: Try[]): History {
  const names = [...new Set(tries.map((t) => t.user))];
  const answers = [...new Set(tries.map((t) => t.answer))];
  const codes = new Map<number, string>();
  for (const [row, t] of tries.entries()) if (t.code !== undefined) codes.set(row, t.code);
  return {
    length: tries.length,
    user: tries.map((t) => names.indexOf(t.user)),
    claim: tries.map((t) => t.claim ?? 0),
    invokedMs: tries.map((t) => t.at),
    completedMs: tries.map((t) => t.until),
    status: tries.map((t) => t.status ?? statusOf[t.answer] ?? 409),
    answer: tries.map((t) => answers.indexOf(t.answer)),
    seq: tries.map((t) => t.seq ?? 0),
    answers,
    codes,
    nameOf: (user) => names[user] ?? '',
  };
}

const win = (seq: number, userId: string, more: Partial<RecordedWin> = {}): RecordedWin => ({
  seq,
  userId,
  code: `code-${seq}`,
  status: 'issued',
  wonAtMs: 1000 + seq,
  ...more,
});

const won = (user: string, seq: number, at: number, until: number): Try => ({
  user,
  at,
  until,
  answer: 'won',
  seq,
  code: `code-${seq}`,
});
const again = (user: string, seq: number, at: number, until: number): Try => ({
  ...won(user, seq, at, until),
  answer: 'already_won',
});
const lost = (user: string, at: number, until: number): Try => ({ user, at, until, answer: 'sold_out' });
const cut = (user: string, at: number, until: number): Try => ({ user, at, until, answer: 'cut' });

/** Two units, three people, one repeat: everything as it must be. */
const rightTries = [won('ann', 1, 0, 5), won('bob', 2, 6, 9), again('ann', 1, 7, 10), lost('cleo', 8, 12)];
const rightRecord = [win(1, 'ann'), win(2, 'bob')];
const rightTruth: Truth = { quantity: 2, perUserLimit: 1, record: rightRecord, exclusive: true };

function failing(tries: Try[], truth: Partial<Truth> = {}): CheckId[] {
  const report = checkHistory(historyOf(tries), { ...rightTruth, ...truth });
  return report.checks.filter((check) => !check.ok).map((check) => check.id);
}

function sentence(id: CheckId, tries: Try[], truth: Partial<Truth> = {}): string {
  const report = checkHistory(historyOf(tries), { ...rightTruth, ...truth });
  return report.checks.find((check) => check.id === id)?.findings.join('\n') ?? '';
}

describe('a right history', () => {
  it('has no finding, and says how much was compared', () => {
    const report = checkHistory(historyOf(rightTries), rightTruth);
    expect(report.ok).toBe(true);
    expect(report.checks.map((check) => check.id)).toEqual([
      'I1',
      'I2',
      'I3',
      'I4',
      'I5',
      'I6',
      'I7',
      'I8',
      'I9',
      'I10',
      'I11',
    ]);
    const compared = Object.fromEntries(report.checks.map((check) => [check.id, check.compared]));
    expect(compared).toMatchObject({ I1: 2, I2: 2, I3: 2, I4: 2, I6: 2, I8: 1, I9: 1, I11: 1 });
  });

  it('may have unknown outcomes that turn out either way', () => {
    expect(
      failing([cut('ann', 0, 1), again('ann', 1, 2, 3), won('bob', 2, 4, 5), cut('cleo', 4, 6)]),
    ).toEqual([]);
    expect(failing([cut('ann', 0, 1), won('bob', 2, 4, 5), lost('cleo', 6, 7)])).toEqual([]);
  });

  it('may hold a code only in later answers (pool codes)', () => {
    const tries = [{ ...won('ann', 1, 0, 5), code: undefined }, again('ann', 1, 7, 10), won('bob', 2, 6, 9)];
    expect(failing(tries as Try[])).toEqual([]);
  });

  it('may repeat wins of an earlier crowd in any order', () => {
    const tries = [again('bob', 2, 0, 1), again('ann', 1, 2, 3), lost('cleo', 4, 5)];
    expect(failing(tries, { seqsBefore: new Set([1, 2]) })).toEqual([]);
    expect(failing(tries, { exclusive: false })).toEqual([]);
  });

  it('may give one person several units under keys of his own, up to the limit', () => {
    const tries = [
      { ...won('ann', 1, 0, 5), claim: 1 },
      { ...won('ann', 2, 1, 6), claim: 2 },
      { ...again('ann', 2, 7, 8), claim: 3 },
    ];
    expect(failing(tries, { perUserLimit: 2, record: [win(1, 'ann'), win(2, 'ann')] })).toEqual([]);
  });

  it('is read in n log n: two hundred thousand tries in moments', () => {
    const tries: Try[] = [];
    const length = 200_000;
    const users = Array.from({ length }, (_, i) => i);
    const history: History = {
      ...historyOf(tries),
      length,
      user: users,
      claim: new Uint8Array(length),
      invokedMs: users,
      completedMs: users.map((i) => i + 50),
      status: new Uint16Array(length).fill(201),
      answer: new Uint8Array(length),
      seq: users.map((i) => i + 1),
      answers: ['won'],
      nameOf: (user) => `u${user}`,
    };
    const record = users.map((i) => win(i + 1, `u${i}`));
    const report = checkHistory(history, { quantity: length, perUserLimit: 1, record, exclusive: true });
    expect(report.ok).toBe(true);
  }, 20_000);
});

describe('a broken history', () => {
  it('I1: more told than there are', () => {
    const tries = [...rightTries.slice(0, 3), won('cleo', 3, 8, 12)];
    expect(failing(tries, { record: null })).toContain('I1');
    expect(failing(rightTries, { record: [...rightRecord, win(3, 'dora')], exclusive: false })).toContain(
      'I1',
    );
  });

  it('I2: one person with two numbers', () => {
    const tries = [won('ann', 1, 0, 5), { ...won('ann', 2, 6, 9), claim: 1 }];
    expect(failing(tries, { record: [win(1, 'ann'), win(2, 'ann')] })).toContain('I2');
  });

  it('I3: a told win that the record does not have, has for another, or with another code', () => {
    expect(failing(rightTries, { record: [win(2, 'bob')] })).toContain('I3');
    expect(sentence('I3', rightTries, { record: [win(1, 'bob'), win(2, 'ann')] })).toMatch(/belongs to bob/);
    expect(sentence('I3', rightTries, { record: [win(1, 'ann', { code: 'X' }), win(2, 'bob')] })).toMatch(
      /recorded is X/,
    );
  });

  it('I4: a phantom in the record', () => {
    expect(failing([won('ann', 1, 0, 5), lost('cleo', 6, 7)])).toContain('I4');
    expect(failing([won('ann', 1, 0, 5), lost('cleo', 6, 7)], { exclusive: false })).not.toContain('I4');
    const refused = [won('ann', 1, 0, 5), lost('bob', 6, 7)];
    expect(sentence('I4', refused, { exclusive: false })).toMatch(/bob .* every answer refused him/);
  });

  it('I5: a stranded unit', () => {
    expect(failing([won('ann', 1, 0, 5), lost('cleo', 6, 7)], { record: [win(1, 'ann')] })).toContain('I5');
    expect(failing([won('ann', 1, 0, 5)], { record: [win(1, 'ann')] })).not.toContain('I5');
  });

  it('I6: two people with one number, a gap and a double in the record', () => {
    expect(failing([won('ann', 1, 0, 5), won('bob', 1, 6, 9)], { record: null })).toEqual(['I6']);
    expect(sentence('I6', rightTries, { quantity: 5, record: [win(1, 'ann'), win(4, 'bob')] })).toMatch(
      /no seq 2 to 3/,
    );
    expect(sentence('I6', rightTries, { record: [win(1, 'ann'), win(1, 'bob')] })).toMatch(/seq 1 twice/);
  });

  it('I7: a code with two owners', () => {
    const tries = [won('ann', 1, 0, 5), { ...won('bob', 2, 6, 9), code: 'code-1' }];
    expect(failing(tries, { record: null })).toEqual(['I7']);
    expect(
      failing(rightTries, { record: [win(1, 'ann', { code: 'Z' }), win(2, 'bob', { code: 'Z' })] }),
    ).toContain('I7');
  });

  it('I8: another answer when asked again', () => {
    expect(failing([...rightTries, again('ann', 2, 20, 21)])).toContain('I8');
    expect(failing([...rightTries, { ...again('ann', 1, 20, 21), code: 'other' }])).toContain('I8');
    expect(sentence('I8', [...rightTries, lost('ann', 20, 21)])).toMatch(/ann .* told sold_out/);
    expect(failing([...rightTries, { ...lost('ann', 20, 21), answer: 'closed' }])).toContain('I8');
    expect(failing([...rightTries, won('ann', 1, 20, 21)])).toContain('I8');
    expect(failing([...rightTries, { ...again('ann', 1, 20, 21), seq: 0 }])).toContain('I8');
  });

  it('I8: a winner who never learnt it and is locked out', () => {
    const tries = [cut('ann', 0, 1), lost('ann', 20, 21), won('bob', 2, 6, 9)];
    expect(sentence('I8', tries)).toMatch(/ann holds seq 1 and was told sold_out/);
  });

  it('I8: told already_won out of nowhere', () => {
    expect(failing([again('ann', 1, 0, 5), won('bob', 2, 6, 9)])).toContain('I8');
  });

  it('I9: who pressed after another was answered overtakes him', () => {
    const tries = [won('ann', 2, 0, 5), won('bob', 1, 6, 9)];
    const record = [win(1, 'bob'), win(2, 'ann')];
    expect(failing(tries, { record })).toEqual(['I9']);
    expect(failing(tries, { record, clockErrorMs: 2 })).toEqual([]);
    expect(failing([won('ann', 2, 0, 7), won('bob', 1, 6, 9)], { record })).toEqual([]);
    expect(failing([cut('bob', 3, 4), ...tries], { record })).toEqual([]);
  });

  it('I10: a win outside the window', () => {
    const window = { opensAtMs: 1000, closesAtMs: 1100, offsetMs: 990, errorMs: 1 };
    expect(failing(rightTries, { window: { ...window, offsetMs: 1000 } })).toEqual([]);
    expect(sentence('I10', rightTries, { window })).toMatch(/ann .* before the opening/);
    expect(sentence('I10', rightTries, { window: { ...window, offsetMs: 1099 } })).toMatch(
      /bob pressed after the closing/,
    );
    const record = [win(1, 'ann', { wonAtMs: 999 }), win(2, 'bob')];
    expect(sentence('I10', rightTries, { record, window: { ...window, offsetMs: 1000 } })).toMatch(
      /won at 999/,
    );
  });

  it('I11: sold_out while units were left', () => {
    const tries = [won('ann', 1, 0, 5), lost('cleo', 1, 4), won('bob', 2, 6, 9)];
    expect(failing(tries)).toEqual(['I11']);
    expect(sentence('I11', tries)).toMatch(/cleo .* at most 1 of 2/);
    expect(failing([cut('bob', 3, 4), ...tries])).toEqual([]);
    expect(failing(tries, { record: null })).toEqual(['I11']);
  });
});

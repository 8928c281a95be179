/**
 * What a crowd's history looks like, and the first reading of it that every check starts from.
 *
 * A try whose answer never came, or came as 5xx, may have won or not. It proves nothing, and is treated as both.
 */

/** The tries, by column. Times are ms on one monotonic clock; row i of each column is one try. */
export interface History {
  readonly length: number;
  /** Index of the user; his name is `nameOf(user)`. */
  readonly user: ArrayLike<number>;
  /** Which of the user's claims, each with its own Idempotency-Key; 0 when it is sent without a key. */
  readonly claim: ArrayLike<number>;
  readonly invokedMs: ArrayLike<number>;
  readonly completedMs: ArrayLike<number>;
  /** HTTP status; 0 when no answer came. */
  readonly status: ArrayLike<number>;
  /**
   * Index into `answers`: the verdict, the problem's code, what cut the try short, or `wrong_person` when the
   * answer names another user.
   */
  readonly answer: ArrayLike<number>;
  /** The told number; 0 when none was told. */
  readonly seq: ArrayLike<number>;
  readonly answers: readonly string[];
  /** The told coupon code by row, where one was told. */
  readonly codes: ReadonlyMap<number, string>;
  nameOf(user: number): string;
}

/** One winner as the server's record has it. */
export interface RecordedWin {
  readonly seq: number;
  readonly userId: string;
  readonly code: string | null;
  readonly status: string;
  /** ms since 1970 by the gate's clock. */
  readonly wonAtMs: number;
}

/** What the history is held against. */
export interface Truth {
  /** The quantity at the end. It never falls below what is issued, so it bounds the whole rush. */
  readonly quantity: number;
  /** The lowest quantity while the crowd pressed, when it was changed; else `quantity`. */
  readonly lowestQuantity?: number;
  readonly perUserLimit: number;
  /** All winners of the campaign once things are quiet; null when the record could not be read. */
  readonly record: readonly RecordedWin[] | null;
  /** Seqs that were taken before this crowd came. */
  readonly seqsBefore?: ReadonlySet<number>;
  /** True when nobody else pressed: then a winner who is not in the history is a phantom. */
  readonly exclusive?: boolean;
  /** The campaign's window by the server's clock; server time = history time + `offsetMs` ± `errorMs`. */
  readonly window?: {
    readonly opensAtMs?: number;
    readonly closesAtMs?: number;
    readonly offsetMs: number;
    readonly errorMs: number;
  };
  /** The server's clock = history time + `offsetMs` ± `errorMs`; absent: it was not read. */
  readonly clock?: { readonly offsetMs: number; readonly errorMs: number };
  /** How far the clocks of several generators may be apart. */
  readonly clockErrorMs?: number;
}

/** I: the invariants of the contract. L: a line, as in core/audit-line. W: people who wait. */
export type CheckId =
  | ('I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10' | 'I11')
  | ('L1' | 'L2' | 'L3' | 'L4' | 'L5')
  | ('W1' | 'W2' | 'W3' | 'W4');

/** One invariant's outcome. `skipped` says why it could not be looked at; then `ok` is true and proves nothing. */
export interface HistoryCheck {
  readonly id: CheckId;
  readonly title: string;
  readonly ok: boolean;
  /** How many things were compared. */
  readonly compared: number;
  /** How many contradictions there are; the first few are in `findings`. */
  readonly violations: number;
  readonly findings: readonly string[];
  readonly skipped?: string;
}

/** One claim that was told as won at least once. */
export interface Told {
  readonly user: number;
  readonly claim: number;
  readonly seq: number;
  code: string | null;
  /** When the first answer that told of the win came. */
  answeredMs: number;
  /** When the first try that can have won was sent. */
  pressedMs: number;
  /** How many answers said `won` (201), as new. */
  wonAnswers: number;
  /** True when a try of this history can have made the win: one that said `won`, or never got its answer. */
  ours: boolean;
}

/** The history after the first passes, as the checks need it. */
export interface Sight {
  readonly history: History;
  readonly truth: Truth;
  /** By claim key (`claimKey`). Only winners are in it, so it stays small. */
  readonly told: ReadonlyMap<number, Told>;
  /** Claims that were never told a win but may have one: key → when the first such try was sent. */
  readonly maybe: ReadonlyMap<number, number>;
  /** Keys of claims that were told `sold_out`. */
  readonly soldOut: ReadonlySet<number>;
  /** What contradicted an earlier answer while reading the rows, and how many repeats were compared. */
  readonly again: Tally;
}

const findingsMax = 10;
const claimsPerUserMax = 256;

/** Counts comparisons and contradictions of one invariant, and keeps the first few as sentences. */
export class Tally {
  compared = 0;
  violations = 0;
  readonly findings: string[] = [];

  /** Notes a contradiction; the sentence is made only while there is room for it. */
  violated(sentence: () => string): void {
    this.violations++;
    if (this.findings.length < findingsMax) this.findings.push(sentence());
  }

  report(id: CheckId, title: string): HistoryCheck {
    const { compared, violations, findings } = this;
    return { id, title, ok: violations === 0, compared, violations, findings };
  }
}

export function skippedCheck(id: CheckId, title: string, skipped: string): HistoryCheck {
  return { id, title, ok: true, compared: 0, violations: 0, findings: [], skipped };
}

export const claimKey = (user: number, claim: number): number => user * claimsPerUserMax + claim;
export const userOfKey = (key: number): number => Math.floor(key / claimsPerUserMax);

/** Whether the try may have won without saying so: no answer, a 5xx, or still on its way. */
export const isUnknown = (status: number): boolean => status === 0 || status >= 500 || status === 202;

/** Reads the rows twice: first who was told a win, then everything those people and the losers saw. */
export function look(history: History, truth: Truth): Sight {
  const again = new Tally();
  const told = readWins(history, again);
  const maybe = new Map<number, number>();
  const soldOut = new Set<number>();
  const soldOutAnswer = history.answers.indexOf('sold_out');
  for (let row = 0; row < history.length; row++) {
    const key = claimKey(history.user[row] ?? 0, history.claim[row] ?? 0);
    const winner = told.get(key);
    if (history.answer[row] === soldOutAnswer) soldOut.add(key);
    if (winner) readWinnersRow(history, row, winner, again);
    else if (isUnknown(history.status[row] ?? 0)) {
      maybe.set(key, Math.min(maybe.get(key) ?? Number.POSITIVE_INFINITY, history.invokedMs[row] ?? 0));
    }
  }
  return { history, truth, told, maybe, soldOut, again };
}

function readWins(history: History, again: Tally): Map<number, Told> {
  const told = new Map<number, Told>();
  for (let row = 0; row < history.length; row++) {
    const seq = history.seq[row] ?? 0;
    if (seq === 0) {
      checkNumbered(history, row, again);
      continue;
    }
    const user = history.user[row] ?? 0;
    const claim = history.claim[row] ?? 0;
    const code = history.codes.get(row) ?? null;
    const answeredMs = history.completedMs[row] ?? 0;
    const known = told.get(claimKey(user, claim));
    if (known) compareWithFirst(history, known, { seq, code, answeredMs }, again);
    else {
      const ours = false;
      const pressedMs = Number.POSITIVE_INFINITY;
      const fresh = { user, claim, seq, code, answeredMs, pressedMs, wonAnswers: 0, ours };
      told.set(claimKey(user, claim), fresh);
    }
  }
  return told;
}

/** An answer that tells of a win names the number: without it nobody can ever show what he holds. */
function checkNumbered(history: History, row: number, again: Tally): void {
  const answer = history.answers[history.answer[row] ?? 0] ?? '';
  const name = () => history.nameOf(history.user[row] ?? 0);
  if (answer === 'wrong_person') again.violated(() => `${name()} was given the answer of somebody else`);
  if (answer !== 'won' && answer !== 'already_won') return;
  again.violated(() => `${name()} was told ${answer} without a seq`);
}

function compareWithFirst(
  history: History,
  first: Told,
  next: { seq: number; code: string | null; answeredMs: number },
  again: Tally,
): void {
  again.compared++;
  const name = history.nameOf(first.user);
  if (next.seq !== first.seq) {
    again.violated(() => `${name} was told seq ${first.seq} in one answer and seq ${next.seq} in another`);
  } else if (first.code !== null && next.code !== null && next.code !== first.code) {
    again.violated(
      () =>
        `${name} (seq ${first.seq}) was told code ${first.code} in one answer and ${next.code} in another`,
    );
  }
  first.code ??= next.code;
  first.answeredMs = Math.min(first.answeredMs, next.answeredMs);
}

/** Answers that a holder of a unit must not get once he knows: `already_won` comes before all of them. */
const refusals = new Set(['sold_out', 'closed', 'paused', 'not_open', 'ineligible']);

function readWinnersRow(history: History, row: number, winner: Told, again: Tally): void {
  const invokedMs = history.invokedMs[row] ?? 0;
  const answer = history.answers[history.answer[row] ?? 0] ?? '';
  const unknown = isUnknown(history.status[row] ?? 0);
  if (answer === 'won' && history.status[row] === 201) winner.wonAnswers++;
  if (unknown || history.seq[row]) winner.pressedMs = Math.min(winner.pressedMs, invokedMs);
  if (unknown || answer === 'won') winner.ours = true;
  if (refusals.has(answer) && invokedMs > winner.answeredMs) {
    again.compared++;
    const name = history.nameOf(winner.user);
    again.violated(() => `${name} held seq ${winner.seq} and was told ${answer} when he asked again`);
  }
}

/** The checks that count: told answers against the record, by quantity, person, number and code (I1–I8). */
import {
  claimKey,
  type HistoryCheck,
  type RecordedWin,
  type Sight,
  skippedCheck,
  Tally,
  type Told,
  userOfKey,
} from './history-sight.ts';

const noRecord = 'the record was not read (operator key missing)';

/** Units that went back to the stock free their place; the number they had is never used again. */
export const isReturned = (win: RecordedWin): boolean => win.status === 'revoked' || win.status === 'expired';

/** I1: neither the told wins nor the record hold more than the quantity. */
export function checkQuantity({ told, truth }: Sight): HistoryCheck {
  const tally = new Tally();
  const record = truth.record ?? [];
  const returned = record.filter(isReturned).length;
  const seqs = new Set<string>();
  for (const win of told.values()) seqs.add(`${win.seq}/${win.user}`);
  tally.compared = Math.max(seqs.size, record.length);
  const limit = truth.quantity;
  if (seqs.size > limit + returned) {
    tally.violated(() => `${seqs.size} wins were told, the quantity is ${limit}`);
  }
  if (record.length - returned > limit) {
    tally.violated(() => `${record.length - returned} units are in the record, the quantity is ${limit}`);
  }
  return tally.report('I1', 'never more units than the quantity');
}

/** I2: nobody has more than `perUserLimit`, by the answers or by the record. */
export function checkPerson({ history, told, truth }: Sight): HistoryCheck {
  const tally = new Tally();
  const seqsOf = new Map<string, Set<number>>();
  const note = (name: string, seq: number) => {
    const seqs = seqsOf.get(name);
    if (seqs) seqs.add(seq);
    else seqsOf.set(name, new Set([seq]));
  };
  const returned = new Set<number>();
  for (const win of truth.record ?? []) {
    if (isReturned(win)) returned.add(win.seq);
    else note(win.userId, win.seq);
  }
  for (const win of told.values()) if (!returned.has(win.seq)) note(history.nameOf(win.user), win.seq);
  for (const [name, seqs] of seqsOf) {
    tally.compared++;
    if (seqs.size <= truth.perUserLimit) continue;
    const list = [...seqs].sort((a, b) => a - b).join(', ');
    tally.violated(
      () => `${name} holds ${seqs.size} units (seq ${list}), the limit is ${truth.perUserLimit}`,
    );
  }
  return tally.report('I2', 'never more than the limit for one person');
}

/** I3, I4 and I5 need the record; without it they say so. */
export function checkRecord(sight: Sight): HistoryCheck[] {
  const told = 'every told win is in the record, with its seq and code';
  const phantom = 'nothing in the record that nobody asked for';
  const exact = 'enough demand gives exactly the quantity';
  const { record } = sight.truth;
  if (record === null) {
    return [
      skippedCheck('I3', told, noRecord),
      skippedCheck('I4', phantom, noRecord),
      skippedCheck('I5', exact, noRecord),
    ];
  }
  return [
    checkTold(sight, record).report('I3', told),
    checkPhantoms(sight, record).report('I4', phantom),
    checkDemand(sight, record).report('I5', exact),
  ];
}

function checkTold({ history, told }: Sight, record: readonly RecordedWin[]): Tally {
  const tally = new Tally();
  const bySeq = new Map(record.map((win) => [win.seq, win]));
  for (const win of told.values()) {
    tally.compared++;
    const name = history.nameOf(win.user);
    const recorded = bySeq.get(win.seq);
    if (!recorded) {
      tally.violated(() => `${name} was told seq ${win.seq}; the record has no such win`);
    } else if (recorded.userId !== name) {
      tally.violated(() => `${name} was told seq ${win.seq}; in the record it belongs to ${recorded.userId}`);
    } else if (win.code !== null && recorded.code !== null && win.code !== recorded.code) {
      tally.violated(
        () => `${name} (seq ${win.seq}) was told code ${win.code}; recorded is ${recorded.code}`,
      );
    }
  }
  return tally;
}

/**
 * A recorded winner of this crowd must have been told so, or have a try whose outcome he never learnt. One who is
 * not of this crowd is a phantom only when nobody else pressed.
 */
function checkPhantoms(sight: Sight, record: readonly RecordedWin[]): Tally {
  const { history, told, maybe, truth } = sight;
  const tally = new Tally();
  const explained = new Set<string>();
  for (const win of told.values()) explained.add(history.nameOf(win.user));
  for (const key of maybe.keys()) explained.add(history.nameOf(userOfKey(key)));
  const unexplained = record.filter((win) => !truth.seqsBefore?.has(win.seq) && !explained.has(win.userId));
  const pressed = unexplained.length > 0 ? namesThatPressed(sight, unexplained) : new Set<string>();
  tally.compared = record.length;
  for (const win of unexplained) {
    if (pressed.has(win.userId)) {
      tally.violated(() => `${win.userId} is recorded with seq ${win.seq}, but every answer refused him`);
    } else if (truth.exclusive) {
      tally.violated(() => `${win.userId} is recorded with seq ${win.seq}, but never pressed`);
    }
  }
  return tally;
}

function namesThatPressed({ history }: Sight, wins: readonly RecordedWin[]): Set<string> {
  const wanted = new Set(wins.map((win) => win.userId));
  const found = new Set<string>();
  for (let row = 0; row < history.length; row++) {
    const name = history.nameOf(history.user[row] ?? 0);
    if (wanted.has(name)) found.add(name);
  }
  return found;
}

/** Somebody who was told `sold_out`, or enough people with a win, means every unit must have gone out. */
function checkDemand({ soldOut, truth }: Sight, record: readonly RecordedWin[]): Tally {
  const tally = new Tally();
  const issued = record.filter((win) => !isReturned(win)).length;
  const demand = issued + soldOut.size;
  tally.compared = demand;
  const returned = record.some(isReturned);
  if (demand >= truth.quantity && issued < truth.quantity && !returned) {
    const left = truth.quantity - issued;
    tally.violated(
      () => `${left} of ${truth.quantity} units were never given, and ${soldOut.size} people were refused`,
    );
  }
  return tally;
}

/** I6: one number, one person; and the record's numbers run from 1 without a gap. */
export function checkSeq({ history, told, truth }: Sight): HistoryCheck {
  const tally = new Tally();
  const ownerOf = new Map<number, Told>();
  for (const win of told.values()) {
    const owner = ownerOf.get(win.seq);
    if (owner && owner.user !== win.user) {
      tally.violated(
        () => `seq ${win.seq} was told to ${history.nameOf(owner.user)} and to ${history.nameOf(win.user)}`,
      );
    } else ownerOf.set(win.seq, win);
  }
  const seqs = (truth.record ?? [...ownerOf.values()]).map((win) => win.seq).sort((a, b) => a - b);
  tally.compared = seqs.length;
  // Without the record a gap may be a win whose answer was lost, so only the record can show one.
  let last = truth.record ? 0 : Number.POSITIVE_INFINITY;
  for (const seq of truth.record ? seqs : []) {
    if (seq === last) tally.violated(() => `the record has seq ${seq} twice`);
    else if (seq > last + 1) {
      const from = last + 1;
      tally.violated(() => `the record has no seq ${from === seq - 1 ? from : `${from} to ${seq - 1}`}`);
    }
    last = seq;
  }
  return tally.report('I6', 'numbers without gaps and without doubles');
}

/** I7: a code belongs to one number, in the answers and in the record. */
export function checkCodes({ told, truth }: Sight): HistoryCheck {
  const tally = new Tally();
  const seqOf = new Map<string, number>();
  const note = (code: string | null, seq: number, where: string) => {
    if (code === null) return;
    tally.compared++;
    const other = seqOf.get(code);
    if (other !== undefined && other !== seq) {
      tally.violated(() => `code ${code} belongs to seq ${other} and, ${where}, to seq ${seq}`);
    } else seqOf.set(code, seq);
  };
  for (const win of truth.record ?? []) note(win.code, win.seq, 'in the record');
  for (const win of told.values()) note(win.code, win.seq, 'in an answer');
  return tally.report('I7', 'one code, one claim');
}

/**
 * I8: whoever asks again hears the same. Most of it was seen while reading the rows; what is left are the people
 * with two kinds of answer that cannot both be true, whatever their order.
 */
export function checkAgain(sight: Sight): HistoryCheck {
  const { history, told, soldOut, truth, again } = sight;
  const steady = isSteady(sight);
  const ours = new Set<number>();
  for (const win of told.values()) if (win.ours) ours.add(win.seq);
  for (const win of told.values()) {
    const name = history.nameOf(win.user);
    if (steady && soldOut.has(claimKey(win.user, win.claim))) {
      again.violated(() => `${name} was told sold_out and also that he won seq ${win.seq}`);
    }
    if (win.wonAnswers > 1 && win.claim === 0) {
      again.violated(() => `${name} was told won (201) ${win.wonAnswers} times; the second is already_won`);
    }
    if (truth.exclusive && !ours.has(win.seq) && !truth.seqsBefore?.has(win.seq)) {
      again.violated(() => `${name} was told already_won (seq ${win.seq}) without ever having won`);
    }
  }
  if (steady && truth.perUserLimit === 1) checkLockedOut(sight);
  return again.report('I8', 'asking again gives the same answer');
}

/** Whether stock only went down, so that nobody can rightly be refused and win later. */
function isSteady({ truth }: Sight): boolean {
  const steadyQuantity = (truth.lowestQuantity ?? truth.quantity) === truth.quantity;
  return steadyQuantity && !(truth.record ?? []).some(isReturned);
}

/** A person whose first answer got lost, who holds a unit, and is told `sold_out` when he asks again. */
function checkLockedOut({ history, maybe, soldOut, truth, again }: Sight): void {
  const refused = new Set<string>();
  for (const key of maybe.keys()) if (soldOut.has(key)) refused.add(history.nameOf(userOfKey(key)));
  for (const win of truth.record ?? []) {
    if (!refused.has(win.userId)) continue;
    again.violated(() => `${win.userId} holds seq ${win.seq} and was told sold_out when he asked again`);
  }
}

/**
 * The invariants I1-I11 (contract §7) as questions to figures. The figures come from the gate, the log and the record,
 * and for what no state can show from answers that were compared. What is still on its way is not a fault.
 */

export interface RecordFigures {
  issued: number;
  lastSeq: number;
  perUserMax: number;
  distinctSeqs: number;
  withCode: number;
  /** units whose coupon a job is still to issue */
  unissued: number;
  distinctCodes: number;
  firstWonAt: number | null;
  lastWonAt: number | null;
}

/** After a disaster numbers go on above all that may have been given, and some of those nobody may ever hold. */
export interface RemadeFigures {
  epoch: number;
  /** wins up to here were in the record when the epoch was opened */
  baseSeq: number;
  /** units that count as given although nobody is known to hold them */
  reserved: number;
  /** numbers that are missing among those that this epoch gave, and that are in no letter either */
  gapsSince: number;
}

export interface AuditFigures {
  /** with those that came back; what people are shown is without */
  quantity: number;
  /** units that came back to the stock, and may be out once more under another number */
  returned: number;
  perUserLimit: number;
  everyUnitHasCode: boolean;
  /** epoch ms; null: no bound */
  startsAt: number | null;
  closesAt: number | null;
  /** null: the campaign is not at the gate, or the gate is being made good, and the record alone speaks */
  gate: {
    /** units that count as given, those without a known holder included */
    issued: number;
    lastSeq: number;
    /** the same before the record was read */
    issuedBefore: number;
  } | null;
  /** what a gate that was made good began with; absent: it never was */
  remade?: RemadeFigures;
  record: RecordFigures;
  /** wins set aside that nobody has settled yet */
  deadLetters: number;
  /**
   * units that count as issued and are in no row of the record: of dead letters, and of discarded ones, whose units went
   * out again under other numbers; absent: of as many as there are dead letters
   */
  setAside?: number;
  /** false: the recorder had not caught up in time */
  drained: boolean;
  /** `sold_out` was told under the rule in force */
  toldSoldOut: boolean;
  seen: {
    repeats: { compared: number; different: number };
    order: { compared: number; inverted: number };
    soldOut: { compared: number; early: number };
  };
}

export interface Check {
  id: string;
  ok: boolean;
  basis: 'counted' | 'sampled';
  figures: Record<string, number | boolean | null>;
  /** one sentence: what is always true, or how it is not */
  says: string;
}

type Invariant = (f: AuditFigures) => Omit<Check, 'id'>;

function counted(ok: boolean, figures: Check['figures'], holds: string, fails: string): Omit<Check, 'id'> {
  return { ok, basis: 'counted', figures, says: ok ? holds : fails };
}

function sampled(compared: number, wrong: number, holds: string, fails: string): Omit<Check, 'id'> {
  const says = compared === 0 ? 'No answers to compare yet.' : wrong === 0 ? holds : fails;
  return { ok: wrong === 0, basis: 'sampled', figures: { compared, wrong }, says };
}

/** Shown only where there can be any. */
function reservedFigure(remade: RemadeFigures | undefined): { reserved?: number } {
  return remade ? { reserved: remade.reserved } : {};
}

/** Units that count as issued and that the record has no row for. */
export const setAsideOf = ({ setAside, deadLetters }: AuditFigures): number => setAside ?? deadLetters;

const INVARIANTS: Readonly<Record<string, Invariant>> = {
  I1: (given) => {
    const { quantity, returned, gate, record, remade } = given;
    const recorded = record.issued + setAsideOf(given) + (remade?.reserved ?? 0);
    const most = Math.max(gate?.issued ?? 0, recorded);
    const figures = {
      quantity: quantity - returned,
      gate: gate === null ? null : gate.issued - returned,
      recorded: recorded - returned,
      returned,
      ...reservedFigure(remade),
    };
    return counted(
      most <= quantity,
      figures,
      'No more issued than the quantity.',
      'More issued than the quantity.',
    );
  },
  I2: ({ perUserLimit, record }) => {
    const figures = { perUserLimit, perUserMax: record.perUserMax };
    const ok = record.perUserMax <= perUserLimit;
    return counted(ok, figures, 'No user holds more than the limit.', 'A user holds more than the limit.');
  },
  I3: (given) => {
    const { gate, record, deadLetters, drained, remade } = given;
    const setAside = setAsideOf(given);
    const decided = gate === null ? record.issued + setAside : gate.issuedBefore - (remade?.reserved ?? 0);
    const missing = decided - record.issued - setAside;
    const figures = {
      decided,
      recorded: record.issued,
      deadLetters,
      setAside,
      missing,
      drained,
      ...reservedFigure(remade),
    };
    if (missing > 0 && !drained) {
      return counted(true, figures, `${missing} wins are on their way to the record.`, '');
    }
    const ok = missing <= 0 && deadLetters === 0;
    const why = missing > 0 ? `${missing} wins are not in the record.` : `${deadLetters} wins are set aside.`;
    return counted(ok, figures, 'Every win is in the record.', why);
  },
  I4: ({ gate, record, remade }) => {
    const figures = {
      decided: gate?.issued ?? null,
      recorded: record.issued,
      lastSeq: record.lastSeq,
      ...reservedFigure(remade),
    };
    const known = record.issued + (remade?.reserved ?? 0);
    const ok = gate === null || (known <= gate.issued && record.lastSeq <= gate.lastSeq);
    return counted(
      ok,
      figures,
      'The record holds only what the gate decided.',
      'The record holds more than was decided.',
    );
  },
  I5: (given) => {
    const { gate, quantity, returned, record, toldSoldOut } = given;
    const issued = gate?.issued ?? record.issued + setAsideOf(given);
    const stranded = toldSoldOut ? quantity - issued : 0;
    const figures = {
      quantity: quantity - returned,
      issued: issued - returned,
      toldSoldOut,
      stranded: Math.max(0, stranded),
    };
    return counted(
      stranded <= 0,
      figures,
      'No unit is stranded.',
      `Sold out was told with ${stranded} units left.`,
    );
  },
  I6: (given) => {
    const { record, drained, remade } = given;
    const skipped = record.lastSeq - record.distinctSeqs;
    const gaps = Math.max(0, remade?.gapsSince ?? skipped - setAsideOf(given));
    const doubles = record.issued - record.distinctSeqs;
    const ok = doubles === 0 && (gaps === 0 || !drained);
    const accounted = remade && {
      epoch: remade.epoch,
      baseSeq: remade.baseSeq,
      accountedFor: skipped - remade.gapsSince,
    };
    const figures = { lastSeq: record.lastSeq, distinct: record.distinctSeqs, gaps, doubles, ...accounted };
    const holds = accounted?.accountedFor
      ? `seq has no doubles; the gaps are of before the gate was made good.`
      : 'seq has no gaps and no doubles.';
    return counted(ok, figures, holds, 'seq has gaps or doubles.');
  },
  I7: ({ record, everyUnitHasCode }) => {
    const doubles = record.withCode - record.distinctCodes;
    const without = everyUnitHasCode ? record.issued - record.unissued - record.withCode : 0;
    const { withCode, distinctCodes: distinct, unissued } = record;
    const figures = { withCode, distinct, without, unissued };
    return counted(
      doubles === 0 && without === 0,
      figures,
      'One code, one claim.',
      'A code is missing or given twice.',
    );
  },
  I8: ({ seen: { repeats } }) =>
    sampled(
      repeats.compared,
      repeats.different,
      'Asking again gave the same answer.',
      'A repeat was told otherwise.',
    ),
  I9: ({ seen: { order } }) =>
    sampled(
      order.compared,
      order.inverted,
      'Who was answered before has the lower seq.',
      'A later press has a lower seq.',
    ),
  I10: ({ startsAt, closesAt, record: { firstWonAt, lastWonAt } }) => {
    const early = firstWonAt !== null && startsAt !== null && firstWonAt < startsAt;
    const late = lastWonAt !== null && closesAt !== null && lastWonAt >= closesAt;
    const figures = { startsAt, firstWonAt, lastWonAt, closesAt };
    return counted(!early && !late, figures, 'No win outside the window.', 'A win is outside the window.');
  },
  I11: ({ seen: { soldOut } }) =>
    sampled(
      soldOut.compared,
      soldOut.early,
      'sold_out was true when it was told.',
      'sold_out was told too early.',
    ),
};

/** All invariants, in order. */
export function audit(figures: AuditFigures): { ok: boolean; checks: Check[] } {
  const checks = Object.entries(INVARIANTS).map(([id, ask]) => ({ id, ...ask(figures) }));
  return { ok: checks.every((check) => check.ok), checks };
}

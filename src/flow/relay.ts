/**
 * What the gate decided and nobody brought to the log: a process that died in between left it in the gate's outbox. The
 * relay brings it there after a while, and lets go of what the record has. All it knows by itself is what it need not do
 * again, so two of them, or one that died in the middle, do no harm: a fact may be on the log twice.
 */

import type { ClaimWon } from '../core/event.ts';
import type { Log } from '../ports/log.ts';
import type { RecordStore, SettledSeqs } from '../ports/record.ts';
import type { GateKeeper, LeftBehind } from '../ports/shared-gate.ts';
import type { SeqMarks } from './seq-marks.ts';

export interface RelayParts {
  keeper: Pick<GateKeeper, 'leftBehind' | 'letGo'>;
  log: Log;
  record: Pick<RecordStore, 'holders'>;
  /** what needs no sending beside what the record holds: what it has set aside. Absent: nothing does */
  settled?: SettledSeqs;
  /** numbers that this relay has seen on the log: while the record is behind they are not sent again and again */
  onLog?: SeqMarks;
}

export interface Relayed {
  /** batches that are in the outbox */
  batches: number;
  /** facts that were sent on, because the record did not have them in time */
  sent: number;
}

const BATCHES_MAX = 200;

/**
 * One round for one campaign. What was decided after `upTo` (epoch ms, the gate's clock) is left to those who decided it.
 * Resolves when what was sent is on the log; rejects when that is not known.
 */
export async function relay(parts: RelayParts, campaignId: string, upTo: number): Promise<Relayed> {
  const { keeper, log, onLog } = parts;
  const relayed: Relayed = { batches: 0, sent: 0 };
  let after = 0;
  for (;;) {
    const left = await keeper.leftBehind(campaignId, after, BATCHES_MAX);
    if (left.length === 0) return relayed;
    relayed.batches += left.length;
    // In order of decision: what follows is as young, and is looked at when its time has come.
    const old = left.filter(({ decidedAt }) => decidedAt <= upTo);
    if (old.length === 0) return relayed;
    const { done, missing } = await sortOut(parts, campaignId, old);
    if (done > 0) await keeper.letGo(campaignId, done);
    const due = missing.flatMap(({ facts }) => facts).filter(({ seq }) => onLog?.has(seq) !== true);
    const { fault } = log.state();
    // It goes on trying with what it has taken: more of the same would only lengthen its queue.
    if (due.length > 0 && fault !== null) throw new Error(fault);
    await sendAll(log, due);
    for (const { seq } of due) onLog?.add(seq);
    relayed.sent += due.length;
    if (old.length < BATCHES_MAX) return relayed;
    after = lastSeqOf(left.at(-1) as LeftBehind);
  }
}

/** Up to which seq the record has every batch, and the batches that it does not have whole. */
async function sortOut(
  { record, settled }: Pick<RelayParts, 'record' | 'settled'>,
  campaignId: string,
  left: LeftBehind[],
): Promise<{ done: number; missing: LeftBehind[] }> {
  const first = left[0]?.facts[0]?.seq ?? 1;
  const last = lastSeqOf(left.at(-1) as LeftBehind);
  const recorded = settled
    ? await settled.settled(campaignId, left[0]?.facts[0]?.epoch ?? 0, first, last)
    : new Set((await record.holders(campaignId, first - 1, last - first + 1)).seqs);
  const missing = left.filter(({ facts }) => facts.some(({ seq }) => !recorded.has(seq)));
  const firstMissing = missing[0]?.facts[0]?.seq ?? last + 1;
  const whole = left.filter((batch) => lastSeqOf(batch) < firstMissing);
  return { done: whole.length === 0 ? 0 : lastSeqOf(whole.at(-1) as LeftBehind), missing };
}

const lastSeqOf = ({ facts }: LeftBehind): number => facts.at(-1)?.seq ?? 0;

/** Resolves when all are on the log. */
export function sendAll(log: Log, facts: readonly ClaimWon[]): Promise<void> {
  if (facts.length === 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    let open = facts.length;
    let failed: Error | null = null;
    const done = (error: Error | null): void => {
      open -= 1;
      failed ??= error;
      if (open > 0) return;
      if (failed === null) resolve();
      else reject(failed);
    };
    for (const fact of facts) log.append(fact, done);
  });
}

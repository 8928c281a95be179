/**
 * What is in the gate's outbox and not in the record: wins on their way, and wins whose way has ended because the
 * process that decided them did. Told apart by their age alone.
 */

import type { ClaimWon } from '../core/event.ts';
import type { RecordStore } from '../ports/record.ts';
import type { GateKeeper, LeftBehind } from '../ports/shared-gate.ts';

export interface Unrecorded {
  /** decided after `upTo`: those who decided them still bring them to the log */
  young: number[];
  /** decided before: the relay brings them there */
  due: number[];
  /** the record has another holder under this number */
  contradicted: number[];
  /** false: there was more than is looked at in one go */
  complete: boolean;
}

export interface LeftBehindParts {
  keeper: Pick<GateKeeper, 'leftBehind'>;
  record: Pick<RecordStore, 'holders'>;
}

const BATCHES = 500;
const PAGES_MAX = 100;

/** Seqs, in order. `upTo` is epoch ms by the gate's clock. */
export async function unrecorded(
  { keeper, record }: LeftBehindParts,
  campaignId: string,
  upTo: number,
): Promise<Unrecorded> {
  const found: Unrecorded = { young: [], due: [], contradicted: [], complete: true };
  let after = 0;
  for (let page = 0; page < PAGES_MAX; page++) {
    const left = await keeper.leftBehind(campaignId, after, BATCHES);
    const facts = left.flatMap((batch) => batch.facts);
    const [first, last] = [facts[0], facts.at(-1)];
    if (first === undefined || last === undefined) return found;
    const { seqs, userIds } = await record.holders(campaignId, first.seq - 1, last.seq - first.seq + 1);
    const holderOf = new Map(userIds.map((userId, i) => [seqs[i] as number, userId]));
    for (const batch of left) sortIn(found, batch, holderOf, upTo);
    if (left.length < BATCHES) return found;
    after = last.seq;
  }
  return { ...found, complete: false };
}

function sortIn(
  { young, due, contradicted }: Unrecorded,
  { facts, decidedAt }: LeftBehind,
  holderOf: ReadonlyMap<number, string>,
  upTo: number,
): void {
  for (const { seq, userId } of facts as readonly ClaimWon[]) {
    const holder = holderOf.get(seq);
    if (holder === undefined) (decidedAt <= upTo ? due : young).push(seq);
    else if (holder !== userId) contradicted.push(seq);
  }
}

// What a decider needs of the record, in arrays: a batch is taken whole or not at all, and only where the record stands.
// It also watches that no ruling takes back what an earlier one said.

import { expect } from 'vitest';
import type { Ruling } from '../../src/core/decider.ts';
import type { ClaimWon } from '../../src/core/event.ts';
import type { DecideParts } from '../../src/flow/decide.ts';
import type { Holders, RecordBatch, StoreResult } from '../../src/ports/record.ts';
import type { StoredRuling } from '../../src/ports/rulings.ts';

type Asked = DecideParts['record'] & DecideParts['rulings'];

export class NaiveDecidedRecord implements Asked {
  readonly letters: RecordBatch['unreadable'] = [];
  readonly unreadableAt: number[] = [];
  readonly #wins: ClaimWon[] = [];
  readonly #rulings = new Map<string, StoredRuling>();
  #next = 0;
  /** how the next `store` fails: before anything is stored, or with its answer lost */
  fails: 'before' | 'after' | null = null;

  wins(campaignId: string): ClaimWon[] {
    return this.#wins.filter((win) => win.campaignId === campaignId);
  }

  ruling(campaignId: string): StoredRuling | null {
    return structuredClone(this.#rulings.get(campaignId) ?? null);
  }

  async next(): Promise<number> {
    return this.#next;
  }

  async of(campaignId: string): Promise<StoredRuling | null> {
    return this.ruling(campaignId);
  }

  async holders(campaignId: string, afterSeq: number, limit: number): Promise<Holders> {
    const some = this.wins(campaignId).filter(({ seq }) => seq > afterSeq);
    const page = some.slice(0, limit);
    return {
      seqs: Float64Array.from(page, ({ seq }) => seq),
      wonAt: Float64Array.from(page, ({ wonAt }) => wonAt),
      userIds: page.map(({ userId }) => userId),
      keys: page.some(({ key }) => key !== null) ? page.map(({ key }) => key) : null,
    };
  }

  async store(batch: RecordBatch): Promise<StoreResult> {
    const { fails } = this;
    this.fails = null;
    if (fails === 'before') throw new Error('no database');
    if (batch.from !== this.#next) return { kind: 'zombie', next: this.#next };
    this.#next = batch.next;
    this.#wins.push(...batch.wins.map(({ fact }) => fact));
    this.letters.push(...batch.unreadable);
    this.unreadableAt.push(...(batch.unreadableAt ?? []));
    for (const ruling of batch.rulings ?? []) this.#take(ruling, batch);
    if (fails === 'after') throw new Error('the answer was lost');
    return {
      kind: 'stored',
      inserted: batch.wins.length,
      repeated: 0,
      conflicts: batch.unreadable.length,
    };
  }

  #take(ruling: Ruling, { source, next }: RecordBatch): void {
    const before = this.#rulings.get(ruling.campaignId);
    if (before !== undefined) {
      expect(ruling.phases.slice(0, before.phases.length)).toEqual(before.phases);
      expect(ruling.issued).toBeGreaterThanOrEqual(before.issued);
    }
    this.#rulings.set(ruling.campaignId, structuredClone({ ...ruling, source, changed: next }));
  }
}

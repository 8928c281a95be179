// What every record promises to waiting lines (ports/record, ports/line-history): what happened in them is kept with the
// batch it came in, in order, in pages that a process can hold, or is set aside with its reason.

import { describe, expect, it } from 'vitest';
import type { LineFact, LineJoined } from '../../../src/core/line-fact.ts';
import { lineFactId, packLineFacts } from '../../../src/core/line-fact.ts';
import { T0 } from '../samples.ts';
import type { MakeRecordPlace } from './record-bench.ts';
import { ID, recordBench, STORED, wins } from './record-bench.ts';

const HEAD = { campaignId: ID, epoch: 1 };

function joined(first: number, userIds = [`u-${first}`], over: Partial<LineJoined> = {}): LineJoined {
  return { type: 'line.joined', ...HEAD, at: T0 + first, first, userIds, keys: null, ...over };
}

const released = (to: number): LineFact => {
  return { type: 'line.released', ...HEAD, at: T0 + to, to, confirmBy: null };
};

/** One of each kind, with all that it can say. */
const EACH: LineFact[] = [
  joined(1, ['김철수 🐔', "o'hara \\ \n"], { keys: ['k-1', null] }),
  { type: 'line.left', ...HEAD, at: T0, numbers: [2] },
  { type: 'line.released', ...HEAD, at: T0, to: 9, confirmBy: T0 + 5 },
  { type: 'line.confirmed', ...HEAD, at: T0, numbers: [1, 3] },
  { type: 'line.expired', ...HEAD, at: T0, numbers: [4] },
  { type: 'line.won', ...HEAD, at: T0, numbers: [1, 3], seqs: [1, 2] },
  { type: 'line.refused', ...HEAD, at: T0, numbers: [5], why: 'sold_out' },
  { type: 'line.stretched', ...HEAD, at: T0, byMs: 7 },
  { type: 'line.shuffled', ...HEAD, at: T0, seed: 'a'.repeat(64), count: 5 },
];

export function recordLines(name: string, makePlace: MakeRecordPlace): void {
  describe(`${name} record, for lines`, () => {
    const bench = recordBench(makePlace);

    /** All pages, and how many there were. */
    async function read(campaignId = ID): Promise<{ facts: LineFact[]; pages: number }> {
      const facts: LineFact[] = [];
      let pages = 0;
      for (let after: number | null = 0; after !== null; pages++) {
        const page = await bench.place.lines.page(campaignId, after);
        facts.push(...page.facts);
        after = page.next;
      }
      return { facts, pages };
    }

    it('keeps every field of every kind, in order', async () => {
      await bench.create();
      expect(await bench.store(wins(1, 2), { lines: EACH })).toEqual({ ...STORED, inserted: 2 });
      expect(await read()).toEqual({ facts: EACH, pages: 1 });
      expect(await bench.seqs()).toEqual([1, 2]);
    });

    it('keeps the lines of several campaigns apart, and what came later behind', async () => {
      await bench.create();
      await bench.create({ id: 'other' });
      const other = (first: number) => joined(first, ['x'], { campaignId: 'other' });
      await bench.store([], { lines: [other(1), joined(1), released(1), other(2)] });
      await bench.store([], { lines: [joined(2), other(3)] });
      expect((await read()).facts).toEqual([joined(1), released(1), joined(2)]);
      expect((await read('other')).facts).toEqual(packLineFacts([other(1), other(2)]).concat(other(3)));
      expect(await read('none')).toEqual({ facts: [], pages: 1 });
    });

    it('keeps what is sent twice twice: whoever reads it tells by its id', async () => {
      await bench.create();
      for (let i = 0; i < 2; i++) await bench.store([], { lines: [released(4)] });
      expect((await read()).facts.map(lineFactId)).toEqual(Array(2).fill(lineFactId(released(4))));
    });

    it('writes nothing for a recorder that was overtaken', async () => {
      await bench.create();
      await bench.store([], { lines: [joined(1)] });
      const late = bench.batchOf([], { from: 0, next: 9, lines: [joined(2)] });
      expect(await bench.record.store(late)).toEqual({ kind: 'zombie', next: 1 });
      expect((await read()).facts).toEqual([joined(1)]);
    });

    it('sets aside what is of no campaign, and counts it as nobody’s unit', async () => {
      await bench.create();
      const strange = joined(1, ['u'], { campaignId: 'none' });
      expect(await bench.store([], { lines: [joined(1), strange] })).toEqual({ ...STORED, conflicts: 1 });
      expect(await bench.place.letters.list({}, null, 10)).toMatchObject([
        { campaignId: null, source: 'journal', reason: 'no such campaign', payload: JSON.stringify(strange) },
      ]);
      expect((await read()).facts).toEqual([joined(1)]);
    });

    it('hands a long line over in pages, each a part that a process can hold', async () => {
      await bench.create();
      const long = '가'.repeat(40);
      const users = (first: number) => Array.from({ length: 1_000 }, (_, i) => `${long}-${first + i}`);
      const crowd = Array.from({ length: 60 }, (_, i) => joined(1 + i * 1_000, users(1 + i * 1_000)));
      await bench.store([], { lines: crowd });
      await bench.store([], { lines: [released(60_000)] });
      const { facts, pages } = await read();
      expect(packLineFacts(facts)).toEqual(packLineFacts([...crowd, released(60_000)]));
      expect(pages).toBeGreaterThan(2);
      expect(pages).toBeLessThan(6);
    });

    it('hands over thousands of small batches, none of them lost between two pages', async () => {
      await bench.create();
      for (let i = 1; i <= 1_001; i++) await bench.store([], { lines: [released(i)] });
      const { facts, pages } = await read();
      expect(facts).toEqual(Array.from({ length: 1_001 }, (_, i) => released(i + 1)));
      expect(pages).toBe(2);
    });

    it('keeps one fact that is longer than a row should be', async () => {
      await bench.create();
      const one = joined(
        1,
        Array.from({ length: 20_000 }, (_, i) => `somebody-with-a-name-${i}`),
      );
      await bench.store([], { lines: [released(1), one, released(2)] });
      expect((await read()).facts).toEqual([released(1), one, released(2)]);
    });
  });
}

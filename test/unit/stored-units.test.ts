// Protects: units asked for at the same time are read together, each by a question that was put after it was asked for;
// nobody is given another one's unit, and a record that cannot be asked says so to everybody.

import { describe, expect, it } from 'vitest';
import { makeStoredUnits } from '../../src/flow/stored-units.ts';
import type { StoredClaim } from '../../src/ports/record.ts';

/** A record that is answered by hand, question after question. */
function makeRecord(has: readonly number[]) {
  const asked: string[] = [];
  const answers: { answer(): void; fail(): void }[] = [];
  const ask = (text: string, from: number, to: number): Promise<StoredClaim[]> => {
    asked.push(text);
    return new Promise((resolve, reject) => {
      const rows = has.filter((seq) => seq >= from && seq <= to).map((seq) => ({ seq }) as StoredClaim);
      answers.push({ answer: () => resolve(rows), fail: () => reject(new Error('away')) });
    });
  };
  return {
    asked,
    answers,
    record: {
      find: (id: string | null, by: object) => {
        const { seq } = by as { seq: number };
        return ask(`${id} ${seq}`, seq, seq);
      },
      page: (id: string, after: number, limit: number) =>
        ask(`${id} ${after + 1}-${after + limit}`, after + 1, after + limit),
    },
  };
}

describe('units of the record', () => {
  it('are read together while a question is under way, those near to each other in one', async () => {
    const { record, asked, answers } = makeRecord([7, 8, 9, 11, 500]);
    const units = makeStoredUnits(record);
    const first = units.get('c', 7);
    const others = [9, 10, 8, 500, 9].map((seq) => units.get('c', seq));
    const elsewhere = units.get('d', 1);
    expect(asked).toEqual(['c 7', 'd 1']);
    for (const one of answers.splice(0)) one.answer();
    expect(await first).toMatchObject({ seq: 7 });
    expect(await elsewhere).toBeNull();
    await expect.poll(() => asked.slice(2)).toEqual(['c 8-10', 'c 500']);
    for (const one of answers.splice(0)) one.answer();
    const seqs = (await Promise.all(others)).map((one) => one?.seq ?? null);
    expect(seqs).toEqual([9, null, 8, 500, 9]);
  });

  it('cannot be had while the record is away, and can afterwards', async () => {
    const { record, answers } = makeRecord([1, 2, 3]);
    const units = makeStoredUnits(record);
    const under = [1, 2, 3].map((seq) => units.get('c', seq));
    const told = Promise.allSettled(under);
    answers.shift()?.fail();
    await expect.poll(() => answers.length).toBe(1);
    answers.shift()?.fail();
    expect((await told).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    const again = units.get('c', 2);
    await expect.poll(() => answers.length).toBe(1);
    answers.shift()?.answer();
    expect(await again).toMatchObject({ seq: 2 });
  });
});

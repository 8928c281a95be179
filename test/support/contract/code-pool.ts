/** What ports/code-pool promises, whatever the database is. */

import { describe, expect, it } from 'vitest';
import type { CodeImports, CodePool } from '../../../src/ports/code-pool.ts';
import type { Operators } from '../../../src/ports/operators.ts';
import { sampleAudit, T0 } from '../samples.ts';

export interface PoolPlace {
  codePool: CodePool;
  codeImports: CodeImports;
  operators: Operators;
  /** makes a campaign that nothing is imported into */
  campaign(): Promise<string>;
}

/** A batch of codes whose seals say what place they have; `lookup` and `mark` may be a test's own. */
function staged(first: number, count: number, name = 'code') {
  const seals = Array.from({ length: count }, (_, i) => Buffer.from(`${name} ${first + i}`));
  let at = 0;
  return {
    first,
    lines: seals.map((_, i) => 10 * (first + i)),
    lookups: seals.map((_, i) => 2 ** 52 - first - i),
    marks: seals.map((_, i) => 2 ** 32 - first - i),
    ends: seals.map(({ length }) => {
      at += length;
      return at;
    }),
    bytes: new Uint8Array(Buffer.concat(seals)),
  };
}

async function textsOf(pool: CodePool, id: string, first: number, max: number): Promise<string[]> {
  const { ends, bytes } = await pool.rows(id, first, max);
  return ends.map((end, i) => Buffer.from(bytes.subarray(ends[i - 1] ?? 0, end)).toString());
}

export function codePoolContract(where: string, makePlace: () => Promise<PoolPlace>): void {
  describe(`a pool in ${where}`, () => {
    it('has nothing of what is staged, and all of what is taken in, behind what was there', async () => {
      const { codePool, codeImports, campaign } = await makePlace();
      const id = await campaign();
      const one = (await codeImports.begin(id, T0)) as number;
      await codeImports.stage(one, staged(1, 3, 'a'));
      const two = (await codeImports.begin(id, T0)) as number;
      await codeImports.stage(two, staged(1, 2, 'b'));
      await codeImports.stage(two, staged(3, 2, 'b'));
      expect(await codePool.counts(id)).toEqual({ imported: 0, imports: 0, lastImportAt: null });
      expect(await textsOf(codePool, id, 1, 10)).toEqual([]);

      expect(await codeImports.take(two, { codes: 4, behind: 0 }, sampleAudit({ at: T0 + 1 }))).toBe('taken');
      expect(await codeImports.take(one, { codes: 3, behind: 0 }, sampleAudit())).toBe('moved');
      expect(await codeImports.take(one, { codes: 3, behind: 4 }, sampleAudit({ at: T0 + 2 }))).toBe('taken');
      // Whoever did not hear the answer asks again.
      expect(await codeImports.take(one, { codes: 3, behind: 7 }, sampleAudit())).toBe('taken');
      expect(await codeImports.take(one, { codes: 2, behind: 7 }, sampleAudit())).toBe('gone');
      expect(await codePool.counts(id)).toEqual({ imported: 7, imports: 2, lastImportAt: T0 + 2 });
      expect(await textsOf(codePool, id, 1, 100)).toEqual(['b 1', 'b 2', 'b 3', 'b 4', 'a 1', 'a 2', 'a 3']);
      expect(await textsOf(codePool, id, 3, 3)).toEqual(['b 3', 'b 4', 'a 1']);
      expect(await textsOf(codePool, id, 8, 3)).toEqual([]);
    });

    it('of two that are taken in at once one is behind the other', async () => {
      const { codePool, codeImports, operators, campaign } = await makePlace();
      const id = await campaign();
      const numbers = await Promise.all([1, 2, 3].map(() => codeImports.begin(id, T0)));
      for (const no of numbers) await codeImports.stage(no as number, staged(1, 2));
      const take = (no: number | null) =>
        codeImports.take(no as number, { codes: 2, behind: 0 }, sampleAudit({ target: id }));
      expect((await Promise.all(numbers.map(take))).sort()).toEqual(['moved', 'moved', 'taken']);
      expect((await codePool.counts(id)).imported).toBe(2);
      const { length } = (await operators.listAudit(null, 100)).filter(({ target }) => target === id);
      expect(length).toBe(1);
    });

    it('tells what codes are compared by, of the import and of the pool without it', async () => {
      const { codeImports, campaign } = await makePlace();
      const id = await campaign();
      const one = (await codeImports.begin(id, T0)) as number;
      await codeImports.stage(one, staged(1, 5));
      await codeImports.leaveOut(one, [2, 4, 99]);
      const those = await codeImports.staged(one, 1, 5);
      expect([...those.places]).toEqual([1, 3]);
      expect([...those.lines]).toEqual([10, 30]);
      expect([...those.lookups]).toEqual([2 ** 52 - 1, 2 ** 52 - 3]);
      expect([...those.marks]).toEqual([2 ** 32 - 1, 2 ** 32 - 3]);
      expect([...(await codeImports.lookups(one, 1, 5))]).toEqual([...those.lookups]);

      const two = (await codeImports.begin(id, T0)) as number;
      expect(await codeImports.copy(one, two, { from: 1, to: 4, first: 1 })).toBe(2);
      expect(await codeImports.copy(one, two, { from: 4, to: 7, first: 3 })).toBe(1);
      expect([...(await codeImports.staged(two, 1, 100)).lines]).toEqual([10, 30, 50]);
      expect((await codeImports.known(one, 1, 10)).marks).toHaveLength(0);
      await codeImports.take(two, { codes: 3, behind: 0 }, sampleAudit());
      expect((await codeImports.known(two, 1, 10)).marks).toHaveLength(0);
      expect([...(await codeImports.known(one, 2, 10)).lookups]).toEqual([2 ** 52 - 3, 2 ** 52 - 5]);
    });

    it('forgets what was broken off, and never what is in the pool', async () => {
      const { codePool, codeImports, campaign } = await makePlace();
      const id = await campaign();
      const [taken, broken, young] = (await Promise.all([
        codeImports.begin(id, T0),
        codeImports.begin(id, T0),
        codeImports.begin(id, T0 + 1000),
      ])) as [number, number, number];
      for (const no of [taken, broken, young]) await codeImports.stage(no, staged(1, 3));
      await codeImports.take(taken, { codes: 3, behind: 0 }, sampleAudit());
      expect(await codeImports.stale(T0 + 500)).toEqual([broken]);
      expect(await codeImports.drop(taken)).toBe(false);
      while (await codeImports.drop(broken));
      expect(await codeImports.stale(T0 + 500)).toEqual([]);
      expect(await codeImports.take(broken, { codes: 3, behind: 3 }, sampleAudit())).toBe('gone');
      expect(await textsOf(codePool, id, 1, 10)).toEqual(['code 1', 'code 2', 'code 3']);
      expect((await codeImports.staged(young, 1, 10)).places).toHaveLength(3);
    });

    it('keeps campaigns apart, and takes no import for one that is not there', async () => {
      const { codePool, codeImports, campaign } = await makePlace();
      const [one, other] = [await campaign(), await campaign()];
      const no = (await codeImports.begin(one, T0)) as number;
      await codeImports.stage(no, staged(1, 2));
      await codeImports.take(no, { codes: 2, behind: 0 }, sampleAudit());
      expect(await textsOf(codePool, other, 1, 10)).toEqual([]);
      expect(await codeImports.begin('nobody', T0)).toBeNull();
      expect(await codePool.counts('nobody')).toMatchObject({ imported: 0 });
    });
  });
}

// What every store of files promises (ports/files): pieces in order whatever order they came in, one written twice is
// there once, nobody's unfinished file is listed as whole, and what was finished stays as it was.

import { describe, expect, it } from 'vitest';
import type { Files, NewFile } from '../../../src/ports/files.ts';
import { FILE_PART_BYTES, FILE_PIECE_BYTES_MAX } from '../../../src/ports/files.ts';
import type { Operators } from '../../../src/ports/operators.ts';
import { sampleAudit, T0 } from '../samples.ts';

export interface FilesPlace {
  files: Files;
  operators: Pick<Operators, 'listAudit'>;
}

const END = { bytes: 3, sha256: 'f'.repeat(64), now: T0 + 5 };

function newFile(over: Partial<NewFile> = {}): NewFile {
  const rest = { type: 'text/csv', role: 'operate', by: 'env', createdAt: T0 } as const;
  return { id: 'f-1', name: '당첨자.csv', ...rest, ...over };
}

/** All bytes of a file, by its parts. */
async function bytesOf(files: Files, id: string): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for (let at: number | null = null; ; ) {
    const part = await files.read(id, at);
    if (part === null) return Buffer.concat(parts);
    parts.push(part.data);
    at = part.at;
  }
}

export function filesContract(name: string, makePlace: () => Promise<FilesPlace>): void {
  describe(`${name} files`, () => {
    it('keeps pieces in their order; a piece that is written again takes the place of the one before', async () => {
      const { files } = await makePlace();
      expect(await files.begin(newFile())).toBe(true);
      expect(await files.begin(newFile({ name: 'other' }))).toBe(false);
      const large = Buffer.alloc(2 * FILE_PART_BYTES + 7, 'l');
      await files.write('f-1', 1, Buffer.from('end'), T0);
      await files.write('f-1', 0, large, T0);
      await files.write('f-1', 0, Buffer.from('\0begin'), T0);
      expect((await bytesOf(files, 'f-1')).toString()).toBe('\0beginend');
      await files.write('f-1', 0, large, T0);
      expect((await bytesOf(files, 'f-1')).equals(Buffer.concat([large, Buffer.from('end')]))).toBe(true);
      expect((await files.read('f-1', null))?.data.length).toBe(FILE_PART_BYTES);
      await expect(files.write('f-1', 2, Buffer.alloc(FILE_PIECE_BYTES_MAX + 1), T0)).rejects.toThrow();
      expect(await files.write('nobody', 0, large, T0)).toBe(false);
    });

    it('is whole from when it is finished, once, with its line', async () => {
      const { files, operators } = await makePlace();
      await files.begin(newFile());
      await files.write('f-1', 0, Buffer.from('abc'), T0);
      expect(await files.list({ before: null }, 10)).toEqual([]);
      expect(await files.find('f-1')).toEqual({ ...newFile(), finishedAt: null, bytes: 0, sha256: null });
      const audit = sampleAudit({ action: 'file.upload', target: 'f-1' });
      expect(await files.finish('f-1', END, audit)).toBe(true);
      expect(await files.finish('f-1', { ...END, now: T0 + 9, bytes: 4 }, audit)).toBe(true);
      expect(await files.finish('nobody', END, audit)).toBe(false);
      const whole = { ...newFile(), finishedAt: T0 + 5, bytes: 3, sha256: END.sha256 };
      expect(await files.find('f-1')).toEqual(whole);
      expect(await files.list({ before: null }, 10)).toEqual([whole]);
      expect(await files.write('f-1', 0, Buffer.from('x'), T0)).toBe(false);
      expect((await bytesOf(files, 'f-1')).toString()).toBe('abc');
      expect(await operators.listAudit(null, 10)).toHaveLength(1);
    });

    it('is gone with its parts when it is removed, with its line', async () => {
      const { files, operators } = await makePlace();
      await files.begin(newFile());
      await files.write('f-1', 0, Buffer.from('abc'), T0);
      const audit = sampleAudit({ action: 'file.remove', target: 'f-1' });
      expect(await files.remove('f-1', audit)).toBe(true);
      expect(await files.remove('f-1', audit)).toBe(false);
      expect(await files.find('f-1')).toBeNull();
      expect(await files.read('f-1', null)).toBeNull();
      expect(await operators.listAudit(null, 10)).toHaveLength(1);
    });

    it('lists whole ones newest first, page by page, and apart from them those that nobody writes on', async () => {
      const { files } = await makePlace();
      for (let i = 0; i < 5; i++) {
        await files.begin(newFile({ id: `f-${i}`, createdAt: T0 + (i >> 1) }));
        await files.write(`f-${i}`, 0, Buffer.from('a'), T0 + 100 * i);
        if (i < 3) await files.finish(`f-${i}`, END, null);
      }
      const first = await files.list({ before: null }, 2);
      const second = await files.list({ before: first[1] ?? null }, 2);
      expect([...first, ...second].map(({ id }) => id)).toEqual(['f-2', 'f-1', 'f-0']);
      const left = async (untouchedSince: number) =>
        (await files.list({ before: null, untouchedSince }, 9)).map(({ id }) => id);
      expect(await left(T0 + 300)).toEqual([]);
      expect(await left(T0 + 301)).toEqual(['f-3']);
      expect(await left(T0 + 999)).toEqual(['f-4', 'f-3']);
    });
  });
}

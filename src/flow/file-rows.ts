/** Rows of a stored CSV file, also of a gzipped one, from any line on: what jobs read. */

import { TextDecoder } from 'node:util';
import { CsvFault, CsvReader, type CsvRow } from '../core/csv-rows.ts';
import { said } from '../core/said.ts';
import type { Files } from '../ports/files.ts';
import { fileBytes } from './files.ts';
import type { RowReader } from './kept-place.ts';
import { makeRowReader } from './kept-place.ts';
import { Unpackable, unpacked } from './unpacked.ts';

export interface FileRows extends RowReader<CsvRow> {
  /** How many rows the file has: all of it is read. */
  count(fileId: string): Promise<number>;
}

/** What a file may unpack to, bytes: a small one may hold a very large one. */
const UNPACKED_BYTES_MAX = 2 ** 30;

/** Its reads throw CsvFault for what is no CSV. */
export function makeFileRows(files: Pick<Files, 'find' | 'read'>): FileRows {
  return {
    ...makeRowReader((fileId) => allRows(files, fileId)),
    async count(fileId) {
      let count = 0;
      for await (const _row of allRows(files, fileId)) count += 1;
      return count;
    },
  };
}

async function* allRows(files: Pick<Files, 'find' | 'read'>, id: string): AsyncGenerator<CsvRow> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const reader = new CsvReader();
  let line = 0;
  const noted = (rows: CsvRow[]): CsvRow[] => {
    line = rows.at(-1)?.line ?? line;
    return rows;
  };
  for await (const some of csvBytes(files, id)) yield* noted(reader.push(decode(decoder, some, line)));
  yield* noted(reader.push(decode(decoder, null, line)));
  yield* reader.end();
}

function decode(decoder: TextDecoder, bytes: Uint8Array | null, line: number): string {
  try {
    if (bytes?.includes(0)) throw new TypeError('NUL');
    return bytes === null ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    throw new CsvFault(said('file_not_text', { line }));
  }
}

/** What a stored CSV file holds, unpacked. Throws CsvFault when it is not there, or something else. */
export async function* csvBytes(files: Pick<Files, 'find' | 'read'>, id: string): AsyncGenerator<Uint8Array> {
  const file = await files.find(id);
  if (file === null || file.finishedAt === null) throw new CsvFault(said('file_gone', { file: id }));
  if (file.type !== 'text/csv' && file.type !== 'application/gzip')
    throw new CsvFault(said('file_other_type', { file: id, type: file.type }));
  try {
    yield* unpacked(fileBytes(files, id), UNPACKED_BYTES_MAX);
  } catch (error) {
    if (!(error instanceof Unpackable)) throw error;
    throw new CsvFault(error.fault === 'cut' ? said('file_not_gzip') : said('file_too_large'));
  }
}

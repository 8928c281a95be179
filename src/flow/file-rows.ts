/**
 * Rows of a stored CSV file, from any line on, also of a gzipped one: what jobs read. Whoever goes on where he stopped
 * finds his place kept; whoever was broken off has the file read again up to there.
 */

import { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { createGunzip } from 'node:zlib';
import { CsvFault, CsvReader, type CsvRow } from '../core/csv-rows.ts';
import type { Files } from '../ports/files.ts';
import { fileBytes } from './files.ts';

export interface FileRows {
  /** Up to `size` rows of the file that begin after line `afterLine`; fewer: there are no more. Throws CsvFault. */
  read(fileId: string, afterLine: number, size: number): Promise<CsvRow[]>;
}

/** What gzip is inflated to at most, bytes: a small file may hold a very large one. */
const INFLATED_BYTES_MAX = 2 ** 30;
/** Files that are being read from at once; the place of one more is forgotten. */
const OPEN_MAX = 4;

interface Place {
  rows: AsyncGenerator<CsvRow>;
  /** the line of the row that was read last */
  line: number;
}

export function makeFileRows(files: Pick<Files, 'find' | 'read'>): FileRows {
  const places = new Map<string, Place>();
  const placeAt = (fileId: string, line: number): Place => {
    const known = places.get(fileId);
    places.delete(fileId);
    if (known?.line === line) return known;
    void known?.rows.return(undefined).catch(() => undefined);
    return { rows: allRows(files, fileId), line: 0 };
  };
  return {
    async read(fileId, afterLine, size) {
      const place = placeAt(fileId, afterLine);
      const found: CsvRow[] = [];
      while (found.length < size) {
        const { value, done } = await place.rows.next();
        if (done === true) return found;
        place.line = value.line;
        if (value.line > afterLine) found.push(value);
      }
      places.set(fileId, place);
      const [oldest] = places.keys();
      if (places.size > OPEN_MAX && oldest !== undefined) {
        void places
          .get(oldest)
          ?.rows.return(undefined)
          .catch(() => undefined);
        places.delete(oldest);
      }
      return found;
    },
  };
}

async function* allRows(files: Pick<Files, 'find' | 'read'>, id: string): AsyncGenerator<CsvRow> {
  const file = await files.find(id);
  if (file === null || file.finishedAt === null) throw new CsvFault(`There is no file ${id}.`);
  if (file.type !== 'text/csv' && file.type !== 'application/gzip')
    throw new CsvFault(`The file ${id} is ${file.type}, not CSV.`);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const reader = new CsvReader();
  let line = 0;
  const noted = (rows: CsvRow[]): CsvRow[] => {
    line = rows.at(-1)?.line ?? line;
    return rows;
  };
  const bytes = fileBytes(files, id);
  for await (const some of file.type === 'application/gzip' ? inflated(bytes) : bytes) {
    yield* noted(reader.push(decode(decoder, some, line)));
  }
  yield* noted(reader.push(decode(decoder, null, line)));
  yield* reader.end();
}

function decode(decoder: TextDecoder, bytes: Uint8Array | null, line: number): string {
  try {
    if (bytes?.includes(0)) throw new TypeError('NUL');
    return bytes === null ? decoder.decode() : decoder.decode(bytes, { stream: true });
  } catch {
    throw new CsvFault(`After line ${line} it is not text in UTF-8.`);
  }
}

async function* inflated(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const source = Readable.from(bytes);
  const gunzip = source.pipe(createGunzip());
  source.on('error', (error) => gunzip.destroy(error));
  let size = 0;
  try {
    for await (const some of gunzip as AsyncIterable<Buffer>) {
      size += some.length;
      if (size > INFLATED_BYTES_MAX) throw new CsvFault('Inflated, the file is too large. Split it.');
      yield some;
    }
  } catch (error) {
    const code = String((error as { code?: string }).code ?? '');
    throw code.startsWith('Z_') ? new CsvFault('The file is no whole gzip.') : error;
  } finally {
    source.destroy();
  }
}

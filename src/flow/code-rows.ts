/** Codes of a stored file with their lines, from any line on. */

import type { LineFault } from '../core/code-lines.ts';
import { CodeLines } from '../core/code-lines.ts';
import { CsvFault } from '../core/csv-rows.ts';
import type { Files } from '../ports/files.ts';
import { csvBytes } from './file-rows.ts';
import { linesProblem } from './import-codes.ts';
import { makeRowReader } from './kept-place.ts';

export interface CodeRow {
  /** of the file, from 1 */
  line: number;
  code: string;
}

export interface CodeRows {
  /** Up to `size` codes after line `afterLine`; fewer: there are no more. Throws CsvFault for lines that are no codes. */
  read(file: { id: string; header: boolean }, afterLine: number, size: number): Promise<CodeRow[]>;
  /** How many codes there will be: lines with something in them, whatever it is. Nothing is read as a code yet. */
  count(file: { id: string; header: boolean }): Promise<number>;
}

export function makeCodeRows(files: Pick<Files, 'find' | 'read'>): CodeRows {
  const [plain, headed] = [false, true].map((header) => makeRowReader((id) => allCodes(files, id, header)));
  return {
    read: ({ id, header }, afterLine, size) =>
      ((header ? headed : plain) as NonNullable<typeof plain>).read(id, afterLine, size),
    async count({ id, header }) {
      const lines = await countLines(csvBytes(files, id));
      return Math.max(0, header ? lines - 1 : lines);
    },
  };
}

const LF = 0x0a;
const CR = 0x0d;

async function countLines(bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let lines = 0;
  let isBlank = true;
  for await (const piece of bytes) {
    for (let from = 0; from < piece.length; ) {
      const found = piece.indexOf(LF, from);
      const end = found === -1 ? piece.length : found;
      if (end > from && !(end === from + 1 && piece[from] === CR)) isBlank = false;
      if (found !== -1) {
        if (!isBlank) lines += 1;
        isBlank = true;
      }
      from = end + 1;
    }
  }
  return isBlank ? lines : lines + 1;
}

async function* allCodes(
  files: Pick<Files, 'find' | 'read'>,
  id: string,
  header: boolean,
): AsyncGenerator<CodeRow> {
  const found: CodeRow[] = [];
  const faults: { line: number; reason: LineFault }[] = [];
  const lines = new CodeLines(
    { format: 'csv', header },
    {
      code: (line, code) => found.push({ line, code }),
      fault: (line, reason) => faults.push({ line, reason }),
    },
  );
  const taken = (): CodeRow[] => {
    const fault = linesProblem(faults);
    if (fault !== null) throw new CsvFault(fault.detail);
    return found.splice(0);
  };
  for await (const piece of csvBytes(files, id)) {
    lines.push(piece);
    yield* taken();
  }
  lines.end();
  yield* taken();
}

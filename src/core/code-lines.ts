/**
 * A file of codes, one to a line, read as it comes: any line ends (LF, CRLF, CR), with or without a last one, with or
 * without a byte order mark. As CSV (RFC 4180) a line is one column, which may stand in quotes; as text it is the code
 * itself. Lines are counted from 1, as editors do; empty ones are counted and left out.
 */

import type { PoolCodeFault } from './pool-code.ts';
import { POOL_CODE_BYTES_MAX, poolCode } from './pool-code.ts';

export type LineFault = Exclude<PoolCodeFault, 'empty'> | 'columns' | 'quotes' | 'utf_16';

export interface CodeLinesOptions {
  format: 'csv' | 'text';
  /** the first line names the column */
  header: boolean;
}

export interface CodeLinesListener {
  code(line: number, code: string): void;
  fault(line: number, why: LineFault): void;
}

const LF = 10;
const CR = 13;
/** A line with more bytes cannot hold a code: with every character a doubled quote, and some space around it. */
const LINE_BYTES_MAX = 2 * POOL_CODE_BYTES_MAX + 128;
const UNENDED_BYTES_MAX = 1_048_576;
const QUOTED = /^"((?:[^"]|"")*)"$/;

export class CodeLines {
  /** read so far, the empty ones too */
  lines = 0;
  empty = 0;
  hasBom = false;

  readonly #options: CodeLinesOptions;
  readonly #listener: CodeLinesListener;
  /** the beginning of a line whose end has not come yet */
  #rest: Buffer = Buffer.alloc(0);
  /** the rest is of a line that is too long already */
  #tooLong = false;
  /** bytes since the last line end, about */
  #unended = 0;
  /** the last byte was CR: an LF after it belongs to the same line end */
  #wasCr = false;
  #started = false;

  constructor(options: CodeLinesOptions, listener: CodeLinesListener) {
    this.#options = options;
    this.#listener = listener;
  }

  /** No file of lines: it makes no sense to read on. */
  isHopeless(): boolean {
    return this.#unended > UNENDED_BYTES_MAX;
  }

  push(chunk: Uint8Array): void {
    let bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    if (this.#rest.length > 0) bytes = Buffer.concat([this.#rest, bytes]);
    if (!this.#started) {
      // A byte order mark may come in pieces.
      if (bytes.length < 3) {
        this.#rest = bytes;
        return;
      }
      bytes = this.#start(bytes);
    }
    this.#split(bytes);
  }

  /** The last line needs no end. */
  end(): void {
    let bytes = this.#rest;
    this.#rest = Buffer.alloc(0);
    if (!this.#started) {
      bytes = this.#start(bytes);
      this.#split(bytes);
      bytes = this.#rest;
    }
    if (bytes.length > 0 || this.#tooLong) this.#take(bytes);
  }

  #start(bytes: Buffer): Buffer {
    this.#started = true;
    if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
      this.hasBom = true;
      return bytes.subarray(3);
    }
    const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    if (isUtf16) this.#listener.fault(1, 'utf_16');
    return bytes;
  }

  #split(bytes: Buffer): void {
    let from = 0;
    for (let at = 0; at < bytes.length; at++) {
      const byte = bytes[at] as number;
      if (byte !== LF && byte !== CR) {
        this.#wasCr = false;
        continue;
      }
      if (byte === LF && this.#wasCr) {
        this.#wasCr = false;
        from = at + 1;
        continue;
      }
      this.#wasCr = byte === CR;
      this.#take(bytes.subarray(from, at));
      from = at + 1;
    }
    const rest = bytes.subarray(from);
    if (rest.length > LINE_BYTES_MAX) this.#tooLong = true;
    this.#unended = from === 0 ? this.#unended + bytes.length : rest.length;
    // A copy: what it is part of is not kept alive.
    this.#rest = this.#tooLong ? Buffer.alloc(0) : Buffer.from(rest);
  }

  #take(bytes: Buffer): void {
    this.lines += 1;
    if (bytes.length === 0 && !this.#tooLong) {
      this.empty += 1;
      return undefined;
    }
    if (this.#tooLong || bytes.length > LINE_BYTES_MAX) {
      this.#tooLong = false;
      return this.#listener.fault(this.lines, 'too_long');
    }
    const text = bytes.toString('utf8');
    const cell = this.#options.format === 'csv' ? cellOf(text) : { text };
    if (this.lines === 1 && this.#options.header) return undefined;
    if ('fault' in cell) return this.#listener.fault(this.lines, cell.fault);
    const read = poolCode(cell.text);
    if ('code' in read) return this.#listener.code(this.lines, read.code);
    if (read.fault !== 'empty') return this.#listener.fault(this.lines, read.fault);
    this.empty += 1;
    return undefined;
  }
}

/** The one column of a line. */
function cellOf(line: string): { text: string } | { fault: LineFault } {
  if (!line.includes(',') && !line.includes('"')) return { text: line };
  const text = line.trim();
  if (!text.startsWith('"')) return text.includes(',') ? { fault: 'columns' } : { text };
  const quoted = QUOTED.exec(text);
  if (quoted) return { text: (quoted[1] as string).replaceAll('""', '"') };
  return { fault: /^"(?:[^"]|"")*"\s*,/.test(text) ? 'columns' : 'quotes' };
}

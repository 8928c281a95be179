/**
 * Rows of CSV as people's programs write it (RFC 4180 and what is near it): cells with quotes and line breaks in them,
 * any kind of line end, none at the end, a byte order mark. Text goes in as it comes, whole rows come out.
 */

export interface CsvRow {
  /** of the file, from 1: where the row begins */
  line: number;
  cells: string[];
}

/** What cannot be read as rows, with its line. */
export class CsvFault extends Error {
  override name = 'CsvFault';
}

/** Characters of a row at most: a quote that nobody closes must not take the whole file in. */
const ROW_MAX = 65_536;
const CELL = /(?:"((?:[^"]|"")*)"|([^",][^,]*|))(,|$)/y;

export class CsvReader {
  #rest = '';
  #line = 1;
  #begun = false;

  /** The rows that end in `text` or in what came before. Throws CsvFault. */
  push(text: string): CsvRow[] {
    if (!this.#begun && text !== '') {
      this.#begun = true;
      this.#rest = text.startsWith('\uFEFF') ? text.slice(1) : text;
    } else this.#rest += text;
    return this.#take(false);
  }

  /** The last row, when nothing ends it. */
  end(): CsvRow[] {
    return this.#take(true);
  }

  #take(isEnd: boolean): CsvRow[] {
    const rows: CsvRow[] = [];
    const text = this.#rest;
    let at = 0;
    while (at < text.length) {
      const end = rowEnd(text, at);
      // A carriage return may be half of a line end.
      const isWhole = end < text.length - 1 || (end < text.length && (text[end] === '\n' || isEnd));
      if (end - at > ROW_MAX) throw new CsvFault(`Line ${this.#line} is too long, or a quote is not closed.`);
      if (!isWhole && !isEnd) break;
      rows.push(...this.#row(text.slice(at, end)));
      at = end + (text.startsWith('\r\n', end) ? 2 : 1);
      this.#line += 1;
    }
    this.#rest = text.slice(at);
    return rows;
  }

  /** One row, or none when there is nothing in it. */
  #row(text: string): CsvRow[] {
    const line = this.#line;
    if (!text.includes('"')) return text.trim() === '' ? [] : [{ line, cells: text.split(',') }];
    this.#line += text.match(/\r\n|\n|\r/g)?.length ?? 0;
    const cells: string[] = [];
    CELL.lastIndex = 0;
    for (;;) {
      const match = CELL.exec(text);
      if (match === null) throw new CsvFault(`Line ${line}: a quote in the middle of a cell.`);
      cells.push(match[1]?.replaceAll('""', '"') ?? (match[2] as string));
      if (match[3] === '') return [{ line, cells }];
    }
  }
}

/** Where the row ends that begins at `from`: at a line end outside of quotes, or at the end of the text. */
function rowEnd(text: string, from: number): number {
  let quotes = 0;
  for (let at = from; at < text.length; at++) {
    const sign = text.charCodeAt(at);
    if (sign === 34) quotes += 1;
    else if ((sign === 10 || sign === 13) && quotes % 2 === 0) return at;
  }
  return text.length;
}

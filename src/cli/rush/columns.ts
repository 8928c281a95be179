/**
 * Rows of numbers kept by column, growing as they come. They keep the garbage collector out of the measurement, and go
 * between processes as they are.
 */

type Column = Uint8Array | Uint32Array | Float64Array;
type Kind = 'u8' | 'u32' | 'f64';

/** What one process hands to the one that merges. */
export type ColumnsData<Name extends string> = Record<Name, Column>;

export class Columns<Name extends string> {
  length = 0;
  readonly #kinds: [Name, Kind][];
  #columns: Record<Name, Column>;
  #capacity: number;

  constructor(kinds: Record<Name, Kind>, capacity = 1024) {
    this.#kinds = Object.entries(kinds) as [Name, Kind][];
    this.#capacity = capacity;
    this.#columns = this.#columnsOf((_, kind) => columnOf(kind, capacity));
  }

  /** Valid until the next row is added. */
  of(name: Name): Column {
    return this.#columns[name];
  }

  get(name: Name, row: number): number {
    return this.#columns[name][row] ?? 0;
  }

  set(name: Name, row: number, value: number): void {
    this.#columns[name][row] = value;
  }

  /** @returns the row */
  add(values: Readonly<Record<Name, number>>): number {
    const row = this.length;
    this.#makeRoom(row + 1);
    this.length++;
    for (const [name] of this.#kinds) this.#columns[name][row] = values[name];
    return row;
  }

  addAll(other: ColumnsData<Name>): void {
    const [first] = this.#kinds;
    if (first === undefined) return;
    const from = this.length;
    const { length } = other[first[0]];
    this.#makeRoom(from + length);
    for (const [name] of this.#kinds) this.#columns[name].set(other[name], from);
    this.length += length;
  }

  data(): ColumnsData<Name> {
    return this.#columnsOf((name) => this.#columns[name].slice(0, this.length));
  }

  #makeRoom(rows: number): void {
    if (rows <= this.#capacity) return;
    this.#capacity = Math.max(rows, this.#capacity * 2);
    this.#columns = this.#columnsOf((name, kind) => {
      const next = columnOf(kind, this.#capacity);
      next.set(this.#columns[name]);
      return next;
    });
  }

  #columnsOf(make: (name: Name, kind: Kind) => Column): Record<Name, Column> {
    return Object.fromEntries(this.#kinds.map(([name, kind]) => [name, make(name, kind)])) as Record<
      Name,
      Column
    >;
  }
}

function columnOf(kind: Kind, length: number): Column {
  if (kind === 'u8') return new Uint8Array(length);
  return kind === 'u32' ? new Uint32Array(length) : new Float64Array(length);
}

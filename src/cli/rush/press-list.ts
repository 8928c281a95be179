/** The presses of a crowd and what people saw while they waited, as core/history wants them. */
import type { LookHistory, PressHistory } from '../../core/history-wait.ts';
import type { PlaceAnswer } from './answer.ts';
import { Columns, type ColumnsData } from './columns.ts';

const pressKinds = {
  user: 'u32',
  claim: 'u8',
  pressedMs: 'f64',
  ticketMs: 'f64',
  ticket: 'f64',
  position: 'u32',
  byLot: 'u8',
  pendingMs: 'f64',
  leftMs: 'f64',
  endMs: 'f64',
  end: 'u8',
  again: 'u8',
} as const;
const lookKinds = {
  press: 'u32',
  position: 'u32',
  serving: 'u32',
  ahead: 'f64',
  waitMs: 'f64',
  reasoned: 'u8',
} as const;

/** Looks are kept of every so manieth press, so that a long wait of many fits into memory. */
const lookedAtMax = 5000;

/** What one generator process hands to the one that merges. */
export interface PressData {
  presses: ColumnsData<keyof typeof pressKinds>;
  looks: ColumnsData<keyof typeof lookKinds>;
  ends: string[];
}

export class PressList implements PressHistory {
  readonly ends: string[] = [];
  readonly #presses: Columns<keyof typeof pressKinds>;
  readonly #looks = new Columns(lookKinds);
  readonly #lookEvery: number;

  constructor(expected: number) {
    this.#presses = new Columns(pressKinds, Math.max(16, expected));
    this.#lookEvery = Math.ceil(expected / lookedAtMax);
  }

  get length(): number {
    return this.#presses.length;
  }
  get user(): ArrayLike<number> {
    return this.#presses.of('user');
  }
  get claim(): ArrayLike<number> {
    return this.#presses.of('claim');
  }
  get pressedMs(): ArrayLike<number> {
    return this.#presses.of('pressedMs');
  }
  get ticketMs(): ArrayLike<number> {
    return this.#presses.of('ticketMs');
  }
  get ticket(): ArrayLike<number> {
    return this.#presses.of('ticket');
  }
  get position(): ArrayLike<number> {
    return this.#presses.of('position');
  }
  get byLot(): ArrayLike<number> {
    return this.#presses.of('byLot');
  }
  get pendingMs(): ArrayLike<number> {
    return this.#presses.of('pendingMs');
  }
  get leftMs(): ArrayLike<number> {
    return this.#presses.of('leftMs');
  }
  get endMs(): ArrayLike<number> {
    return this.#presses.of('endMs');
  }
  get end(): ArrayLike<number> {
    return this.#presses.of('end');
  }
  /** 1: asked again by somebody who had his answer. */
  get again(): ArrayLike<number> {
    return this.#presses.of('again');
  }

  get looks(): LookHistory {
    const { length } = this.#looks;
    const of = (name: keyof typeof lookKinds): ArrayLike<number> => this.#looks.of(name);
    return {
      ...{ length, press: of('press'), position: of('position'), serving: of('serving') },
      ...{ ahead: of('ahead'), waitMs: of('waitMs'), reasoned: of('reasoned') },
    };
  }

  /** A press was sent for the first time. @returns its row */
  begin(user: number, claim: number, pressedMs: number, again: boolean): number {
    const none = { ticketMs: 0, ticket: 0, position: 0, byLot: 0, pendingMs: 0, leftMs: 0, endMs: 0, end: 0 };
    return this.#presses.add({ user, claim, pressedMs, again: again ? 1 : 0, ...none });
  }

  /** An answer said `pending`, which was so at `trueMs` or later; the first one of a press brought its ticket. */
  pending(row: number, place: PlaceAnswer, trueMs: number, answeredMs: number): void {
    const presses = this.#presses;
    if (presses.get('ticketMs', row) === 0) {
      presses.set('ticketMs', row, answeredMs);
      presses.set('ticket', row, numberOf(place.ticket));
      if (place.inLine && place.position === 0) presses.set('byLot', row, 1);
    }
    if (presses.get('position', row) === 0) presses.set('position', row, place.position);
    presses.set('pendingMs', row, trueMs);
    if (!place.inLine || row % this.#lookEvery !== 0) return;
    const { position, serving, ahead, waitMs, reasoned } = place;
    this.#looks.add({ press: row, position, serving, ahead, waitMs, reasoned: reasoned ? 1 : 0 });
  }

  /** A question was held back so long before its answer came. */
  waitedUntil(row: number, atMs: number): void {
    if (!this.hasEnded(row)) this.#presses.set('pendingMs', row, atMs);
  }

  leaves(row: number, atMs: number): void {
    if (this.#presses.get('leftMs', row) === 0) this.#presses.set('leftMs', row, atMs);
  }

  ended(row: number, word: string, atMs: number): void {
    if (this.hasEnded(row)) return;
    this.#presses.set('endMs', row, atMs);
    this.#presses.set('end', row, this.#endId(word));
  }

  hasEnded(row: number): boolean {
    return this.#presses.get('endMs', row) !== 0;
  }

  data(): PressData {
    return { presses: this.#presses.data(), looks: this.#looks.data(), ends: [...this.ends] };
  }

  /** Adds everything of another process. */
  addAll({ presses, looks, ends }: PressData): void {
    const from = this.length;
    const ids = ends.map((word) => this.#endId(word));
    this.#presses.addAll({ ...presses, end: presses.end.map((id) => ids[id] ?? 0) });
    this.#looks.addAll({ ...looks, press: looks.press.map((row) => row + from) });
  }

  #endId(word: string): number {
    const known = this.ends.indexOf(word);
    return known >= 0 ? known : this.ends.push(word) - 1;
  }
}

/** A number that tells texts apart, 53 bits of it; 0 for none (cyrb53). */
function numberOf(text: string): number {
  if (text === '') return 0;
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 2654435761);
    low = Math.imul(low ^ unit, 1597334677);
  }
  high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
  low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
  return 4294967296 * (2097151 & low) + (high >>> 0) || 1;
}

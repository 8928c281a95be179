/**
 * Chunks whose items are not there any more when they are done: whoever looks again cannot count them. What a chunk is
 * about is committed before it is done, so one that is done twice, because its runner died between its writing and its
 * commit, is about the same items and counts what it would have counted once.
 *
 *   read ─▶ commit what is to be done ─▶ do it ─▶ commit the counts ─▶ read …
 */

import type { Chunk, Position, Step } from './job.ts';

/** Items as they are kept in a position: JSON, and small. */
export interface Packing<Item> {
  pack(items: Item[]): unknown;
  unpack(packed: unknown): Item[];
}

interface At extends Record<string, unknown> {
  /** where the step itself reads on */
  from: Position;
  /** packed, what comes next; null: it is still to be read */
  plan: unknown;
  /** nothing comes after the plan */
  last: boolean;
}

/** `step`, whose chunks are planned before they are done. */
export function planned<Item>(step: Step<Item>, { pack, unpack }: Packing<Item>): Step<Item> {
  return {
    ...step,
    async read(context, position, size): Promise<Chunk<Item>> {
      const at = position as At | null;
      if (at !== null && at.plan !== null) {
        return { items: unpack(at.plan), position: { ...at, plan: null }, done: at.last };
      }
      const { items, position: from, done } = await step.read(context, at?.from ?? null, size);
      if (items.length === 0) return { items, position: { from, plan: null, last: done }, done };
      return { items: [], position: { from, plan: pack(items), last: done }, done: false };
    },
  };
}

/** Items that are small enough as they are. */
export function asTheyAre<Item>(): Packing<Item> {
  return { pack: (items) => items, unpack: (packed) => packed as Item[] };
}

/** Where what a log carries has landed. */

import type { Envelope } from './envelope.ts';

/** Where a message landed. */
export interface Delivery {
  topic: string;
  partition: number;
  offset: number;
  /** the id of the CloudEvent */
  id: string;
  /** how many facts, or requests, are in it */
  facts: number;
}

/** What a log carries: how it becomes messages, and what is told about where an item landed. */
export interface Cargo<Item, At> {
  /** what several of them are called */
  name: string;
  /** Packs items in order; `before` of this log went before them. The same items again are the same messages. */
  pack(items: readonly Item[], before: number): Envelope[];
  /** where an item is: that with this index in its message */
  at(delivery: Delivery, index: number): At;
}

/** Where each item landed, in the order in which they were packed. */
export function placesOf<At>(
  cargo: Pick<Cargo<never, At>, 'at'>,
  envelopes: readonly Envelope[],
  deliveries: readonly Delivery[],
): At[] {
  const places: At[] = [];
  for (const [message, { items }] of envelopes.entries()) {
    const delivery = deliveries[message] as Delivery;
    for (const [index, item] of items.entries()) places[item] = cargo.at(delivery, index);
  }
  return places;
}

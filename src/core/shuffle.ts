/**
 * A fair order for everybody who joined before the opening, that anybody can check afterwards.
 *
 * The seed follows from the master secret and its hash is published when the campaign is scheduled, so it cannot be
 * chosen once it is known who joined. Each person draws a lot, the HMAC of his id under the seed, and stands in the
 * order of the lots. After the opening the seed and the lots in order are published: whoever knows an id can draw its
 * lot himself and see where it stands, and a place that was changed breaks the order. The lots name nobody, but an id
 * that can be guessed can be looked for. What this cannot show: that an operator who knew the seed made up users.
 */

import { createHash } from 'node:crypto';
import { deriveKey } from './code.ts';
import { makeHmac } from './hmac.ts';

/** The seed of a campaign, 64 hex digits: the same in every process and after every crash. */
export function shuffleSeed(master: Buffer, campaignId: string): string {
  return deriveKey(master, `shuffle/${campaignId}`).toString('hex');
}

/** What is published before: SHA-256 of the seed's bytes, hex. */
export function shuffleCommitment(seed: string): string {
  return createHash('sha256').update(Buffer.from(seed, 'hex')).digest('hex');
}

/** A user's lot, 32 hex digits. */
function lotsUnder(seed: string, campaignId: string): (userId: string) => string {
  const mac = makeHmac(Buffer.from(seed, 'hex'));
  return (userId) => mac(`shuffle/v1:${campaignId}:${userId}`).slice(0, 32);
}

/** The first 52 bits of a lot as a number: what lots are sorted by, but for the rare two that share them. */
export function lotNumbersUnder(seed: string, campaignId: string): (userId: string) => number {
  const lotOf = lotsUnder(seed, campaignId);
  return (userId) => Number.parseInt(lotOf(userId).slice(0, 13), 16);
}

/**
 * The users (each once) in the order of their lots; the order they come in does not matter. Drawing the lots is most of
 * the work: `numbers` of {@link lotNumbersUnder} that were drawn as people came leave only the sorting to the opening.
 */
export function shuffled(
  seed: string,
  campaignId: string,
  userIds: readonly string[],
  numbers: readonly number[] = userIds.map(lotNumbersUnder(seed, campaignId)),
): string[] {
  const lotOf = lotsUnder(seed, campaignId);
  const order = nearlySorted(numbers);
  for (let i = 1; i < order.length; i++) {
    const moving = order[i] as number;
    let to = i;
    for (; to > 0 && isBefore(moving, order[to - 1] as number); to--) order[to] = order[to - 1] as number;
    order[to] = moving;
  }
  return Array.from(order, (i) => userIds[i] as string);

  function isBefore(a: number, b: number): boolean {
    const apart = (numbers[a] as number) - (numbers[b] as number);
    return apart === 0 ? lotOf(userIds[a] as string) < lotOf(userIds[b] as string) : apart < 0;
  }
}

/** Indices in about the order of their numbers: lots are spread evenly, so a bucket for each leaves little to sort. */
function nearlySorted(numbers: readonly number[]): Uint32Array {
  const width = 2 ** 52 / numbers.length;
  const bucketOf = (number: number): number => Math.floor(number / width);
  const begins = new Uint32Array(numbers.length + 2);
  for (const number of numbers) begins[bucketOf(number) + 1] = (begins[bucketOf(number) + 1] as number) + 1;
  for (let i = 1; i < begins.length; i++) begins[i] = (begins[i] as number) + (begins[i - 1] as number);
  const order = new Uint32Array(numbers.length);
  for (const [i, number] of numbers.entries()) {
    const bucket = bucketOf(number);
    order[begins[bucket] as number] = i;
    begins[bucket] = (begins[bucket] as number) + 1;
  }
  return order;
}

/** What is published of a shuffle after the opening; the hash was before. */
export interface PublishedShuffle {
  campaignId: string;
  /** hex SHA-256 of the seed, from before the opening */
  commitment: string;
  seed: string;
  /** everybody's lot, in the order of places: that of place 1 first */
  lots: readonly string[];
}

/** The lots to publish, for users in the order of their places. */
export function lotsInOrder(seed: string, campaignId: string, userIds: readonly string[]): string[] {
  return userIds.map(lotsUnder(seed, campaignId));
}

export type ShuffleCheck =
  | { ok: true; places: number }
  | { ok: false; why: 'another_seed' }
  /** the first place that is not where it belongs */
  | { ok: false; why: 'out_of_order'; place: number }
  /** a person's place as it was told, and as his lot says; 0: his lot is not there */
  | { ok: false; why: 'another_place'; told: number; drawn: number };

/**
 * Checks a shuffle from published data alone; with `mine`, also that a person stands where he was told.
 */
export function verifyShuffle(
  published: PublishedShuffle,
  mine?: { userId: string; place: number },
): ShuffleCheck {
  const { campaignId, commitment, seed, lots } = published;
  if (!/^[0-9a-f]{64}$/.test(seed) || shuffleCommitment(seed) !== commitment) {
    return { ok: false, why: 'another_seed' };
  }
  for (let i = 0; i < lots.length; i++) {
    const lot = lots[i] as string;
    const inOrder = i === 0 || (lots[i - 1] as string) < lot;
    if (!inOrder || !/^[0-9a-f]{32}$/.test(lot)) return { ok: false, why: 'out_of_order', place: i + 1 };
  }
  if (mine === undefined) return { ok: true, places: lots.length };
  const drawn = lots.indexOf(lotsUnder(seed, campaignId)(mine.userId)) + 1;
  if (drawn !== mine.place) return { ok: false, why: 'another_place', told: mine.place, drawn };
  return { ok: true, places: lots.length };
}

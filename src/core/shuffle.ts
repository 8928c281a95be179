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

/** The users (each once) in the order of their lots; the order they come in does not matter. */
export function shuffled(seed: string, campaignId: string, userIds: readonly string[]): string[] {
  const lotOf = lotsUnder(seed, campaignId);
  // 52 bits as a number sort much faster than text; where they are equal the whole lots decide.
  const firsts = new Float64Array(userIds.length);
  for (const [i, userId] of userIds.entries()) firsts[i] = Number.parseInt(lotOf(userId).slice(0, 13), 16);
  const order = Uint32Array.from(firsts.keys());
  order.sort((a, b) => {
    const apart = (firsts[a] as number) - (firsts[b] as number);
    if (apart !== 0) return apart;
    return lotOf(userIds[a] as string) < lotOf(userIds[b] as string) ? -1 : 1;
  });
  return Array.from(order, (i) => userIds[i] as string);
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

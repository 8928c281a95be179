/**
 * The shuffle of a line in Redis: everybody who joined before the opening is read, drawn for here, as Lua cannot, and
 * given his number beside the line; then one call puts all numbers in force. Meanwhile nobody joins or leaves, so it does
 * not matter who draws, and who breaks off in the middle is followed by the next.
 */

import type { LineFact } from '../../core/line-fact.ts';
import { lotNumbersUnder, shuffled } from '../../core/shuffle.ts';
import { type System, wait } from '../../ports/system.ts';
import { type AskLine, LineTrouble } from './line-call.ts';

/** People in one call, and bytes. */
const PAGE = 2500;
const BYTES = 262_144;
const LOOK_EVERY_MS = 25;
/** Somebody else draws: so long is waited for him. */
const BUSY_LOOKS = 40;

/** Makes the shuffle that is due, or waits until another process has. Rejects with a {@link LineTrouble}. */
export async function shuffleNow(
  place: { ask: AskLine; campaignId: string; epoch: number },
  system: Pick<System, 'after'>,
): Promise<LineFact[]> {
  const { ask, campaignId, epoch } = place;
  for (let look = 0; look < BUSY_LOOKS; look++) {
    const [at, begun, tag, count, seed, keys] = (await ask('draw', 'due')) as [
      number,
      string,
      string,
      number,
      string,
      number,
    ];
    if (begun === 'done') return [];
    if (begun === 'draw') {
      const drawn = await draw(ask, campaignId, { tag, seed, at, keys: keys === 1 });
      return drawn ? [{ type: 'line.shuffled', campaignId, epoch, at, seed, count }] : [];
    }
    await wait(system, LOOK_EVERY_MS);
  }
  throw new LineTrouble('unavailable', 'another process has been drawing the order for long');
}

/** Takes the fact of a shuffle in, when it has not been. `ask` may be a part of a filling. */
export async function shuffleAgain(
  ask: AskLine,
  { campaignId, seed, at }: { campaignId: string; seed: string; at: number },
): Promise<void> {
  const [, begun, tag] = (await ask('draw', 'fact')) as [number, string, string];
  if (begun === 'draw') await draw(ask, campaignId, { tag, seed, at, keys: true });
}

interface Drawing {
  tag: string;
  seed: string;
  at: number;
  /** whether places may have keys, which then move to the numbers */
  keys: boolean;
}

/** False: somebody else has, or it is not due any more. */
async function draw(ask: AskLine, campaignId: string, { tag, seed, at, keys }: Drawing): Promise<boolean> {
  const { placeOf, order } = await drawnOrder(ask, campaignId, seed);
  const numbers = Buffer.alloc(4 * placesOf(placeOf));
  for (let from = 0; from < order.length; from += PAGE) {
    const users = order.slice(from, from + PAGE);
    const places = users.map((userId) => placeOf.get(userId) as number);
    for (const [i, place] of places.entries()) numbers.writeUInt32BE(from + i + 1, -4 * place - 4);
    const moved = JSON.stringify(keys ? places : []);
    const page = await ask('number', tag, from + 1, JSON.stringify(users), moved);
    if ((page as string[])[1] !== 'ok') return false;
  }
  for (let from = 0; from < numbers.length; from += BYTES) {
    await ask('places', from, numbers.subarray(from, from + BYTES));
  }
  return ((await ask('shuffled', tag, at)) as string[])[1] === 'ok';
}

/** Reads everybody, and draws for each page as it comes, so that this process goes on with what else it does. */
async function drawnOrder(
  ask: AskLine,
  campaignId: string,
  seed: string,
): Promise<{ placeOf: Map<string, number>; order: string[] }> {
  const placeOf = new Map<string, number>();
  const lotOf = lotNumbersUnder(seed, campaignId);
  const lots: number[] = [];
  for (let after = '-inf'; ; ) {
    const [, ...page] = (await ask('early', after, PAGE)) as [number, ...string[]];
    for (let i = 0; i < page.length; i += 2) {
      const userId = page[i] as string;
      placeOf.set(userId, Number(page[i + 1]));
      lots.push(lotOf(userId));
    }
    if (page.length < 2 * PAGE) break;
    after = page.at(-1) as string;
  }
  return { placeOf, order: shuffled(seed, campaignId, [...placeOf.keys()], lots) };
}

/** How many places there were before the shuffle, as far as anybody still has one. */
function placesOf(placeOf: ReadonlyMap<string, number>): number {
  let most = 0;
  for (const place of placeOf.values()) most = Math.max(most, -place);
  return most;
}

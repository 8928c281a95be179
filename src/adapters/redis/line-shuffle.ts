/**
 * The shuffle of a line in Redis: everybody who joined before the opening is read, drawn for here, as Lua cannot, and
 * given his number beside the line; then one call puts all numbers in force. Meanwhile nobody joins or leaves, so it does
 * not matter who draws, and who breaks off in the middle is followed by the next.
 */

import type { LineFact } from '../../core/line-fact.ts';
import { shuffled } from '../../core/shuffle.ts';
import type { System } from '../../ports/system.ts';
import { type AskLine, LineTrouble } from './line-call.ts';

const PAGE = 1000;
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
    const [at, begun, tag, count, seed] = (await ask('draw', 'due')) as [
      number,
      string,
      string,
      number,
      string,
    ];
    if (begun === 'done') return [];
    if (begun === 'draw') {
      const drawn = await draw(ask, campaignId, { tag, seed, at });
      return drawn ? [{ type: 'line.shuffled', campaignId, epoch, at, seed, count }] : [];
    }
    await new Promise<void>((resolve) => void system.after(LOOK_EVERY_MS, resolve));
  }
  throw new LineTrouble('unavailable', 'another process has been drawing the order for long');
}

/** Takes the fact of a shuffle in, when it has not been. `ask` may be a part of a filling. */
export async function shuffleAgain(
  ask: AskLine,
  { campaignId, seed, at }: { campaignId: string; seed: string; at: number },
): Promise<void> {
  const [, begun, tag] = (await ask('draw', 'fact')) as [number, string, string];
  if (begun === 'draw') await draw(ask, campaignId, { tag, seed, at });
}

/** False: somebody else has, or it is not due any more. */
async function draw(
  ask: AskLine,
  campaignId: string,
  { tag, seed, at }: { tag: string; seed: string; at: number },
): Promise<boolean> {
  const placeOf = new Map<string, number>();
  for (let after = '-inf'; ; ) {
    const [, ...page] = (await ask('early', after, PAGE)) as [number, ...string[]];
    for (let i = 0; i < page.length; i += 2) placeOf.set(page[i] as string, Number(page[i + 1]));
    if (page.length < 2 * PAGE) break;
    after = page.at(-1) as string;
  }
  const order = shuffled(seed, campaignId, [...placeOf.keys()]);
  for (let from = 0; from < order.length; from += PAGE) {
    const users = order.slice(from, from + PAGE);
    const places = users.map((userId) => placeOf.get(userId) as number);
    const page = await ask('number', tag, from + 1, JSON.stringify(users), JSON.stringify(places));
    if ((page as string[])[1] !== 'ok') return false;
  }
  return ((await ask('shuffled', tag, at)) as string[])[1] === 'ok';
}

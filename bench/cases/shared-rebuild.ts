/** How long a campaign with many winners is closed when Redis has forgotten everything, as somebody at the door sees it. */

import { Redis } from 'ioredis';
import type { Site } from '../distributed.ts';
import { startSite } from '../distributed.ts';
import type { Figure } from '../measure.ts';
import { figure, rounds } from '../measure.ts';
import type { Running } from '../servers.ts';
import { load } from '../servers.ts';

const WINS = 100_000;
const ROUNDS = 5;
const ASK_AGAIN_MS = 10;

async function press({ port }: Running, userId: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/campaigns/crowd/claims`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userId }),
  });
  await answer.arrayBuffer();
  return answer.status;
}

/** Milliseconds from the loss to the next win, of people who come one after the other. */
async function closedMs(site: Site, redis: Redis, round: number): Promise<number> {
  const api = site.apis[0] as Running;
  await redis.flushall();
  const began = performance.now();
  for (let nth = 0; ; nth++) {
    if ((await press(api, `late-${round}-${nth}`)) === 201) return performance.now() - began;
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

export async function sharedRebuild(): Promise<Figure[]> {
  const site = await startSite();
  const redis = new Redis(site.redis.url);
  try {
    const { port } = site.apis[0] as Running;
    await site.open('crowd', 10 * WINS);
    const what = { port, campaign: 'crowd', connections: 200, count: WINS, prefix: 'w' };
    const { statuses } = await load(null, what);
    await site.recorded('crowd', statuses['201'] ?? 0);
    const closed = await rounds(ROUNDS, (round) => closedMs(site, redis, round));
    const told = await Promise.all(
      ['w-0000000000', 'late-0-0'].map((user) => press(site.apis[0] as Running, user)),
    );
    return [
      figure({ id: 'R1', what: 'closed after FLUSHALL, 100,000 winners', unit: 'ms', atMost: 5000 }, closed, {
        firstWinnerAskingAgain: told[0] as number,
      }),
    ];
  } finally {
    redis.disconnect();
    await site.stop();
  }
}

/**
 * P10t: how long people of an ordered campaign wait, from the press until they are told with their ticket, when 5,000
 * press in a second: Kafka, MariaDB, the processes of Dibs and the crowd on the same cores. Everybody wins, which is
 * what costs most.
 */

import { startSite } from '../distributed.ts';
import type { LoadResult } from '../generator.ts';
import type { Figure } from '../measure.ts';
import { figure, isShort, median, rounds } from '../measure.ts';
import type { Running } from '../servers.ts';
import { load } from '../servers.ts';

const RATE = 5_000;
const SECONDS = isShort ? 2 : 10;
/** So many may wait at once. */
const CONNECTIONS = 2_000;
const ROUNDS = 3;
const TOLD_MAX_MS = 250;

export async function orderedWait(): Promise<Figure[]> {
  const site = await startSite(1, 'decider,relay,recorder,jobs');
  const { port } = site.apis[0] as Running;
  const press = async (campaign: string, seconds: number): Promise<LoadResult> => {
    await site.open(campaign, 2 * RATE * seconds, { mode: 'ordered' });
    const crowd = { connections: CONNECTIONS, rate: RATE, seconds, prefix: campaign, untilVerdict: true };
    return load(null, { port, campaign, ...crowd });
  };
  try {
    for (const campaign of ['warm', 'warm-too']) await press(campaign, 5);
    const all = await rounds(ROUNDS, (index) => press(`wait-${index}`, SECONDS));
    const middle = (pick: (result: LoadResult) => number): number => median(all.map(pick));
    const what = `press → told by ticket, p99, ${RATE} a second in ordered mode, Kafka and MariaDB`;
    return [
      figure(
        { id: 'P10t', what, unit: 'ms', atMost: TOLD_MAX_MS },
        all.map(({ p99Ms }) => p99Ms),
        {
          'p50 ms': Math.round(middle(({ p50Ms }) => p50Ms)),
          'longest ms': Math.round(middle(({ maxMs }) => maxMs)),
          'told a second': Math.round(middle(({ perSecond }) => perSecond)),
          answers: JSON.stringify(all.at(-1)?.statuses),
        },
      ),
    ];
  } finally {
    await site.stop();
  }
}

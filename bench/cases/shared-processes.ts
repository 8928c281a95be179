/**
 * Three API processes at one gate ÷ one, on the losers' path, where there is no trip to Redis. With two cores it is the
 * cores that limit it, of which the generator takes its part; so the CPU of a claim is told too: as long as it does not
 * grow with the processes, each core that is added brings as much as the first.
 */

import type { Site } from '../distributed.ts';
import { startSite } from '../distributed.ts';
import type { Figure } from '../measure.ts';
import { figure, isShort, median, rounds } from '../measure.ts';
import type { Running } from '../servers.ts';
import { load } from '../servers.ts';

const PROCESSES = 3;
const CONNECTIONS = 200;
const SECONDS = isShort ? 1 : 3;
const ROUNDS = 7;

interface Side {
  perSecond: number;
  /** CPU of the API processes for a claim, µs */
  apiMicros: number;
  generatorMicros: number;
}

async function lose(site: Site, servers: readonly Running[], prefix: string): Promise<Side> {
  const [first, ...more] = servers.map(({ port }) => port);
  const before = site.cpu().api;
  const done = await load(null, {
    port: first as number,
    morePorts: more,
    campaign: 'losing',
    connections: CONNECTIONS,
    seconds: SECONDS,
    prefix,
  });
  const { requests, perSecond, cpuMicros } = done;
  return {
    perSecond,
    apiMicros: (site.cpu().api - before) / requests,
    generatorMicros: cpuMicros / requests,
  };
}

export async function sharedProcesses(): Promise<Figure[]> {
  const site = await startSite(PROCESSES);
  try {
    await site.open('losing', 1);
    for (const api of site.apis) await lose(site, [api], `w${api.port}`);
    const all = await rounds(ROUNDS, async (index) => {
      const one = await lose(site, site.apis.slice(0, 1), `o${index}`);
      return { one, three: await lose(site, site.apis, `t${index}`) };
    });
    const micros = (pick: (round: { one: Side; three: Side }) => number) =>
      `${median(all.map(pick)).toFixed(1)} µs`;
    return [
      figure(
        {
          id: 'A1',
          what: 'losing claims, 3 API processes ÷ 1, generator on the same cores',
          unit: '×',
          atLeast: 1,
        },
        all.map(({ one, three }) => three.perSecond / one.perSecond),
        {
          oneClaimsPerSecond: Math.round(median(all.map(({ one }) => one.perSecond))),
          threeClaimsPerSecond: Math.round(median(all.map(({ three }) => three.perSecond))),
          generatorPerClaim: micros(({ three }) => three.generatorMicros),
          apiPerClaimOfOne: micros(({ one }) => one.apiMicros),
          apiPerClaimOfThree: micros(({ three }) => three.apiMicros),
        },
      ),
      figure(
        { id: 'A2', what: 'CPU of a losing claim, 3 API processes ÷ 1', unit: '×', atMost: 1.2 },
        all.map(({ one, three }) => three.apiMicros / one.apiMicros),
      ),
    ];
  } finally {
    await site.stop();
  }
}

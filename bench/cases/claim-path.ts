/**
 * P1, P2: claims a second of one process, losing and winning, against bare node:http doing the same reading. Measured
 * twice: everything of the process on one core, and as it runs for users, free to put its threads where there is room.
 */

import type { Figure } from '../measure.ts';
import { figure, median, rounds } from '../measure.ts';
import type { Core, Running } from '../servers.ts';
import { load, openCampaign, recorded, startDibs, startReference } from '../servers.ts';

/** A crowd, not a trickle: what shares a commit is what arrives while the one before is under way. */
const CONNECTIONS = 200;
const SECONDS = 3;
const ROUNDS = 7;

interface Place {
  suffix: string;
  where: string;
  server: Core;
  generator: Core;
}

const PLACES: readonly Place[] = [
  { suffix: '', where: 'on one core', server: 0, generator: 1 },
  { suffix: 'f', where: 'threads free', server: null, generator: null },
];

interface Round {
  bare: number;
  lost: number;
  bareAgain: number;
  won: number;
}

async function measure(place: Place, reference: Running, dibs: Running): Promise<Round[]> {
  const run = async (server: Running, campaign: string, prefix: string): Promise<number> => {
    const what = { port: server.port, campaign, connections: CONNECTIONS, seconds: SECONDS, prefix };
    return (await load(place.generator, what)).perSecond;
  };
  await openCampaign(dibs, 'losing', 1);
  await openCampaign(dibs, 'warm', 10_000_000);
  await run(reference, 'x', 'warm');
  await run(dibs, 'losing', 'warm');
  await run(dibs, 'warm', 'warm');
  await recorded(dibs, 'warm');
  return rounds(ROUNDS, async (index) => {
    const bare = await run(reference, 'x', `a${index}`);
    const lost = await run(dibs, 'losing', `b${index}`);
    await openCampaign(dibs, `winning-${index}`, 10_000_000);
    const bareAgain = await run(reference, 'x', `c${index}`);
    const won = await run(dibs, `winning-${index}`, `d${index}`);
    // The recorder gave way to the rush; its work must not fall into the next round.
    await recorded(dibs, `winning-${index}`);
    return { bare, lost, bareAgain, won };
  });
}

function figures(place: Place, all: Round[]): Figure[] {
  const notes = {
    bareClaimsPerSecond: Math.round(median(all.map((round) => round.bare))),
    losingClaimsPerSecond: Math.round(median(all.map((round) => round.lost))),
    winningClaimsPerSecond: Math.round(median(all.map((round) => round.won))),
  };
  const of = (what: string): string => `${what} ÷ bare node:http, ${place.where}`;
  return [
    figure(
      { id: `P1${place.suffix}`, what: of('losing claims'), unit: '×', atLeast: 0.9 },
      all.map((round) => round.lost / round.bare),
      notes,
    ),
    figure(
      { id: `P2${place.suffix}`, what: of('winning claims at disk'), unit: '×', atLeast: 0.75 },
      all.map((round) => round.won / round.bareAgain),
    ),
  ];
}

export async function claimPath(): Promise<Figure[]> {
  const found: Figure[] = [];
  for (const place of PLACES) {
    const reference = await startReference(place.server);
    const dibs = await startDibs({ core: place.server });
    try {
      found.push(...figures(place, await measure(place, reference, dibs)));
    } finally {
      await reference.stop();
      await dibs.stop();
    }
  }
  return found;
}

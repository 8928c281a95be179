/**
 * P3, P4, P14, P15: the path of a claim when the gate is in Redis and the log in Kafka, next to the embedded one, to bare
 * node:http and to what everybody writes first, in turn in each round. Once with the process that people press at on one
 * core and all else on the other, together with the generator; once with everything where there is room.
 */

import { makeSystem } from '../../src/adapters/system/system.ts';
import type { Site } from '../distributed.ts';
import { cpuBetween, startSite } from '../distributed.ts';
import type { LoadResult } from '../generator.ts';
import type { Figure } from '../measure.ts';
import { figure, isShort, median, rounds } from '../measure.ts';
import { startNaive } from '../naive.ts';
import type { Core, Running } from '../servers.ts';
import { cpuMicros, load, openCampaign, pin, recorded, startDibs, startReference } from '../servers.ts';

const CONNECTIONS = 200;
const SECONDS = isShort ? 1 : 3;
const ROUNDS = 7;
const MANY = 10_000_000;
/** The naive servers of one process; many of its presses wait for Kafka. */
const NAIVE_WARM_SECONDS = 1;

interface Place {
  suffix: string;
  where: string;
  server: Core;
  rest: Core;
}

const PLACES: readonly Place[] = [
  { suffix: '', where: 'API on one core, all else on the other', server: 0, rest: 1 },
  { suffix: 'f', where: 'everything where there is room', server: null, rest: null },
];

interface Servers {
  bare: Running;
  embedded: Running;
  naive: Running;
  site: Site;
  api: Running;
}

interface Done {
  perSecond: number;
  /** CPU of all processes for one claim, µs */
  cpu: number;
}

interface Round {
  bare: Done;
  bareAgain: Done;
  embeddedLost: Done;
  embeddedWon: Done;
  lost: Done;
  won: Done;
  naiveLost: Done;
  naiveWon: Done;
  /** of a recorded win, by part */
  parts: Record<string, number>;
}

type Press = (server: Running, campaign: string, prefix: string, seconds?: number) => Promise<LoadResult>;

function presser(core: Core): Press {
  return (server, campaign, prefix, seconds = SECONDS) =>
    load(core, { port: server.port, campaign, connections: CONNECTIONS, seconds, prefix });
}

/** One server that does everything by itself. */
async function alone(press: Press, server: Running, campaign: string, prefix: string): Promise<Done> {
  const before = cpuMicros(server.pid);
  const { perSecond, requests } = await press(server, campaign, prefix);
  return { perSecond, cpu: (cpuMicros(server.pid) - before) / requests };
}

async function naively(
  press: Press,
  { naive, site }: Servers,
  campaign: string,
  prefix: string,
): Promise<Done> {
  const [before, own] = [site.cpu(), cpuMicros(naive.pid)];
  const { perSecond, requests, statuses } = await press(naive, campaign, prefix);
  if (statuses['503']) throw new Error(`the naive server failed ${statuses['503']} times`);
  const used = cpuBetween(before, site.cpu());
  return { perSecond, cpu: (used.redis + used.kafka + cpuMicros(naive.pid) - own) / requests };
}

/** Until everything is recorded; its CPU is of all processes, for one win. */
async function win(press: Press, { site, api }: Servers, campaign: string, prefix: string) {
  await site.open(campaign, MANY);
  const before = site.cpu();
  const { perSecond, statuses } = await press(api, campaign, prefix);
  const wins = statuses['201'] ?? 0;
  const others = Object.keys(statuses).filter((status) => status !== '201');
  if (others.length > 0) throw new Error(`not only wins: ${JSON.stringify(statuses)}`);
  await site.recorded(campaign, wins);
  const used = cpuBetween(before, site.cpu());
  const parts = Object.fromEntries(Object.entries(used).map(([part, micros]) => [part, micros / wins]));
  return { done: { perSecond, cpu: used.all / wins }, parts };
}

async function lose(press: Press, { site, api }: Servers, prefix: string): Promise<Done> {
  const before = site.cpu();
  const { perSecond, requests, statuses } = await press(api, 'losing', prefix);
  if (statuses['503']) throw new Error(`not only refusals: ${JSON.stringify(statuses)}`);
  return { perSecond, cpu: cpuBetween(before, site.cpu()).all / requests };
}

async function warm(press: Press, servers: Servers, suffix: string): Promise<void> {
  const { bare, embedded, naive, api, site } = servers;
  await press(bare, 'x', `w${suffix}`);
  await press(embedded, 'losing', `w${suffix}`);
  await press(api, 'losing', `w${suffix}`);
  await press(naive, 'losing', `w${suffix}`, NAIVE_WARM_SECONDS);
  await press(naive, 'winning', `w${suffix}`, NAIVE_WARM_SECONDS);
  await openCampaign(embedded, `warm${suffix}`, MANY);
  await press(embedded, `warm${suffix}`, `w${suffix}`);
  await recorded(embedded, `warm${suffix}`);
  await site.open(`warm${suffix}`, MANY);
  const { statuses } = await press(api, `warm${suffix}`, `w${suffix}`);
  await site.recorded(`warm${suffix}`, statuses['201'] ?? 0);
}

async function measure(place: Place, servers: Servers): Promise<Round[]> {
  const { bare, embedded, naive, site } = servers;
  const press = presser(place.rest);
  for (const { pid } of [bare, embedded, naive]) pin(pid, place.server);
  site.place(place.server, place.rest);
  await warm(press, servers, place.suffix);
  return rounds(ROUNDS, async (index) => {
    const name = `${place.suffix}${index}`;
    const bareDone = await alone(press, bare, 'x', `a${name}`);
    const embeddedLost = await alone(press, embedded, 'losing', `b${name}`);
    const lost = await lose(press, servers, `c${name}`);
    const naiveLost = await naively(press, servers, 'losing', `d${name}`);
    await openCampaign(embedded, `winning-${name}`, MANY);
    const bareAgain = await alone(press, bare, 'x', `e${name}`);
    const embeddedWon = await alone(press, embedded, `winning-${name}`, `f${name}`);
    // The recorder gave way to the rush; its work must not fall into what follows.
    await recorded(embedded, `winning-${name}`);
    const { done: won, parts } = await win(press, servers, `winning-${name}`, `g${name}`);
    const naiveWon = await naively(press, servers, `winning-${name}`, `h${name}`);
    return { bare: bareDone, bareAgain, embeddedLost, embeddedWon, lost, won, naiveLost, naiveWon, parts };
  });
}

function notesOf(all: Round[]): Figure['notes'] {
  const perSecond = (pick: (round: Round) => Done) =>
    `${Math.round(median(all.map((round) => pick(round).perSecond)))} claims/s, ` +
    `${median(all.map((round) => pick(round).cpu)).toFixed(1)} µs`;
  const parts = Object.keys(all[0]?.parts ?? {})
    .map((part) => `${part} ${median(all.map((round) => round.parts[part] as number)).toFixed(1)}`)
    .join(', ');
  return {
    bare: perSecond((round) => round.bare),
    embeddedLosing: perSecond((round) => round.embeddedLost),
    losing: perSecond((round) => round.lost),
    naiveLosing: perSecond((round) => round.naiveLost),
    embeddedWinning: perSecond((round) => round.embeddedWon),
    winning: perSecond((round) => round.won),
    naiveWinning: perSecond((round) => round.naiveWon),
    microsOfAWin: parts,
  };
}

function figures({ suffix, where }: Place, all: Round[]): Figure[] {
  const ratio = (
    id: string,
    what: string,
    limit: { atLeast?: number; atMost?: number },
    of: (round: Round) => number,
    notes: Figure['notes'] = {},
  ): Figure =>
    figure({ id: `${id}${suffix}`, what: `${what}; ${where}`, unit: '×', ...limit }, all.map(of), notes);
  return [
    ratio(
      'P3',
      'losing claims, gate in Redis ÷ embedded',
      { atLeast: 0.9 },
      (round) => round.lost.perSecond / round.embeddedLost.perSecond,
      notesOf(all),
    ),
    ratio(
      'P4',
      'winning claims at logged ÷ embedded at disk',
      { atLeast: 0.6 },
      (round) => round.won.perSecond / round.embeddedWon.perSecond,
    ),
    ratio(
      'P14',
      'CPU of all processes for a losing claim ÷ bare node:http',
      { atMost: 1.2 },
      (round) => round.lost.cpu / round.bare.cpu,
    ),
    ratio(
      'P15',
      'CPU of all processes for a recorded win ÷ bare node:http',
      { atMost: 3.5 },
      (round) => round.won.cpu / round.bareAgain.cpu,
    ),
    ratio(
      'N1',
      'losing claims ÷ the naive design',
      { atLeast: 1 },
      (round) => round.lost.perSecond / round.naiveLost.perSecond,
    ),
    ratio(
      'N2',
      'winning claims at logged ÷ the naive design',
      { atLeast: 1 },
      (round) => round.won.perSecond / round.naiveWon.perSecond,
    ),
  ];
}

export async function sharedPath(): Promise<Figure[]> {
  const site = await startSite();
  const [bare, embedded] = [await startReference(0), await startDibs({ core: 0 })];
  const naive = await startNaive(site, makeSystem());
  const servers = { bare, embedded, naive, site, api: site.apis[0] as Running };
  try {
    await openCampaign(embedded, 'losing', 1);
    await site.open('losing', 1);
    const found: Figure[] = [];
    for (const place of PLACES) found.push(...figures(place, await measure(place, servers)));
    return found;
  } finally {
    await Promise.all([bare, embedded, naive].map((one) => one.stop()));
    await site.stop();
  }
}

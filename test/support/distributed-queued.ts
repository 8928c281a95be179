// People in line at an installation of several processes: each question goes to any of those that are running, so that
// what one process has told must be what the other tells; and what must be true when all is over, whatever happened.

import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import { expect, inject } from 'vitest';
import type { DibsProcess, Site } from './distributed.ts';
import { leaveResult } from './distributed-report.ts';
import type { Habits, Person, QueuedCrowd } from './queued-crowd.ts';
import { askOne, crowdThat, inOrderOfPlaces } from './queued-crowd.ts';

/** Whoever is not answered in this time asks elsewhere. */
const ASK_MAX_MS = 8_000;
/** Who was told that nobody knows asks again so soon: sooner than Retry-After says. */
const AGAIN_MS = 500;

export interface SharedCrowd extends Omit<QueuedCrowd, 'at'> {
  /** questions that were not answered at all */
  lost(): number;
  /** Lives of so many people, with the habits of their numbers. */
  lives(campaignId: string, prefix: string, count: number, habits?: Partial<Habits>): Promise<Person>[];
}

/** People who ask any of the processes that run, each time another one. */
export function makeSharedCrowd(site: Site, { connections = 200, lookMs = 300 } = {}): SharedCrowd {
  const pools = new Map<string, Pool>();
  const poolOf = (url: string): Pool => {
    const pool =
      pools.get(url) ?? new Pool(url, { connections, headersTimeout: ASK_MAX_MS, bodyTimeout: ASK_MAX_MS });
    pools.set(url, pool);
    return pool;
  };
  let turn = 0;
  let lost = 0;
  const crowd = crowdThat(
    async (...what) => {
      const running = site.apis().filter(({ pid }) => pid !== null);
      turn += 1;
      const door = running[turn % running.length];
      const told = door === undefined ? null : await askOne(poolOf(door.url), ...what).catch(() => null);
      if (told === null) lost += 1;
      return told;
    },
    lookMs,
    AGAIN_MS,
  );
  return {
    ...crowd,
    lost: () => lost,
    lives: (campaignId, prefix, count, habits = {}) =>
      Array.from({ length: count }, (_, i) =>
        crowd.live(campaignId, `${prefix}-${i}`, {
          pressesTwice: i % 5 === 0,
          leavesBehind: i % 10 === 3 ? 40 : null,
          comesBack: i % 20 === 3,
          longPolls: i % 4 === 0,
          ...habits,
        }),
      ),
    close: async () => void (await Promise.all([...pools.values()].map((pool) => pool.destroy()))),
  };
}

/** What a stream has told somebody who waits. */
export interface Watched {
  userId: string;
  verdict: string | null;
  /** epoch ms */
  toldAt: number;
  servings: number[];
  leave(): void;
}

/** Watches a line as a page does. */
export async function watchLine(api: DibsProcess, campaignId: string, userId: string): Promise<Watched> {
  const stop = new AbortController();
  const path = `/v1/campaigns/${campaignId}/events?userId=${userId}`;
  const answer = await fetch(`${api.url}${path}`, { signal: stop.signal });
  const watched: Watched = { userId, verdict: null, toldAt: 0, servings: [], leave: () => stop.abort() };
  const hear = (block: string): void => {
    const [, event] = /^event: (.+)$/m.exec(block) ?? [];
    const [, data = '{}'] = /^data: (.+)$/m.exec(block) ?? [];
    const told = JSON.parse(data) as { verdict?: string; servingNumber?: number };
    if (event === 'serving') watched.servings.push(told.servingNumber as number);
    if (event !== 'verdict' || told.verdict === 'pending' || watched.verdict !== null) return;
    watched.verdict = told.verdict ?? null;
    watched.toldAt = Date.now();
  };
  const read = async (): Promise<void> => {
    let rest = '';
    for await (const part of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const blocks = (rest + part).split('\n\n');
      rest = blocks.pop() as string;
      for (const block of blocks) hear(block);
    }
  };
  read().catch(() => undefined);
  return watched;
}

/** Every user who has a unit by the record, in order. */
async function winners(site: Site, campaignId: string): Promise<string[]> {
  const { body } = await site.call('GET', `/v1/admin/campaigns/${campaignId}/claims.csv`);
  const [head = '', ...lines] = String(body['text']).trim().split(/\r?\n/);
  const at = ['seq', 'userId', 'code'].map((name) => head.split(',').indexOf(name));
  return lines.map((line) => at.map((column) => line.split(',')[column]).join(' '));
}

const PATIENCE_MS = 15_000;

/**
 * Nobody was told anything that takes back what he was told before; the first of those who stayed have the units, in the
 * order of their places; everybody else knows that there are none; and all of that is in the record.
 */
export async function expectExactLine(
  site: Site,
  campaignId: string,
  units: number,
  people: readonly Person[],
): Promise<void> {
  const wrong = people.flatMap((one) => one.wrong.map((what) => `${one.userId}: ${what}`));
  expect(wrong.slice(0, 20), site.said()).toEqual([]);
  const stayed = inOrderOfPlaces(people);
  const won = stayed.slice(0, units);
  expect(
    won.map(({ seq }) => seq),
    site.said(),
  ).toEqual(Array.from({ length: units }, (_, i) => i + 1));
  expect(new Set(stayed.slice(units).map(({ end }) => end))).toEqual(new Set(['sold_out']));
  const numbers = people.flatMap(({ places }) => places);
  expect(new Set(numbers).size).toBe(numbers.length);
  const due = won.map(({ seq, userId, code }) => `${seq} ${userId} ${code ?? ''}`);
  await expect.poll(() => winners(site, campaignId), { timeout: PATIENCE_MS, interval: 200 }).toEqual(due);
  const integrity = () => site.call('GET', `/v1/admin/campaigns/${campaignId}/integrity`);
  await expect
    .poll(async () => (await integrity()).body, { timeout: PATIENCE_MS, interval: 300 })
    .toMatchObject({ ok: true });
  // Of its facts what needs no order was asked: of each win or, where a process died, of most.
  const { checks } = (await integrity()).body as { checks: { id: string; figures: { compared: number } }[] };
  const alike = checks.find(({ id }) => id === 'L6');
  expect(alike?.figures.compared, JSON.stringify(checks)).toBeGreaterThan(units / 2);
}

/** Resolves when the line serves this number, by the process asked. */
export async function untilServing(site: Site, campaignId: string, number: number): Promise<void> {
  const lastMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const { body } = await site.call('GET', `/v1/campaigns/${campaignId}`);
    if (Number(body['servingNumber']) >= number) return;
    if (performance.now() > lastMs)
      throw new Error(`serving ${String(body['servingNumber'])}\n${await trouble(site)}\n${site.said()}`);
    await pause(20);
  }
}

export interface LineFault {
  /** what is done, for the table */
  fault: string;
  units?: number;
  perSecond?: number;
  /** who is there before the trouble, and joins during it */
  people?: number;
  later?: number;
  habits?: Partial<Habits>;
}

const LIVES_MAX_MS = 60_000;
let made = 0;

/**
 * A line with trouble in its middle, after which all must be as if there had been none. `trouble` is begun when the line
 * has begun to move; people go on joining meanwhile. The row of the table is left behind.
 */
export async function surviveInLine(
  site: Site,
  { fault, units = 100, perSecond = 60, people = 160, later = 60, habits = {} }: LineFault,
  trouble: (campaignId: string, serving: (number: number) => Promise<void>) => Promise<void>,
): Promise<Person[]> {
  made += 1;
  const campaignId = `line-${made}`;
  await site.open(campaignId, units, {
    ...{ mode: 'queued', release: { perSecond }, codes: { source: 'generated' }, durability: 'logged' },
  });
  const crowd = makeSharedCrowd(site, { lookMs: 150 });
  const lives = crowd.lives(campaignId, 'early', people, habits);
  await untilServing(site, campaignId, 10);
  let joined = 0;
  const joining = setInterval(() => {
    if (joined++ < later) lives.push(...crowd.lives(campaignId, `later-${joined}`, 1, habits));
  }, 30);
  await trouble(campaignId, (number) => untilServing(site, campaignId, number));
  while (joined < later) await pause(30);
  clearInterval(joining);
  const tooLong = pause(LIVES_MAX_MS).then(() => {
    const waiting = crowd.people.filter(({ end }) => end === null);
    throw new Error(`${waiting.length} still wait, ${JSON.stringify(waiting[0])}\n${site.said()}`);
  });
  await Promise.race([Promise.all(lives), tooLong]);
  const all = await Promise.all(lives);
  await crowd.close();
  await expectExactLine(site, campaignId, units, all);
  const told = all.filter(({ seq }) => seq !== null);
  const [row] = await site.query(
    'SELECT epoch, (SELECT COUNT(*) FROM claims WHERE campaign_no = no) AS recorded FROM campaigns WHERE id = ?',
    [campaignId],
  );
  const times = told.map(({ toldAt }) => toldAt).toSorted((a, b) => a - b);
  const closedMs = times.reduce((most, at, i) => Math.max(most, at - (times[i - 1] ?? at)), 0);
  const unknown = crowd.asked.unknown.length + crowd.lost();
  leaveResult(inject('faultResults'), {
    kind: 'fault',
    ...{ fault, level: 'logged', quantity: units, told: told.length, recorded: Number(row?.['recorded']) },
    ...{ reserved: 0, unknown, retries: unknown },
    ...{ closedMs, epoch: Number(row?.['epoch']), integrity: true },
  });
  return all;
}

/** Why a line may stand still: who holds what, and how each campaign is. */
async function trouble(site: Site): Promise<string> {
  const asked = [
    'SELECT CAST(name AS CHAR) AS name, CAST(holder AS CHAR) AS holder, `until` FROM leases',
    'SELECT id, epoch, gate_state, issued, version FROM campaigns',
  ];
  const rows = await Promise.all(asked.map((one) => site.query(one).catch(String)));
  const ready = await Promise.all(
    site.processes.map(async ({ name, url }) => {
      const answer = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(2000) }).catch(() => null);
      return `${name} ${answer === null ? 'does not answer' : await answer.text()}`;
    }),
  );
  return [JSON.stringify(rows), ...ready].join('\n');
}

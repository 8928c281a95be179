// Protects: a place in line is kept like a told win. However often the process is killed in the middle of a moving line,
// nobody's place changes, the number served never goes back, people win in the order of their places, and exactly the
// quantity goes out.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Person, QueuedCrowd } from '../support/queued-crowd.ts';
import { inOrderOfPlaces, makeQueuedCrowd } from '../support/queued-crowd.ts';
import type { TestServer } from '../support/server.ts';
import {
  newDataDir,
  openCampaign,
  operator,
  removeDataDir,
  startServer,
  winnersCsv,
} from '../support/server.ts';

const PEOPLE = 400;
const UNITS = 150;
const PER_SECOND = 60;
const KILLS = 6;

let dataDir: string;
let server: TestServer;
let crowd: QueuedCrowd;

beforeEach(async () => {
  dataDir = newDataDir();
  server = await startServer(dataDir);
  crowd = makeQueuedCrowd(server.url, { connections: 200, lookMs: 100 });
});

afterEach(async () => {
  await crowd.close();
  await server.kill();
  removeDataDir(dataDir);
});

const open = (more: object = {}): Promise<void> =>
  openCampaign(server, 'line', UNITS, {
    ...{ mode: 'queued', release: { perSecond: PER_SECOND }, codes: { source: 'generated' } },
    ...more,
  });

/** Ends the process by `end`, and starts another on its folder. */
async function again(end: (at: TestServer) => Promise<unknown>): Promise<void> {
  const ending = end(server);
  await pause(5);
  await crowd.at(null);
  await ending;
  server = await startServer(dataDir);
  await crowd.at(server.url);
}

async function expectExact(people: readonly Person[]): Promise<void> {
  const wrong = people.flatMap((one) => one.wrong.map((what) => `${one.userId}: ${what}`));
  expect(wrong).toEqual([]);
  const stayed = inOrderOfPlaces(people);
  const winners = stayed.slice(0, UNITS);
  expect(winners.map(({ seq }) => seq)).toEqual(Array.from({ length: UNITS }, (_, i) => i + 1));
  expect(new Set(stayed.slice(UNITS).map(({ end }) => end))).toEqual(new Set(['sold_out']));
  const rows = await winnersCsv(server, 'line');
  expect(rows.map((row) => `${row['seq']} ${row['userId']} ${row['code']}`)).toEqual(
    winners.map(({ seq, userId, code }) => `${seq} ${userId} ${code}`),
  );
  const integrity = await operator(server, 'GET', '/v1/admin/campaigns/line/integrity');
  expect(integrity.body, JSON.stringify(integrity.body)).toMatchObject({ ok: true });
}

const lives = (count: number, prefix: string): Promise<Person[]> =>
  Promise.all(
    Array.from({ length: count }, (_, i) =>
      crowd.live('line', `${prefix}-${i}`, {
        pressesTwice: i % 5 === 0,
        leavesBehind: i % 10 === 3 ? 60 : null,
        comesBack: i % 20 === 3,
        longPolls: i % 4 === 0,
      }),
    ),
  );

it(`kill -9 at ${KILLS} moments of a moving line, people joining meanwhile`, {
  timeout: 90_000,
}, async () => {
  await open();
  const all = [lives(PEOPLE / 2, 'early')];
  for (let kill = 0; kill < KILLS; kill++) {
    await pause(50 + 350 * Math.random());
    all.push(lives(PEOPLE / 2 / KILLS, `late-${kill}`));
    await pause(10 * Math.random());
    await again((at) => at.kill());
  }
  await expectExact((await Promise.all(all)).flat());
});

it('kill -9 while people joined before the opening, and when their places are drawn', async () => {
  const opensAt = new Date(Date.now() + 2500).toISOString();
  const made = await operator(server, 'POST', '/v1/admin/campaigns', {
    ...{ id: 'line', name: 'line', kind: 'gifticon', quantity: UNITS, mode: 'queued' },
    ...{ release: { perSecond: 300 }, line: { shuffleBeforeOpen: true }, opensAt },
    codes: { source: 'generated' },
  });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  const joined = await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      crowd.call('POST', '/v1/campaigns/line/claims', { userId: `u-${i}` }),
    ),
  );
  expect(new Set(joined.map(({ status, body }) => `${status} ${String(body['position'])}`))).toEqual(
    new Set(['202 null']),
  );
  await again((at) => at.kill());
  await pause(Math.max(0, Date.parse(opensAt) - Date.now()) + 60);
  await again((at) => at.kill());
  const placeOf = new Map<string, number>();
  for (const [i, { body }] of joined.entries()) {
    const { ticket } = body as { ticket: string };
    const told = await crowd.call('GET', `/v1/campaigns/line/claims/${ticket}?userId=u-${i}&wait=3s`);
    expect(['won', 'sold_out']).toContain(told.body['verdict']);
    const { seq } = (told.body['claim'] ?? { seq: 0 }) as { seq: number };
    if (seq > 0) placeOf.set(`u-${i}`, seq);
  }
  expect([...placeOf.values()].toSorted((a, b) => a - b)).toEqual(
    Array.from({ length: UNITS }, (_, i) => i + 1),
  );
  const integrity = await operator(server, 'GET', '/v1/admin/campaigns/line/integrity');
  expect(integrity.body, JSON.stringify(integrity.body)).toMatchObject({ ok: true });
}, 30_000);

it('a stop in the middle of a line loses nobody, and it goes on where it was', async () => {
  await open();
  const all = lives(PEOPLE, 'u');
  await pause(700);
  await again((at) => at.stop());
  await expectExact(await all);
}, 30_000);

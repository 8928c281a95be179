// Protects: queued mode as people meet it. 1,000 people for 100 units at 50 a second: exactly the first 100 of those who
// stayed win, in the order of their places and at that pace; everybody else is told within a second that nothing is left;
// who leaves has left, who comes back is at the end, and who presses twice has one place.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
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

const PEOPLE = 1000;
const UNITS = 100;
const PER_SECOND = 50;

const dataDir = newDataDir();
let server: TestServer;
let crowd: QueuedCrowd;
let people: Person[];

beforeAll(async () => {
  server = await startServer(dataDir);
  crowd = makeQueuedCrowd(server.url, { connections: 400, lookMs: 400 });
  const release = { perSecond: PER_SECOND };
  await openCampaign(server, 'line', UNITS, { mode: 'queued', release, codes: { source: 'generated' } });
  people = await Promise.all(
    Array.from({ length: PEOPLE }, (_, i) =>
      crowd.live('line', `u-${i}`, {
        pressesTwice: i % 5 === 0,
        leavesBehind: i % 10 === 3 ? 40 : null,
        comesBack: i % 20 === 3,
        longPolls: i % 4 === 0,
      }),
    ),
  );
}, 60_000);

afterAll(async () => {
  await crowd.close();
  await server.stop();
  removeDataDir(dataDir);
});

describe(`${PEOPLE} people, ${UNITS} units, ${PER_SECOND} a second`, () => {
  it('tells nobody anything that takes back what he was told', () => {
    const wrong = people.flatMap((one) => one.wrong.map((what) => `${one.userId}: ${what}`));
    expect(wrong).toEqual([]);
    expect(crowd.asked.unknown).toEqual([]);
  });

  it('gives no number to two people, and one to who presses twice', () => {
    const numbers = people.flatMap(({ places }) => places);
    expect(new Set(numbers).size).toBe(numbers.length);
    const cameBack = people.filter(({ places }) => places.length === 2);
    expect(Math.max(...numbers)).toBe(PEOPLE + cameBack.length);
    expect(people.filter(({ places }) => places.length > 2)).toEqual([]);
  });

  it('lets exactly the first of those who stayed win, in the order of their places', () => {
    const stayed = inOrderOfPlaces(people);
    expect(stayed.slice(0, UNITS).map(({ seq }) => seq)).toEqual(
      Array.from({ length: UNITS }, (_, i) => i + 1),
    );
    expect(new Set(stayed.slice(UNITS).map(({ end }) => end))).toEqual(new Set(['sold_out']));
    expect(new Set(people.map(({ end }) => end))).toEqual(new Set(['won', 'sold_out', 'left']));
  });

  it('keeps its pace within 5 %', () => {
    const times = inOrderOfPlaces(people)
      .slice(0, UNITS)
      .map(({ wonAt }) => wonAt);
    const first = times[0] as number;
    const perSecond = (1000 * (UNITS - 1)) / ((times.at(-1) as number) - first);
    expect(perSecond).toBeGreaterThan(0.95 * PER_SECOND);
    expect(perSecond).toBeLessThan(1.05 * PER_SECOND);
    // Steady: never a second's worth at once.
    for (let i = 10; i < times.length; i++)
      expect((times[i] as number) - (times[i - 10] as number)).toBeGreaterThan(80);
  });

  it('tells everybody else within a second of the last unit', () => {
    const last = Math.max(...people.map(({ wonAt }) => wonAt));
    const late = people.filter(({ end, toldAt }) => end === 'sold_out' && toldAt > last + 1000);
    expect(late.map(({ userId, toldAt }) => `${userId} ${toldAt - last} ms`)).toEqual([]);
  });

  it('lets leavers go, and puts who comes back to the end', () => {
    const leavers = people.filter(({ habits }) => habits.leavesBehind !== null || habits.comesBack);
    expect(leavers.filter(({ end }) => end === 'left').length).toBeGreaterThan(0);
    expect(people.filter(({ places }) => places.length === 2).length).toBeGreaterThan(0);
  });

  it('answers everybody who presses or looks again as before', async () => {
    const some = people.filter((_, i) => i % 7 === 0);
    for (const { userId, end, seq, code, ticket, places, left } of some) {
      const again = await crowd.call('POST', '/v1/campaigns/line/claims', { userId });
      const look = await crowd.call('GET', `/v1/campaigns/line/claims/${ticket ?? 'me'}?userId=${userId}`);
      if (end === 'won') {
        expect(again).toMatchObject({ status: 200, body: { verdict: 'already_won', claim: { seq, code } } });
        expect(look).toMatchObject({ status: 200, body: { verdict: 'won', claim: { seq, code } } });
      } else {
        expect(again).toMatchObject({ status: 409, body: { code: 'sold_out' } });
        // Who left, and came back when nothing was left, has the ticket of the place that he gave up.
        const has = ticket === null || left.includes(places.at(-1) ?? 0) ? 'closed' : end;
        expect(look).toMatchObject({ status: 200, body: { verdict: has } });
      }
    }
    const stranger = await crowd.call('POST', '/v1/campaigns/line/claims', { userId: 'late' });
    expect(stranger).toMatchObject({ status: 409, body: { code: 'sold_out' } });
  });

  it('has it all in the record, and every invariant holds', async () => {
    const rows = await winnersCsv(server, 'line');
    const stayed = inOrderOfPlaces(people).slice(0, UNITS);
    expect(rows.map((row) => `${row['seq']} ${row['userId']} ${row['code']}`)).toEqual(
      stayed.map(({ seq, userId, code }) => `${seq} ${userId} ${code}`),
    );
    const integrity = await operator(server, 'GET', '/v1/admin/campaigns/line/integrity');
    expect(integrity.body, JSON.stringify(integrity.body)).toMatchObject({ ok: true });
    const { checks } = integrity.body as { checks: { id: string; ok: boolean }[] };
    expect(checks.map(({ id }) => id).filter((id) => id.startsWith('L'))).toHaveLength(6);
    const shown = await crowd.call('GET', '/v1/campaigns/line');
    expect(shown.body).toMatchObject({ status: 'sold_out', remaining: 0 });
    expect(Number(shown.body['servingNumber'])).toBeGreaterThanOrEqual(UNITS);
    expect(server.stderr()).toBe('');
  });
});

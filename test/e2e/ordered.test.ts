// Protects: ordered mode decides in the order of the log and by nothing else. 3,000 people for 100 units: exactly 100,
// in the order in which the log took them; everybody else is told sold_out, by ticket or early, and the same for ever;
// what is refused early leaves nothing on the log.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { People, Try } from '../support/ordered-people.ts';
import { makePeople, placeIn, requestsEnd, saidIn } from '../support/ordered-people.ts';
import type { TestServer } from '../support/server.ts';
import {
  newDataDir,
  openCampaign,
  operator,
  removeDataDir,
  startServer,
  winnersCsv,
} from '../support/server.ts';

const PEOPLE = 3000;
const UNITS = 100;
const AT_ONCE = 200;

const dataDir = newDataDir();
let server: TestServer;
let people: People;
let tries: Try[];

beforeAll(async () => {
  server = await startServer(dataDir);
  people = makePeople(server, AT_ONCE);
  await openCampaign(server, 'drop', UNITS, { mode: 'ordered' });
  tries = await everybody(PEOPLE, (at) => people.attempt('drop', `u-${at}`));
});

afterAll(async () => {
  await people.close();
  await server.stop();
  removeDataDir(dataDir);
});

async function everybody<Result>(count: number, act: (at: number) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const person = async (): Promise<void> => {
    for (let at = next++; at < count; at = next++) results[at] = await act(at);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, person));
  return results;
}

const winners = (): Try[] =>
  tries.filter(({ verdict }) => verdict === 'won').sort((a, b) => (a.seq as number) - (b.seq as number));

describe('3,000 people and 100 units', () => {
  it('has exactly 100 winners, and all others are told sold_out', () => {
    const counts = Object.groupBy(tries, ({ verdict }) => verdict);
    expect(Object.keys(counts).sort()).toEqual(['sold_out', 'won']);
    expect([counts['won']?.length, counts['sold_out']?.length]).toEqual([UNITS, PEOPLE - UNITS]);
    expect(winners().map(({ seq }) => seq)).toEqual(Array.from({ length: UNITS }, (_, at) => at + 1));
  });

  it('gives them out in the order of the log: the first 100 tickets of all', () => {
    const places = winners().map(({ ticket }) => placeIn(ticket as string));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(new Set(places).size).toBe(UNITS);
    const losers = tries.filter(({ verdict, ticket }) => verdict === 'sold_out' && ticket !== null);
    const last = places.at(-1) as number;
    expect(losers.filter(({ ticket }) => placeIn(ticket as string) < last)).toEqual([]);
  });

  it('never puts somebody before one who had his ticket before he pressed', () => {
    const inversions = winners().flatMap((one, at, all) =>
      all.slice(at + 1).filter((later) => later.answeredAt < one.pressedAt),
    );
    expect(inversions).toEqual([]);
  });

  it('has them in the record with the numbers and codes that were told', async () => {
    const rows = await winnersCsv(server, 'drop');
    expect(rows.map((row) => [row['userId'], Number(row['seq']), row['code']])).toEqual(
      winners().map(({ userId, seq, code }) => [userId, seq, code]),
    );
    const { body } = await operator(server, 'GET', '/v1/admin/campaigns/drop/integrity');
    expect(body, JSON.stringify(body)).toMatchObject({ ok: true });
  });

  it('tells everybody the same when he asks again, and puts none of it on the log', async () => {
    const end = requestsEnd(dataDir);
    const changed = await everybody(PEOPLE, async (at) => {
      const { userId, ticket, verdict, seq, code } = tries[at] as Try;
      const again = saidIn(await people.press('drop', userId));
      const before = { verdict: verdict === 'won' ? 'already_won' : verdict, seq, code };
      const same = JSON.stringify(again) === JSON.stringify(before);
      if (ticket === null) return same ? null : { userId, again };
      const asked = saidIn(await people.verdict('drop', ticket, userId));
      const told = JSON.stringify(asked) === JSON.stringify({ verdict, seq, code });
      return same && told ? null : { userId, again, asked, before };
    });
    expect(changed.filter((one) => one !== null)).toEqual([]);
    expect(requestsEnd(dataDir)).toBe(end);
  });

  it('refuses newcomers early, with 409, and writes nothing', async () => {
    const end = requestsEnd(dataDir);
    const told = await everybody(500, (at) => people.press('drop', `late-${at}`));
    const statuses = new Set(told.map(({ status, body }) => `${status} ${body['code'] as string}`));
    expect(statuses).toEqual(new Set(['409 sold_out']));
    expect(requestsEnd(dataDir)).toBe(end);
    expect((await people.ask('/v1/campaigns/drop/claims/me?userId=late-1')).status).toBe(404);
  });

  it('is shown as sold out to everybody', async () => {
    const { body } = await people.ask('/v1/campaigns/drop');
    expect(body).toMatchObject({ mode: 'ordered', status: 'sold_out', quantity: UNITS, remaining: 0 });
  });

  it('is told the same by a server that was started again', async () => {
    await people.close();
    expect(await server.stop()).toBe(0);
    server = await startServer(dataDir);
    people = makePeople(server, AT_ONCE);
    const changed = await everybody(PEOPLE, async (at) => {
      const { userId, ticket, verdict, seq, code } = tries[at] as Try;
      const asked = await people.ask(`/v1/campaigns/drop/claims/${ticket ?? 'me'}?userId=${userId}`);
      if (ticket === null) return asked.body['code'] === 'no_claim' ? null : { userId, asked };
      const same = JSON.stringify(saidIn(asked)) === JSON.stringify({ verdict, seq, code });
      return same ? null : { userId, asked };
    });
    expect(changed.filter((one) => one !== null)).toEqual([]);
    const [first] = winners();
    const mine = await people.ask(`/v1/campaigns/drop/claims/me?userId=${first?.userId}`);
    expect(mine.body).toMatchObject({ verdict: 'won', claim: { seq: 1, code: first?.code } });
    const again = await people.press('drop', first?.userId as string);
    expect([again.status, saidIn(again)]).toEqual([
      200,
      { verdict: 'already_won', seq: 1, code: first?.code },
    ]);
    const end = requestsEnd(dataDir);
    expect(saidIn(await people.press('drop', 'after-the-restart')).verdict).toBe('sold_out');
    expect(requestsEnd(dataDir)).toBe(end);
  });
});

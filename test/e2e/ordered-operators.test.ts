// Protects: what operators do to a campaign in ordered mode while people press is decided in the same order as the
// presses: whoever stands behind a pause on the log is paused, before it he won; no quantity is ever exceeded, a raised
// one goes out, and what opens or closes by the clock does so by the log's.

import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { People, Try } from '../support/ordered-people.ts';
import { makePeople, placeIn, saidIn } from '../support/ordered-people.ts';
import type { TestServer, Told } from '../support/server.ts';
import {
  newDataDir,
  openCampaign,
  operator,
  removeDataDir,
  startServer,
  winnersCsv,
} from '../support/server.ts';

const dataDir = newDataDir();
let server: TestServer;
let people: People;

beforeAll(async () => {
  server = await startServer(dataDir);
  people = makePeople(server, 50);
});

afterAll(async () => {
  await people.close();
  await server.stop();
  removeDataDir(dataDir);
});

const act = async (id: string, action: string): Promise<Told> => {
  const told = await operator(server, 'POST', `/v1/admin/campaigns/${id}/${action}`);
  expect([action, told.status], JSON.stringify(told.body)).toEqual([action, 200]);
  return told;
};

/** Whatever its version is: the last word counts here. */
async function quantity(id: string, value: number): Promise<Told> {
  const path = `/v1/admin/campaigns/${id}`;
  const { headers } = await operator(server, 'GET', path);
  const answer = await fetch(server.url + path, {
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${server.adminKey}`,
      'content-type': 'application/json',
      'if-match': headers['etag'] as string,
    },
    body: JSON.stringify({ quantity: value }),
  });
  const body = (await answer.json()) as Record<string, unknown>;
  return { status: answer.status, body, headers: Object.fromEntries(answer.headers) };
}

/** New people press without a pause until it is ended; everybody's try. */
function flow(id: string, atOnce = 20): { tries: Try[]; end(): Promise<Try[]> } {
  const tries: Try[] = [];
  let over = false;
  let next = 0;
  const person = async (): Promise<void> => {
    while (!over) tries.push(await people.attempt(id, `f-${next++}`));
  };
  const all = Promise.all(Array.from({ length: atOnce }, person));
  return {
    tries,
    async end() {
      over = true;
      await all;
      return tries;
    },
  };
}

const inLogOrder = (tries: readonly Try[]): Try[] =>
  tries
    .filter(({ ticket }) => ticket !== null)
    .sort((a, b) => placeIn(a.ticket as string) - placeIn(b.ticket as string));

/** The verdicts along the log, each run of the same one as one. */
const runsOf = (tries: readonly Try[]): string[] =>
  inLogOrder(tries)
    .map(({ verdict }) => verdict)
    .filter((verdict, at, all) => verdict !== all[at - 1]);

/** Numbers without gaps, in order of the log, all of them in the record as told. */
async function expectExact(id: string, tries: readonly Try[]): Promise<void> {
  const won = inLogOrder(tries).filter(({ verdict }) => verdict === 'won');
  expect(won.map(({ seq }) => seq)).toEqual(won.map((_, at) => at + 1));
  const rows = await winnersCsv(server, id);
  expect(rows.map((row) => [row['userId'], row['code']])).toEqual(
    won.map(({ userId, code }) => [userId, code]),
  );
  const { body } = await operator(server, 'GET', `/v1/admin/campaigns/${id}/integrity`);
  expect(body, JSON.stringify(body)).toMatchObject({ ok: true });
}

describe('while people press', () => {
  it('pausing and resuming cut the log into won, paused, won', async () => {
    await openCampaign(server, 'pauses', 100_000, { mode: 'ordered' });
    const { tries, end } = flow('pauses');
    for (let round = 1; round <= 3; round++) {
      await pause(150);
      await act('pauses', 'pause');
      const sincePaused = tries.length;
      await pause(100);
      // In force when the operator is told so: whoever presses from here on is refused at once.
      expect((await people.press('pauses', `paused-${round}`)).body['code']).toBe('paused');
      expect(tries.length).toBeGreaterThan(sincePaused);
      await act('pauses', 'resume');
    }
    await pause(100);
    await end();
    expect(new Set(tries.map(({ verdict }) => verdict))).toEqual(new Set(['won', 'paused']));
    expect(runsOf(tries)[0]).toBe('won');
    expect(runsOf(tries).length).toBeLessThanOrEqual(7);
    await expectExact('pauses', tries);
  });

  it('closing ends it for everybody behind the close', async () => {
    await openCampaign(server, 'closes', 100_000, { mode: 'ordered' });
    const { tries, end } = flow('closes');
    await pause(200);
    await act('closes', 'close');
    await pause(50);
    await end();
    expect(['won', 'won,closed']).toContain(runsOf(tries).join());
    expect(tries.at(-1)?.verdict).toBe('closed');
    await expectExact('closes', tries);
  });

  it('a raised quantity goes out to those behind it, a lowered one is never exceeded', async () => {
    await openCampaign(server, 'changes', 50, { mode: 'ordered' });
    const { tries, end } = flow('changes');
    await expect.poll(() => tries.some(({ verdict }) => verdict === 'sold_out')).toBe(true);
    expect((await quantity('changes', 300)).status).toBe(200);
    await expect.poll(() => tries.filter(({ verdict }) => verdict === 'won').length).toBe(300);
    const below = await quantity('changes', 299);
    expect([below.status, below.body]).toEqual([
      409,
      expect.objectContaining({ code: 'below_issued', issued: 300 }),
    ]);
    expect((await quantity('changes', 100_000)).status).toBe(200);
    let [lowered, refused] = [0, 0];
    for (let round = 0; round < 10 && lowered === 0; round++) {
      // Above what is out now; by the time it is decided it may be below, and is refused.
      const told = await quantity('changes', tries.filter(({ verdict }) => verdict === 'won').length + 150);
      if (told.status === 200) lowered = told.body['quantity'] as number;
      else {
        expect(told.body['code']).toBe('below_issued');
        refused += 1;
      }
    }
    expect(lowered, `${refused} refused`).toBeGreaterThan(300);
    await expect.poll(() => tries.at(-1)?.verdict, { timeout: 10_000 }).toBe('sold_out');
    await end();
    expect(tries.filter(({ verdict }) => verdict === 'won').length).toBe(lowered);
    await expectExact('changes', tries);
  });
});

describe('by the clock', () => {
  it('opens at its moment: nobody wins before, and no press before it counts against anybody', async () => {
    const opensAt = Date.now() + 1500;
    const definition = { id: 'morning', name: 'morning', quantity: 30, mode: 'ordered' };
    const made = await operator(server, 'POST', '/v1/admin/campaigns', {
      ...definition,
      opensAt: new Date(opensAt).toISOString(),
    });
    expect(made.status, JSON.stringify(made.body)).toBe(201);
    const early = await people.press('morning', 'f-0');
    expect([early.status, early.body['code']]).toEqual([409, 'not_open']);
    expect(Date.parse(early.body['opensAt'] as string)).toBe(opensAt);
    const { tries, end } = flow('morning');
    await expect.poll(() => tries.at(-1)?.verdict, { timeout: 10_000 }).toBe('sold_out');
    await end();
    // Whoever pressed too early presses again.
    const rows = await winnersCsv(server, 'morning');
    expect(rows.length).toBe(30);
    for (const row of rows) expect(Date.parse(row['wonAt'] as string)).toBeGreaterThanOrEqual(opensAt);
    expect(new Set(tries.map(({ verdict }) => verdict))).toEqual(new Set(['not_open', 'won', 'sold_out']));
    await expectExact('morning', tries);
  });

  it('a draft is not open, and opening it is enough', async () => {
    const definition = { id: 'draft', name: 'draft', quantity: 1, mode: 'ordered' };
    expect((await operator(server, 'POST', '/v1/admin/campaigns', definition)).status).toBe(201);
    const early = await people.press('draft', 'u');
    expect([early.status, early.body['code'], early.body['opensAt']]).toEqual([409, 'not_open', undefined]);
    await act('draft', 'open');
    expect((await people.attempt('draft', 'u')).verdict).toBe('won');
  });

  it('closes at its moment, and can be given a later one', async () => {
    const closesAt = Date.now() + 700;
    await openCampaign(server, 'evening', 10, {
      mode: 'ordered',
      closesAt: new Date(closesAt).toISOString(),
    });
    expect((await people.attempt('evening', 'in-time')).verdict).toBe('won');
    await pause(Math.max(0, closesAt - Date.now()) + 20);
    expect(saidIn(await people.press('evening', 'late')).verdict).toBe('closed');
    expect(saidIn(await people.press('evening', 'in-time')).verdict).toBe('already_won');
  });
});

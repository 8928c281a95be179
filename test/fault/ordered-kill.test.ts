/**
 * Protects: in ordered mode a ticket that was given is decided, and what was told of it stays so (I3, I8), with exactly
 * the quantity given (I1, I5, I6), however often the process is killed while people press and while their requests are
 * being decided; nobody has to do more than press or ask again.
 */

import { afterAll, expect, test } from 'vitest';
import type { PatientTry, People } from '../support/ordered-people.ts';
import { makePeople, persist, placeIn, saidIn, ticketPath } from '../support/ordered-people.ts';
import type { TestServer } from '../support/server.ts';
import {
  newDataDir,
  openCampaign,
  operator,
  removeDataDir,
  startServer,
  winnersCsv,
} from '../support/server.ts';

const ROUNDS = 6;
const UNITS = 400;
const PEOPLE = 1200;
const AT_ONCE = 100;
const dataDir = newDataDir();
let server: TestServer;
let people: People;

async function start(): Promise<void> {
  server = await startServer(dataDir);
  people = makePeople(server, AT_ONCE);
}

afterAll(async () => {
  await people.close();
  await server.kill();
  removeDataDir(dataDir);
});

/** Kills the server once so many have been told, and starts it again. */
async function killAfter(tries: readonly PatientTry[], told: number): Promise<void> {
  await expect.poll(() => tries.length, { timeout: 30_000, interval: 1 }).toBeGreaterThanOrEqual(told);
  const old = people;
  await server.kill();
  await start();
  await old.close();
}

async function round(id: string): Promise<PatientTry[]> {
  await openCampaign(server, id, UNITS, { mode: 'ordered' });
  const tries: PatientTry[] = [];
  let next = 0;
  const person = async (): Promise<void> => {
    while (next < PEOPLE) tries.push(await persist(() => people, id, `${id}-u-${next++}`));
  };
  const everybody = Promise.all(Array.from({ length: AT_ONCE }, person));
  await killAfter(tries, Math.floor(Math.random() * 700));
  if (Math.random() < 0.4) await killAfter(tries, tries.length + Math.floor(Math.random() * 100));
  await everybody;
  return tries;
}

test(`kill -9 in ${ROUNDS} rushes, before and after their stock ends`, { timeout: 240_000 }, async () => {
  await start();
  const rounds = new Map<string, PatientTry[]>();
  for (let at = 0; at < ROUNDS; at++) rounds.set(`drop-${at}`, await round(`drop-${at}`));
  for (const [id, tries] of rounds) {
    await expectExact(id, tries);
    await expectToldAgain(id, tries);
  }
  const letters = await operator(server, 'GET', '/v1/admin/dead-letters');
  expect(letters.body['items']).toEqual([]);
  expect(await server.stop()).toBe(0);
});

async function expectExact(id: string, tries: readonly PatientTry[]): Promise<void> {
  const verdicts = Object.groupBy(tries, ({ verdict }) => verdict);
  const won = [...(verdicts.won ?? []), ...(verdicts.already_won ?? [])];
  won.sort((a, b) => (a.seq as number) - (b.seq as number));
  expect([tries.length, won.length, verdicts.sold_out?.length]).toEqual([PEOPLE, UNITS, PEOPLE - UNITS]);
  expect(won.map(({ seq }) => seq)).toEqual(won.map((_, at) => at + 1));
  // Who had to press again stands on the log twice; his number is that of the first time.
  const places = won.flatMap(({ presses, ticket }) =>
    presses === 1 && ticket !== null ? placeIn(ticket) : [],
  );
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  const rows = await winnersCsv(server, id);
  expect(rows.map((row) => [row['userId'], Number(row['seq']), row['code']])).toEqual(
    won.map(({ userId, seq, code }) => [userId, seq, code]),
  );
  const { body } = await operator(server, 'GET', `/v1/admin/campaigns/${id}/integrity`);
  expect(body, JSON.stringify(body)).toMatchObject({ ok: true });
}

/** Every ticket that was ever given is answered as its user was told in the end. */
async function expectToldAgain(id: string, tries: readonly PatientTry[]): Promise<void> {
  const changed: unknown[] = [];
  for (const { userId, tickets, verdict, seq, code } of tries) {
    const told = { verdict: verdict === 'already_won' ? 'won' : verdict, seq, code };
    for (const ticket of tickets) {
      const again = saidIn(await people.ask(ticketPath(id, ticket, userId)));
      if (JSON.stringify(again) !== JSON.stringify(told)) changed.push({ userId, told, again });
    }
  }
  expect(changed).toEqual([]);
}

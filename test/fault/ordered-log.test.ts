// Protects: what happens to the log of requests of one process costs nobody his unit or his answer. Full disk: 503 until
// there is room, and then on. A row that cannot be read: set aside, the others decided in their order, its user told that
// nobody knows and free to press again. A lost file: no place is given twice. A polite stop: every ticket is decided.

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { placeOf } from '../../src/core/request.ts';
import { makeTickets } from '../../src/flow/tickets.ts';
import { masterSecret } from '../../src/main/secrets.ts';
import { dataFolder } from '../support/data-folder.ts';
import type { People } from '../support/ordered-people.ts';
import { makePeople, persist, placeIn, requestsEnd, saidIn, ticketPath } from '../support/ordered-people.ts';
import type { TestServer, Told } from '../support/server.ts';
import { openCampaign, operator, startServer, winnersCsv } from '../support/server.ts';
import { fillUp, smallDisk } from '../support/small-disk.ts';

let folder: string;
let server: TestServer;
let people: People;

async function start(): Promise<void> {
  server = await startServer(folder);
  people = makePeople(server, 100);
}

async function stop(): Promise<void> {
  await people.close();
  expect(await server.stop()).toBe(0);
}

const everybody = (users: string[]) => Promise.all(users.map((user) => persist(() => people, 'drop', user)));

const crowd = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}-${i}`);

const short = ({ status, body }: Told): string => `${status} ${(body['code'] ?? body['verdict']) as string}`;

const asked = async (ticket: string, user: string): Promise<string> =>
  short(await people.ask(ticketPath('drop', ticket, user, '5s')));

async function expectInOrder(users: string[]): Promise<void> {
  const rows = await winnersCsv(server, 'drop');
  expect(rows.map((row) => row['userId'])).toEqual(users);
  expect(rows.map((row) => Number(row['seq']))).toEqual(users.map((_, at) => at + 1));
  const { body } = await operator(server, 'GET', '/v1/admin/campaigns/drop/integrity');
  expect(body, JSON.stringify(body)).toMatchObject({ ok: true });
}

afterEach(async () => {
  await people.close();
  await server.kill();
});

describe('without ordered campaigns', () => {
  it('there is no log of requests, neither at the start nor when people press', async () => {
    folder = dataFolder();
    await start();
    await openCampaign(server, 'instant', 1);
    expect(short(await people.press('instant', 'u'))).toBe('201 won');
    expect(existsSync(join(folder, 'requests.db'))).toBe(false);
    await stop();
    await start();
    expect(existsSync(join(folder, 'requests.db'))).toBe(false);
  });
});

describe('the log of requests', () => {
  beforeEach(async () => {
    folder = dataFolder();
    await start();
    await openCampaign(server, 'drop', 50, { mode: 'ordered' });
  });

  /** As if it had been written when the process died: what its decider has not read yet. */
  function append(...rows: string[]): number {
    const db = new Database(join(folder, 'requests.db'));
    const insert = db.prepare('INSERT INTO entry (facts) VALUES (?)');
    const ids = rows.map((row) => Number(insert.run(row).lastInsertRowid));
    db.close();
    return ids[0] as number;
  }
  const row = (...users: string[]): string =>
    JSON.stringify({ at: Date.now(), requests: users.map((user) => ['drop', user, null]) });

  it('with a row that cannot be read: the rest is decided in order, its user may press again', async () => {
    for (const user of crowd('early', 3)) await persist(() => people, 'drop', user);
    await stop();
    const bad = ['{"at":1,"requests":[["drop"]]}', 'not JSON at all', '{"at":"never","requests":[]}'];
    const first = append(row('a', 'b'), bad[0] as string, row('c'), ...bad.slice(1), row('d', 'a'));
    const tickets = makeTickets(masterSecret(null, folder, makeSystem()));
    const ticketAt = (id: number, user: string): string => {
      const ticket = { kind: 'ordered', topicVersion: 0, partition: 0, offset: placeOf(id, 0) } as const;
      return tickets.make('drop', ticket, user);
    };
    await start();
    expect(await asked(ticketAt(first, 'a'), 'a')).toBe('200 won');
    const unread = ticketAt(first + 1, 'unlucky');
    for (const ticket of [unread, ticketAt(first + 3, 'unlucky')]) {
      expect(await asked(ticket, 'unlucky')).toBe('503 outcome_unknown');
    }
    await expectInOrder(['early-0', 'early-1', 'early-2', 'a', 'b', 'c', 'd']);
    const { verdict, seq } = await persist(() => people, 'drop', 'unlucky');
    expect([verdict, seq]).toEqual(['won', 8]);
    // With the only unit that he can hold, that is what his lost try is told, too.
    expect(await asked(unread, 'unlucky')).toBe('200 won');
    const letters = (await operator(server, 'GET', '/v1/admin/dead-letters')).body['items'] as object[];
    expect(letters.length).toBe(3);
    expect(JSON.stringify(letters)).toContain('not JSON');
    await stop();
    await start();
    expect(await asked(unread, 'unlucky')).toBe('200 won');
    const again = (await operator(server, 'GET', '/v1/admin/dead-letters')).body['items'] as object[];
    expect(again.length).toBe(3);
  });

  it('lost while nobody ran: goes on behind what was decided, and decides nothing twice', async () => {
    const before = await everybody(crowd('before', 60));
    await stop();
    for (const end of ['', '-wal', '-shm']) rmSync(join(folder, `requests.db${end}`), { force: true });
    await start();
    for (const { ticket, userId, verdict } of before) {
      if (ticket !== null) expect(await asked(ticket, userId)).toBe(`200 ${verdict}`);
    }
    await openCampaign(server, 'next', 1, { mode: 'ordered' });
    const { body } = await people.press('next', 'after');
    const places = before.flatMap(({ ticket }) => (ticket === null ? [] : [placeIn(ticket)]));
    expect(placeIn(body['ticket'] as string)).toBeGreaterThan(Math.max(...places));
    expect(saidIn(await people.verdict('next', body['ticket'] as string, 'after')).verdict).toBe('won');
    expect(short(await people.press('drop', 'after'))).toBe('409 sold_out');
    const won = before.filter(({ verdict }) => verdict === 'won');
    await expectInOrder(won.sort((a, b) => Number(a.seq) - Number(b.seq)).map(({ userId }) => userId));
  });

  it('is decided to its end before a polite stop, or after it: no ticket is left without a verdict', async () => {
    const given: [ticket: string, user: string][] = [];
    let over = false;
    let next = 0;
    const person = async (): Promise<void> => {
      while (!over) {
        const user = `u-${next++}`;
        const { status, body } = await people.press('drop', user).catch(() => ({ status: 0, body: {} }));
        if (status === 202) given.push([(body as { ticket: string }).ticket, user]);
        else if (status !== 409) over = true;
      }
    };
    const pressing = Promise.all(Array.from({ length: 50 }, person));
    await expect.poll(() => given.length, { interval: 1 }).toBeGreaterThan(0);
    const code = await server.stop();
    await pressing;
    await people.close();
    expect(code).toBe(0);
    await start();
    const told = await Promise.all(
      given.map(async ([ticket, user]) => saidIn(await people.ask(ticketPath('drop', ticket, user)))),
    );
    const won = told.filter(({ verdict }) => verdict === 'won').map(({ seq }) => seq as number);
    expect(won.length + told.filter(({ verdict }) => verdict === 'sold_out').length).toBe(given.length);
    expect(new Set(won).size).toBe(Math.min(50, won.length));
    expect((await winnersCsv(server, 'drop')).length).toBe(Math.min(50, given.length));
  });
});

describe('a disk that is full', () => {
  it('answers 503 until there is room, then goes on; every ticket is decided', async ({ skip }) => {
    const disk = smallDisk(6144);
    if (disk === null) return skip('mounting needs root on Linux');
    folder = disk;
    await start();
    await openCampaign(server, 'drop', 10_000, { mode: 'ordered' });
    const early = await everybody(crowd('early', 100));
    expect(new Set(early.map(({ verdict }) => verdict))).toEqual(new Set(['won']));
    fillUp(folder);
    const [unlucky, given] = await pressUntilRefused();
    const refused = await Promise.all(
      [unlucky, 'somebody'].map((user) => people.press('drop', user).then(short)),
    );
    expect(refused).toEqual(Array(2).fill('503 gate_unavailable'));
    // Who has won is told so all the same.
    expect(short(await people.press('drop', 'early-0'))).toBe('200 already_won');
    expect((await people.ask('/readyz')).body['roles']).toMatchObject({
      log: expect.stringContaining('Free disk space'),
    });

    rmSync(join(folder, 'filler'));
    const late = await everybody([unlucky, 'somebody', ...crowd('late', 100)]);
    expect(late.filter(({ verdict }) => verdict !== 'won' && verdict !== 'already_won')).toEqual([]);
    for (const [ticket, user] of given) expect([user, await asked(ticket, user)]).toEqual([user, '200 won']);
    const end = requestsEnd(folder);
    await stop();
    await start();
    expect(requestsEnd(folder)).toBe(end);
    expect((await winnersCsv(server, 'drop')).length).toBe(100 + given.length + late.length);
    const { body } = await operator(server, 'GET', '/v1/admin/campaigns/drop/integrity');
    expect(body, JSON.stringify(body)).toMatchObject({ ok: true });
    expect((await operator(server, 'GET', '/v1/admin/dead-letters')).body['items']).toEqual([]);
  });

  /** New people press until one is told that nobody knows: who, and the tickets that were given until then. */
  async function pressUntilRefused(): Promise<[string, [ticket: string, user: string][]]> {
    const given: [string, string][] = [];
    for (let i = 0; i < 5000; i++) {
      const user = `filling-${i}`;
      const told = await people.press('drop', user);
      if (told.status === 202) given.push([told.body['ticket'] as string, user]);
      else {
        expect(short(told)).toBe('503 outcome_unknown');
        return [user, given];
      }
    }
    throw new Error('the disk never was full');
  }
});

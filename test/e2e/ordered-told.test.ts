// Protects: how a verdict that comes later reaches its user, and nobody else: by ticket, by a poll that waits, by his
// stream, by pressing again; and what is answered to tickets that are forged, somebody else's, or of another campaign.

import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { People } from '../support/ordered-people.ts';
import { makePeople, placeIn, requestsEnd, saidIn, ticketPath } from '../support/ordered-people.ts';
import type { TestServer, Told } from '../support/server.ts';
import { newDataDir, openCampaign, operator, removeDataDir, startServer } from '../support/server.ts';

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

const open = (id: string, quantity: number, more: object = {}): Promise<void> =>
  openCampaign(server, id, quantity, { mode: 'ordered', ...more });

/** Presses, and is given a ticket. */
async function ticketOf(campaignId: string, userId: string, key?: string): Promise<string> {
  return ticketIn(campaignId, await people.press(campaignId, userId, key));
}

/** Null: nothing was left any more when he pressed, and he was told so at once. */
async function ticketWhileThereIsSome(campaignId: string, userId: string): Promise<string | null> {
  const told = await people.press(campaignId, userId);
  if (told.status === 409 && told.body['code'] === 'sold_out') return null;
  return ticketIn(campaignId, told);
}

function ticketIn(campaignId: string, { status, body, headers }: Told): string {
  expect([status, body['verdict']], JSON.stringify(body)).toEqual([202, 'pending']);
  expect(headers['location']).toBe(`/v1/campaigns/${campaignId}/claims/${body['ticket'] as string}`);
  expect(Number(headers['retry-after'])).toBeGreaterThan(0);
  expect(body['retryAfterMs']).toBeGreaterThan(0);
  return body['ticket'] as string;
}

/** [status, code or verdict] */
const short = ({ status, body }: Told): [number, unknown] => [status, body['code'] ?? body['verdict']];

describe('a ticket', () => {
  let winner: string;
  let loser: string;
  beforeAll(async () => {
    await open('tickets', 1);
    await open('others', 1);
    const pressed = await Promise.all([people.press('tickets', 'first'), people.press('tickets', 'second')]);
    [winner, loser] = pressed.map(({ body }) => body['ticket'] as string) as [string, string];
    await people.verdict('tickets', winner, 'first');
    await people.verdict('tickets', loser, 'second');
  });

  it('tells its user what came of his try, in 200, whatever it is', async () => {
    expect(short(await people.ask(ticketPath('tickets', winner, 'first')))).toEqual([200, 'won']);
    const { status, body, headers } = await people.ask(ticketPath('tickets', loser, 'second'));
    expect([status, body]).toEqual([200, { verdict: 'sold_out', campaignId: 'tickets' }]);
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['retry-after']).toBeUndefined();
  });

  it('tells whoever does not say who he is only that, without the code', async () => {
    const { body } = await people.ask(`/v1/campaigns/tickets/claims/${winner}`);
    expect(body).toMatchObject({ verdict: 'won', claim: { seq: 1, code: null } });
    expect(saidIn(await people.ask(`/v1/campaigns/tickets/claims/${loser}`)).verdict).toBe('sold_out');
  });

  it("is 403 ticket_mismatch when it is another user's, another campaign's, or made up", async () => {
    const last = loser.at(-1) === 'A' ? 'B' : 'A';
    const middle = loser.replace(
      /^(.{8})./,
      (_all, head: string) => `${head}${loser[8] === 'x' ? 'y' : 'x'}`,
    );
    const made = ['A'.repeat(28), `${loser.slice(0, -1)}${last}`, middle, `${loser}AAAA`];
    const asked = await Promise.all([
      people.ask(ticketPath('tickets', winner, 'second')),
      people.ask(ticketPath('tickets', loser, 'first')),
      people.ask(ticketPath('others', winner, 'first')),
      ...made.map((ticket) => people.ask(ticketPath('tickets', ticket, 'second'))),
      people.ask(ticketPath('tickets', middle, 'second', '5s')),
    ]);
    expect(asked.map(short)).toEqual(asked.map(() => [403, 'ticket_mismatch']));
  });

  it('is 404 when it is none at all, or the campaign is not', async () => {
    for (const ticket of ['x', 'tickets.2', 'no.such.thing']) {
      const { status } = await people.ask(ticketPath('tickets', ticket, 'second'));
      expect([ticket, status]).toEqual([ticket, 404]);
    }
    expect(short(await people.ask(ticketPath('nothing', winner, 'first')))).toEqual([
      404,
      'campaign_not_found',
    ]);
  });

  it('is answered the same when the campaign is closed, and archived', async () => {
    for (const action of ['close', 'archive']) {
      expect((await operator(server, 'POST', `/v1/admin/campaigns/tickets/${action}`)).status).toBe(200);
      expect(short(await people.ask(ticketPath('tickets', winner, 'first')))).toEqual([200, 'won']);
      expect(short(await people.ask(ticketPath('tickets', loser, 'second')))).toEqual([200, 'sold_out']);
    }
  });
});

describe('somebody who waits', () => {
  it('is answered by a poll that waits as soon as he is decided, long before its time is over', async () => {
    await open('waits', 20);
    const tries = await Promise.all(
      Array.from({ length: 40 }, async (_, at) => {
        const ticket = await ticketWhileThereIsSome('waits', `u-${at}`);
        if (ticket === null) return { verdict: 'sold_out', ms: 0 };
        const began = performance.now();
        const told = await people.ask(ticketPath('waits', ticket, `u-${at}`, '10s'));
        return { verdict: told.body['verdict'], ms: performance.now() - began };
      }),
    );
    expect(tries.filter(({ verdict }) => verdict === 'won').length).toBe(20);
    expect(tries.filter(({ verdict }) => verdict === 'sold_out').length).toBe(20);
    expect(Math.max(...tries.map(({ ms }) => ms))).toBeLessThan(5000);
  });

  it('asks after himself without a ticket: claims/me waits too', async () => {
    await open('mine', 1);
    const tickets = await Promise.all([ticketOf('mine', 'a'), ticketOf('mine', 'b')]);
    const told = await Promise.all(
      ['a', 'b'].map((user) => people.ask(`/v1/campaigns/mine/claims/me?userId=${user}&wait=10s`)),
    );
    const verdicts = told.map(({ status, body }) => [status, body['verdict']]);
    const first = placeIn(tickets[0]) < placeIn(tickets[1]);
    expect(verdicts).toEqual([
      [200, first ? 'won' : 'sold_out'],
      [200, first ? 'sold_out' : 'won'],
    ]);
    expect((await people.ask('/v1/campaigns/mine/claims/me?userId=nobody&wait=1s')).status).toBe(404);
  });

  it('is told by his stream, once', async () => {
    await open('streamed', 1);
    const [heard, other] = await Promise.all([listen('streamed', 'a'), listen('streamed', 'b')]);
    await ticketOf('streamed', 'a');
    await expect.poll(() => verdictsIn(heard.text()), { timeout: 5000 }).toContain('won');
    await people.press('streamed', 'b');
    await expect.poll(() => verdictsIn(other.text()), { timeout: 5000 }).toContain('sold_out');
    await pause(300);
    expect(verdictsIn(heard.text()).filter((one) => one === 'won')).toEqual(['won']);
    expect(verdictsIn(other.text()).filter((one) => one === 'sold_out')).toEqual(['sold_out']);
    expect(heard.text()).toMatch(/"code":"[0-9A-Z-]{10,}"/);
    expect(other.text()).not.toContain('"code"');
    await Promise.all([heard.end(), other.end()]);
  });

  it('who presses twice at once has one ticket, one try and one unit', async () => {
    await open('double', 100);
    const before = requestsEnd(dataDir);
    const pressed = await Promise.all(Array.from({ length: 20 }, () => people.press('double', 'eager')));
    const tickets = new Set(pressed.flatMap(({ body }) => (body['ticket'] as string | undefined) ?? []));
    expect(tickets.size).toBe(1);
    const [ticket] = [...tickets] as [string];
    expect(saidIn(await people.verdict('double', ticket, 'eager'))).toMatchObject({ verdict: 'won', seq: 1 });
    expect(short(await people.press('double', 'eager'))).toEqual([200, 'already_won']);
    expect(requestsEnd(dataDir)).toBe(before + 1);
  });
});

describe('two units for one', () => {
  it('each key is a try; the same key is the same answer; a third is told of the latest', async () => {
    await open('two', 10, { perUserLimit: 2 });
    const tickets = await Promise.all(['k1', 'k2', 'k3'].map((key) => ticketOf('two', 'u', key)));
    expect(new Set(tickets).size).toBe(3);
    const inOrder = tickets.toSorted((a, b) => placeIn(a) - placeIn(b));
    const told = await Promise.all(inOrder.map((ticket) => people.verdict('two', ticket, 'u')));
    expect(told.map(saidIn).map(({ verdict, seq }) => [verdict, seq])).toEqual([
      ['won', 1],
      ['won', 2],
      ['won', 2],
    ]);
    const keys = ['k1', 'k2', 'k3', 'k4'];
    const again = await Promise.all(keys.map((key) => people.press('two', 'u', key)));
    const seqOf = (key: string): number => inOrder.indexOf(tickets[keys.indexOf(key)] as string) + 1;
    expect(again.map((one) => [...short(one), saidIn(one).seq])).toEqual(
      keys.map((key) => [200, 'already_won', key === 'k4' ? 2 : Math.min(2, seqOf(key))]),
    );
    // Without a key it is his latest.
    expect(saidIn(await people.press('two', 'u')).seq).toBe(2);
    // A ticket says itself which of his tries it is: a server that remembers none of them tells the same.
    await people.close();
    expect(await server.stop()).toBe(0);
    server = await startServer(dataDir);
    people = makePeople(server, 50);
    const after = await Promise.all(inOrder.map((ticket) => people.ask(ticketPath('two', ticket, 'u'))));
    expect(after.map(({ body }) => body)).toEqual(told.map(({ body }) => body));
  });

  it('one unit each without keys', async () => {
    await open('two-plain', 10, { perUserLimit: 2 });
    const ticket = await ticketOf('two-plain', 'u');
    expect(saidIn(await people.verdict('two-plain', ticket, 'u')).seq).toBe(1);
    expect(short(await people.press('two-plain', 'u'))).toEqual([200, 'already_won']);
  });
});

interface Heard {
  text(): string;
  end(): Promise<void>;
}

/** A stream of a user, open before this resolves. */
async function listen(campaignId: string, userId: string): Promise<Heard> {
  const over = new AbortController();
  const answer = await fetch(`${server.url}/v1/campaigns/${campaignId}/events?userId=${userId}`, {
    signal: over.signal,
  });
  let text = '';
  const body = answer.body as ReadableStream<Uint8Array>;
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
  })().catch(() => undefined);
  return {
    text: () => text,
    async end() {
      over.abort();
      await reading;
    },
  };
}

const verdictsIn = (text: string): string[] =>
  [...text.matchAll(/event: verdict\ndata: \{"verdict":"([a-z_]+)"/g)].map(
    ([, verdict]) => verdict as string,
  );

// Protects: what waiting polls hold: a client that has gone is let go of, a stop answers everybody, who is let in is told
// at once, and a mode that can answer without a wait is not asked the long way.

import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { beforeEach, expect, it } from 'vitest';
import type { LiveCampaign } from '../../src/flow/catalog.ts';
import { makeCatalog } from '../../src/flow/catalog.ts';
import type { ModeFlow } from '../../src/flow/mode.ts';
import type { Found } from '../../src/flow/outcome.ts';
import type { Tickets } from '../../src/flow/tickets.ts';
import { makeTickets } from '../../src/flow/tickets.ts';
import { makeUserAuth } from '../../src/http/auth.ts';
import { Polls } from '../../src/http/poll.ts';
import { makeThrottle } from '../../src/http/throttle.ts';
import { makeHandClock } from '../support/hand-clock.ts';
import { sampleCampaign } from '../support/samples.ts';

const ID = 'chicken-100';

class FakeResponse extends EventEmitter {
  destroyed = false;
  status = 0;
  body = '';
  writeHead(status: number): void {
    this.status = status;
  }
  end(body: string): void {
    this.body = body;
    this.emit('close');
  }
  /** the client goes */
  go(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

let clock: ReturnType<typeof makeHandClock>;
let live: LiveCampaign;
let polls: Polls;
let tickets: Tickets;
/** how ann stands */
let found: Found;
let answersNow: boolean;
let asked: string[];
/** ends every wait that is going on */
let news: (() => void)[];
let leaving: { now: boolean };

function waiting(confirmBy: number | null = null): Found {
  const place = {
    position: 4,
    servingNumber: 1,
    ahead: 2,
    estimatedWaitMs: null,
    waitReason: 'held',
    confirmBy,
  };
  const ticket = tickets.make(ID, { kind: 'queued', number: 4 }, 'ann');
  return {
    kind: 'waiting',
    pending: { verdict: 'pending', campaign: live.campaign, ticket, place, askAgainMs: 700 },
  };
}

beforeEach(() => {
  clock = makeHandClock();
  const catalog = makeCatalog();
  live = catalog.put(sampleCampaign({ mode: 'queued' }));
  live.atGate = true;
  [asked, news, answersNow, leaving] = [[], [], false, { now: false }];
  tickets = makeTickets(Buffer.alloc(32, 7));
  found = waiting();
  const flow = {
    askNow: (_live: LiveCampaign, of: string | { text: string }) => {
      asked.push(`now ${typeof of === 'string' ? of : of.text}`);
      return answersNow ? found : null;
    },
    changed: () => new Promise<void>((resolve) => void news.push(resolve)),
  } as unknown as ModeFlow;
  const look = async (...of: unknown[]): Promise<Found> => {
    asked.push(of.join(' '));
    return found;
  };
  const none = { user: null, ip: null };
  const jwt = { secret: null, jwksUrl: null, issuer: null, audience: null };
  polls = new Polls({
    system: clock,
    catalog,
    lookUp: { mine: look, byTicket: look },
    modes: { queued: flow },
    tickets,
    auth: makeUserAuth({ auth: 'open', jwt }, clock),
    clientAddress: () => '',
    throttle: makeThrottle(none, clock),
    crossOrigin: null,
    leaving,
  });
});

function ask(wait?: string, ticket: string | null = null): FakeResponse {
  const res = new FakeResponse();
  const req = { headers: {}, socket: {} } as IncomingMessage;
  polls.answer(
    { req, res: res as unknown as ServerResponse, requestId: 'r' },
    { campaignId: ID, ticket, userId: 'ann', wait },
  );
  return res;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('is answered in the same turn where the mode can', () => {
  answersNow = true;
  const { status, body } = ask();
  expect([status, JSON.parse(body)]).toEqual([
    200,
    {
      verdict: 'pending',
      ticket: expect.any(String),
      position: 4,
      servingNumber: 1,
      ahead: 2,
      estimatedWaitMs: null,
      waitReason: 'held',
      retryAfterMs: 700,
    },
  ]);
  expect(asked).toEqual(['now ann']);
});

it('is asked for the long way while the gate is made good, and where the mode cannot', async () => {
  answersNow = true;
  live.rebuilding = true;
  ask();
  live.rebuilding = false;
  answersNow = false;
  ask();
  await turn();
  expect(asked).toEqual([`${ID} ann`, 'now ann', `${ID} ann`]);
});

it('does not ask with a ticket that is not his', () => {
  const { status, body } = ask(undefined, tickets.make(ID, { kind: 'queued', number: 5 }, 'bob'));
  expect([status, JSON.parse(body)]).toMatchObject([403, { code: 'ticket_mismatch' }]);
  expect(asked).toEqual([]);
});

it('waits until there is a verdict', async () => {
  answersNow = true;
  const res = ask('10s');
  expect([res.status, polls.waiting()]).toEqual([0, 1]);
  for (const tell of news.splice(0)) tell();
  await turn();
  expect([res.status, polls.waiting()]).toEqual([0, 1]);
  found = { kind: 'refused', verdict: 'sold_out', campaign: live.campaign, why: null };
  for (const tell of news.splice(0)) tell();
  await turn();
  expect([res.body, polls.waiting()]).toEqual([`{"verdict":"sold_out","campaignId":"${ID}"}`, 0]);
});

it('ends when its time is over, when he is let in, and when the process stops', async () => {
  answersNow = true;
  const [late, letIn, stopped] = [ask('1s'), ask('10s'), ask('20s')];
  clock.move(1500);
  found = waiting();
  news.shift()?.();
  await turn();
  expect([late.status, letIn.status]).toEqual([200, 0]);
  found = waiting(clock.now() + 60_000);
  news.shift()?.();
  await turn();
  expect(JSON.parse(letIn.body)).toMatchObject({ confirmBy: expect.any(String) });
  leaving.now = true;
  polls.end();
  expect(stopped.status).toBe(200);
});

it('holds nothing for a client that has gone', async () => {
  answersNow = true;
  const res = ask('10s');
  res.go();
  asked = [];
  for (const tell of news.splice(0)) tell();
  await turn();
  expect([res.status, asked, polls.waiting()]).toEqual([0, [], 0]);
});

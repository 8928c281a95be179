/**
 * A stand-in for a Dibs server: the calls that the commands make, answered from memory. It can be told to lie, so
 * that the tests can see whether the lie is found.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type FakeAnswer,
  type FakeLine,
  FakeWaiting,
  type FakeWin,
  type WaitingLie,
} from './cli-fake-modes.ts';

/** One way of being wrong, each against another invariant. */
export type Lie =
  | 'oversell'
  | 'forget-win'
  | 'forget-person'
  | 'early-sold-out'
  | 'other-code'
  | 'swap-order'
  | 'phantom'
  | 'other-person'
  | WaitingLie;

type Win = FakeWin;

interface Stored {
  fields: Record<string, unknown>;
  status: string;
  version: number;
  wins: Win[];
  byUser: Map<string, Win>;
  /** Ordered and queued. */
  waiting: FakeWaiting | null;
}

export interface FakeServer {
  readonly url: string;
  readonly key: string;
  readonly campaigns: Map<string, Stored>;
  /** Requests by `METHOD path`, in order. */
  readonly seen: string[];
  /** Answers the next n claims with 503 and Retry-After 0. */
  overloadedNext: number;
  /** Takes a claim, and breaks the connection instead of answering, the next n times. */
  breakNext: number;
  lie: Lie | null;
  addCampaign(id: string, quantity: number, status?: string): void;
  /** The campaign `c` in a mode in which people wait. */
  addWaiting(mode: 'ordered' | 'queued', quantity: number, line?: FakeLine): void;
  stop(): Promise<void>;
}

type Answer = FakeAnswer;

const problem = (status: number, code: string, more: Record<string, unknown> = {}): Answer => ({
  status,
  body: {
    type: `/problems/${code}`,
    title: code,
    status,
    code,
    detail: `What to do about ${code}.`,
    ...more,
  },
  headers: { 'content-type': 'application/problem+json' },
});

export async function startFakeServer(): Promise<FakeServer> {
  const fake: FakeServer = {
    url: '',
    key: 'test-key',
    campaigns: new Map(),
    seen: [],
    overloadedNext: 0,
    breakNext: 0,
    lie: null,
    addCampaign(id, quantity, status = 'open') {
      const fields = { id, name: id, mode: 'instant', durability: 'disk', quantity, perUserLimit: 1 };
      this.campaigns.get(id)?.waiting?.stop();
      this.campaigns.set(id, { fields, status, version: 1, wins: [], byUser: new Map(), waiting: null });
    },
    addWaiting(mode, quantity, line = {}) {
      this.addCampaign('c', quantity);
      const campaign = this.campaigns.get('c') as Stored;
      const { perSecond, confirmWithinMs } = line;
      const confirm = confirmWithinMs === undefined ? null : { withinSeconds: confirmWithinMs / 1000 };
      Object.assign(campaign.fields, { mode, release: perSecond ? { perSecond } : null, confirm });
      campaign.waiting = new FakeWaiting({
        mode,
        quantity,
        ...line,
        lie: () => this.lie,
        winOf: (userId) => campaign.byUser.get(userId),
        win: (userId) => {
          const win = newWin(this, campaign, userId, quantity);
          campaign.byUser.set(userId, win);
          campaign.wins.push(win);
          return win;
        },
      });
    },
    stop: () => {
      for (const { waiting } of fake.campaigns.values()) waiting?.stop();
      return stopServer(server);
    },
  };
  const server = createServer((request, response) => void handle(fake, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(fake, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

function stopServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function handle(fake: FakeServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const { pathname } = new URL(request.url ?? '/', 'http://x');
  fake.seen.push(`${request.method} ${pathname}`);
  const body = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  const { status, body: answer, headers } = answerOf(fake, request, pathname, body);
  if (status === 0) {
    request.socket.destroy();
    return;
  }
  const out = typeof answer === 'string' ? answer : JSON.stringify(answer);
  const type = typeof answer === 'string' ? 'text/csv' : 'application/json';
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(out), ...headers });
  response.end(out);
}

function answerOf(
  fake: FakeServer,
  request: IncomingMessage,
  path: string,
  body: Record<string, unknown>,
): Answer {
  if (path === '/v1/time') return { status: 200, body: { serverTime: Date.now() } };
  if (path === '/readyz') return { status: 200, body: { ready: true, roles: { gate: 'ready' } } };
  if (path.startsWith('/v1/admin/') && request.headers.authorization !== `Bearer ${fake.key}`) {
    return problem(401, 'unauthenticated');
  }
  if (path === '/v1/admin/campaigns') return campaignList(fake, request, body);
  if (path.startsWith('/v1/admin/keys')) return keys(request, path);
  const [, admin, id = '', rest = ''] = /^\/v1\/(admin\/)?campaigns\/([^/]+)\/?(.*)$/.exec(path) ?? [];
  const campaign = fake.campaigns.get(id);
  if (!campaign) return problem(404, 'campaign_not_found');
  if (admin) return operatorCall(campaign, request, rest, body);
  if (rest === 'line') return { status: 200, body: campaign.fields['published'] };
  const { waiting } = campaign;
  if (waiting && rest === 'claims/me') return waiting.leave(queryOf(request).get('userId') ?? '');
  if (waiting && rest.startsWith('claims/')) return waiting.ask(rest.slice('claims/'.length));
  if (rest === 'claims') return claim(fake, campaign, String(body['userId']));
  return { status: 200, body: shown(campaign) };
}

const queryOf = (request: IncomingMessage): URLSearchParams =>
  new URL(request.url ?? '/', 'http://x').searchParams;

const shown = (campaign: Stored): Record<string, unknown> => ({
  opensAt: null,
  closesAt: null,
  ...campaign.fields,
  status: campaign.status,
  remaining: Number(campaign.fields['quantity']) - campaign.wins.length,
});

function campaignList(fake: FakeServer, request: IncomingMessage, body: Record<string, unknown>): Answer {
  if (request.method === 'GET')
    return { status: 200, body: { items: [...fake.campaigns.values()].map(shown), next: null } };
  const id = String(body['id']);
  if (fake.campaigns.has(id)) return problem(409, 'exists');
  fake.addCampaign(id, Number(body['quantity']), 'draft');
  const campaign = fake.campaigns.get(id);
  if (campaign) Object.assign(campaign.fields, body);
  return { status: 201, body: campaign ? shown(campaign) : {} };
}

function keys(request: IncomingMessage, path: string): Answer {
  const key = {
    id: 'k1',
    name: 'grafana',
    role: 'read',
    createdAt: '2026-11-21T00:00:00.000Z',
    revokedAt: null,
  };
  if (request.method === 'DELETE')
    return path.endsWith('/k1') ? { status: 200, body: null } : problem(404, 'key_not_found');
  if (request.method === 'POST') return { status: 201, body: { ...key, key: 'dibs_secret' } };
  return { status: 200, body: { items: [key], next: null } };
}

function operatorCall(
  campaign: Stored,
  request: IncomingMessage,
  rest: string,
  body: Record<string, unknown>,
): Answer {
  const etag = { etag: `"${campaign.version}"` };
  if (rest === 'claims') return winnersPage(campaign, request);
  if (rest === 'claims.csv') {
    const rows = campaign.wins.map(
      (win) => `${win.seq},${win.userId},${win.code},${win.id},issued,${win.wonAt}`,
    );
    return { status: 200, body: `seq,userId,code,id,status,wonAt\n${rows.join('\n')}\n` };
  }
  if (rest === 'integrity') {
    const ok = campaign.wins.length <= Number(campaign.fields['quantity']);
    const check = {
      id: 'I1',
      ok,
      basis: 'counted',
      figures: { recorded: campaign.wins.length },
      says: 'No more issued.',
    };
    return { status: 200, body: { ok, drained: false, gate: 'away', checks: [check] } };
  }
  if (rest === 'reconcile') return { status: 200, body: reconciled(campaign, body) };
  if (request.method === 'PATCH') {
    if (request.headers['if-match'] !== etag.etag) return problem(412, 'precondition_failed');
    Object.assign(campaign.fields, body);
    campaign.version++;
  }
  if (request.method === 'POST') campaign.status = rest === 'open' || rest === 'resume' ? 'open' : `${rest}d`;
  return { status: 200, body: shown(campaign), headers: etag };
}

/** One win was left behind until it is sent on, and one unit waits for its holder until it is released. */
function reconciled(campaign: Stored, body: Record<string, unknown>): Record<string, unknown> {
  const applied = body['apply'] === true;
  const released = applied && body['releaseReserved'] === true;
  const found = { alarm: !applied, done: applied, repair: 'send it on' };
  const waits = { alarm: false, done: released, repair: 'give it back' };
  return {
    ok: applied,
    applied,
    figures: { gate: null, record: campaign.wins.length, deadLetters: 0 },
    differences: [
      { kind: 'left_behind', count: 30, seqs: [7, 8], says: 'Decided, and left.', ...found },
      { kind: 'reserved', count: 1, seqs: [], says: `Waits. ${String(body['reason'])}`, ...waits },
    ],
  };
}

/** A few winners a page, so that paging is part of every test. */
function winnersPage(campaign: Stored, request: IncomingMessage): Answer {
  const limit = 7;
  const from = Number(new URL(request.url ?? '/', 'http://x').searchParams.get('cursor') ?? 0);
  const items = campaign.wins.slice(from, from + limit);
  const next = from + limit < campaign.wins.length ? String(from + limit) : null;
  return { status: 200, body: { items, next } };
}

function claim(fake: FakeServer, campaign: Stored, userId: string): Answer {
  if (fake.overloadedNext > 0) {
    fake.overloadedNext--;
    return { ...problem(503, 'overloaded'), headers: { 'retry-after': '0' } };
  }
  const verdict = decide(fake, campaign, userId);
  if (fake.breakNext > 0) {
    fake.breakNext--;
    return { status: 0, body: null };
  }
  return verdict;
}

function decide(fake: FakeServer, campaign: Stored, userId: string): Answer {
  if (campaign.waiting) return campaign.waiting.press(userId);
  const quantity = Number(campaign.fields['quantity']);
  const { lie } = fake;
  const held = campaign.byUser.get(userId);
  if (held) {
    const claim = lie === 'other-code' ? { ...held, code: `${held.code}x` } : held;
    return { status: 200, body: { verdict: 'already_won', claim } };
  }
  if (campaign.status === 'draft') return problem(409, 'not_open', { verdict: 'not_open' });
  const units = lie === 'oversell' ? quantity + 1 : lie === 'early-sold-out' ? quantity - 1 : quantity;
  if (campaign.wins.length >= units) return problem(409, 'sold_out', { verdict: 'sold_out' });
  const win = newWin(fake, campaign, userId, quantity);
  if (lie !== 'forget-person') campaign.byUser.set(userId, win);
  if (!(lie === 'forget-win' && win.seq === 2)) campaign.wins.push(win);
  if (lie === 'phantom' && win.seq === 1)
    campaign.wins.push({ ...win, seq: 2, userId: 'ghost', code: 'c-ghost' });
  const told = lie === 'other-person' && win.seq === 3 ? { ...win, userId: 'somebody' } : win;
  return { status: 201, body: { verdict: 'won', claim: told } };
}

function newWin(fake: FakeServer, campaign: Stored, userId: string, quantity: number): Win {
  const place =
    campaign.wins.length + (fake.lie === 'forget-win' && campaign.byUser.size > campaign.wins.length ? 2 : 1);
  const seq = fake.lie === 'swap-order' ? quantity + 1 - place : place;
  return {
    seq,
    userId,
    code: `c-${seq}`,
    id: `x.${seq}`,
    status: 'issued',
    wonAt: new Date().toISOString(),
  };
}

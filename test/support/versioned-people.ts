// People who press in ordered campaigns while the topic of requests goes over to another version: each presses until he
// has a ticket, asks until he has a verdict, and keeps both, with where his ticket says that he stands.

import { setTimeout as wait } from 'node:timers/promises';
import type { DibsProcess, Site } from './distributed.ts';

export interface Person {
  userId: string;
  campaignId: string;
  ticket: string;
  /** of the topic of requests */
  version: number;
  place: number;
  verdict: string;
  /** null: he did not win */
  seq: number | null;
  /** first, monotonic ms */
  pressedAt: number;
  /** when he was told his ticket; of who had none, when he was told his verdict */
  takenAt: number;
  /** from the press until the verdict was told */
  waitedMs: number;
  /** presses before one was taken */
  refused: number;
}

const PATIENCE_MS = 60_000;
const AGAIN_MS = 100;
const CALL_MAX_MS = 25_000;

export interface People {
  all: Person[];
  /** Nobody new comes; resolves when everybody has his verdict. */
  stop(): Promise<Person[]>;
}

/** Somebody new in each campaign every `everyMs`, at one door after the other. */
export function sendPeople(site: Site, campaigns: readonly string[], everyMs: number): People {
  const all: Person[] = [];
  const under: Promise<void>[] = [];
  const faults: Error[] = [];
  let stopped = false;
  const coming = (async () => {
    for (let no = 0; !stopped; no++) {
      const api = site.apis()[no % site.apis().length] as DibsProcess;
      for (const campaignId of campaigns) {
        const one = goThrough(site, api, campaignId, `${campaignId}-u${no}`);
        under.push(
          one.then(
            (person) => void all.push(person),
            (error: Error) => void faults.push(error),
          ),
        );
      }
      await wait(everyMs);
    }
  })();
  return {
    all,
    async stop() {
      stopped = true;
      await coming;
      await Promise.all(under);
      if (faults[0] !== undefined) throw faults[0];
      return all;
    },
  };
}

async function goThrough(site: Site, api: DibsProcess, campaignId: string, userId: string): Promise<Person> {
  const began = performance.now();
  for (let refused = 0; ; refused++) {
    const told = await ask(api, `/v1/campaigns/${campaignId}/claims`, { userId });
    const ticket = told?.body['ticket'];
    if (told?.status === 202 && typeof ticket === 'string') {
      const takenAt = performance.now();
      const verdict = await verdictOf(site, campaignId, userId, ticket, began);
      const times = { pressedAt: began, takenAt, waitedMs: performance.now() - began };
      return { userId, campaignId, ticket, ...standsAt(ticket), ...verdict, ...times, refused };
    }
    if (told?.status === 200 || told?.status === 409) {
      // Refused early, or told already what a try has won whose answer was lost.
      const verdict = String(told.body['verdict']);
      const seq = seqIn(told.body);
      const nowhere = { ticket: '', version: 0, place: 0 };
      const takenAt = performance.now();
      const times = { pressedAt: began, takenAt, waitedMs: takenAt - began };
      return { userId, campaignId, ...nowhere, verdict, seq, ...times, refused };
    }
    if (performance.now() - began > PATIENCE_MS) throw new Error(`${userId}: ${JSON.stringify(told)}`);
    await wait(AGAIN_MS);
  }
}

async function verdictOf(site: Site, campaignId: string, userId: string, ticket: string, began: number) {
  for (let turn = 0; ; turn++) {
    const api = site.apis()[turn % site.apis().length] as DibsProcess;
    const told = await lookUp(api, campaignId, userId, ticket);
    if (told !== null && told.verdict !== 'pending') return told;
    if (performance.now() - began > PATIENCE_MS) throw new Error(`${userId} has no verdict: ${ticket}`);
    await wait(AGAIN_MS);
  }
}

/** What a process answers to a ticket; null: nothing. */
export async function lookUp(api: DibsProcess, campaignId: string, userId: string, ticket: string) {
  const told = await ask(api, `/v1/campaigns/${campaignId}/claims/${ticket}?userId=${userId}`);
  if (told?.status !== 200) return null;
  return { verdict: String(told.body['verdict']), seq: seqIn(told.body) };
}

function seqIn(body: Record<string, unknown>): number | null {
  const { seq } = (body['claim'] ?? {}) as { seq?: number };
  return seq ?? null;
}

async function ask(api: DibsProcess, path: string, body?: object) {
  try {
    const answer = await fetch(`${api.url}${path}`, {
      method: body ? 'POST' : 'GET',
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
      signal: AbortSignal.timeout(CALL_MAX_MS),
    });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  } catch {
    return null;
  }
}

/** A ticket begins with its kind, the version of the topic, the partition and the place, as varints. */
function standsAt(ticket: string): { version: number; place: number } {
  const figures: number[] = [];
  let figure = 0;
  let unit = 1;
  for (const byte of Buffer.from(ticket, 'base64url').subarray(1)) {
    figure += (byte % 128) * unit;
    unit *= 128;
    if (byte >= 128) continue;
    figures.push(figure);
    figure = 0;
    unit = 1;
  }
  return { version: figures[0] as number, place: figures[2] as number };
}

// People of campaigns in queued mode, at a real server: they press, some twice, wait for their turn by looking again and
// again or by long polls, some leave, some of these come back. Each notes what he was told that he should not have been.

import { setTimeout as pause } from 'node:timers/promises';
import { Pool } from 'undici';
import type { Told } from './server.ts';

/** What one person does beside pressing once and waiting. */
export interface Habits {
  pressesTwice: boolean;
  /** gives his place up while more than this many are before him; null: never */
  leavesBehind: number | null;
  comesBack: boolean;
  /** waits by long polls instead of asking each `lookMs` */
  longPolls: boolean;
}

export interface Person {
  userId: string;
  habits: Habits;
  /** of the place that he has, or had last; null: he was refused one */
  ticket: string | null;
  /** every number that he was told, in order */
  places: number[];
  /** those of them that he gave up */
  left: number[];
  /** the last thing that he was told: `won`, `sold_out`, `left`, a problem's code; null: he still waits */
  end: string | null;
  seq: number | null;
  code: string | null;
  /** epoch ms */
  wonAt: number;
  toldAt: number;
  wrong: string[];
}

export interface QueuedCrowd {
  /** Where the server is now; null: it is away, and people wait until it is back. */
  at(url: string | null): Promise<void>;
  call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Told>;
  /** A person's whole life in line, until he is told his verdict or has left. */
  live(campaignId: string, userId: string, habits?: Partial<Habits>): Promise<Person>;
  /** Everybody who has begun to live here. */
  people: Person[];
  /** codes of answers that said nothing, to be asked again, in order */
  asked: { unknown: string[] };
  close(): Promise<void>;
}

const NONE: Habits = { pressesTwice: false, leavesBehind: null, comesBack: false, longPolls: false };
const AGAIN = ['outcome_unknown', 'gate_unavailable', 'gate_rebuilding', 'overloaded', 'shutting_down'];

type Call = QueuedCrowd['call'];

/** People at one server. */
export function makeQueuedCrowd(url: string, { connections = 100, lookMs = 300 } = {}): QueuedCrowd {
  let pool: Pool | null = new Pool(url, { connections });
  const ask = async (...what: Parameters<Call>): Promise<Told | null> => {
    const there = pool;
    try {
      return there && (await askOne(there, ...what));
    } catch (error) {
      // Only a server that was taken away may leave somebody without an answer.
      if (there === pool) await pause(500);
      if (there === pool) throw error;
      return null;
    }
  };
  return {
    ...crowdThat(ask, lookMs),
    async at(next) {
      const before = pool;
      pool = next === null ? null : new Pool(next, { connections });
      await before?.destroy();
    },
    close: async () => pool?.destroy(),
  };
}

/** One question to one server. */
export async function askOne(pool: Pool, ...[method, path, body]: Parameters<Call>): Promise<Told> {
  const answer = await pool.request({
    method,
    path,
    ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  const json = (await answer.body.json()) as Record<string, unknown>;
  return { status: answer.statusCode, body: json, headers: answer.headers };
}

/** People who ask as `ask` does, again and again while it is null or says that nobody knows. */
export function crowdThat(
  ask: (...what: Parameters<Call>) => Promise<Told | null>,
  lookMs: number,
  againMs = 50,
): Omit<QueuedCrowd, 'at' | 'close'> {
  const asked: { unknown: string[] } = { unknown: [] };
  const people: Person[] = [];

  async function call(...what: Parameters<Call>): Promise<Told> {
    for (;;) {
      const told = await ask(...what);
      if (told !== null && !AGAIN.includes(String(told.body['code']))) return told;
      if (told !== null) asked.unknown.push(String(told.body['code']));
      await pause(againMs);
    }
  }

  /** Takes in what a person was told; true: he waits on. */
  function hear(person: Person, told: Told, before: Before): boolean {
    const { body } = told;
    const verdict = String(body['verdict'] ?? body['code']);
    if (verdict === 'pending') {
      hearPlace(person, body as unknown as PlaceBody, before);
      return true;
    }
    person.toldAt = Date.now();
    person.end = typeof body['reason'] === 'string' ? body['reason'] : verdict;
    if (person.end === 'left') person.left.push(person.places.at(-1) as number);
    const claim = body['claim'] as { seq: number; code: string; wonAt: string } | undefined;
    if (claim !== undefined) {
      person.end = 'won';
      person.seq = claim.seq;
      person.code = claim.code;
      person.wonAt = Date.parse(claim.wonAt);
    }
    return false;
  }

  async function wait(campaignId: string, person: Person, before: Before): Promise<void> {
    const { habits, userId } = person;
    for (;;) {
      const path = `/v1/campaigns/${campaignId}/claims/${person.ticket}?userId=${userId}`;
      const told = await call('GET', habits.longPolls ? `${path}&wait=2s` : path);
      if (!hear(person, told, before)) return;
      const { leavesBehind } = habits;
      if (leavesBehind !== null && before.ahead > leavesBehind) {
        const left = await call('DELETE', `/v1/campaigns/${campaignId}/claims/me?userId=${userId}`);
        hear(person, left, before);
        // Asked once more, because its first answer was lost with its server.
        if (left.body['code'] === 'no_claim') {
          person.end = 'left';
          person.left.push(person.places.at(-1) as number);
        }
        return;
      }
      if (!habits.longPolls) await pause(lookMs * (0.9 + 0.2 * Math.random()));
    }
  }

  /** What he was told last; null: he does not wait. */
  async function press(campaignId: string, person: Person): Promise<Before | null> {
    const { userId, habits } = person;
    const once = () => call('POST', `/v1/campaigns/${campaignId}/claims`, { userId });
    const told = await Promise.all(habits.pressesTwice ? [once(), once()] : [once()]);
    const before: Before = { serving: 0, ahead: Number.POSITIVE_INFINITY };
    let waits = false;
    for (const one of told) {
      // Two answers at once may come in any order; whatever is asked after them comes after both.
      const own: Before = { serving: 0, ahead: Number.POSITIVE_INFINITY };
      if (!hear(person, one, own)) continue;
      waits = true;
      person.ticket = String(one.body['ticket']);
      before.serving = Math.max(before.serving, own.serving);
      before.ahead = Math.min(before.ahead, own.ahead);
    }
    return waits ? before : null;
  }

  return {
    call,
    people,
    asked,
    async live(campaignId, userId, habits = {}) {
      const none = { ticket: null, end: null, seq: null, code: null, wonAt: 0, toldAt: 0 };
      const person: Person = {
        userId,
        habits: { ...NONE, ...habits },
        ...none,
        places: [],
        left: [],
        wrong: [],
      };
      people.push(person);
      const before = await press(campaignId, person);
      if (before === null) return person;
      person.end = null;
      await wait(campaignId, person, before);
      if (person.end !== 'left' || !person.habits.comesBack) return person;
      person.habits.leavesBehind = null;
      await pause(lookMs);
      const again = await press(campaignId, person);
      if (again !== null) await wait(campaignId, person, again);
      return person;
    },
  };
}

/** What somebody was told last of how far the line is, and of those before him. */
interface Before {
  serving: number;
  ahead: number;
}

interface PlaceBody {
  position: number;
  servingNumber: number;
  ahead: number;
}

function hearPlace(person: Person, body: PlaceBody, before: Before): void {
  const { position, servingNumber, ahead } = body;
  const last = person.places.at(-1);
  const isNew = last === undefined || person.end === 'left';
  if (isNew) {
    if (last !== undefined && position <= last) person.wrong.push(`came back to ${position} after ${last}`);
    person.places.push(position);
    person.end = null;
    before.serving = servingNumber;
    before.ahead = ahead;
    return;
  }
  if (position !== last) person.wrong.push(`${position} after ${last}`);
  if (servingNumber < before.serving) person.wrong.push(`serving ${servingNumber} after ${before.serving}`);
  if (ahead > before.ahead) person.wrong.push(`${ahead} ahead after ${before.ahead}`);
  before.serving = servingNumber;
  before.ahead = ahead;
}

/** Who came when nothing was left has no place, and stands behind all who have one. */
const placeOf = ({ places }: Person): number => places.at(-1) ?? Number.MAX_SAFE_INTEGER;

/**
 * Those who stayed, in the order of their places. Who was never told his place, because the answer was lost with its
 * server and he had won when he asked again, stands where his number puts him.
 */
export function inOrderOfPlaces(people: readonly Person[]): Person[] {
  const stayed = people.filter(({ places, left }) => !left.includes(places.at(-1) ?? 0));
  const knowsOnlyThatHeWon = ({ places, seq }: Person): boolean => places.length === 0 && seq !== null;
  const inOrder = stayed
    .filter((one) => !knowsOnlyThatHeWon(one))
    .toSorted((a, b) => placeOf(a) - placeOf(b));
  const others = stayed.filter(knowsOnlyThatHeWon).toSorted((a, b) => (a.seq ?? 0) - (b.seq ?? 0));
  for (const one of others) inOrder.splice((one.seq ?? 0) - 1, 0, one);
  return inOrder;
}

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
  ticket: string | null;
  /** every number that he was told, in order */
  places: number[];
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
  /** answers that said nothing: to be asked again */
  asked: { unknown: number };
  close(): Promise<void>;
}

const NONE: Habits = { pressesTwice: false, leavesBehind: null, comesBack: false, longPolls: false };
const AGAIN = ['outcome_unknown', 'gate_unavailable', 'gate_rebuilding', 'overloaded', 'shutting_down'];

export function makeQueuedCrowd(url: string, { connections = 100, lookMs = 300 } = {}): QueuedCrowd {
  const asked = { unknown: 0 };
  const people: Person[] = [];
  let pool: Pool | null = new Pool(url, { connections });

  async function call(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<Told> {
    for (;;) {
      const there = pool;
      try {
        if (there === null) throw new Error('away');
        const answer = await there.request({
          method,
          path,
          ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
        });
        const json = (await answer.body.json()) as Record<string, unknown>;
        if (!AGAIN.includes(String(json['code'])))
          return { status: answer.statusCode, body: json, headers: answer.headers };
        asked.unknown += 1;
      } catch (error) {
        // Only a server that was taken away may leave somebody without an answer.
        if (there === pool && there !== null) await pause(500);
        if (there === pool && there !== null) throw error;
      }
      await pause(50);
    }
  }

  /** Takes in what a person was told; true: he waits on. */
  function hear(person: Person, told: Told, before: { serving: number; ahead: number }): boolean {
    const { body } = told;
    const verdict = String(body['verdict'] ?? body['code']);
    if (verdict === 'pending') {
      hearPlace(person, body as unknown as PlaceBody, before);
      return true;
    }
    person.toldAt = Date.now();
    person.end = body['reason'] === undefined ? verdict : String(body['reason']);
    const claim = body['claim'] as { seq: number; code: string; wonAt: string } | undefined;
    if (claim !== undefined) {
      person.end = 'won';
      person.seq = claim.seq;
      person.code = claim.code;
      person.wonAt = Date.parse(claim.wonAt);
    }
    return false;
  }

  async function wait(campaignId: string, person: Person): Promise<void> {
    const { habits, userId } = person;
    const before = { serving: 0, ahead: Number.POSITIVE_INFINITY };
    for (;;) {
      const path = `/v1/campaigns/${campaignId}/claims/${person.ticket}?userId=${userId}`;
      const told = await call('GET', habits.longPolls ? `${path}&wait=2s` : path);
      if (!hear(person, told, before)) return;
      const { leavesBehind } = habits;
      if (leavesBehind !== null && before.ahead > leavesBehind) {
        const left = await call('DELETE', `/v1/campaigns/${campaignId}/claims/me?userId=${userId}`);
        hear(person, left, before);
        // Asked once more, because its first answer was lost with its server.
        if (left.body['code'] === 'no_claim') person.end = 'left';
        return;
      }
      if (!habits.longPolls) await pause(lookMs * (0.9 + 0.2 * Math.random()));
    }
  }

  async function press(campaignId: string, person: Person): Promise<boolean> {
    const { userId, habits } = person;
    const once = () => call('POST', `/v1/campaigns/${campaignId}/claims`, { userId });
    const told = await Promise.all(habits.pressesTwice ? [once(), once()] : [once()]);
    const before = { serving: 0, ahead: Number.POSITIVE_INFINITY };
    const waits = told.map((one) => {
      const isPending = hear(person, one, { ...before });
      if (isPending) person.ticket = String(one.body['ticket']);
      return isPending;
    });
    return waits.some(Boolean);
  }

  return {
    call,
    people,
    asked,
    async at(next) {
      const before = pool;
      pool = next === null ? null : new Pool(next, { connections });
      await before?.destroy();
    },
    async live(campaignId, userId, habits = {}) {
      const none = { ticket: null, end: null, seq: null, code: null, wonAt: 0, toldAt: 0 };
      const person: Person = { userId, habits: { ...NONE, ...habits }, ...none, places: [], wrong: [] };
      people.push(person);
      if (!(await press(campaignId, person))) return person;
      person.end = null;
      await wait(campaignId, person);
      if (person.end !== 'left' || !person.habits.comesBack) return person;
      person.habits.leavesBehind = null;
      await pause(lookMs);
      if (await press(campaignId, person)) await wait(campaignId, person);
      return person;
    },
    close: async () => pool?.destroy(),
  };
}

interface PlaceBody {
  position: number;
  servingNumber: number;
  ahead: number;
}

function hearPlace(person: Person, body: PlaceBody, before: { serving: number; ahead: number }): void {
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

/** Those who stayed, in the order of their places. */
export function inOrderOfPlaces(people: readonly Person[]): Person[] {
  const stayed = people.filter(({ end }) => end !== 'left');
  return stayed.toSorted((a, b) => (a.places.at(-1) ?? 0) - (b.places.at(-1) ?? 0));
}

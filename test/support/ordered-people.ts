// People of campaigns in ordered mode, at a real server: they press, are given a ticket, and ask until they are told.

import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { Pool } from 'undici';
import type { Told } from './server.ts';

/** One person's try as he saw it. */
export interface Try {
  userId: string;
  /** null: he was refused without one */
  ticket: string | null;
  /** what came of it in the end, and his number when he won */
  verdict: string;
  seq: number | null;
  code: string | null;
  /** performance.now() at the press, at the answer to it, and when he was told */
  pressedAt: number;
  answeredAt: number;
  toldAt: number;
}

export interface People {
  press(campaignId: string, userId: string, key?: string): Promise<Told>;
  ask(path: string): Promise<Told>;
  /** The verdict behind a ticket, waited for. */
  verdict(campaignId: string, ticket: string, userId: string): Promise<Told>;
  /** Presses once and waits for the verdict. */
  attempt(campaignId: string, userId: string): Promise<Try>;
  close(): Promise<void>;
}

export function makePeople(server: { url: string }, connections: number): People {
  const pool = new Pool(server.url, { connections, headersTimeout: 40_000, bodyTimeout: 40_000 });
  async function call(options: { method: 'GET' | 'POST'; path: string; body?: string; key?: string }) {
    const { method, path, body, key } = options;
    const answer = await pool.request({
      method,
      path,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(key === undefined ? {} : { 'idempotency-key': key }),
      },
      ...(body === undefined ? {} : { body }),
    });
    const json = (await answer.body.json()) as Record<string, unknown>;
    return { status: answer.statusCode, body: json, headers: answer.headers };
  }
  const people: People = {
    press: (campaignId, userId, key) =>
      call({
        method: 'POST',
        path: `/v1/campaigns/${campaignId}/claims`,
        body: JSON.stringify({ userId }),
        ...(key === undefined ? {} : { key }),
      }),
    ask: (path) => call({ method: 'GET', path }),
    async verdict(campaignId, ticket, userId) {
      for (;;) {
        const told = await people.ask(ticketPath(campaignId, ticket, userId, '5s'));
        if (told.body['verdict'] !== 'pending') return told;
      }
    },
    async attempt(campaignId, userId) {
      const pressedAt = performance.now();
      const first = await people.press(campaignId, userId);
      const answeredAt = performance.now();
      const ticket = first.status === 202 ? (first.body['ticket'] as string) : null;
      const told = ticket === null ? first : await people.verdict(campaignId, ticket, userId);
      return { userId, ticket, ...saidIn(told), pressedAt, answeredAt, toldAt: performance.now() };
    },
    close: () => pool.destroy(),
  };
  return people;
}

/** A try of somebody who may have had to press more than once. */
export interface PatientTry extends Try {
  presses: number;
  /** all tickets he was given, in that order */
  tickets: string[];
}

/** Presses and asks until he is told, however often the server is gone meanwhile: what a patient person's page does. */
export async function persist(people: () => People, campaignId: string, userId: string): Promise<PatientTry> {
  const pressedAt = performance.now();
  const tickets: string[] = [];
  let ticket: string | null = null;
  let [answeredAt, presses] = [0, 0];
  for (;;) {
    try {
      const { press, verdict } = people();
      if (ticket === null) presses += 1;
      const told: Told = await (ticket === null
        ? press(campaignId, userId)
        : verdict(campaignId, ticket, userId));
      answeredAt ||= performance.now();
      if (told.status === 202) {
        ticket = told.body['ticket'] as string;
        tickets.push(ticket);
        continue;
      }
      if (told.status !== 503) {
        const times = { pressedAt, answeredAt, toldAt: performance.now() };
        return { userId, ticket, tickets, presses, ...saidIn(told), ...times };
      }
      if (told.body['code'] === 'outcome_unknown') ticket = null;
    } catch (error) {
      if (!isConnectionFault(error)) throw error;
    }
    await pause(100);
  }
}

function isConnectionFault(error: unknown): boolean {
  const { code, name } = error as { code?: string; name?: string };
  return (code ?? '').startsWith('UND_ERR') || /^E[A-Z]+$/.test(code ?? '') || name === 'SocketError';
}

/** What an answer says, be it a body or a problem. */
export function saidIn({ body }: Told): Pick<Try, 'verdict' | 'seq' | 'code'> {
  const verdict = (body['verdict'] ?? body['code']) as string;
  const claim = body['claim'] as { seq: number; code: string } | undefined;
  return { verdict, seq: claim?.seq ?? null, code: claim?.code ?? null };
}

export const ticketPath = (campaignId: string, ticket: string, userId: string, wait?: string): string =>
  `/v1/campaigns/${campaignId}/claims/${ticket}?userId=${userId}${wait === undefined ? '' : `&wait=${wait}`}`;

/** Where a ticket stands on the log of requests: its figures are varints behind a byte for its kind. */
export function placeIn(ticket: string): number {
  const figures: number[] = [];
  let [figure, unit] = [0, 1];
  for (const byte of Buffer.from(ticket, 'base64url').subarray(1)) {
    figure += (byte % 128) * unit;
    unit *= 128;
    if (byte >= 128) continue;
    figures.push(figure);
    [figure, unit] = [0, 1];
  }
  return figures[2] as number;
}

/** The log of requests of a data folder: its last row's number. */
export function requestsEnd(dataDir: string): number {
  const db = new Database(join(dataDir, 'requests.db'), { readonly: true });
  try {
    return db.prepare<[], number>('SELECT max(id) FROM entry').pluck().get() ?? 0;
  } finally {
    db.close();
  }
}

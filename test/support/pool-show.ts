/** The life of a pool seen from outside, over HTTP: codes imported, a rush for them, and one of them used. */

import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Crowd, TestServer, Told } from './server.ts';
import { makeCrowd, operator, winnersCsv } from './server.ts';

export type Place = Pick<TestServer, 'url' | 'adminKey'>;

export interface PoolShow {
  id: string;
  codes: number;
  /** people who press, each of them twice */
  people: number;
  more?: object;
}

const PATIENCE_MS = 30_000;
const TRIES_MAX = 50;
const AGAIN_MS = 200;

/** Codes that say by nothing what number they have. */
export const pinsOf = (id: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${id}/${(i * 7_919 + 13) % 100_003}-\\${i}'`);

async function sendCodes(server: Place, id: string, codes: readonly string[]): Promise<void> {
  const answer = await fetch(`${server.url}/v1/admin/campaigns/${id}/codes`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.adminKey}`, 'content-type': 'text/plain' },
    body: codes.join('\r\n'),
  });
  expect([answer.status, await answer.json()]).toMatchObject([200, { imported: codes.length }]);
}

/** Defines a campaign and imports its codes. */
export async function definePool(server: Place, { id, codes, more = {} }: PoolShow): Promise<string[]> {
  const pins = pinsOf(id, codes);
  const draft = { id, name: id, quantity: codes, codes: { source: 'pool' }, ...more };
  expect((await operator(server as TestServer, 'POST', '/v1/admin/campaigns', draft)).status).toBe(201);
  await sendCodes(server, id, pins);
  expect((await operator(server as TestServer, 'POST', `/v1/admin/campaigns/${id}/open`)).status).toBe(200);
  return pins;
}

/** Presses again when somebody is told to: a campaign is known everywhere within a second, and services may be slow. */
async function pressed(crowd: Crowd, id: string, user: string): Promise<Told['body']> {
  for (let tried = 1; ; tried++) {
    const { status, body } = await crowd.press(id, user);
    const isOver = status !== 503 && status !== 404 && body['code'] !== 'not_open';
    if (isOver || tried === TRIES_MAX) return body;
    await wait(AGAIN_MS);
  }
}

/** Everybody presses twice; whoever is told a code is told the one of his number, each time. */
export async function rushForPins(servers: readonly Place[], show: PoolShow, pins: readonly string[]) {
  const crowds = servers.map((server) => makeCrowd(server, 50));
  const users = Array.from({ length: show.people }, (_, i) => `u-${i}`).flatMap((user) => [user, user]);
  const bySeq = new Map<number, string>();
  let next = 0;
  const person = async (at: number): Promise<void> => {
    while (next < users.length) {
      const user = users[next++] as string;
      const body = await pressed(crowds[at % crowds.length] as Crowd, show.id, user);
      const claim = body['claim'] as { seq: number; code: string; userId: string } | undefined;
      if (claim === undefined) continue;
      expect(claim.code).toBe(pins[claim.seq - 1]);
      expect(bySeq.get(claim.seq) ?? user).toBe(user);
      bySeq.set(claim.seq, user);
    }
  };
  await Promise.all(Array.from({ length: 100 }, (_, at) => person(at)));
  await Promise.all(crowds.map((crowd) => crowd.close()));
  return bySeq;
}

/** Each winner has the row of his number, exactly once, in the list of winners too; and the report is green. */
export async function expectPinsOut(
  server: Place,
  { id, codes }: PoolShow,
  pins: readonly string[],
): Promise<void> {
  const ask = async (what: string) =>
    (await operator(server as TestServer, 'GET', `/v1/admin/campaigns/${id}/${what}`)).body;
  const until = performance.now() + PATIENCE_MS;
  const isThere = async () =>
    (await ask('codes'))['assigned'] === codes && (await ask('integrity'))['ok'] === true;
  while (!(await isThere()) && performance.now() < until);
  expect((await ask('integrity'))['checks']).toContainEqual(expect.objectContaining({ id: 'I7', ok: true }));
  expect(await ask('codes')).toMatchObject({ imported: codes, assigned: codes, left: 0 });
  const rows = await winnersCsv(server as TestServer, id);
  expect(rows.map(({ seq, code }) => [Number(seq), code])).toEqual(pins.map((pin, i) => [i + 1, pin]));
}

/** Of a hundred who show the same code at the same moment one has it taken. */
export async function redeemAtOnce(servers: readonly Place[], code: string): Promise<void> {
  const tries = await Promise.all(
    Array.from({ length: 100 }, (_, i) => {
      const server = servers[i % servers.length] as TestServer;
      return operator(server, 'POST', `/v1/admin/coupons/${encodeURIComponent(code)}/redeem`);
    }),
  );
  const told = tries.map(({ status, body }) => (status === 200 ? body['status'] : body['code']));
  expect(told.filter((one) => one === 'redeemed')).toHaveLength(1);
  expect(told.filter((one) => one === 'already_redeemed')).toHaveLength(99);
}

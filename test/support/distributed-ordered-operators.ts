// An operator at one process of an installation while people press at another: what is told of a change at the one holds
// at the other, and the log has both in one order.

import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'vitest';
import type { DibsProcess, Site } from './distributed.ts';
import { makePeople, placeIn, type Try } from './ordered-people.ts';

/** People who press at one process, new ones all the time. */
export interface Flow {
  tries: Try[];
  /** Nobody new comes; resolves with everybody's try when all are told. */
  end(): Promise<Try[]>;
}

const AT_ONCE = 15;
const REFUSED_REST_MS = 20;

export function flowAt(api: DibsProcess, campaignId: string): Flow {
  const people = makePeople(api, AT_ONCE);
  const tries: Try[] = [];
  let over = false;
  let next = 0;
  const person = async (): Promise<void> => {
    while (!over) {
      const one = await people.attempt(campaignId, `f-${next++}`);
      tries.push(one);
      if (one.verdict !== 'won') await wait(REFUSED_REST_MS);
    }
  };
  const all = Promise.all(Array.from({ length: AT_ONCE }, person));
  return {
    tries,
    async end() {
      over = true;
      await all;
      await people.close();
      return tries;
    },
  };
}

export interface Operator {
  /** Both resolve with `performance.now()` when the operator was told that it is done. */
  act(campaignId: string, action: string): Promise<number>;
  quantity(campaignId: string, value: number): Promise<number>;
}

export function operatorAt(site: Site, api: DibsProcess): Operator {
  const ask = async (method: string, path: string, more: object = {}, body?: object): Promise<Response> => {
    const answer = await fetch(api.url + path, {
      method,
      headers: { authorization: `Bearer ${site.adminKey}`, 'content-type': 'application/json', ...more },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    expect(answer.status, `${path}: ${await answer.clone().text()}`).toBe(200);
    return answer;
  };
  return {
    async act(campaignId, action) {
      await (await ask('POST', `/v1/admin/campaigns/${campaignId}/${action}`, {}, {})).text();
      return performance.now();
    },
    async quantity(campaignId, value) {
      const path = `/v1/admin/campaigns/${campaignId}`;
      const etag = (await ask('GET', path)).headers.get('etag');
      await (await ask('PATCH', path, { 'if-match': etag }, { quantity: value })).text();
      return performance.now();
    },
  };
}

/** Those who were given a ticket, as they stand on the log. */
export const inLogOrder = (tries: readonly Try[]): Try[] =>
  tries
    .filter(({ ticket }) => ticket !== null)
    .sort((a, b) => placeIn(a.ticket as string) - placeIn(b.ticket as string));

/** The verdicts along the log, each run of the same one as one. */
export const runsOf = (tries: readonly Try[]): string[] =>
  inLogOrder(tries)
    .map(({ verdict }) => verdict)
    .filter((verdict, at, all) => verdict !== all[at - 1]);

/** What those were told who pressed between two moments. */
export const toldBetween = (tries: readonly Try[], from: number, to = Number.POSITIVE_INFINITY): string[] => [
  ...new Set(
    tries.filter(({ pressedAt }) => pressedAt > from && pressedAt < to).map(({ verdict }) => verdict),
  ),
];

/** Numbers without a gap in the order of the log, and the server's own report. */
export async function expectExact(site: Site, campaignId: string, tries: readonly Try[]): Promise<void> {
  const seqs = inLogOrder(tries).flatMap(({ seq }) => (seq === null ? [] : [seq]));
  expect(seqs).toEqual(seqs.map((_, at) => at + 1));
  const { body } = await site.call('GET', `/v1/admin/campaigns/${campaignId}/integrity`);
  expect(body, JSON.stringify(body)).toMatchObject({ ok: true });
}

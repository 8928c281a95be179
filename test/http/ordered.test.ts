// Protects: what people are told whose try the log puts in order: a ticket, and behind it a verdict that stays.

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Answer, Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';

let site: Site;

beforeAll(async () => {
  site = await startSite();
});
afterAll(() => site.stop());

const ask = (id: string, ticket: string, user: string, wait = '5s'): Promise<Answer> =>
  site.call(`/v1/campaigns/${id}/claims/${ticket}?userId=${user}&wait=${wait}`);

async function ticketOf(id: string, user: string): Promise<string> {
  const { status, json } = await site.press(id, user);
  expect([status, json['verdict']]).toEqual([202, 'pending']);
  return json['ticket'] as string;
}

it('a press is told a ticket and no place', async () => {
  await site.campaign('press', 5, { mode: 'ordered' });
  const { status, json, headers } = await site.press('press', 'ann');
  expect([status, json]).toEqual([
    202,
    { verdict: 'pending', ticket: expect.any(String), retryAfterMs: expect.any(Number) },
  ]);
  expect(headers.get('location')).toBe(`/v1/campaigns/press/claims/${json['ticket'] as string}`);
  expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
});

it('each ticket has its verdict, and keeps it; who comes later is refused at once', async () => {
  await site.campaign('few', 2, { mode: 'ordered' });
  const users = Array.from({ length: 20 }, (_, i) => `u-${i}`);
  const pressed = await Promise.all(users.map((user) => site.press('few', user)));
  const waiting = users.flatMap((user, i) => {
    const ticket = pressed[i]?.json['ticket'] as string | undefined;
    return ticket === undefined ? [] : [{ user, ticket }];
  });
  const askAll = async (): Promise<Answer['json'][]> => {
    const answers = await Promise.all(waiting.map(({ user, ticket }) => ask('few', ticket, user)));
    expect(answers.every(({ status }) => status === 200)).toBe(true);
    return answers.map(({ json }) => json);
  };
  const first = await askAll();
  const [won = [], lost = []] = ['won', 'sold_out'].map((one) =>
    first.filter(({ verdict }) => verdict === one),
  );
  expect(won.map(({ claim }) => (claim as { seq: number }).seq).sort((a, b) => a - b)).toEqual([1, 2]);
  expect(won.length).toBe(first.length - lost.length);
  for (const one of lost) expect(one).toEqual({ verdict: 'sold_out', campaignId: 'few' });
  expect((await askAll()).map(({ verdict }) => verdict)).toEqual(first.map(({ verdict }) => verdict));
  const { claim } = won[0] as { claim: { id: string; userId: string } };
  expect((await site.press('few', claim.userId)).json).toMatchObject({
    verdict: 'already_won',
    claim: { id: claim.id },
  });
  const late = await site.press('few', 'late');
  expect([late.status, late.json['code']]).toEqual([409, 'sold_out']);
  const me = await site.call(`/v1/campaigns/few/claims/me?userId=${claim.userId}`);
  expect(me.json).toMatchObject({ verdict: 'won', claim: { userId: claim.userId } });
});

it.each([
  ['TICKET', 'bob', 403, 'ticket_mismatch'],
  ['AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 'ann', 403, 'ticket_mismatch'],
  ['no-ticket', 'ann', 404, 'claim_not_found'],
  ['me', 'nobody', 404, 'no_claim'],
])('a ticket %s asked for by %s: %i %s', async (asked, user, status, code) => {
  const id = `bad-${asked.toLowerCase().slice(0, 8)}`;
  await site.campaign(id, 5, { mode: 'ordered' });
  const ticket = await ticketOf(id, 'ann');
  await ask(id, ticket, 'ann');
  const answer = await ask(id, asked.replace('TICKET', ticket), user, '1s');
  expect([answer.status, answer.json['code']]).toEqual([status, code]);
});

it('a unit may be given back, a try may not', async () => {
  await site.campaign('back', 1, { mode: 'ordered' });
  await ask('back', await ticketOf('back', 'ann'), 'ann');
  await site.press('back', 'bob');
  const giveBack = (user: string): Promise<Answer> =>
    site.call(`/v1/campaigns/back/claims/me?userId=${user}`, { method: 'DELETE' });
  expect((await giveBack('ann')).json).toMatchObject({ claim: { status: 'revoked' } });
  expect((await giveBack('bob')).json['code']).toBe('no_claim');
});

// Protects: over HTTP, what several processes with one gate owe to people and operators: a win at another process
// reaches the stream here, and gate, log and record can be compared and repaired, by those who may.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LeftBehind } from '../../src/ports/shared-gate.ts';
import type { Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';
import { sampleWin } from '../support/samples.ts';

let site: Site;
const left: LeftBehind[] = [];
const epoch = { campaignId: 'c', version: 1, epoch: 1, state: 'open', baseSeq: 0, leasedSeq: 0 } as const;

beforeAll(async () => {
  site = await startSite(
    {},
    {
      shared: true,
      epochOf: async () => ({ ...epoch, reserved: 0, reservedUntil: null }),
      epochs: {
        of: async () => ({ ...epoch, reserved: 0, reservedUntil: null }),
        unreserve: async () => false,
      },
      keeper: {
        async inForce(id) {
          const counts = await site.parts.gate.counts(id);
          const now = site.parts.system.now();
          return counts && { ...counts, epoch: 1, version: 1, armed: true, reserved: 0, blockEnd: null, now };
        },
        leftBehind: async (_id, after) => left.filter(({ facts }) => (facts.at(-1)?.seq ?? 0) > after),
        letGo: async () => undefined,
        arm: () => Promise.reject(new Error('not here')),
        extend: async () => true,
        freeze: async () => undefined,
        unreserve: async () => undefined,
      },
    },
  );
});
afterAll(() => site.stop());

/** Decided at the gate, and unknown to this process's flow: as another process does it. */
function winElsewhere(campaignId: string, userId: string): void {
  site.parts.gate.claim(campaignId, { userId, key: null, eligible: true }, (given) => {
    if (given.verdict === 'won') left.push({ facts: [given.fact], decidedAt: given.fact.wonAt - 5000 });
  });
  const live = site.parts.catalog.get(campaignId);
  if (live) live.issued += 1;
}

it('tells a stream of a win at another process, once', async () => {
  await site.campaign('watched', 10);
  const stop = new AbortController();
  const answer = await fetch(`${site.url}/v1/campaigns/watched/events?userId=ann`, { signal: stop.signal });
  winElsewhere('watched', 'ann');
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes('event: verdict') && text.includes('"remaining":9')) break;
  }
  stop.abort();
  expect(text.match(/event: verdict\ndata: .*"userId":"ann","seq":1/g)).toHaveLength(1);
  left.length = 0;
});

describe('reconciling', () => {
  const ask = (body?: object, id = 'c') =>
    site.admin(`/v1/admin/campaigns/${id}/reconcile`, { method: 'POST', ...(body ? { body } : {}) });

  it('tells, sends on when told to, and then nothing differs', async () => {
    await site.campaign('c', 10);
    await site.press('c', 'bob');
    winElsewhere('c', 'ann');
    const integrity = await site.admin('/v1/admin/campaigns/c/integrity');
    expect(integrity.json).toMatchObject({ ok: true, drained: false, gate: 'compared' });
    expect((await ask()).json).toMatchObject({
      ok: false,
      applied: false,
      figures: { gate: 2, record: 1, outbox: 1 },
      differences: [{ kind: 'left_behind', count: 1, seqs: [2], done: false }],
    });
    expect((await ask({ apply: true })).json).toMatchObject({ ok: true, differences: [{ done: true }] });
    expect((await ask()).json).toMatchObject({ ok: true, figures: { gate: 2, record: 2 }, differences: [] });
    expect((await site.admin('/v1/admin/campaigns/c/claims')).json).toMatchObject({
      items: [{ userId: 'bob' }, { userId: 'ann', seq: 2 }],
    });
    const audit = await site.admin('/v1/admin/audit?limit=1');
    expect(audit.json).toMatchObject({
      items: [{ action: 'campaign.reconcile', target: 'c', actor: 'env' }],
    });
  });

  it('knows a number that two hold', async () => {
    left.length = 0;
    left.push({ facts: [sampleWin(1, { campaignId: 'c', userId: 'zoe' })], decidedAt: 0 });
    expect((await ask({ apply: true })).json).toMatchObject({
      ok: false,
      differences: [{ kind: 'contradicted', seqs: [1], done: false }],
    });
    left.length = 0;
  });

  it.each<[object, string, number, string]>([
    [{ apply: true, releaseReserved: true }, 'c', 400, 'invalid_field'],
    [{ apply: true, releaseReserved: true, reason: ' ' }, 'c', 400, 'invalid_field'],
    [{ apply: 'yes' }, 'c', 400, 'invalid_field'],
    [{ aply: true }, 'c', 400, 'unknown_field'],
    [{ apply: true }, 'nothing', 404, 'campaign_not_found'],
  ])('%j of %s: %i %s', async (body, id, status, code) => {
    const answer = await ask(body, id);
    expect([answer.status, answer.json['code']]).toEqual([status, code]);
  });

  it('is for operators who may operate', async () => {
    const made = await site.admin('/v1/admin/keys', { body: { name: 'reader', role: 'read' } });
    const headers = { authorization: `Bearer ${String(made.json['key'])}` };
    const path = '/v1/admin/campaigns/c/reconcile';
    expect((await site.call(path, { method: 'POST', headers })).status).toBe(403);
    expect((await site.call(path, { method: 'POST' })).status).toBe(401);
  });
});

// Protects: a unit that is given or taken back before it was used goes to somebody else, in each mode, under a number of
// its own: never twice, never more than the quantity at a time, to whoever is next where people wait in line, and none of
// it is forgotten by a server that is killed.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestServer, Told } from '../support/server.ts';
import {
  newDataDir,
  openCampaign,
  operator,
  removeDataDir,
  startServer,
  winnersCsv,
} from '../support/server.ts';

const MODES = ['instant', 'ordered', 'queued'] as const;
type Mode = (typeof MODES)[number];

const dataDir = newDataDir();
let server: TestServer;

const person = async (method: string, path: string, body?: object): Promise<Told> => {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
  const text = await answer.text();
  return { status: answer.status, body: JSON.parse(text) as Told['body'], headers: {} };
};
const press = (id: string, userId: string) => person('POST', `/v1/campaigns/${id}/claims`, { userId });
const mine = (id: string, userId: string) => person('GET', `/v1/campaigns/${id}/claims/me?userId=${userId}`);
const giveBack = (id: string, userId: string) =>
  person('DELETE', `/v1/campaigns/${id}/claims/me?userId=${userId}`);

/** What has become of somebody's press: a number, or the verdict. */
function became({ body }: Told): unknown {
  const { claim, verdict, code } = body as { claim?: { seq: number }; verdict?: string; code?: string };
  return claim?.seq ?? verdict ?? code;
}

/** Presses and waits for the verdict. */
async function verdictOf(id: string, userId: string): Promise<unknown> {
  const first = became(await press(id, userId));
  if (first !== 'pending') return first;
  await expect.poll(async () => became(await mine(id, userId)), { timeout: 5000 }).not.toBe('pending');
  return became(await mine(id, userId));
}

const until = (id: string, userId: string, seq: number) =>
  expect.poll(() => verdictOf(id, userId), { timeout: 5000 }).toBe(seq);

const stateOf = async (id: string) => (await operator(server, 'GET', `/v1/admin/campaigns/${id}`)).body;

beforeAll(async () => {
  server = await startServer(dataDir);
  for (const mode of MODES) {
    const queued = { release: { perSecond: 100 }, returnUnits: 'to_next_in_line' };
    await openCampaign(server, mode, 2, {
      ...{ mode, codes: { source: 'generated' }, returnUnits: 'to_stock' },
      ...(mode === 'queued' ? queued : {}),
    });
  }
  await openCampaign(server, 'kept', 1);
}, 30_000);

afterAll(async () => {
  await server.stop();
  removeDataDir(dataDir);
});

const codeOf = async (id: string, userId: string): Promise<string> => {
  const { body } = await mine(id, userId);
  return encodeURIComponent((body['claim'] as { code: string }).code);
};

describe('a unit that comes back', () => {
  it.each<Mode>(['instant', 'ordered'])('%s: can be won by whoever presses', async (id) => {
    expect([await verdictOf(id, 'a'), await verdictOf(id, 'b')]).toEqual([1, 2]);
    expect(await verdictOf(id, 'c')).toBe('sold_out');
    expect((await giveBack(id, 'a')).status).toBe(200);
    await expect.poll(async () => (await stateOf(id))['returned'], { timeout: 5000 }).toBe(1);
    await until(id, 'd', 3);
    expect(await verdictOf(id, 'e')).toBe('sold_out');
    // He who gave it back had his: he stays a holder.
    expect(await verdictOf(id, 'a')).toBe(1);
    expect((await giveBack(id, 'a')).body).toMatchObject({ code: 'coupon_revoked', campaignId: id });
    // An operator takes one back.
    const revoked = await operator(server, 'POST', `/v1/admin/coupons/${await codeOf(id, 'b')}/revoke`, {
      reason: 'fraud',
    });
    expect(revoked.body).toMatchObject({ status: 'revoked', seq: 2 });
    await until(id, 'f', 4);
  });

  it('queued: goes to whoever is next in line, and who waits is not sent away', async () => {
    const id = 'queued';
    expect([await verdictOf(id, 'a'), await verdictOf(id, 'b')]).toEqual([1, 2]);
    expect([became(await press(id, 'c')), became(await press(id, 'd'))]).toEqual(['pending', 'pending']);
    expect((await stateOf(id))['status']).toBe('sold_out');
    expect((await giveBack(id, 'b')).status).toBe(200);
    await expect.poll(async () => became(await mine(id, 'c')), { timeout: 5000 }).toBe(3);
    expect((await mine(id, 'd')).body).toMatchObject({ verdict: 'pending', ahead: 0 });
    expect((await press(id, 'e')).body).toMatchObject({ verdict: 'pending', position: 5, ahead: 1 });
    await operator(server, 'POST', `/v1/admin/coupons/${await codeOf(id, 'a')}/revoke`);
    await expect.poll(async () => became(await mine(id, 'd')), { timeout: 5000 }).toBe(4);
    expect(became(await mine(id, 'e'))).toBe('pending');
  });

  it('stays out where the rule says no, and where it was used', async () => {
    expect(await verdictOf('kept', 'a')).toBe(1);
    expect((await giveBack('kept', 'a')).status).toBe(200);
    expect((await stateOf('kept'))['returned']).toBe(0);
    const code = await codeOf('instant', 'd');
    await operator(server, 'POST', `/v1/admin/coupons/${code}/redeem`);
    const taken = await operator(server, 'POST', `/v1/admin/coupons/${code}/revoke`);
    expect(taken.body).toMatchObject({ code: 'already_redeemed' });
    // The holder is told in full.
    expect((await giveBack('instant', 'd')).body).toMatchObject({
      ...{ code: 'already_redeemed', campaignId: 'instant' },
      ...{ by: expect.any(String), at: expect.any(String) },
    });
  });

  it('is counted once, and a server that is killed knows as much', async () => {
    for (const again of [false, true]) {
      if (again) {
        await server.kill();
        server = await startServer(dataDir);
      }
      for (const id of MODES) {
        expect(await stateOf(id)).toMatchObject({ quantity: 2, returned: 2, issued: 2, remaining: 0 });
        const { body } = await operator(server, 'GET', `/v1/admin/campaigns/${id}/integrity`);
        expect([id, body['ok']]).toEqual([id, true]);
        const [first] = body['checks'] as { figures: object }[];
        expect(first?.figures).toMatchObject({ quantity: 2, recorded: 2, returned: 2 });
        const rows = await winnersCsv(server, id);
        expect(rows.map(({ seq }) => Number(seq))).toEqual([1, 2, 3, 4]);
        expect(rows.filter(({ status }) => status === 'revoked')).toHaveLength(2);
      }
      expect(await verdictOf('instant', 'late')).toBe('sold_out');
      expect(became(await press('queued', 'e'))).toBe('pending');
    }
    const audit = await operator(server, 'GET', '/v1/admin/audit?limit=100');
    const lines = (audit.body['items'] as { action: string; actor: string }[]) ?? [];
    expect(lines.filter(({ action }) => action === 'campaign.return').map(({ actor }) => actor)).toEqual(
      Array(6).fill('system'),
    );
  }, 30_000);

  it('goes nowhere once the campaign is closed, and whoever still waits is told so', async () => {
    await operator(server, 'POST', '/v1/admin/campaigns/queued/close');
    expect((await giveBack('queued', 'c')).status).toBe(200);
    await expect.poll(async () => became(await mine('queued', 'e')), { timeout: 5000 }).toBe('closed');
    expect(await stateOf('queued')).toMatchObject({ returned: 2 });
  });
});

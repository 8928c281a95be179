/**
 * Plays it: a webhook is added, 30 people press for 20 coupons while the receiver is away, it comes back and has every
 * fact once; one coupon is used; a mail is printed for each winner; a forged fact is refused.
 */

import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { claim, crowd, Expectations, example, histogram, openCampaign, operate } from '../client.ts';
import { sendMails } from './mail.ts';
import { openStore, startReceiver } from './receiver.ts';

const FILE = new URL('campaign.yaml', import.meta.url);
const WAIT_MS = 30_000;

await example(async (suffix) => {
  const expect = new Expectations();
  const folder = mkdtempSync(join(tmpdir(), 'dibs-receiver-'));
  const path = join(folder, 'facts.db');
  // Made here, so that the receiver has it first. Without `secret` the server makes one, and shows it once.
  const secret = `whsec_${randomBytes(32).toString('base64')}`;
  let receiver = await startReceiver(secret, path);
  const { url } = receiver;
  const campaignId = `hooked-${suffix}`;
  const { id } = await operate<{ id: string }>('POST', '/webhooks', { url, secret, campaigns: [campaignId] });
  try {
    const { ok } = await operate<{ ok: boolean }>('POST', `/webhooks/${id}/test`);
    expect.equal('the test is taken', ok, true);
    receiver.stop();
    const { quantity } = await openCampaign(FILE, suffix);
    console.log(`30 people press for ${quantity} coupons; ${url} is away`);
    const told = histogram(await crowd(30, 8, (turn) => claim(campaignId, `person-${turn}`)));
    expect.equal('won', told['won'] ?? 0, quantity);
    receiver = await startReceiver(secret, path, Number(new URL(url).port));
    const store = openStore(path);
    const count = (type: string): number =>
      (store.prepare('SELECT count(*) AS count FROM facts WHERE type = ?').get(type) as { count: number })
        .count;
    const until = async (type: string, wanted: number): Promise<number> => {
      const end = performance.now() + WAIT_MS;
      while (count(type) < wanted && performance.now() < end) await pause(50);
      return count(type);
    };
    expect.equal('coupon.issued, each once', await until('coupon.issued', quantity), quantity);
    await redeemFirst(campaignId);
    expect.equal('coupon.redeemed', await until('coupon.redeemed', 1), 1);
    const ofFirst = store
      .prepare('SELECT type FROM facts WHERE claim_id = ? ORDER BY no')
      .all(`${campaignId}.1`);
    expect.equal(
      'facts of the first claim, in order',
      (ofFirst as { type: string }[]).map(({ type }) => type).join(' '),
      'coupon.issued coupon.redeemed',
    );
    const mails: string[] = [];
    await sendMails(store, 'https://shop.example', async (mail) => void mails.push(mail));
    console.log(mails[0]?.replace(/^/gm, '    '));
    expect.equal('mails', mails.length, quantity);
    expect.equal('mails when run again', await sendMails(store, 'https://shop.example', async () => {}), 0);
    expect.equal('a forged fact is answered', await forge(url), 401);
    store.close();
  } finally {
    receiver.stop();
    await operate('DELETE', `/webhooks/${id}`);
    rmSync(folder, { recursive: true, force: true });
  }
  expect.end();
});

async function redeemFirst(campaignId: string): Promise<void> {
  const { items } = await operate<{ items: { code: string }[] }>(
    'GET',
    `/campaigns/${campaignId}/claims?limit=1`,
  );
  await operate('POST', `/coupons/${items[0]?.code}/redeem`);
}

async function forge(url: string): Promise<number> {
  const now = String(Math.floor(Date.now() / 1000));
  const headers = { 'webhook-id': 'x', 'webhook-timestamp': now, 'webhook-signature': 'v1,AAAA' };
  const { status } = await fetch(url, {
    method: 'POST',
    headers,
    body: '{"type":"coupon.issued","data":{}}',
  });
  return status;
}

/**
 * Plays the document's E2E test: 쿠폰을 발급한다. A request for a coupon is accepted at once, and within 30 seconds, asked
 * every 500 ms, the coupon is there. With a quantity of 1 it was the last one: from then on it is sold out everywhere.
 *
 * Against a running Dibs; with `--services` on a Redis, a Kafka and a MariaDB of its own, in two processes.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { startDibs } from '../003-coupon-1000/dibs-on-services.ts';
import { Expectations, example, openCampaign, untilRecorded } from '../client.ts';

const FILE = new URL('campaign.yaml', import.meta.url);
const AT_MOST_MS = 30_000;
const POLL_INTERVAL_MS = 500;
/** Requests to see that it is sold out, each by a connection of its own: whichever process takes it. */
const LATE = 20;

interface Answer {
  status: number;
  location: string | null;
  body: { verdict?: string; code?: string; status?: string; claim?: { seq: number; code: string } };
}

async function call(path: string, body?: object): Promise<Answer> {
  const url = (process.env['DIBS_URL'] ?? 'http://127.0.0.1:8080').replace(/\/$/, '');
  const answer = await fetch(url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { connection: 'close', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: answer.status,
    location: answer.headers.get('location'),
    body: (await answer.json()) as Answer['body'],
  };
}

/** 쿠폰 발급 요청 API. */
const publish = (campaignId: string, userId: string): Promise<Answer> =>
  call(`/v1/campaigns/${campaignId}/claims`, { userId });

/** `await().atMost(30, SECONDS).pollInterval(500 ms)`: the first answer that will do, else the last one. */
async function untilAsserted<T>(ask: () => Promise<T>, will: (answer: T) => boolean): Promise<T> {
  const deadline = performance.now() + AT_MOST_MS;
  for (;;) {
    const answer = await ask();
    if (will(answer) || performance.now() > deadline) return answer;
    await pause(POLL_INTERVAL_MS);
  }
}

/** From as many connections as there will be late requests, by whichever process. */
async function shownStatuses(campaignId: string): Promise<string[]> {
  const shown = await Promise.all(Array.from({ length: LATE }, () => call(`/v1/campaigns/${campaignId}`)));
  return [...new Set(shown.map(({ body }) => body.status ?? 'unknown'))];
}

/** A request, and the coupon that comes of it. */
async function issueOne(expect: Expectations, campaignId: string, userId: string): Promise<void> {
  const requested = await publish(campaignId, userId);
  expect.equal('request accepted', `${requested.status} ${requested.body.verdict}`, '202 pending');
  const began = performance.now();
  const { body } = await untilAsserted(
    () => call(`${requested.location}?userId=${userId}`),
    (answer) => answer.body.verdict !== 'pending',
  );
  expect.equal('verdict', body.verdict, 'won');
  console.log(
    `    No. ${body.claim?.seq}, code ${body.claim?.code}, after ${Math.round(performance.now() - began)} ms`,
  );
  const [row] = await untilRecorded(campaignId, 1);
  expect.equal('coupon in the record', row?.userId, userId);
}

async function play(suffix: string): Promise<void> {
  const expect = new Expectations();
  const { id } = await openCampaign(FILE, suffix);
  console.log(`쿠폰을 발급한다 → ${id}: one request, polled every ${POLL_INTERVAL_MS} ms for at most 30 s`);
  await issueOne(expect, id, '1');
  const again = await publish(id, '1');
  expect.equal('이미 발급된 쿠폰, asked again', `${again.status} ${again.body.verdict}`, '200 already_won');
  await expect.integrity(id);

  const last = await openCampaign(FILE, `last-${suffix}`, { quantity: 1 });
  console.log(`발급 가능 수량이 1개 → ${last.id}: coupon:available is false everywhere`);
  await issueOne(expect, last.id, '1');
  const statuses = await untilAsserted(
    () => shownStatuses(last.id),
    (shown) => shown.join() === 'sold_out',
  );
  expect.equal('status for everybody', statuses.join(), 'sold_out');
  const late = await Promise.all(Array.from({ length: LATE }, (_, at) => publish(last.id, `late-${at}`)));
  const refused = late.filter(({ status, body }) => status === 409 && body.code === 'sold_out');
  expect.equal('refused at once', refused.length, LATE);
  await expect.integrity(last.id);
  expect.end();
}

await example(async (suffix) => {
  if (!process.argv.includes('--services')) return play(suffix);
  const dibs = await startDibs({ DIBS_WORKERS: '2', DIBS_LOG_LEVEL: 'warn' }, ({ msg }) =>
    console.error(msg),
  );
  try {
    Object.assign(process.env, { DIBS_URL: dibs.url, DIBS_ADMIN_KEY: dibs.adminKey });
    console.log(`on ${dibs.on}`);
    await play(suffix);
  } finally {
    await dibs.stop();
  }
});

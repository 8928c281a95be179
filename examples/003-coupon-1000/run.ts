/**
 * Plays the document: 1,000 coupons, a crowd all at once, Redis counts, Kafka takes the load off the database, and the
 * consumer writes at its own pace, one after the other, while everybody has had his answer long before.
 */

import { setTimeout as wait } from 'node:timers/promises';
import {
  claim,
  crowd,
  Expectations,
  example,
  histogram,
  openCampaign,
  recorded,
  untilRecorded,
} from '../client.ts';
import { type LogLine, type RunningDibs, startDibs } from './dibs-on-services.ts';

const PEOPLE = 5000;
const AT_ONCE = 100;
const COUPONS = 1000;
const PER_SECOND = 100;
/** So many are read and stored at once, and whole messages: the finer, the evener the pace. */
const BATCH = 20;
const SHOW_EVERY_MS = 2000;
const RECORDED_WITHIN_MS = 120_000;

interface Delivery {
  topic: string;
  partition: number;
  offset: number;
  facts: number;
}

interface Stored {
  partition: number;
  offset: number;
  user: string;
  seq: number;
  time: number;
}

const deliveries: Delivery[] = [];
const stored: Stored[] = [];

function note(line: LogLine): void {
  if (line.msg === 'delivered') deliveries.push(line as unknown as Delivery);
  else if (line.msg === 'recorded') stored.push(line as unknown as Stored);
  else if (Number(line['level']) >= 40) console.error(JSON.stringify(line));
}

/** Whether the pace was kept: what is read together is stored at once, so the last such batch may come on top. */
function paceWasKept(sinceMs: number): boolean {
  const seconds = (Math.max(...stored.map(({ time }) => time)) - sinceMs) / 1000;
  const batchMax = BATCH + Math.max(...deliveries.map(({ facts }) => facts));
  return COUPONS - batchMax <= PER_SECOND * seconds;
}

async function play(dibs: RunningDibs, suffix: string): Promise<void> {
  Object.assign(process.env, { DIBS_URL: dibs.url, DIBS_ADMIN_KEY: dibs.adminKey });
  const expect = new Expectations();
  const { id } = await openCampaign(new URL('campaign.yaml', import.meta.url), suffix);
  console.log(`${id} on ${dibs.on}: ${PEOPLE} people, ${AT_ONCE} at a time, for ${COUPONS} coupons`);

  const [started, openedAt] = [performance.now(), Date.now()];
  const seconds = () => ((performance.now() - started) / 1000).toFixed(1);
  const counts = histogram(await crowd(PEOPLE, AT_ONCE, (turn) => claim(id, String(turn + 1))));
  console.log(`  everybody has had his answer after ${seconds()} s`);
  // Whose first answer was lost or late had asked again, and was told what he has.
  expect.equal('won', (counts['won'] ?? 0) + (counts['already_won'] ?? 0), COUPONS);
  expect.equal('sold_out', counts['sold_out'] ?? 0, PEOPLE - COUPONS);

  for (let rows = 0; rows < COUPONS && performance.now() - started < RECORDED_WITHIN_MS; ) {
    rows = (await recorded(id)).length;
    console.log(`    in the database after ${seconds()} s: ${rows}`);
    if (rows < COUPONS) await wait(SHOW_EVERY_MS);
  }
  expect.equal('coupons in the database', (await untilRecorded(id, COUPONS)).length, COUPONS);
  expect.equal(`no more than ${PER_SECOND} stored in a second`, paceWasKept(openedAt), true);

  for (const { topic, partition, offset, facts } of [...deliveries.slice(0, 3), ...deliveries.slice(-1)]) {
    console.log(`    Sent message=[${facts} wins to ${topic}-${partition}] with offset=[${offset}]`);
  }
  const sent = deliveries.reduce((sum, { facts }) => sum + facts, 0);
  // Now and then a message is sent twice, when an answer of Kafka was late: it is stored once.
  expect.equal('wins in the delivery reports', Math.min(sent, COUPONS), COUPONS);
  for (const { partition, offset, user, seq } of [...stored.slice(0, 3), ...stored.slice(-1)]) {
    console.log(`    메시지 받음: partition ${partition}, offset ${offset}, user ${user}…, No. ${seq}`);
  }
  await expect.integrity(id);
  const topics = await dibs.dibs('topics', 'list');
  console.log(topics.replaceAll(/^ */gm, '    '));
  expect.end();
}

await example(async (suffix) => {
  const dibs = await startDibs(
    {
      DIBS_RECORDER_RATE_PER_SECOND: String(PER_SECOND),
      DIBS_RECORDER_BATCH: String(BATCH),
      DIBS_LOG_LEVEL: 'debug',
    },
    note,
  );
  try {
    await play(dibs, suffix);
  } finally {
    await dibs.stop();
  }
});

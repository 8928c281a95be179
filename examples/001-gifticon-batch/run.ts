/**
 * Plays the document's batch: a crowd presses, the winners are collected, the job `issue` gives each of them a gifticon in
 * chunks of 100, and what the drop has left behind is cleaned up. Run twice, it issues nothing twice.
 */

import { setTimeout as pause } from 'node:timers/promises';
import {
  claim,
  crowd,
  Expectations,
  example,
  histogram,
  openCampaign,
  operate,
  untilRecorded,
} from '../client.ts';

const FILE = new URL('campaign.yaml', import.meta.url);
const PEOPLE = 600;
const AT_ONCE = 50;
const CHUNK = 100;
const LOOK_AGAIN_MS = 50;

interface Gifticon {
  seq: number;
  userId: string;
  code: string | null;
  status: string;
}

interface Run {
  id: string;
  status: string;
  lastError: string | null;
  result: Record<string, unknown>;
  steps: { name: string; read: number; written: number; chunks: number; skips: Record<string, number> }[];
}

async function gifticons(id: string): Promise<Gifticon[]> {
  return (await operate<{ items: Gifticon[] }>('GET', `/campaigns/${id}/claims?limit=1000`)).items;
}

/** Asks for a run and waits until it has ended. */
async function runJob(name: string, params: object): Promise<Run> {
  const { id } = await operate<Run>('POST', `/jobs/${name}/runs`, { params });
  for (;;) {
    const run = await operate<Run>('GET', `/jobs/runs/${id}`);
    if (run.status === 'failed') throw new Error(`${name}: ${run.lastError}`);
    if (run.status === 'completed') return run;
    await pause(LOOK_AGAIN_MS);
  }
}

const stepOf = ({ steps }: Run, name: string) =>
  steps.find((step) => step.name === name) as Run['steps'][number];

/** What a winner sees who asks for his gifticon. */
async function mine(campaignId: string, userId: string): Promise<Gifticon> {
  const url = (process.env['DIBS_URL'] ?? 'http://127.0.0.1:8080').replace(/\/$/, '');
  const answer = await fetch(`${url}/v1/campaigns/${campaignId}/claims/me?userId=${userId}`);
  const { claim: held } = (await answer.json()) as { claim: Gifticon };
  return held;
}

await example(async (suffix) => {
  const { id, quantity } = await openCampaign(FILE, suffix);
  const expect = new Expectations();

  console.log(`${PEOPLE} people press for ${quantity} gifticons`);
  const told = await crowd(PEOPLE, AT_ONCE, (turn) => claim(id, `people-${turn}`));
  const verdicts = histogram(told);
  expect.equal('winners', verdicts['won'], quantity);
  expect.equal('isEventEnded: told sold_out', verdicts['sold_out'], PEOPLE - quantity);
  await untilRecorded(id, quantity);
  const before = await gifticons(id);
  expect.equal('gifticons before the batch', before.filter(({ code }) => code !== null).length, 0);
  await operate('POST', `/campaigns/${id}/close`);

  console.log('gifticonIssuanceJob: collect, issue in chunks of 100, clean-up');
  const run = await runJob('issue', { campaign: id, chunkSize: CHUNK });
  expect.equal('winners collected', stepOf(run, 'collect').written, quantity);
  expect.equal('gifticons issued', stepOf(run, 'issue').written, quantity);
  // The first chunk of the step only notes when it began.
  expect.equal('chunks', stepOf(run, 'issue').chunks - 1, Math.ceil(quantity / CHUNK));
  expect.equal('cleaned up', stepOf(run, 'clean-up').written, 1);

  const after = await gifticons(id);
  for (const { userId, code } of after.slice(0, 3))
    console.log(`    '${userId}'님의 치킨 기프티콘이 발급되었습니다 (${code})`);
  expect.equal(
    'gifticons with a code',
    after.filter(({ status, code }) => status === 'issued' && code).length,
    quantity,
  );
  expect.equal('codes, all different', new Set(after.map(({ code }) => code)).size, quantity);
  const { userId, code } = after.at(-1) as Gifticon;
  expect.equal(`${userId} asks and sees his`, (await mine(id, userId)).code === code, true);

  console.log('the batch once more');
  const again = await runJob('issue', { campaign: id, chunkSize: CHUNK });
  expect.equal('issued again', stepOf(again, 'issue').written, 0);
  expect.equal('already_issued', stepOf(again, 'issue').skips['already_issued'], quantity);
  const unchanged = JSON.stringify(await gifticons(id)) === JSON.stringify(after);
  expect.equal('gifticons as they were', unchanged, true);
  await expect.integrity(id);
  expect.end();
});

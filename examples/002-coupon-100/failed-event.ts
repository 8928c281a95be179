/**
 * The document's FailedEvent: saving a coupon fails on purpose, the failure is kept, and a job issues the coupon later,
 * once. The failure is put in from outside, by a trigger in the file of a server that runs with everything embedded.
 */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import type { Expectations } from '../client.ts';
import { claim, crowd, openCampaign, operate, recorded } from '../client.ts';

interface Letter {
  id: number;
  seq: number;
  userId: string;
  reason: string;
}

interface Run {
  id: string;
  status: string;
  steps: { written: number }[];
}

const PEOPLE = 120;
const THREADS = 32;
/** whose coupon cannot be saved */
const UNLUCKY = 17;

/** The record's file; null when it is not at hand: the server runs elsewhere, or on MySQL. */
export function recordFile(): string | null {
  const file = join(process.env['DIBS_DATA_DIR'] ?? 'data', 'record.db');
  return existsSync(file) ? file : null;
}

function change(file: string, statement: string): void {
  const record = new Database(file, { timeout: 10_000 });
  record.exec(statement);
  record.close();
}

async function until<T>(read: () => Promise<T>, isIt: (value: T) => boolean): Promise<T> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const value = await read();
    if (isIt(value) || performance.now() > deadline) return value;
    await pause(50);
  }
}

async function runJob(campaignId: string): Promise<number> {
  const { id } = await operate<Run>('POST', '/jobs/retry-dead-letters/runs', {
    params: { campaign: campaignId },
  });
  const read = () => operate<Run>('GET', `/jobs/runs/${id}`);
  const { steps } = await until(read, ({ status }) => status === 'completed');
  return steps[0]?.written ?? -1;
}

export async function failedEvent(
  expect: Expectations,
  file: URL,
  record: string,
  suffix: string,
): Promise<void> {
  const { id } = await openCampaign(file, `failed-${suffix}`);
  console.log(`FailedEvent → ${id}: the coupon of No. ${UNLUCKY} cannot be saved`);
  const fault = `failed_event_${suffix.replaceAll(/\W/g, '_')}`;
  change(
    record,
    `CREATE TRIGGER ${fault} BEFORE INSERT ON claims
     WHEN NEW.seq = ${UNLUCKY} AND NEW.campaign_no = (SELECT no FROM campaigns WHERE id = '${id}')
     BEGIN SELECT RAISE(ABORT, 'failed to create coupon'); END`,
  );
  try {
    const told = await crowd(PEOPLE, THREADS, (turn) => claim(id, `user-${turn}`));
    expect.equal('won', told.filter(({ verdict }) => verdict === 'won').length, 100);
    const list = async () =>
      (await operate<{ items: Letter[] }>('GET', `/dead-letters?campaign=${id}`)).items;
    const [letter, ...more] = await until(list, (items) => items.length > 0);
    expect.equal('failures kept', more.length + (letter ? 1 : 0), 1);
    const unlucky = told.findIndex(({ seq }) => seq === UNLUCKY);
    expect.equal('whose it is', letter?.userId, `user-${unlucky}`);
    console.log(`    ${letter?.reason}`);
  } finally {
    change(record, `DROP TRIGGER ${fault}`);
  }
  expect.equal('issued by the job', await runJob(id), 1);
  expect.equal('issued by the job when it runs again', await runJob(id), 0);
  const seqs = (await recorded(id)).map(({ seq }) => seq);
  expect.equal('coupons in the record', seqs.length, 100);
  expect.equal(`coupons with No. ${UNLUCKY}`, seqs.filter((seq) => seq === UNLUCKY).length, 1);
  await expect.integrity(id);
}

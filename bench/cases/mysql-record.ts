/**
 * The recorder into MySQL (P8): rows a second with everything that belongs to them (codes derived, the quantity guarded,
 * the outbox and the recorder's own offset in the same transaction), next to a bare multi-row INSERT of the same rows
 * into a table of the same shape. In turn, in one run, on the same server, every commit on its disk.
 */

import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { makeMysqlEpochs } from '../../src/adapters/mysql/epochs.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import { makeMysqlRecord } from '../../src/adapters/mysql/record.ts';
import { steady } from '../../src/adapters/mysql/steady.ts';
import { makeSqlCampaigns } from '../../src/adapters/sql/campaigns.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { ClaimWon } from '../../src/core/event.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import { makeRecorder } from '../../src/flow/record.ts';
import type { LogReader } from '../../src/ports/log.ts';
import { sampleAudit, sampleCampaign, sampleWin } from '../../test/support/samples.ts';
import { type Figure, figure, median, rounds } from '../measure.ts';

const ROUNDS = 7;
const ROWS = 20_000;
/** `recorder.batch` as it is by default, and what others would do. */
const BATCH = 1_000;
const OTHERS = [100, 500, 2_000, 5_000];

const system = makeSystem();
const codes = makeCodes(Buffer.alloc(32, 7));

function factsOf(campaignId: string): ClaimWon[] {
  return Array.from({ length: ROWS }, (_, i) => sampleWin(i + 1, { campaignId, userId: `user-${i * 7919}` }));
}

/** A log that is in memory: its reading is not what is measured. */
function readerOf(facts: ClaimWon[]): LogReader {
  return {
    read: async (offset, max) => {
      const some = facts.slice(offset, offset + max);
      return { facts: some, unreadable: [], next: offset + some.length };
    },
  };
}

async function recorded(mysql: Mysql, id: string, batchMax: number): Promise<number> {
  const campaigns = steady(makeSqlCampaigns(mysql.db), mysql.address, system);
  const campaign = sampleCampaign({ id, quantity: ROWS, codes: { source: 'generated' } });
  await campaigns.create(campaign, sampleAudit({ target: id }));
  const record = makeMysqlRecord({ mysql, system });
  const reader = readerOf(factsOf(id));
  const recorder = await makeRecorder({ source: id, reader, record, campaigns, codes, system, batchMax });
  const began = performance.now();
  while ((await recorder.step()).facts > 0);
  const rate = ROWS / ((performance.now() - began) / 1000);
  const { issued, withCode } = await record.counts(id, 0);
  if (issued !== ROWS || withCode !== ROWS) throw new Error(`${issued} of ${ROWS} rows are in the record`);
  return rate;
}

/** The campaign's number stands for nothing here; it keeps the rounds' rows apart as theirs does. */
async function bare(mysql: Mysql, id: string, no: number, batchMax: number): Promise<number> {
  const campaign = sampleCampaign({ id, codes: { source: 'generated' } });
  const rows = factsOf(id).map(({ seq, epoch, userId, nth, key, wonAt }) => {
    const code = codes.lookupOf(codes.codeOf(campaign, seq) ?? '');
    return [no, seq, epoch, userId, nth, key, code, wonAt];
  });
  const began = performance.now();
  for (let at = 0; at < ROWS; at += batchMax) {
    await mysql.pool.query(
      'INSERT INTO bare (campaign_no, seq, epoch, user_id, nth, idem_key, code_lookup, won_at) VALUES ?',
      [rows.slice(at, at + batchMax)],
    );
  }
  return ROWS / ((performance.now() - began) / 1000);
}

interface Round {
  ours: number;
  bare: number;
}

export async function mysqlRecord(): Promise<Figure[]> {
  const server = await startMariaDb();
  const mysql = await openMysql(server.url);
  let no = 0;
  const oneRound = async (batchMax: number): Promise<Round> => {
    no += 1;
    const id = `drop-${no}`;
    // Whoever comes second finds the other's pages still to be written: so each is first as often as the other.
    if (no % 2 === 0)
      return { ours: await recorded(mysql, id, batchMax), bare: await bare(mysql, id, no, batchMax) };
    const first = await bare(mysql, id, no, batchMax);
    return { bare: first, ours: await recorded(mysql, id, batchMax) };
  };
  try {
    await mysql.pool.query('CREATE TABLE bare LIKE claims');
    await oneRound(BATCH);
    const all = await rounds(ROUNDS, () => oneRound(BATCH));
    const notes: Figure['notes'] = { batch: BATCH, server: server.name };
    const thousands = (values: number[]) => `${(median(values) / 1000).toFixed(1)} k rows/s`;
    notes['recorder'] = thousands(all.map((one) => one.ours));
    notes['bare'] = thousands(all.map((one) => one.bare));
    for (const size of OTHERS) {
      const some = await rounds(3, () => oneRound(size));
      const ratio = median(some.map((one) => one.ours / one.bare)).toFixed(2);
      notes[`batches of ${size}`] = `${thousands(some.map((one) => one.ours))}, ${ratio} of bare ones`;
    }
    notes['all epochs, of as many campaigns'] = await epochsMs(mysql, no);
    return [
      figure(
        {
          id: 'P8',
          what: 'recorder into MySQL with codes and outbox ÷ bare multi-row INSERT',
          unit: '×',
          atLeast: 0.4,
        },
        all.map((one) => one.ours / one.bare),
        notes,
      ),
    ];
  } finally {
    await mysql.close();
    await server.stop();
  }
}

async function epochsMs(mysql: Mysql, campaigns: number): Promise<string> {
  const epochs = makeMysqlEpochs(mysql, system);
  await epochs.all();
  const began = performance.now();
  for (let i = 0; i < 100; i++) await epochs.all();
  return `${((performance.now() - began) / 100).toFixed(2)} ms (${campaigns})`;
}

/**
 * Plays the two tests of the document: 여러명응모 (1,000 claims, 32 at a time → exactly 100) and
 * 한명당_한개의쿠폰만_발급 (1,000 claims of one person → exactly 1). Waits for the record, not for ten seconds. Then its
 * FailedEvent, where the server's data folder is at hand.
 */

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
import { failedEvent, recordFile } from './failed-event.ts';

const CLAIMS = 1000;
const THREADS = 32;
const FILE = new URL('campaign.yaml', import.meta.url);

await example(async (suffix) => {
  const expect = new Expectations();

  const many = await openCampaign(FILE, `many-${suffix}`);
  console.log(`여러명응모 → ${many.id}: ${CLAIMS} people, ${THREADS} at a time`);
  const toMany = histogram(await crowd(CLAIMS, THREADS, (turn) => claim(many.id, String(turn))));
  expect.equal('won', toMany['won'] ?? 0, 100);
  expect.equal('sold_out', toMany['sold_out'] ?? 0, CLAIMS - 100);
  expect.equal('coupons in the record', (await untilRecorded(many.id, 100)).length, 100);
  await expect.integrity(many.id);

  const one = await openCampaign(FILE, `one-${suffix}`);
  console.log(`한명당_한개의쿠폰만_발급 → ${one.id}: user 1, ${CLAIMS} times, ${THREADS} at a time`);
  const told = await crowd(CLAIMS, THREADS, () => claim(one.id, '1'));
  const toOne = histogram(told);
  expect.equal('won', toOne['won'] ?? 0, 1);
  expect.equal('already_won', toOne['already_won'] ?? 0, CLAIMS - 1);
  expect.equal('different seqs told', new Set(told.map(({ seq }) => seq)).size, 1);
  expect.equal('coupons in the record', (await untilRecorded(one.id, 1)).length, 1);
  await operate('POST', `/campaigns/${one.id}/close`);
  await expect.integrity(one.id);

  const record = recordFile();
  if (record === null)
    console.log('FailedEvent: left out, it needs the data folder of an embedded server (DIBS_DATA_DIR)');
  else await failedEvent(expect, FILE, record, suffix);

  expect.end();
});

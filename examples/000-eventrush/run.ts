/** Plays Kafka EventRush: 1,000 people join at once, 100 are in; who is in and presses again is a DUPLICATE. */

import {
  crowd,
  Expectations,
  example,
  histogram,
  openCampaign,
  type Told,
  untilRecorded,
} from '../client.ts';
import { joinServer } from './join-server.ts';

const PEOPLE = 1000;
const AT_ONCE = 100;

async function join(url: string, userId: number): Promise<Told> {
  const answer = await fetch(`${url}/event/join`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ userId }),
  });
  const { result, error, seq } = (await answer.json()) as { result?: string; error?: string; seq?: number };
  return { status: answer.status, verdict: result ?? error ?? 'unknown', seq: seq ?? null };
}

await example(async (suffix) => {
  const campaign = await openCampaign(new URL('campaign.yaml', import.meta.url), suffix);
  const { server, url } = await joinServer(campaign.id);
  const expect = new Expectations();
  try {
    console.log(`POST ${url}/event/join → ${campaign.id}: ${PEOPLE} people, ${AT_ONCE} at a time`);
    const told = await crowd(PEOPLE, AT_ONCE, (turn) => join(url, turn + 1));
    const counts = histogram(told);
    expect.equal('SUCCESS', counts['SUCCESS'] ?? 0, campaign.quantity);
    expect.equal('LIMIT_EXCEEDED', counts['LIMIT_EXCEEDED'] ?? 0, PEOPLE - campaign.quantity);

    const winner = told.findIndex(({ verdict }) => verdict === 'SUCCESS') + 1;
    const again = await join(url, winner);
    expect.equal(`user ${winner} pressing again`, again.verdict, 'DUPLICATE');
    expect.equal('with the same seq', again.seq, told[winner - 1]?.seq);

    const rows = await untilRecorded(campaign.id, campaign.quantity);
    expect.equal('rows in the record (event_join)', rows.length, campaign.quantity);
    // The consumer's log line. One campaign is one partition here, and the seq is the place in it.
    for (const row of [...rows.slice(0, 3), ...rows.slice(-1)]) {
      console.log(`    Partition: 0, Offset: ${row.seq - 1}, UserId: ${row.userId}, Time: ${row.wonAt}`);
    }
    await expect.integrity(campaign.id);
  } finally {
    server.closeAllConnections();
    server.close();
  }
  expect.end();
});

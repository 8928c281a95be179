// Rows of the kill tests (killed-jobs) for the jobs that read or write files.

import { createHash } from 'node:crypto';
import type { KilledJob } from './killed-jobs.ts';
import type { TestServer } from './server.ts';
import { openCampaign, operator, winnersCsv } from './server.ts';

async function upload(server: TestServer, lines: readonly string[]): Promise<string> {
  const answer = await fetch(`${server.url}/v1/admin/files`, {
    method: 'POST',
    headers: { authorization: `Bearer ${server.adminKey}`, 'content-type': 'text/csv' },
    body: lines.join('\n'),
  });
  return ((await answer.json()) as { id: string }).id;
}

const users = (count: number): string[] => Array.from({ length: count }, (_, i) => `u-${i + 1}`);

async function integrity(server: TestServer, campaign: string): Promise<unknown> {
  return (await operator(server, 'GET', `/v1/admin/campaigns/${campaign}/integrity`)).body['ok'];
}

/** The only file that a job has made, without the times in it. */
async function exported(server: TestServer) {
  const { items } = (await operator(server, 'GET', '/v1/admin/files')).body as {
    items: Record<string, string>[];
  };
  const made = items.filter(({ id }) => id?.startsWith('export-'));
  const answer = await fetch(`${server.url}/v1/admin/files/${made[0]?.['id']}`, {
    headers: { authorization: `Bearer ${server.adminKey}` },
  });
  const text = await answer.text();
  const isAsSaid = createHash('sha256').update(text).digest('hex') === made[0]?.['sha256'];
  const rows = text
    .trim()
    .split('\n')
    .map((row) => row.slice(0, row.lastIndexOf(',')));
  return { files: made.length, name: made[0]?.['name'], isAsSaid, rows };
}

async function granted(server: TestServer, campaign: string, count: number): Promise<void> {
  await openCampaign(server, campaign, count, { eligibility: { allowUsers: [] } });
  const params = { campaign, file: await upload(server, users(count)) };
  const { body } = await operator(server, 'POST', '/v1/admin/jobs/grant/runs', { params });
  for (let status = 'queued'; status !== 'completed'; ) {
    const run = await operator(server, 'GET', `/v1/admin/jobs/runs/${String(body['id'])}`);
    status = String(run.body['status']);
    if (status === 'failed') throw new Error(JSON.stringify(run.body));
  }
}

export const killedFileJobs: readonly KilledJob[] = [
  {
    job: 'grant',
    kills: 2,
    async setUp(server) {
      await openCampaign(server, 'gift', 2000, { eligibility: { allowUsers: [] } });
      return { campaign: 'gift', file: await upload(server, [...users(1500), ...users(300), '\u202e']) };
    },
    async seen(server) {
      const rows = await winnersCsv(server, 'gift');
      const holders = new Set(rows.map(({ userId }) => userId));
      return { ok: await integrity(server, 'gift'), rows: rows.length, holders: holders.size };
    },
  },
  {
    job: 'export',
    kills: 1,
    async setUp(server) {
      await granted(server, 'listed', 2500);
      return { what: 'winners', campaign: 'listed', codes: true };
    },
    async seen(server) {
      const { rows, ...file } = await exported(server);
      // Codes are another server's: it has a secret of its own.
      const named = rows.map((row) => row.split(',')).map(([seq, userId, , id]) => `${seq},${userId},${id}`);
      return { ...file, named, codes: new Set(rows.map((row) => row.split(',')[2])).size };
    },
  },
  {
    job: 'import-codes',
    kills: 2,
    async setUp(server) {
      const body = { id: 'pool', name: 'pool', quantity: 100, codes: { source: 'pool' } };
      await operator(server, 'POST', '/v1/admin/campaigns', body);
      const codes = Array.from({ length: 25_000 }, (_, i) => `PIN-${i}-${i % 7}`);
      return { campaign: 'pool', file: await upload(server, [...codes, 'PIN-0-0']), skipDuplicates: true };
    },
    async seen(server) {
      const { body } = await operator(server, 'GET', '/v1/admin/campaigns/pool/codes');
      return { imported: body['imported'], imports: body['imports'] };
    },
  },
];

// What must be true after a rush with a fault in it, whatever the fault: told by the answers, by the list of winners, by
// the database itself and by the server's own integrity report.

import { setTimeout as wait } from 'node:timers/promises';
import { monotonicMs } from '../../src/cli/clock.ts';
import { checkHistory, type RecordedWin } from '../../src/core/history.ts';
import type { Site } from './distributed.ts';
import type { CrowdResult } from './distributed-crowd.ts';

export interface AuditOptions {
  campaignId: string;
  quantity: number;
  /** units that were kept back for a while: numbers have gaps then, and `sold_out` was told before these went out */
  reserved?: number;
  /** how long the record may take to catch up */
  patienceMs?: number;
}

export interface Audit {
  /** contradictions in words; empty when all is well */
  findings: string[];
  integrity: boolean;
  epoch: number;
  /** rows in the database */
  recorded: number;
  /** from the last answer until the record had everything */
  recordedMs: number;
}

const ASKED_AGAIN = 30;

/** Holds what the crowd was told against everything that can be read. Waits until the record has caught up. */
export async function auditRush(site: Site, crowd: CrowdResult, options: AuditOptions): Promise<Audit> {
  const { campaignId, quantity, reserved = 0, patienceMs = 20_000 } = options;
  const began = monotonicMs();
  const recorded = await untilRecorded(site, campaignId, quantity, patienceMs);
  const recordedMs = monotonicMs() - began;
  const record = await readRecord(site, campaignId);
  const report = checkHistory(crowd.tries, {
    quantity,
    lowestQuantity: quantity - reserved,
    perUserLimit: 1,
    record,
    exclusive: true,
  });
  const integrity = await untilWhole(site, campaignId, patienceMs);
  const findings = [
    ...crowd.unresolved.slice(0, 5).map((who) => `no verdict for ${who}`),
    ...report.checks
      .filter(({ ok, id }) => !ok && !(reserved > 0 && id === 'I6'))
      .map(({ id, violations, findings: said }) => `${id} (${violations}): ${said.slice(0, 3).join('; ')}`),
    ...countsOff(recorded, quantity, reserved === 0),
    ...(await askAgain(site, crowd, campaignId)),
    ...(integrity.ok ? [] : [`integrity: ${integrity.said}`]),
  ];
  return { findings, integrity: integrity.ok, epoch: recorded.epoch, recorded: recorded.rows, recordedMs };
}

interface Counts {
  rows: number;
  seqs: number;
  users: number;
  lowest: number;
  highest: number;
  issued: number;
  epoch: number;
}

async function untilRecorded(
  site: Site,
  campaignId: string,
  due: number,
  patienceMs: number,
): Promise<Counts> {
  const lastMs = monotonicMs() + patienceMs;
  for (;;) {
    const counts = await countRows(site, campaignId).catch(() => null);
    if (counts !== null && counts.rows >= due) return counts;
    if (monotonicMs() > lastMs) {
      if (counts !== null) return counts;
      throw new Error('the database does not answer');
    }
    await wait(100);
  }
}

async function countRows(site: Site, campaignId: string): Promise<Counts> {
  const [row] = await site.query(
    `SELECT COUNT(*) AS \`rows\`, COUNT(DISTINCT seq) AS seqs, COUNT(DISTINCT user_id) AS users, MIN(seq) AS lowest,
       MAX(seq) AS highest, MAX(issued) AS issued, MAX(campaigns.epoch) AS epoch
     FROM campaigns LEFT JOIN claims ON claims.campaign_no = campaigns.no WHERE campaigns.id = ?`,
    [campaignId],
  );
  const read = (name: string) => Number(row?.[name] ?? 0);
  const [rows, seqs, users] = [read('rows'), read('seqs'), read('users')];
  return {
    rows,
    seqs,
    users,
    lowest: read('lowest'),
    highest: read('highest'),
    issued: read('issued'),
    epoch: read('epoch'),
  };
}

function countsOff(counts: Counts, due: number, gapless: boolean): string[] {
  const { rows, seqs, users, lowest, highest, issued } = counts;
  const right = rows === due && seqs === due && users === due && issued === due;
  const inOrder = !gapless || (lowest === 1 && highest === due);
  return right && inOrder ? [] : [`in the database, of ${due}: ${JSON.stringify(counts)}`];
}

async function readRecord(site: Site, campaignId: string): Promise<RecordedWin[]> {
  const { body } = await site.call('GET', `/v1/admin/campaigns/${campaignId}/claims.csv`);
  const [head = '', ...lines] = String(body['text']).trim().split(/\r?\n/);
  const names = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    const cell = (name: string) => cells[names.indexOf(name)] ?? '';
    const [seq, userId, code, status] = [Number(cell('seq')), cell('userId'), cell('code'), cell('status')];
    return { seq, userId, code: code === '' ? null : code, status, wonAtMs: Date.parse(cell('wonAt')) };
  });
}

/** What is only lag passes; what does not pass is a difference. */
async function untilWhole(
  site: Site,
  campaignId: string,
  patienceMs: number,
): Promise<{ ok: boolean; said: string }> {
  const lastMs = monotonicMs() + patienceMs;
  for (;;) {
    const { status, body } = await site.call('GET', `/v1/admin/campaigns/${campaignId}/integrity`);
    if (status === 200 && body['ok'] === true && body['drained'] !== false) return { ok: true, said: '' };
    if (monotonicMs() > lastMs) return { ok: false, said: `${status} ${JSON.stringify(body)}` };
    await wait(300);
  }
}

/** Some of the winners ask once more, at every process, long after the fault. */
async function askAgain(site: Site, { tries }: CrowdResult, campaignId: string): Promise<string[]> {
  const wins = new Map<string, { seq: number; code: string | null }>();
  for (let row = 0; row < tries.length; row++) {
    const seq = tries.seq[row] ?? 0;
    if (seq > 0) wins.set(tries.nameOf(tries.user[row] ?? 0), { seq, code: tries.codes.get(row) ?? null });
  }
  const every = Math.max(1, Math.floor(wins.size / ASKED_AGAIN));
  const some = [...wins].filter((_, i) => i % every === 0);
  const running = site.apis().filter(({ pid }) => pid !== null);
  const asked = running.flatMap(({ url }) => some.map((win) => [url, ...win] as const));
  const said = await Promise.all(
    asked.map(async ([url, user, win]) => {
      const { seq, code } = await claimOf(url, campaignId, user);
      if (seq === win.seq && code === win.code) return [];
      return [`${user} was told seq ${win.seq} (${win.code}), and when he asked again ${seq} (${code})`];
    }),
  );
  return said.flat().slice(0, 5);
}

async function claimOf(
  url: string,
  campaignId: string,
  userId: string,
): Promise<{ seq?: number; code?: string }> {
  for (let nth = 0; ; nth++) {
    const answer = await fetch(`${url}/v1/campaigns/${campaignId}/claims`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId }),
    }).catch(() => null);
    if (answer === null) return {};
    const body = (await answer.json()) as { claim?: { seq: number; code: string } };
    if (answer.status !== 503 || nth > 20) return body.claim ?? {};
    await wait(200);
  }
}

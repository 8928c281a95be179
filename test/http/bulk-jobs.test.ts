// Protects: users of a file get their coupons without a race, each what he may have and once, and lists come out whole,
// however often a chunk is broken off; what is no such file is told; nobody's cell is run by a spreadsheet.

import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeClaimFlow } from '../../src/flow/claim.ts';
import { makeIntegrity } from '../../src/flow/integrity.ts';
import { makeSights } from '../../src/flow/sight.ts';
import { makeExportJob } from '../../src/jobs/export.ts';
import { makeGrantJob } from '../../src/jobs/grant.ts';
import { makeIssueJob } from '../../src/jobs/issue.ts';
import type { Job } from '../../src/jobs/job.ts';
import type { Site } from '../support/http-site.ts';
import { ADMIN_KEY, startSite } from '../support/http-site.ts';
import type { RunOptions } from '../support/run-job.ts';
import { runToEnd } from '../support/run-job.ts';

let site: Site;
let grant: Job;
let exporting: Job;
let issuing: Job;
let runs = 0;
/** Whichever chunk it is, it is done twice. */
const EVERY_CHUNK = Array.from({ length: 50 }, (_, i) => i);

beforeAll(async () => {
  site = await startSite();
  const { parts } = site;
  const claims = makeClaimFlow({ ...parts, inFlightMax: 10_000, logWaitingMax: 100_000 });
  grant = makeGrantJob({ ...parts, ...parts.stored, claims });
  exporting = makeExportJob({ ...parts, ...parts.stored });
  const integrity = makeIntegrity({ ...parts, sights: makeSights(false) });
  const unloadLine = async () => undefined;
  issuing = makeIssueJob({ ...parts, ...parts.stored, integrity, unloadLine, shared: undefined });
});
afterAll(() => site.stop());

const run = (job: Job, params: Record<string, unknown>, more: Partial<RunOptions> = {}) => {
  runs += 1;
  return runToEnd(job, { params, system: site.parts.system, runId: `run-${runs}`, ...more });
};

async function fileOf(text: string, type = 'text/csv'): Promise<string> {
  const made = await site.admin('/v1/admin/files', { body: text, headers: { 'content-type': type } });
  expect(made.status).toBe(201);
  return String(made.json['id']);
}

async function holders(campaign: string): Promise<string[]> {
  const list = await site.admin(`/v1/admin/campaigns/${campaign}/claims?limit=1000`);
  return (list.json['items'] as { userId: string }[]).map(({ userId }) => userId);
}

const forGifts = (id: string, quantity: number, more: object = {}) =>
  site.campaign(id, quantity, { eligibility: { allowUsers: [] }, ...more });

describe('grant', () => {
  it('gives each user of a file one coupon, and nobody else may press', async () => {
    await forGifts('gifts', 100);
    expect((await site.press('gifts', 'u-0')).json['code']).toBe('ineligible');
    const file = await fileOf('\ufeffuserId,why\r\nu-1,late\r\n"u-2"\r\n\r\n a\u202eb,x\r\nu-1\r\n한국\r\n');
    const { steps, result } = await run(grant, { campaign: 'gifts', file });
    expect(steps['grant']).toMatchObject({ written: 3, skips: { already_won: 1, invalid_user_id: 1 } });
    expect(result).toEqual({ badLines: [5] });
    expect(await holders('gifts')).toEqual(['u-1', 'u-2', '한국']);
    const again = await run(grant, { campaign: 'gifts', file });
    expect(again.steps['grant']).toMatchObject({ written: 0, skips: { already_won: 4, invalid_user_id: 1 } });
    expect(await holders('gifts')).toHaveLength(3);
    expect((await site.press('gifts', 'u-1')).json['verdict']).toBe('already_won');
    expect((await site.press('gifts', 'u-0')).json['code']).toBe('ineligible');
  });

  it('broken off in every chunk ends and counts as if it had not been', async () => {
    await site.campaign('make-up', 100, { perUserLimit: 2 });
    for (const user of ['u-3', 'u-4', 'u-4'])
      await site.press('make-up', user, { 'idempotency-key': `${runs++}` });
    const users = Array.from({ length: 40 }, (_, i) => `u-${1 + (i % 12)}`);
    const file = await fileOf(users.join('\n'));
    const given = { size: 7, brokenOff: EVERY_CHUNK };
    const { steps } = await run(grant, { campaign: 'make-up', file }, given);
    expect(steps['grant']).toMatchObject({ read: 40, written: 21, skips: { already_won: 19 } });
    const all = await holders('make-up');
    expect(all).toHaveLength(24);
    for (const user of new Set(users)) expect(all.filter((one) => one === user)).toHaveLength(2);
    const report = await site.admin('/v1/admin/campaigns/make-up/integrity');
    expect(report.json['ok']).toBe(true);
  });

  it('says when nothing is left, and goes on there when there is more', async () => {
    await forGifts('few', 5);
    const file = await fileOf(Array.from({ length: 9 }, (_, i) => `u-${i}`).join('\n'));
    const at: RunOptions['at'] = new Map();
    const given = { at, size: 3, runId: 'run-few' };
    await expect(run(grant, { campaign: 'few', file }, given)).rejects.toThrow(
      'Sold out at line 6. Raise the quantity and restart the run: it goes on there.',
    );
    expect(await holders('few')).toHaveLength(5);
    const headers = { 'if-match': '*' };
    await site.admin('/v1/admin/campaigns/few', { method: 'PATCH', body: { quantity: 20 }, headers });
    const { steps } = await run(grant, { campaign: 'few', file }, given);
    expect(steps['grant']).toMatchObject({ read: 9, written: 9, skips: {} });
    expect(await holders('few')).toHaveLength(9);
  });

  it('says when a campaign lets nobody in, and passes no deny list by', async () => {
    await forGifts('closed', 5, { eligibility: { allowUsers: [], denyUsers: ['u-1'] } });
    const file = await fileOf('u-1\nu-2\n');
    const { steps } = await run(grant, { campaign: 'closed', file });
    expect(steps['grant']).toMatchObject({ written: 1, skips: { ineligible: 1 } });
    await site.admin('/v1/admin/campaigns/closed/pause', { method: 'POST' });
    const other = await fileOf('u-3\n');
    await expect(run(grant, { campaign: 'closed', file: other })).rejects.toThrow('was paused at line 1');
    await site.admin('/v1/admin/campaigns/closed/close', { method: 'POST' });
    await expect(run(grant, { campaign: 'closed', file: other })).rejects.toThrow('was closed at line 1');
  });

  it('is refused for what is not there', async () => {
    await site.campaign('line', 5, { mode: 'queued', release: { perSecond: 10 } });
    const file = await fileOf('u-1\n');
    const refused = async (params: object) => (await grant.refuses?.(params as never))?.code;
    expect(await refused({ campaign: 'nope', file })).toBe('campaign_not_found');
    expect(await refused({ campaign: 'line', file })).toBe('mode_unavailable');
    expect(await refused({ campaign: 'gifts', file: 'nope' })).toBe('file_not_found');
    expect(await refused({ campaign: 'gifts', file })).toBeUndefined();
  });

  it.each([
    ['only a heading', 'userId\n', /names nobody/],
    ['other separators', 'u-1;a\nu-2;b\n', /separated by commas/],
    ['not UTF-8', Buffer.from('u-1\n\xff\xfe', 'latin1'), /not text in UTF-8/],
    ['a quote that is not closed', `"u-1\n${'u-2\n'.repeat(20_000)}`, /a quote is not closed/],
  ])('fails before anybody has anything: %s', async (what, body, why) => {
    const id = `bad-${what.replaceAll(/\W/g, '')}`.toLowerCase();
    await forGifts(id, 5);
    const file = await fileOf(body as string);
    await expect(run(grant, { campaign: id, file })).rejects.toThrow(why);
    expect(await holders(id)).toEqual([]);
  });
});

describe('issue', () => {
  it('gives each winner the row of an imported pool that is his, when it has run and not before', async () => {
    const body = { id: 'pins', name: 'pins', quantity: 5, codes: { source: 'pool', issue: 'by_job' } };
    await site.admin('/v1/admin/campaigns', { body });
    const pins = Array.from({ length: 5 }, (_, i) => `PIN-${i + 1}`).join('\n');
    await site.admin('/v1/admin/campaigns/pins/codes', {
      body: pins,
      headers: { 'content-type': 'text/csv' },
    });
    expect((await site.admin('/v1/admin/campaigns/pins/open', { method: 'POST' })).status).toBe(200);
    for (const user of ['u-1', 'u-2', 'u-3']) {
      expect((await site.press('pins', user)).json['claim']).toMatchObject({ status: 'won', code: null });
    }
    const codes = async () => {
      const { json } = await site.admin('/v1/admin/campaigns/pins/claims');
      return (json['items'] as { code: string | null; status: string }[]).map(({ code, status }) => [
        code,
        status,
      ]);
    };
    expect(await codes()).toEqual(Array(3).fill([null, 'won']));
    await site.admin('/v1/admin/campaigns/pins/close', { method: 'POST' });
    const { steps, result } = await run(issuing, { campaign: 'pins' });
    expect(steps['issue']).toMatchObject({ read: 3, written: 3 });
    expect(result).toMatchObject({ gate: 'cleared' });
    expect(await codes()).toEqual([1, 2, 3].map((n) => [`PIN-${n}`, 'issued']));
    expect((await site.admin('/v1/admin/coupons/PIN-2?campaignId=pins')).json).toMatchObject({
      userId: 'u-2',
    });
    expect((await site.call('/v1/campaigns/pins/claims/me?userId=u-3')).text).toContain('PIN-3');
    expect((await site.admin('/v1/admin/campaigns/pins/integrity')).json['ok']).toBe(true);
  });
});

describe('export', () => {
  const csv = async (id: string): Promise<string> => {
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    return (await fetch(`${site.url}/v1/admin/files/${id}`, { headers })).text();
  };
  const USERS = ['=1+2', '+a', '-a', '@a', 'a,"b"', '한국', 'plain'];

  beforeAll(async () => {
    await site.campaign('listed', 2000);
    for (const user of USERS) await site.press('listed', user);
    const many = ['userId', ...Array.from({ length: 1200 }, (_, i) => `u-${i}`)];
    const { steps, totals } = await run(grant, { campaign: 'listed', file: await fileOf(many.join('\n')) });
    // Said before it begins, of a long file too.
    expect([totals['grant'], steps['grant']?.read]).toEqual([1200, 1200]);
  });

  it('writes the same winners as are asked for at once, whole after any break', async () => {
    const wanted = (await site.admin('/v1/admin/campaigns/listed/claims.csv')).text;
    const params = { what: 'winners', campaign: 'listed', codes: true };
    const { steps, result } = await run(exporting, params, { brokenOff: EVERY_CHUNK });
    expect(steps['rows']).toMatchObject({ read: 1207, written: 1207 });
    expect(await csv(String(result['file']))).toBe(wanted);
    expect(wanted).toContain("\n1,'=1+2,");
    const file = (await site.admin('/v1/admin/files?limit=1')).json['items'] as object[];
    expect(file[0]).toMatchObject({ name: 'listed-winners.csv', role: 'admin', sha256: result['sha256'] });
    const { items } = (await site.admin('/v1/admin/audit?limit=1')).json as { items: object[] };
    expect(items[0]).toMatchObject({ action: 'file.download', target: result['file'] });
  });

  it('has no codes unless they are asked for, and cells as they are when they are for machines', async () => {
    const { result } = await run(exporting, { what: 'winners', campaign: 'listed', raw: true, gzip: true });
    const headers = { authorization: `Bearer ${ADMIN_KEY}` };
    const answer = await fetch(`${site.url}/v1/admin/files/${String(result['file'])}`, { headers });
    expect(answer.headers.get('content-disposition')).toContain('listed-winners.csv.gz');
    const text = gunzipSync(Buffer.from(await answer.arrayBuffer())).toString();
    const rows = text.split('\n');
    expect(rows[0]).toBe('seq,userId,code,id,status,wonAt');
    expect(rows[1]).toMatch(/^1,=1\+2,,listed\.1,issued,\d{4}-/);
    expect(rows).toHaveLength(1209);
  });

  it('lists those who have used theirs, and the audit log', async () => {
    const found = await site.admin('/v1/admin/campaigns/listed/claims?limit=3');
    const [, second] = found.json['items'] as { code: string }[];
    await site.admin(`/v1/admin/coupons/${second?.code}/redeem`, { method: 'POST' });
    const used = await run(exporting, { what: 'redeemed', campaign: 'listed' });
    expect(used.steps['rows']).toMatchObject({ read: 1207, written: 1, skips: { not_listed: 1206 } });
    const lines = (await csv(String(used.result['file']))).trim().split('\n');
    expect(lines).toHaveLength(2);
    expect(lines[1]).toMatch(/^2,'\+a,,listed\.2,redeemed,.*,env$/);
    const log = await run(exporting, { what: 'audit', campaign: 'listed' }, { brokenOff: EVERY_CHUNK });
    const audit = (await csv(String(log.result['file']))).trim().split('\n');
    expect(audit[0]).toBe('id,at,actor,action,target,requestId,before,after');
    expect(audit.slice(1).map((row) => row.split(',')[3])).toEqual([
      'coupon.redeem',
      'campaign.open',
      'campaign.create',
    ]);
    expect((await run(exporting, { what: 'audit' })).steps['rows']?.written).toBeGreaterThan(10);
  });

  it('of nobody is a heading', async () => {
    await site.campaign('nobody', 5);
    const { result } = await run(exporting, { what: 'winners', campaign: 'nobody' });
    expect(await csv(String(result['file']))).toBe('seq,userId,code,id,status,wonAt\n');
  });

  it('is refused for what is not there', async () => {
    const refused = async (params: object) => (await exporting.refuses?.(params as never))?.code;
    expect(await refused({ what: 'winners' })).toBe('invalid_field');
    expect(await refused({ what: 'audit' })).toBeUndefined();
    expect(await refused({ what: 'winners', campaign: 'nope' })).toBe('campaign_not_found');
  });
});

// Protects: the report is served in each form by name and by Accept, to operators only, with headers that let nothing in
// it run, and says what is wrong with a question.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';
import { HOSTILE } from '../support/sample-report.ts';

let site: Site;
const path = '/v1/admin/campaigns/drop/report';

beforeAll(async () => {
  site = await startSite();
  await site.campaign('drop', 2, { name: HOSTILE.slice(0, 100), benefit: { title: HOSTILE } });
  for (const user of ['=1+1', 'ben', 'cleo']) await site.press('drop', user);
});

afterAll(() => site.stop());

describe('GET …/report', () => {
  it('is JSON unless something else is asked for', async () => {
    const answer = await site.admin(path);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([
      200,
      'application/json; charset=utf-8',
    ]);
    expect(answer.json).toMatchObject({
      ...{ campaignId: 'drop', status: 'sold_out', given: 2, deadLetters: 0 },
      campaign: { quantity: 2, mode: 'instant' },
      winners: { units: 2, people: 2, first: { seq: 1, userId: '=1+1' }, last: { seq: 2, userId: 'ben' } },
      integrity: { ok: true, campaignId: 'drop' },
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it.each([
    ['?format=html', {}, 'text/html'],
    ['.html', {}, 'text/html'],
    ['', { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }, 'text/html'],
    ['?format=csv', {}, 'text/csv'],
    ['.csv', { accept: 'text/html' }, 'text/csv'],
    ['', { accept: 'text/csv' }, 'text/csv'],
    ['?format=json', { accept: 'text/html' }, 'application/json'],
    ['', { accept: '*/*' }, 'application/json'],
  ])('%s with %j is %s', async (rest, headers, type) => {
    const answer = await site.admin(path + rest, { headers });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, `${type}; charset=utf-8`]);
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('is a page in the language of whoever asks, in which no name is more than text', async () => {
    const korean = await site.admin(`${path}.html`, { headers: { 'accept-language': 'ko-KR,ko;q=0.9' } });
    expect(korean.text).toContain('<html lang="ko">');
    expect((await site.admin(`${path}.html?lang=en&zone=Europe/Berlin`)).text).toContain('(Europe/Berlin)');
    expect(korean.text).not.toMatch(/<script|<img|onerror='/);
    expect(korean.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(korean.headers.get('content-language')).toBe('ko');
  });

  it('is a download as CSV, without formulas unless a program asks', async () => {
    const safe = await site.admin(`${path}.csv`);
    expect(safe.headers.get('content-disposition')).toBe('attachment; filename="drop-report.csv"');
    expect(safe.text).toContain(`winners,first.userId,,"'=1+1"`);
    expect((await site.admin(`${path}.csv?raw=1`)).text).toContain('winners,first.userId,,=1+1\n');
  });

  it('says what is wrong with a question', async () => {
    const codeOf = async (rest: string): Promise<unknown> => (await site.admin(rest)).json['code'];
    expect(await codeOf('/v1/admin/campaigns/nobody/report')).toBe('campaign_not_found');
    expect(await codeOf('/v1/admin/campaigns/nobody/report.html')).toBe('campaign_not_found');
    expect(await codeOf(`${path}?format=pdf`)).toBe('invalid_query');
    expect(await codeOf(`${path}?lang=fr`)).toBe('invalid_query');
    expect(await codeOf(`${path}?zone=Mars/Olympus`)).toBe('invalid_query');
    expect((await site.call(path)).status).toBe(401);
    expect((await site.admin(path, { method: 'POST' })).status).toBe(405);
    expect(site.faults).toEqual([]);
  });
});

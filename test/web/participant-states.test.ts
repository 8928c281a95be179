// Protects: each state that a person can be in is said in words, in both languages, on a page that axe finds nothing
// wrong with. The server is real; an answer is put in by hand only where its state cannot be had at will.

import type { Page, Route } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { axeFaults } from '../support/axe.ts';
import { noBrowser, reach, usePages } from '../support/participant.ts';
import { openCampaign, operator } from '../support/server.ts';

interface Shown {
  state: string;
  path: string;
  /** the word beside the shape, and a piece of the sentence */
  ko: [string, string];
  en: [string, string];
  user?: string | null;
  /** what is done before the page is opened, and after */
  before?: (page: Page) => Promise<unknown>;
  act?: (page: Page) => Promise<unknown>;
}

const HOUR_MS = 3_600_000;
const problem =
  (status: number, code: string, more: object = {}) =>
  (route: Route) =>
    route.fulfill({ status, headers: { 'retry-after': '60' }, json: { code, status, ...more } });
const answers = (glob: string, answer: (route: Route) => Promise<void>) => (page: Page) =>
  page.route(glob, answer);
const press = (page: Page) => page.click('#act');
const never = () => new Promise<void>(() => undefined);
const CLAIMS = '**/claims';
const MINE = '**/claims/me?*';

/** Each part is waited for: a page is drawn more than once, and another language may keep a piece of the sentence. */
async function says(page: Page, [state, sentence]: [string, string]): Promise<void> {
  await page.getByText(state, { exact: true }).and(page.locator('#state')).waitFor();
  await page.locator('#says', { hasText: sentence }).waitFor();
  await page.locator('#told', { hasText: state }).waitFor({ state: 'attached' });
}

const claim = (more: object) => ({
  verdict: 'won',
  claim: { id: 'c1', campaignId: 'open', userId: 'kim', seq: 7, status: 'won', code: null, ...more },
});

const LIST: Shown[] = [
  {
    state: 'scheduled',
    path: 'soon',
    ko: ['열리기 전', '에 열려요. 서버 시계'],
    en: ['Not open yet', 'by our clock.'],
  },
  {
    state: 'armed',
    path: 'soon',
    ko: ['대신 누를게요', '0.3초 안에'],
    en: ['Will press for you', 'within 0.3 s'],
    act: press,
  },
  {
    state: 'opening',
    path: 'open',
    ko: ['여는 중', '곧 대신'],
    en: ['Opening', 'We press for you now.'],
    before: answers('**/v1/campaigns/open', async (route) => {
      const body = (await (await route.fetch()).json()) as object;
      const opensAt = new Date(Date.now() - 100).toISOString();
      await route.fulfill({ json: { ...body, opensAt, status: 'scheduled', pressSpreadMs: 1e12 } });
    }),
    act: (page) =>
      page.evaluate("localStorage.setItem('dibs.press.open.kim', 'armed k1')").then(() => page.reload()),
  },
  { state: 'open', path: 'open', ko: ['열림', '지금 받을 수'], en: ['Open', 'Open now.'] },
  { state: 'open', path: 'open', user: null, ko: ['열림', '지금 받을 수'], en: ['Open', 'Open now.'] },
  {
    state: 'asking',
    path: 'open',
    ko: ['확인 중', '다시 눌러도'],
    en: ['Checking', 'changes nothing'],
    before: answers(CLAIMS, never),
    act: press,
  },
  {
    state: 'retrying',
    path: 'open',
    ko: ['다시 묻는 중', '이미 눌렀으니'],
    en: ['Asking again', 'counts once'],
    before: answers(CLAIMS, (route) => route.abort('connectionreset')),
    act: press,
  },
  {
    state: 'retrying',
    path: 'open',
    ko: ['다시 묻는 중', '사람이 몰렸어요'],
    en: ['Asking again', 'Many people'],
    before: answers(CLAIMS, problem(429, 'rate_limited')),
    act: press,
  },
  {
    state: 'rebuilding',
    path: 'open',
    ko: ['기록 확인 중', '안전해요'],
    en: ['Checking records', 'is safe'],
    before: answers(CLAIMS, problem(503, 'gate_rebuilding')),
    act: press,
  },
  { state: 'won', path: 'won', ko: ['당첨', '번째예요'], en: ['Won', 'You are number'], act: press },
  { state: 'already_won', path: 'won', ko: ['이미 당첨', '같은 쿠폰'], en: ['Won already', 'this one'] },
  { state: 'won', path: 'by-job', ko: ['당첨', '나중에'], en: ['Won', 'comes later'], act: press },
  { state: 'redeemed', path: 'used', ko: ['사용함', '사용한 쿠폰'], en: ['Used', 'was used at'] },
  { state: 'revoked', path: 'back', ko: ['회수됨', '회수된'], en: ['Taken back', 'taken back'] },
  {
    state: 'expired',
    path: 'open',
    ko: ['기한 지남', '기한이 지난'],
    en: ['Expired', 'past its date'],
    before: answers(MINE, (route) =>
      route.fulfill({
        json: claim({ status: 'expired', code: 'AAAA-BBBB', expiresAt: '2026-01-01T00:00:00Z' }),
      }),
    ),
  },
  {
    state: 'pending',
    path: 'open',
    ko: ['판정 중', '도착한 순서대로'],
    en: ['Being decided', 'order of arrival'],
    before: answers(CLAIMS, (route) =>
      route.fulfill({ status: 202, json: { verdict: 'pending', ticket: 't', retryAfterMs: 60_000 } }),
    ),
    act: press,
  },
  {
    state: 'waiting',
    path: 'line',
    ko: ['대기 중', '자리는 유지돼요'],
    en: ['In line', 'place is kept'],
    act: press,
  },
  {
    state: 'left',
    path: 'line',
    ko: ['줄에서 나감', '다시 서면 맨 뒤'],
    en: ['Not in line', 'means its end'],
    act: async (page) => {
      await reach(page, 'waiting');
      await page.click('#act');
      await page.locator('#leave-says', { hasText: '앞에 1명' }).waitFor();
      await page.click('#leave-no');
      await reach(page, 'waiting');
      await page.click('#act');
      await page.click('#leave-yes');
    },
  },
  { state: 'turn', path: 'turn', ko: ['내 차례', '초 안에'], en: ['Your turn', 'Press within'], act: press },
  { state: 'sold_out', path: 'gone', ko: ['소진', '1개가'], en: ['Sold out', 'All 1 went in'] },
  {
    state: 'ineligible',
    path: 'others',
    ko: ['대상 아님', '대상이 아니에요'],
    en: ['Not open to you', 'Not open to you'],
    act: press,
  },
  { state: 'paused', path: 'paused', ko: ['잠시 멈춤', '자리는 그대로'], en: ['Paused', 'Places are kept'] },
  { state: 'closed', path: 'closed', ko: ['끝남', '0명이'], en: ['Over', '0 people'] },
  { state: 'missing', path: 'nothing', ko: ['없음', '주소를'], en: ['Not found', 'check the address'] },
  {
    state: 'faulty',
    path: 'open',
    ko: ['확인 필요', 'user_mismatch'],
    en: ['Needs a look', 'user_mismatch'],
    before: answers(CLAIMS, problem(403, 'user_mismatch')),
    act: press,
  },
  {
    state: 'signin',
    path: 'open',
    user: null,
    ko: ['로그인 필요', '로그인이 필요'],
    en: ['Sign in', 'Please sign in'],
    before: answers('**/v1/campaigns/open', async (route) => {
      const body = (await (await route.fetch()).json()) as object;
      await route.fulfill({ json: { ...body, signIn: 'token' } });
    }),
  },
  {
    state: 'offline',
    path: 'open',
    ko: ['연결 없음', '전 정보'],
    en: ['No connection', 'old.'],
    act: (page) => reach(page, 'open').then(() => page.context().setOffline(true)),
  },
];

describe.skipIf(noBrowser)('states of the page', () => {
  const pages = usePages();

  beforeAll(async () => {
    const server = pages.server();
    const opensAt = new Date(Date.now() + HOUR_MS).toISOString();
    const scheduled = { id: 'soon', name: 'soon', quantity: 3, opensAt };
    await operator(server, 'POST', '/v1/admin/campaigns', scheduled);
    const couponExpiresAt = new Date(Date.now() + 48 * HOUR_MS).toISOString();
    for (const id of ['open', 'paused', 'closed', 'won', 'used', 'back']) {
      await openCampaign(server, id, 9, { couponExpiresAt });
    }
    await operator(server, 'POST', '/v1/admin/campaigns/paused/pause');
    await operator(server, 'POST', '/v1/admin/campaigns/closed/close');
    await openCampaign(server, 'gone', 1);
    await pages.press('gone', 'somebody');
    await openCampaign(server, 'line', 9, { mode: 'queued', release: { perSecond: 0.001 } });
    for (const user of ['a', 'b']) await pages.press('line', user);
    const confirm = { mode: 'queued', release: { perSecond: 100 }, confirm: { withinSeconds: 300 } };
    await openCampaign(server, 'turn', 9, confirm);
    await openCampaign(server, 'others', 9, { eligibility: { allowUsers: ['somebody'] } });
    await openCampaign(server, 'by-job', 9, { codes: { source: 'generated', issue: 'by_job' } });
    for (const [id, act] of [
      ['used', 'redeem'],
      ['back', 'revoke'],
    ] as const) {
      const { claim: won } = (await pages.press(id, 'kim')) as { claim: { code: string } };
      const done = await operator(server, 'POST', `/v1/admin/coupons/${won.code}/${act}`, {});
      expect(done.status).toBe(200);
    }
  });

  for (const [at, { state, path, ko, en, user = 'kim', before, act }] of LIST.entries()) {
    it(`says ${state} of ${path} in both languages`, async () => {
      const scheme = at % 2 === 0 ? 'light' : 'dark';
      const context = await pages.device({ scheme, ...(user === null ? {} : { user }) });
      const page = await context.newPage();
      await before?.(page);
      await page.goto(`${pages.server().url}/c/${path}`);
      if (act !== undefined && user !== null && state !== 'opening') {
        await page.locator('#act:visible, #bar:visible').first().waitFor();
      }
      await act?.(page);
      await reach(page, state);
      await says(page, ko);
      if (at % 3 === 0 || state === 'offline') expect(await axeFaults(page)).toEqual([]);
      if (state === 'offline') return;
      await page.click('#language');
      await says(page, en);
      expect(await page.locator('html').getAttribute('lang')).toBe('en');
      if (at % 3 !== 0) expect(await axeFaults(page)).toEqual([]);
    });
  }
});

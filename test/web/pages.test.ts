// Protects: what a person sees is what the server decided, whatever happens on the way: the button presses once however
// often it is pressed, a reload or a cut connection is the same press, and nothing on the page needs an exception from
// its security policy.

import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Device,
  noBrowser,
  openingLater,
  opensSoon,
  reach,
  textOf as text,
  usePages,
} from '../support/participant.ts';
import { openCampaign, operator, type TestServer } from '../support/server.ts';

const CODE = /^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z*~$=]$/;

describe.skipIf(noBrowser)('pages', () => {
  const pages = usePages();
  let server: TestServer;
  beforeAll(() => {
    server = pages.server();
  });
  const visit = (path: string, how?: Device) => pages.visit(path, how);
  const press = (campaignId: string, userId: string) =>
    fetch(`${server.url}/v1/campaigns/${campaignId}/claims`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId }),
    });

  it('asks who it is, counts down, presses at the opening by itself, and shows the seq and the code', async () => {
    await openingLater(server, 'soon', 3);
    const page = await visit('/c/soon');
    await reach(page, 'scheduled');
    await page.fill('#who-field', '민지');
    await page.click('#who-save');
    await page.click('text=열리면 바로 참여하기');
    await reach(page, 'armed');
    expect(await text(page, 'says')).toBe('열리면 0.3초 안에 대신 눌러 드릴게요. 화면을 켜 두세요.');
    expect(await text(page, 'figure')).toMatch(/^(10:00|[89]:\d\d)$/);
    const opensAt = await opensSoon(server, 'soon');
    await reach(page, 'won');
    expect(await text(page, 'figure')).toBe('1');
    expect(await text(page, 'code')).toMatch(CODE);
    expect(await text(page, 'says')).toBe('3명 중 1번째예요. 쿠폰이 저장됐어요.');
    const mine = await fetch(
      `${server.url}/v1/campaigns/soon/claims/me?userId=${encodeURIComponent('민지')}`,
    );
    const { claim } = (await mine.json()) as { claim: { code: string; wonAt: string } };
    expect(claim.code).toBe(await text(page, 'code'));
    expect(Date.parse(claim.wonAt)).toBeGreaterThanOrEqual(opensAt);
  });

  it('gives one unit however often and wherever it is pressed, and shows the same one again', async () => {
    await openCampaign(server, 'again', 5);
    const page = await visit('/c/again', { user: 'ann', locale: 'en-GB' });
    await reach(page, 'open');
    expect(await text(page, 'figure')).toBe('5');
    await page.dblclick('text=Get one');
    await reach(page, 'won');
    const code = await text(page, 'code');
    expect(code).toMatch(CODE);
    await page.click('text=Copy code');
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(code);
    await page.reload();
    await reach(page, 'already_won');
    expect(await text(page, 'code')).toBe(code);
    expect(await text(page, 'says')).toBe('You have one already: this one.');
    const again = await press('again', 'ann');
    expect(again.status).toBe(200);
    expect(await again.json()).toMatchObject({ verdict: 'already_won', claim: { code } });
    const page2 = await visit('/c/again', { user: 'ben' });
    await reach(page2, 'open');
    expect(await text(page2, 'figure')).toBe('4');
  });

  it('tells sold out while it is looked at, with the seconds that it took', async () => {
    await openCampaign(server, 'gone', 1);
    const page = await visit('/c/gone', { user: 'late' });
    await reach(page, 'open');
    expect((await press('gone', 'early')).status).toBe(201);
    await reach(page, 'sold_out');
    expect(await text(page, 'figure')).toBe('0');
    await page.locator('#says', { hasText: '초 만에' }).waitFor();
    expect(await text(page, 'says')).toMatch(/^1개가 [\d.]+초 만에 모두 나갔어요\.$/);
    expect(await page.locator('#act').isVisible()).toBe(false);
  });

  it('asks again with the same key when the connection is cut, when it is busy, and after a reload', async () => {
    await openCampaign(server, 'cut', 2);
    const page = await visit('/c/cut', { user: 'cut' });
    const keys: (string | undefined)[] = [];
    await page.route('**/claims', async (route) => {
      keys.push(route.request().headers()['idempotency-key']);
      if (keys.length === 1) return route.abort('connectionreset');
      if (keys.length === 2) return route.fulfill({ status: 503, headers: { 'retry-after': '1' }, json: {} });
      if (keys.length === 3) return void page.reload();
      return route.continue();
    });
    await reach(page, 'open');
    await page.click('#act');
    await reach(page, 'retrying');
    expect(await text(page, 'says')).toBe('연결이 끊겨 다시 묻고 있어요. 이미 눌렀으니 안심하세요.');
    await page.locator('#says', { hasText: '사람이 몰렸' }).waitFor();
    await reach(page, 'won');
    expect(keys).toHaveLength(4);
    expect(new Set(keys).size).toBe(1);
  });

  it('shows how many are ahead in a line, keeps the place over a reload, and is left by one press', async () => {
    await openCampaign(server, 'line', 5, { mode: 'queued', release: { perSecond: 0.001 } });
    for (const user of ['a', 'b', 'c']) expect((await press('line', user)).status).toBe(202);
    const page = await visit('/c/line', { user: 'ann' });
    await reach(page, 'open');
    await page.click('#act');
    await reach(page, 'waiting');
    expect(await text(page, 'figure')).toBe('2');
    expect(await text(page, 'under')).toContain('내 번호 4');
    await page.reload();
    await reach(page, 'waiting');
    await fetch(`${server.url}/v1/campaigns/line/claims/me?userId=b`, { method: 'DELETE' });
    await page.locator('#figure', { hasText: /^1$/ }).waitFor();
    await page.click('#act');
    await page.click('#leave-yes');
    await reach(page, 'left');
    expect(await text(page, 'says')).toBe('줄에서 나왔어요. 다시 서면 맨 뒤예요.');
    await page.click('text=다시 줄 서기');
    await reach(page, 'waiting');
    expect(await text(page, 'under')).toContain('내 번호 5');
  });

  it('asks for one more press when a turn has come, and shows what it brings', async () => {
    const more = { mode: 'queued', release: { perSecond: 100 }, confirm: { withinSeconds: 120 } };
    await openCampaign(server, 'turn', 2, more);
    const page = await visit('/c/turn', { user: 'ann', locale: 'en-GB' });
    await page.click('text=Get one');
    await reach(page, 'turn');
    await page.reload();
    await reach(page, 'turn');
    await page.click('text=Get it');
    await reach(page, 'won');
    expect(await text(page, 'code')).toMatch(CODE);
  });

  it('waits for the verdict of the log', async () => {
    await openCampaign(server, 'log', 1, { mode: 'ordered' });
    const page = await visit('/c/log', { user: 'ann' });
    await page.click('#act');
    await reach(page, 'won');
    expect(await text(page, 'figure')).toBe('1');
  });

  it('says when it is paused, closed, or not there', async () => {
    await openCampaign(server, 'life', 2);
    const page = await visit('/c/life', { user: 'ann' });
    await reach(page, 'open');
    await operator(server, 'POST', '/v1/admin/campaigns/life/pause');
    await reach(page, 'paused');
    await operator(server, 'POST', '/v1/admin/campaigns/life/resume');
    await reach(page, 'open');
    await operator(server, 'POST', '/v1/admin/campaigns/life/close');
    await reach(page, 'closed');
    expect(await text(page, 'says')).toBe('끝났어요. 0명이 받았어요.');
    await page.goto(`${server.url}/c/nothing`);
    await reach(page, 'missing');
  });

  it('says how old its figures are without a connection, and goes on when there is one', async () => {
    await openCampaign(server, 'offline', 9);
    const page = await visit('/c/offline', { user: 'ann' });
    await reach(page, 'open');
    await page.context().setOffline(true);
    await reach(page, 'offline');
    expect(await text(page, 'figure')).toBe('9');
    await page.locator('#says', { hasText: /인터넷 연결이 없어요\.\s\d+초 전 정보예요/ }).waitFor();
    await page.context().setOffline(false);
    await reach(page, 'open');
    await page.click('#act');
    await reach(page, 'won');
  });

  it('fits a small phone in both languages', async () => {
    await openCampaign(server, 'wide', 1_000_000, {
      name: '한 줄에 다 들어가지 않을 만큼 이름이 긴 캠페인 하나',
    });
    for (const locale of ['ko-KR', 'en-GB']) {
      const page = await visit('/c/wide', { user: 'ann', locale });
      await reach(page, 'open');
      expect(await page.locator('html').getAttribute('lang')).toBe(locale.slice(0, 2));
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
      const reachable = await page.locator('#act').boundingBox();
      expect((reachable?.y ?? 0) + (reachable?.height ?? 0)).toBeLessThanOrEqual(780);
      await page.click('#language');
      await expect.poll(() => page.locator('html').getAttribute('lang')).not.toBe(locale.slice(0, 2));
      await page.goto(server.url);
      await page.locator('.row').first().waitFor();
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
    }
  });
});

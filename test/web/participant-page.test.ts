// Protects: what a phone has to load is small, comes at once, moves nothing, needs no exception from its policy and is
// reached by the keyboard alone; what others wrote is text and never markup; and a page of a shop has the same press by
// one script tag.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFaults } from '../support/axe.ts';
import { noBrowser, reach, textOf, usePages } from '../support/participant.ts';
import { openCampaign, operator } from '../support/server.ts';

const BYTES_MAX = 12_000;
const EVIL = '<img src=x onerror="document.title=1"><script>document.title=1</script>';
/** When the page said something first, and how much moved; read after it has settled. */
const MEASURE = `window.moved = 0;
  new PerformanceObserver((list) => { for (const one of list.getEntries()) window.moved += one.value; })
    .observe({ type: 'layout-shift', buffered: true });
  new MutationObserver((_, self) => {
    if (!document.getElementById('act') || document.getElementById('act').hidden) return;
    window.readyMs = performance.now() - performance.getEntriesByType('navigation')[0].responseStart;
    self.disconnect();
  }).observe(document, { subtree: true, childList: true, attributes: true });`;

describe.skipIf(noBrowser)('the page on a phone', () => {
  let shop: Server;
  let shopUrl: string;
  let shopPage = '';
  // Any origin may: the port of the shop is not known before.
  const pages = usePages({ DIBS_CORS_ORIGINS: '*' });

  beforeAll(async () => {
    shop = createServer((request, response) => {
      const origin = new URL(pages.server().url).origin;
      const policy = `default-src 'none'; script-src ${origin}; connect-src ${origin}`;
      if (request.url !== '/') return void response.writeHead(404).end();
      response
        .writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy })
        .end(shopPage);
    });
    await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
    shopUrl = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
  });

  afterAll(() => void shop.close());

  it('is one file of less than 12 kB with an ETag, and its policy has no exception', async () => {
    const { url } = pages.server();
    for (const language of ['ko-KR,ko;q=0.9', 'en-GB,en;q=0.9']) {
      const answer = await fetch(`${url}/c/any`, {
        headers: { 'accept-language': language, 'accept-encoding': 'br' },
      });
      expect(answer.headers.get('content-encoding')).toBe('br');
      expect(Number(answer.headers.get('content-length'))).toBeLessThanOrEqual(BYTES_MAX);
      const policy = answer.headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/script-src 'self' 'sha256-/);
      expect(policy).not.toContain('unsafe');
      const html = await answer.text();
      expect(html).not.toMatch(/<link rel="stylesheet"|<script[^>]+src=/);
      const again = await fetch(`${url}/c/other`, {
        headers: { 'accept-language': language, 'if-none-match': answer.headers.get('etag') as string },
      });
      expect(again.status).toBe(304);
      const kept = /\/assets\/participant\/assets\/kept-[\w-]{8}\.js/.exec(html)?.[0];
      const later = await fetch(`${url}${kept}`);
      expect(later.headers.get('cache-control')).toContain('immutable');
    }
  });

  it('is there soon on a slow phone, and nothing moves', async () => {
    await openCampaign(pages.server(), 'soon', 100, { benefit: { title: 'One chicken' } });
    const context = await pages.device({ user: 'kim', before: MEASURE });
    const page = await context.newPage();
    const phone = await context.newCDPSession(page);
    await phone.send('Emulation.setCPUThrottlingRate', { rate: 4 });
    await page.goto(`${pages.server().url}/c/soon`);
    await reach(page, 'open');
    const [readyMs, moved] = await page.evaluate<[number, number]>('[window.readyMs, window.moved]');
    console.log(
      `usable ${Math.round(readyMs)} ms after the first byte on a CPU 4 times slower; moved ${moved}`,
    );
    expect(moved).toBe(0);
    expect(readyMs).toBeLessThan(3_000);
  });

  it('is won, kept and copied by the keyboard alone', async () => {
    const couponExpiresAt = new Date(Date.now() + 9 * 86_400_000).toISOString();
    await openCampaign(pages.server(), 'keys', 5, { couponExpiresAt });
    const page = await pages.visit('/c/keys', { locale: 'en-GB' });
    await reach(page, 'open');
    const focused = () =>
      page.evaluate<string>('document.activeElement.id || document.activeElement.textContent');
    const tabTo = async (wanted: string) => {
      for (let i = 0; i < 12 && (await focused()) !== wanted; i++) await page.keyboard.press('Tab');
      expect(await focused()).toBe(wanted);
    };
    await tabTo('who-field');
    await page.keyboard.type('Kim');
    await page.keyboard.press('Enter');
    await page.locator('#act', { hasText: 'Get one' }).waitFor();
    await tabTo('act');
    await page.keyboard.press('Enter');
    await reach(page, 'won');
    await page.locator('img.scan[src^="blob:"]').waitFor();
    await tabTo('Show as barcode');
    await page.keyboard.press('Enter');
    await page.locator('img.scan[data-type="code128"]').waitFor();
    await tabTo('Save as picture');
    const [picture] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    expect(picture.suggestedFilename()).toBe('coupon.png');
    await page.locator('text=Add the expiry to my calendar').waitFor();
    await tabTo('Add the expiry to my calendar');
    const [calendar] = await Promise.all([page.waitForEvent('download'), page.keyboard.press('Enter')]);
    expect(calendar.suggestedFilename()).toBe('coupon.ics');
    await tabTo('act');
    await page.keyboard.press('Enter');
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(await textOf(page, 'code'));
    await page.goto(`${pages.server().url}/me`);
    await page.locator('.stub .code').waitFor();
    expect(await axeFaults(page)).toEqual([]);
  });

  it('shows what others wrote as text', async () => {
    // Turned round, and longer than any page is wide.
    const benefit = { title: `${EVIL}"'\u202e`, text: 'y'.repeat(10_000) };
    await openCampaign(pages.server(), 'evil', 5, { name: EVIL, benefit });
    const page = await pages.visit('/c/evil', { user: EVIL });
    await reach(page, 'open');
    expect(await textOf(page, 'name')).toBe(EVIL);
    expect(await textOf(page, 'benefit')).toContain(benefit.title);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(await textOf(page, 'me-name')).toContain(EVIL);
    await page.click('#act');
    await reach(page, 'won');
    await page.goto(`${pages.server().url}/me`);
    await page.locator('.stub').waitFor();
    await page.goto(pages.server().url);
    await page.locator('.row').first().waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.title()).not.toBe('1');
    expect(await axeFaults(page)).toEqual([]);
  });

  it('is a button on a page of another origin', async () => {
    const { url } = pages.server();
    await openCampaign(pages.server(), 'shop', 1);
    shopPage = `<!doctype html><html lang="en"><title>Shop</title><main><h1>Shop</h1>
      <dibs-button campaign="shop" user="kim"></dibs-button>
      <dibs-button campaign="soon-there"></dibs-button></main>
      <script type="module" src="${url}/dibs-button.js"></script></html>`;
    const made = { id: 'soon-there', name: 'x', quantity: 1, opensAt: '2099-01-01T00:00:00Z' };
    expect((await operator(pages.server(), 'POST', '/v1/admin/campaigns', made)).status).toBe(201);
    const page = await pages.visit('', { base: `${shopUrl}/`, locale: 'en-GB' });
    const button = page.locator('dibs-button[campaign="shop"]');
    await page.locator('dibs-button[campaign="shop"][data-state="open"]').waitFor();
    await page.locator('dibs-button[campaign="soon-there"][data-state="scheduled"]').waitFor();
    await page.evaluate(
      `document.addEventListener('dibs-won', ({ detail }) => { window.won = detail.claim.code; })`,
    );
    await button.locator('button').click();
    await page.locator('dibs-button[campaign="shop"][data-state="won"]').waitFor();
    expect(await page.evaluate('window.won')).toBe(await button.locator('code').textContent());
    expect(await axeFaults(page)).toEqual([]);
  });

  it('is a button in the language of its place, of the campaign that it names now', async () => {
    const { url } = pages.server();
    const made = { id: 'later', name: 'x', quantity: 1, opensAt: '2099-01-01T00:00:00Z' };
    expect((await operator(pages.server(), 'POST', '/v1/admin/campaigns', made)).status).toBe(201);
    shopPage = `<!doctype html><html><title>Shop</title><main lang="ko"><dibs-button campaign="later" user="lee"></dibs-button>
      </main><script type="module" src="${url}/dibs-button.js"></script></html>`;
    const page = await pages.visit('', { base: `${shopUrl}/`, locale: 'en-GB' });
    const shown = page.locator('dibs-button button');
    await page.locator('button:text-is("열리면 바로 참여하기")').waitFor();
    for (const [act, label] of [
      [`one.lang = 'en'`, 'Press for me when it opens'],
      [`one.removeAttribute('lang')`, '열리면 바로 참여하기'],
      [`document.querySelector('main').removeAttribute('lang')`, 'Press for me when it opens'],
    ] as const) {
      await page.evaluate(`{ const one = document.querySelector('dibs-button'); ${act}; }`);
      await page.locator(`button:text-is("${label}")`).waitFor();
    }
    await page.evaluate(`document.querySelector('dibs-button').setAttribute('campaign', 'nothing')`);
    await page.locator('dibs-button[data-state="missing"]').waitFor();
    expect(await shown.isDisabled()).toBe(true);
    // Gone, it asks for nothing any more; back, it begins anew.
    await page.evaluate(`window.kept = document.querySelector('dibs-button'); kept.remove();`);
    expect(await page.evaluate('kept.watch')).toBeNull();
    await page.evaluate(`kept.setAttribute('campaign', 'later'); document.body.append(kept);`);
    await page.locator('dibs-button[data-state="scheduled"]').waitFor();
  });
});

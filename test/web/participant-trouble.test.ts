// Protects: whatever happens to a phone and to the server in the middle of a press, the page ends on what was decided:
// wrong clocks, answers cut off, a killed server, a second tab, a page that was put aside.

import { SignJWT } from 'jose';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { noBrowser, openingLater, opensSoon, reach, textOf, usePages } from '../support/participant.ts';
import {
  newDataDir,
  openCampaign,
  operator,
  removeDataDir,
  startServer,
  winnersCsv,
} from '../support/server.ts';

const JWT_SECRET = 'a-secret-of-more-than-thirty-two-bytes';

/** A device whose clock is off by so many ms; what it measures durations with is right. */
const clockOff = (ms: number) => `{ const Right = Date; Date = class extends Right {
  constructor(...given) { if (given.length > 0) super(...given); else super(Right.now() + ${ms}); }
  static now() { return Right.now() + ${ms}; } }; }`;

describe.skipIf(noBrowser)('the page in trouble', () => {
  const pages = usePages();

  it('presses at the opening by the server, whatever the clock of the phone says', async () => {
    const server = pages.server();
    await openingLater(server, 'clock', 9);
    const off = await Promise.all(
      [-600_000, 600_000].map((ms) => pages.visit('/c/clock', { user: `clock ${ms}`, before: clockOff(ms) })),
    );
    for (const page of off) {
      await reach(page, 'scheduled');
      // By a clock that is ten minutes off it would be no time at all, or twenty minutes.
      await expect.poll(() => textOf(page, 'figure')).toMatch(/^(10:00|[89]:\d\d)$/);
      await page.click('#act');
      await reach(page, 'armed');
    }
    const opensAt = await opensSoon(server, 'clock');
    await Promise.all(off.map((page) => reach(page, 'won', 'already_won')));
    const wins = await fetch(`${server.url}/v1/admin/campaigns/clock/claims`, {
      headers: { authorization: `Bearer ${server.adminKey}` },
    });
    const { items } = (await wins.json()) as { items: { wonAt: string }[] };
    expect(items).toHaveLength(2);
    for (const { wonAt } of items) {
      expect(Date.parse(wonAt)).toBeGreaterThanOrEqual(opensAt);
    }
  });

  it('ends on the verdict when the answer is cut off after the server has decided', async () => {
    await openCampaign(pages.server(), 'cut', 5);
    const page = await pages.visit('/c/cut', { user: 'kim' });
    const keys = new Set<string | undefined>();
    let tries = 0;
    await page.route('**/v1/campaigns/cut/events*', (route) => route.abort());
    await page.route('**/claims', async (route) => {
      keys.add(route.request().headers()['idempotency-key']);
      if (++tries > 1) return route.continue();
      await route.fetch();
      return route.abort('connectionreset');
    });
    await reach(page, 'open');
    await page.click('#act');
    await reach(page, 'already_won', 'won');
    // By pressing again, or by a look that was on its way: with one key in any case.
    expect(tries).toBeGreaterThan(0);
    expect(keys.size).toBe(1);
    expect(await textOf(page, 'figure')).toBe('1');
    expect(await winnersCsv(pages.server(), 'cut')).toHaveLength(1);
  });

  it('ends on the verdict when the server is killed in the middle of the press, and is back', async () => {
    const folder = newDataDir();
    let own = await startServer(folder);
    try {
      await openCampaign(own, 'killed', 3);
      const page = await pages.visit('/c/killed', { user: 'kim', base: own.url });
      let isFirst = true;
      await page.route('**/v1/campaigns/killed/events*', (route) => route.abort());
      await page.route('**/claims', async (route) => {
        if (!isFirst) return route.continue();
        isFirst = false;
        await route.fetch();
        await own.kill();
        return route.abort('connectionreset');
      });
      await reach(page, 'open');
      await page.click('#act');
      // A look that was on its way may have told him before the server was gone.
      await reach(page, 'retrying', 'already_won', 'won');
      // What is on the way to a busy or dead server comes from the cache: the page itself is there.
      const beside = await page.context().newPage();
      await beside.goto(`${own.url}/c/killed`);
      await reach(beside, 'offline', 'retrying', 'asking');
      await beside.close();
      own = await startServer(folder, { DIBS_PORT: new URL(own.url).port });
      await reach(page, 'already_won', 'won');
      const winners = await winnersCsv(own, 'killed');
      expect(winners).toHaveLength(1);
      expect(winners[0]?.['code']).toBe(await textOf(page, 'code'));
    } finally {
      await own.stop();
      removeDataDir(folder);
    }
  });

  it('shows the same in a second tab, armed and won', async () => {
    const opensAt = new Date(Date.now() + 60_000).toISOString();
    const made = { id: 'tabs', name: 'tabs', quantity: 2, opensAt };
    await operator(pages.server(), 'POST', '/v1/admin/campaigns', made);
    const first = await pages.visit('/c/tabs', { user: 'kim' });
    const second = await first.context().newPage();
    await second.goto(first.url());
    await reach(second, 'scheduled');
    await first.click('#act');
    await reach(second, 'armed');
    await second.click('#act');
    await reach(first, 'scheduled');
    await operator(pages.server(), 'POST', '/v1/admin/campaigns/tabs/open');
    await reach(first, 'open');
    await first.click('#act');
    await reach(first, 'won');
    await reach(second, 'already_won', 'won');
    expect(await textOf(second, 'code')).toBe(await textOf(first, 'code'));
    expect(await winnersCsv(pages.server(), 'tabs')).toHaveLength(1);
  });

  it('comes back from where it was put aside, and knows what went on meanwhile', async () => {
    await openCampaign(pages.server(), 'back', 2);
    const page = await pages.visit('/c/back', { user: 'kim' });
    await reach(page, 'open');
    await page.evaluate("addEventListener('pageshow', ({ persisted }) => { window.persisted = persisted })");
    await page.click('#mine');
    await page.locator('#list').waitFor();
    for (const user of ['a', 'b']) await pages.press('back', user);
    await page.evaluate('history.back()');
    await reach(page, 'sold_out');
    expect(await page.evaluate('window.persisted')).toBe(true);
  });

  it('takes a token from a cookie of the shop or from the address, and asks for one when there is none', async () => {
    const folder = newDataDir();
    const own = await startServer(folder, { DIBS_AUTH: 'jwt', DIBS_JWT_SECRET: JWT_SECRET });
    try {
      await openCampaign(own, 'signed', 3);
      const tokenOf = (name: string) =>
        new SignJWT({ sub: name })
          .setProtectedHeader({ alg: 'HS256' })
          .setExpirationTime('15m')
          .sign(new TextEncoder().encode(JWT_SECRET));
      const token = await tokenOf('민지');
      const context = await pages.device();
      const page: Page = await context.newPage();
      await page.goto(`${own.url}/c/signed?token=${token}`);
      await reach(page, 'signin');
      await page.goto(`${own.url}/me`);
      await page.locator('#list-says', { hasText: '로그인' }).waitFor();
      await context.addCookies([{ name: 'dibs_token', value: token, url: own.url }]);
      await page.goto(`${own.url}/c/signed`);
      await reach(page, 'open');
      expect(await textOf(page, 'me-name')).toBe('민지 님으로 참여해요');
      await page.click('#act');
      await reach(page, 'won');
      await page.locator('img.scan').waitFor();
      await page.goto(`${own.url}/me`);
      await page.locator('.stub .code').waitFor();

      const other = await pages.visit(`/c/signed#token=${await tokenOf('kim')}`, { base: own.url });
      await reach(other, 'open');
      // It is kept for the tab, and nobody reads it over a shoulder.
      expect(other.url()).toBe(`${own.url}/c/signed`);
      await other.click('#act');
      await reach(other, 'won');
      await other.reload();
      await reach(other, 'already_won');
      const stranger = await pages.visit('/c/signed', { base: own.url, user: 'kim' });
      await reach(stranger, 'signin');
    } finally {
      await own.stop();
      removeDataDir(folder);
    }
  });
});

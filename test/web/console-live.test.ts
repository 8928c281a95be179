// Protects: what an operator sees of a running campaign is what is so: a press arrives as it happens, figures that no
// longer come say how old they are, a win is followed to the counter, and what strangers wrote stays text.

import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { noBrowser, useConsole } from '../support/console.ts';
import { makeCrowd, openCampaign, operator } from '../support/server.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';

const FRAME_MS_MAX = 50;
const MARKUP = '<img src=x onerror="window.broken=1">';

describe.skipIf(noBrowser)('the console of a running campaign', () => {
  const bench = useConsole();

  const press = async (campaignId: string, userId: string) => {
    const answer = await fetch(`${bench.server.url}/v1/campaigns/${campaignId}/claims`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ userId }),
    });
    return (await answer.json()) as { claim: { code: string; id: string } };
  };
  const stage = (page: Page, name: string, count: number) =>
    page.locator(`[data-stage="${name}"] [data-count="${count}"]`).waitFor();
  const dialog = (page: Page) => page.getByRole('dialog');
  const fileOf = (lines: string[]) => ({
    name: 'codes.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from(lines.join('\n')),
  });

  it('shows 1: made and opened in the console, won on a phone, seen to arrive, redeemed', async () => {
    const page = await bench.visit('#/campaigns/+new');
    await page.fill('#f-name', '치킨 3마리');
    await page.fill('#f-quantity', '3');
    await page.fill('#f-id', 'shown');
    await page.click('button[type="submit"]');
    await page.locator('.point').first().waitFor();
    await page.goto(`${bench.server.url}/admin#/campaigns/shown/live`);
    await page.getByRole('button', { name: '열기', exact: true }).click();
    await dialog(page).getByText('3개가 도착한 순서대로 나가요').waitFor();
    await dialog(page).getByRole('button', { name: '열기' }).click();
    await page.locator('.life li.is', { hasText: '열림' }).waitFor();
    await page.locator('[data-live="true"]').waitFor();

    const phone = await bench.visit('', { key: null, width: 360, height: 780 });
    await phone.evaluate(`localStorage.setItem('dibs.user', '민지')`);
    await phone.goto(`${bench.server.url}/c/shown`);
    await phone.locator('#act').click();
    await phone.locator('#campaign[data-state="won"]').waitFor();
    const code = ((await phone.locator('#code').textContent()) ?? '').trim();

    await page.locator('[data-remaining="2"]').waitFor();
    // Who opens the view now sees what was before.
    const { body: recent } = await operator(bench.server, 'GET', '/v1/admin/campaigns/shown/stats/recent');
    expect((recent['samples'] as { remaining: number }[])[0]?.remaining).toBe(3);
    for (const name of ['claims', 'gate', 'log', 'record', 'issued']) await stage(page, name, 1);
    await page.locator('[data-balance="same"]').waitFor();
    await page.locator('[data-verdict="won"] b', { hasText: '1' }).waitFor();

    await page.goto(`${bench.server.url}/admin#/campaigns/shown/winners`);
    await page.locator('.table-row', { hasText: '민지' }).click();
    await page.getByRole('button', { name: '사용 처리' }).click();
    await dialog(page).getByText('민지님의 1번째 쿠폰 1장을').waitFor();
    await dialog(page).getByRole('button', { name: '사용 처리' }).click();
    await page.locator('[data-moment="redeemed"]').waitFor();
    const used = await operator(bench.server, 'GET', `/v1/admin/coupons/${encodeURIComponent(code)}`);
    expect(used.body).toMatchObject({ userId: '민지', status: 'redeemed' });
  });

  it('says how old its figures are when they no longer come, and goes on when they do', async () => {
    await openCampaign(bench.server, 'cut', 9);
    const proxy = await startTcpProxy(Number(new URL(bench.server.url).port));
    try {
      const page = await bench.visit('#/campaigns/cut/live', {
        locale: 'en-GB',
        base: `http://127.0.0.1:${proxy.port}`,
      });
      await page.locator('[data-live="true"]').waitFor();
      proxy.cutBy(() => 0);
      proxy.cutAll();
      await page.locator('.stale [data-live="false"]', { hasText: /cut.*[1-9]\.0 s old/ }).waitFor();
      expect(await page.locator('[data-remaining="9"]').count()).toBe(1);
      await press('cut', 'meanwhile');
      proxy.cutBy(null);
      await page.locator('[data-live="true"]').waitFor();
      await page.locator('[data-remaining="8"]').waitFor();
      await page.locator('.happenings', { hasText: 'The live connection was cut' }).waitFor();
    } finally {
      await proxy.stop();
    }
  });

  it('pauses, changes the quantity and closes, and says in numbers what that does', async () => {
    await openCampaign(bench.server, 'acts', 10);
    await press('acts', 'ann');
    const page = await bench.visit('#/campaigns/acts/live', { locale: 'en-GB' });
    const act = async (name: string, says: string) => {
      await page.getByRole('button', { name, exact: true }).click();
      await dialog(page).getByText(says).waitFor();
      await dialog(page).getByRole('button', { name, exact: true }).click();
      await dialog(page).waitFor({ state: 'hidden' });
    };
    await act('Pause', 'The 9 units left are kept');
    await act('Resume', 'The 9 units left go out again');
    await page.getByRole('button', { name: 'Change quantity' }).click();
    const field = dialog(page).getByRole('textbox');
    await field.fill('0');
    await dialog(page).getByText('less than the 1').first().waitFor();
    await field.fill('5');
    await dialog(page).getByText('5 fewer; 4 will be left.').waitFor();
    // Somebody else is quicker.
    const { headers } = await operator(bench.server, 'GET', '/v1/admin/campaigns/acts');
    await fetch(`${bench.server.url}/v1/admin/campaigns/acts`, {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${bench.server.adminKey}`,
        'content-type': 'application/json',
        'if-match': String(headers['etag']),
      },
      body: '{"quantity":7}',
    });
    await dialog(page).getByRole('button', { name: 'Change quantity' }).click();
    await dialog(page).getByRole('alert').getByText('it is 7 units now').waitFor();
    await dialog(page).getByRole('button', { name: 'Change quantity' }).click();
    await page.locator('[data-remaining="4"]').waitFor();
    await act('Close', 'The 4 units left will not go out. The 1 that are out stay');
    await page.locator('.life li.is', { hasText: 'Closed' }).waitFor();
  });

  it('draws calmly while sixty updates a second come', async () => {
    await openCampaign(bench.server, 'fast', 100_000);
    const page = await bench.visit('about:blank');
    const { body: stats } = await operator(bench.server, 'GET', '/v1/admin/campaigns/fast/stats');
    await page.addInitScript(feedOf(stats, 60, '(fed) => ({ remaining: 100000 - fed, issued: fed })'));
    await page.goto(`${bench.server.url}/admin#/campaigns/fast/live`);
    await page.locator('[data-live="true"]').waitFor();
    await page.evaluate(COUNT_DRAWN);
    await expect.poll(() => page.evaluate('window.fed')).toBeGreaterThan(120);
    const [drawn, ms] = await page.evaluate<[number, number]>('[drawn, performance.now() - since]');
    expect(drawn).toBeLessThan(ms / 200 + 2);
    expect(drawn).toBeGreaterThan(2);
  });

  it('says so when what was told is not recorded although nothing is on its way', async () => {
    await openCampaign(bench.server, 'odd', 100);
    const page = await bench.visit('about:blank', { locale: 'en-GB' });
    const { body: stats } = await operator(bench.server, 'GET', '/v1/admin/campaigns/odd/stats');
    const record = { told: 10, recorded: 8, setAside: 0, reserved: 0, unissued: 0, redeemed: 0, revoked: 0 };
    const change = `() => (${JSON.stringify({ issued: 10, record: { ...record, at: new Date().toISOString() } })})`;
    await page.addInitScript(feedOf(stats, 4, change));
    await page.clock.install();
    await page.goto(`${bench.server.url}/admin#/campaigns/odd/live`);
    await page.locator('[data-balance="onTheWay"]', { hasText: '2 on their way' }).waitFor();
    // So long it may be late.
    await page.clock.runFor(6_000);
    await page.locator('.strip.broken + [data-balance="differ"]', { hasText: 'They differ by 2' }).waitFor();
  });

  it('has ten thousand winners at hand, finds one, and takes him back with a reason', async () => {
    await openCampaign(bench.server, 'many', 10_000, { returnUnits: 'to_stock' });
    const crowd = makeCrowd(bench.server, 50);
    await Promise.all(
      Array.from({ length: 50 }, async (_, lane) => {
        for (let i = lane; i < 9_999; i += 50) await crowd.press('many', `u-${i}`);
      }),
    );
    await crowd.press('many', MARKUP);
    await crowd.close();
    const page = await bench.visit('#/campaigns/many/winners', { locale: 'en-GB' });
    const loaded = page.getByText('That is all of them.');
    await page.locator('.table-row').first().waitFor();
    while (!(await loaded.isVisible())) {
      await page.evaluate(
        `(() => { const box = document.querySelector('.table-body'); box.scrollTop = box.scrollHeight; })()`,
      );
    }
    await page.getByText('10,000 loaded').waitFor();
    expect(await page.locator('.table-row').count()).toBeLessThan(80);
    expect(await workAFrame(page, SCROLL)).toBeLessThan(FRAME_MS_MAX);

    await page.getByLabel('Search by').selectOption('seq');
    await page.getByRole('textbox', { name: 'Number' }).fill('10000');
    await page.keyboard.press('Enter');
    await page.locator('.table-row', { hasText: MARKUP }).click();
    await page.getByRole('button', { name: 'Revoke' }).click();
    await dialog(page).getByText('1 unit goes back to the stock').waitFor();
    expect(await dialog(page).getByRole('button', { name: 'Revoke' }).isDisabled()).toBe(true);
    await dialog(page).getByRole('textbox').fill(`${MARKUP} fraud`);
    await dialog(page).getByRole('button', { name: 'Revoke' }).click();
    await page.locator('[data-moment="revoked"]', { hasText: `${MARKUP} fraud` }).waitFor();
    expect(await page.evaluate('window.broken')).toBeUndefined();

    await page.getByLabel('Search by').selectOption('code');
    await page.getByRole('textbox', { name: 'Code' }).fill('0000-0000-0000-0');
    await page.keyboard.press('Enter');
    await page.getByText('There is no such winner.').waitFor();
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download CSV' }).click(),
    ]);
    expect(file.suggestedFilename()).toBe('many-winners.csv');
  });

  it('imports codes, and reports by line what is not taken', async () => {
    const made = { id: 'pool', name: 'pool', quantity: 3, codes: { source: 'pool' } };
    await operator(bench.server, 'POST', '/v1/admin/campaigns', made);
    const page = await bench.visit('#/campaigns/pool/codes', { locale: 'en-GB' });
    await page.getByText('3 codes are missing.').waitFor();
    await page.locator('input[type=file]').setInputFiles(fileOf(['A-1', 'A-2', 'A-1', 'A-4']));
    await page.getByRole('button', { name: 'Import' }).click();
    await page.getByText('Nothing was imported.').waitFor();
    await page.locator('.table-row', { hasText: 'is the same as line 1' }).waitFor();
    expect(await page.locator('.table-row').count()).toBe(1);
    await page.getByLabel('leave it out and import the others').check();
    await page.getByRole('button', { name: 'Import' }).click();
    await page.locator('[data-imported="3"]').waitFor();
    await page.getByText('There are codes for every unit left.').waitFor();
    await openCampaign(bench.server, 'no-pool', 1);
    const other = await bench.visit('#/campaigns/no-pool/codes', { locale: 'en-GB' });
    await other.getByText('There is nothing to import.').waitFor();
  });

  it('asks what is always true again and again, and hands the result over', async () => {
    await openCampaign(bench.server, 'proof', 2, { mode: 'queued', release: { perSecond: 100 } });
    await press('proof', MARKUP);
    const page = await bench.visit('#/campaigns/proof/integrity');
    await page.locator('.integrity[data-ok="true"]').waitFor();
    expect(await page.locator('[data-check]').count()).toBe(17);
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: '증명서 받기 (JSON)' }).click(),
    ]);
    expect(file.suggestedFilename()).toMatch(/^proof-integrity-.*\.json$/);
    await page.goto(`${bench.server.url}/admin#/campaigns/proof/report`);
    await page.locator('.report-page .hero .number').waitFor();
    await page.locator('.report-page', { hasText: MARKUP }).waitFor();
    expect(await page.evaluate('window.broken')).toBeUndefined();
  });

  it('can be read and used by everybody, in both languages', async () => {
    const pool = { id: 'all-pool', name: 'pool', quantity: 3, codes: { source: 'pool' } };
    await operator(bench.server, 'POST', '/v1/admin/campaigns', pool);
    await openCampaign(bench.server, 'all', 2);
    await press('all', 'ann');
    await bench.expectAllAccessible({
      '#/campaigns/all/live': '[data-balance="same"]',
      '#/campaigns/all/winners': '.table-row',
      '#/campaigns/all-pool/codes': '.import',
      '#/campaigns/all/integrity': '[data-check="I11"]',
      '#/campaigns/all/report': '.report-page .hero',
    });
  });
});

/** From here on: how often the number is drawn. */
const COUNT_DRAWN = `(() => {
  window.drawn = 0;
  window.since = performance.now();
  new MutationObserver(() => window.drawn++).observe(document.querySelector('.hero-number'), {
    characterData: true, childList: true, subtree: true,
  });
})()`;

/** Down through all rows, five screens a frame; resolves with the frames. */
const SCROLL = `new Promise((done) => {
  const box = document.querySelector('.table-body');
  let frames = 0;
  box.scrollTop = 0;
  const step = () => {
    frames += 1;
    box.scrollTop += 3000;
    if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) requestAnimationFrame(() => done(frames));
    else requestAnimationFrame(step);
  };
  step();
})`;

/**
 * What the page does in a frame while `script` runs, which resolves with how many there were: ms of its own thread's
 * time, since what else the machine does is not its affair.
 */
async function workAFrame(page: Page, script: string): Promise<number> {
  const tools = await page.context().newCDPSession(page);
  await tools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const worked = async (): Promise<number> => {
    const { metrics } = await tools.send('Performance.getMetrics');
    return (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN) * 1000;
  };
  const before = await worked();
  const frames = Number(await page.evaluate(script));
  return ((await worked()) - before) / frames;
}

/** Figures in place of the server's, so many times a second: `stats` with what `change` says of the one numbered `fed`. */
const feedOf = (stats: object, perSecond: number, change: string): string => `(() => {
  const real = window.fetch;
  window.fed = 0;
  const now = () => ({ ...${JSON.stringify(stats)}, ...(${change})(window.fed) });
  window.fetch = (path, how) => {
    if (String(path).endsWith('/stats')) return Promise.resolve(Response.json(now()));
    if (!String(path).startsWith('/v1/admin/events')) return real(path, how);
    const text = new TextEncoder();
    const body = new ReadableStream({ start(to) {
      setInterval(() => {
        window.fed += 1;
        to.enqueue(text.encode('event: stats\\ndata: ' + JSON.stringify({ campaigns: [now()] }) + '\\n\\n'));
      }, 1000 / ${perSecond});
    } });
    return Promise.resolve(new Response(body));
  };
})()`;

// Protects: the report opens in a browser as it is served and as a file, on phones and wide screens, light and dark: its
// plots and its certificate are there, what it says is what the server counted, and its policy lets it do all it does.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, describe, expect, it } from 'vitest';
import { reportPage } from '../../src/report/page.ts';
import { noBrowser, useBrowser } from '../support/browser-bench.ts';
import { HOSTILE, sampleReport } from '../support/sample-report.ts';
import { makeCrowd, openCampaign } from '../support/server.ts';

describe.skipIf(noBrowser)('the report in a browser', () => {
  const bench = useBrowser();
  const folder = mkdtempSync(join(tmpdir(), 'dibs-report-'));

  afterAll(() => rmSync(folder, { recursive: true }));

  async function open(
    url: string,
    {
      width = 1440,
      dark = false,
      headers = {},
    }: { width?: number; dark?: boolean; headers?: Record<string, string> } = {},
  ): Promise<Page> {
    const context = await bench.context({
      viewport: { width, height: 900 },
      colorScheme: dark ? 'dark' : 'light',
      extraHTTPHeaders: headers,
    });
    const page = await context.newPage();
    page.on('console', (message) => {
      if (message.type() === 'warning') bench.complaints.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  /** The page of a report as a file, as it is mailed. */
  function fileOf(language: 'en' | 'ko', report = sampleReport()): string {
    const path = join(folder, `${language}.html`);
    writeFileSync(path, reportPage(report, language));
    return pathToFileURL(path).href;
  }

  it('shows what the server counted, as it is served', async () => {
    await openCampaign(bench.server, 'drop', 10, { name: HOSTILE.slice(0, 80) });
    const crowd = makeCrowd(bench.server, 20);
    await Promise.all(Array.from({ length: 200 }, (_, i) => crowd.press('drop', `u-${i}`)));
    await crowd.close();
    const headers = { authorization: `Bearer ${bench.server.adminKey}`, 'accept-language': 'ko-KR' };
    const page = await open(`${bench.server.url}/v1/admin/campaigns/drop/report`, { headers });
    expect(await page.locator('.hero .number').textContent()).toBe('10');
    expect(await page.locator('h1').textContent()).toBe(HOSTILE.slice(0, 80));
    const rows = await page
      .locator('#verdicts tbody tr')
      .evaluateAll((all) =>
        all.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent)),
      );
    expect(rows.map(([name, , count]) => [name, count])).toEqual([
      ['sold_out', '190'],
      ['won', '10'],
    ]);
    for (const plot of ['answers', 'remaining', 'wait'])
      expect(await page.locator(`#${plot}-plot svg.plot.wide`).isVisible()).toBe(true);
    expect(await page.locator('#certificate tbody tr').count()).toBe(11);
    expect(await page.locator('#certificate .seal').textContent()).toContain('모든 불변식이 지켜졌어요.');
    expect(await page.evaluate('document.scripts.length')).toBe(0);
    expect(await page.evaluate('getComputedStyle(document.querySelector(".number")).fontWeight')).toBe('750');
  });

  it.each([360, 768, 1440].flatMap((width) => [false, true].map((dark) => [width, dark] as const)))(
    'fits %i px, dark: %s: one plot of each kind, nothing beyond the edge, text that can be read',
    async (width, dark) => {
      for (const language of ['en', 'ko'] as const) {
        const page = await open(fileOf(language), { width, dark });
        expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
        expect(await page.locator('svg.plot:visible').count()).toBe(4);
        expect(await page.evaluate(SMALLEST_TEXT)).toBeGreaterThanOrEqual(9);
        expect(await page.evaluate(LOWEST_CONTRAST)).toBeGreaterThanOrEqual(4.5);
        await page.context().close();
      }
    },
  );

  it('says in words what is drawn, and has its headings in order', async () => {
    const page = await open(fileOf('en'));
    const plots = page.locator('svg.plot:visible');
    for (const plot of await plots.all()) {
      expect(await plot.getAttribute('role')).toBe('img');
      expect(
        await plot.evaluate((svg) => svg.querySelector('title')?.textContent?.length ?? 0),
      ).toBeGreaterThan(4);
      expect(
        await plot.evaluate((svg) => svg.querySelector('desc')?.textContent?.length ?? 0),
      ).toBeGreaterThan(20);
    }
    expect(await page.evaluate('document.documentElement.lang')).toBe('en');
    expect(await page.title()).toBe('후라이드 치킨 기프티콘 · Report');
    const levels = await page.locator('h1,h2,h3').evaluateAll((all) => all.map(({ tagName }) => tagName));
    expect([levels[0], new Set(levels.slice(1))]).toEqual(['H1', new Set(['H2'])]);
    const ids = await page.evaluate<number>('[...document.querySelectorAll("[id]")].length');
    expect(
      await page.evaluate('new Set([...document.querySelectorAll("[id]")].map((one) => one.id)).size'),
    ).toBe(ids);
  });

  it('is for paper too: light, with its plots, on few pages', async () => {
    const page = await open(fileOf('en'), { dark: true });
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(255, 255, 255)');
    expect(await page.locator('svg.plot:visible').count()).toBe(4);
    const pdf = await page.pdf({ format: 'A4' });
    expect(pdf.subarray(0, 4).toString()).toBe('%PDF');
    expect(pdf.toString('latin1').match(/\/Type \/Page\b/g)?.length).toBeLessThanOrEqual(6);
  });
});

/** Of text in plots as it is drawn, px. */
const SMALLEST_TEXT = `Math.min(...[...document.querySelectorAll('svg.plot')]
  .filter((svg) => svg.getBoundingClientRect().width > 0)
  .map((svg) => (12 * svg.getBoundingClientRect().width) / svg.viewBox.baseVal.width))`;

/** Of text against what is behind it. */
const LOWEST_CONTRAST = `(() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  let least = 21;
  for (const one of document.querySelectorAll('h1,h2,p,td,th,dt,dd,li,b,text')) {
    if (one.getBoundingClientRect().width === 0 || one.textContent.trim() === '') continue;
    const style = getComputedStyle(one);
    const [a, b] = [light(rgb(one.tagName === 'text' ? style.fill : style.color)), light(behind(one))];
    least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
  }
  return least;
})()`;

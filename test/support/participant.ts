/**
 * The participant's pages in a real browser: one server and one browser for a file, a context of its own (another device)
 * for each visit, and nothing that a page complains of goes unseen.
 */

import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { findBrowser } from '../../scripts/browser.ts';
import { noteRan } from '../../scripts/services/ran.ts';
import { newDataDir, removeDataDir, startServer, type TestServer } from './server.ts';

const found = await findBrowser();

/** For `describe.skipIf`: without a browser the pages are not tested, unless its absence is a failure. */
export const noBrowser = 'missing' in found && process.env['CI'] !== 'true';

export interface Device {
  /** ko-KR (default) or en-GB */
  locale?: string;
  scheme?: 'light' | 'dark';
  /** the name given before on this device */
  user?: string;
  base?: string;
  /** run in the page before its own scripts */
  before?: string;
}

export interface PageBench {
  server(): TestServer;
  browser(): Browser;
  /** what pages complained of; answers with an error status are the server's business */
  complaints: string[];
  /** another device, with nothing open yet */
  device(how?: Device): Promise<BrowserContext>;
  visit(path: string, how?: Device): Promise<Page>;
  press(campaignId: string, userId: string): Promise<Record<string, unknown>>;
}

const WATCH_POLICY = `addEventListener('securitypolicyviolation', (event) => console.error(
  'policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample))`;

/** Registers the hooks of the `describe` it is called in. `env`: settings of the server. */
export function usePages(env: Record<string, string> = {}): PageBench {
  const dataDir = newDataDir();
  const contexts: BrowserContext[] = [];
  const complaints: string[] = [];
  let server: TestServer;
  let browser: Browser;

  beforeAll(async () => {
    if ('missing' in found) throw new Error(found.missing);
    const args = ['--renderer-process-limit=2', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
    [server, browser] = await Promise.all([
      startServer(dataDir, env),
      // Playwright turns off what a phone has: pages that are put aside whole and come back as they were.
      chromium.launch({
        executablePath: found.path,
        args,
        ignoreDefaultArgs: ['--disable-back-forward-cache'],
      }),
    ]);
    noteRan(`Chromium ${browser.version()}`);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    removeDataDir(dataDir);
  });

  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  function listen(page: Page): void {
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      const isAnswer = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isAnswer) complaints.push(message.text());
    });
  }

  async function device(how: Device = {}): Promise<BrowserContext> {
    const context = await browser.newContext({
      viewport: { width: 360, height: 780 },
      locale: how.locale ?? 'ko-KR',
      colorScheme: how.scheme ?? 'light',
      timezoneId: 'Asia/Seoul',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    contexts.push(context);
    context.setDefaultTimeout(15_000);
    context.on('page', listen);
    await context.addInitScript(WATCH_POLICY);
    if (how.before) await context.addInitScript(how.before);
    if (how.user) {
      const name = JSON.stringify(how.user);
      await context.addInitScript(
        `if (location.host && !localStorage.getItem('dibs.user')) localStorage.setItem('dibs.user', ${name})`,
      );
    }
    return context;
  }

  return {
    server: () => server,
    browser: () => browser,
    complaints,
    device,
    async visit(path, how = {}) {
      const page = await (await device(how)).newPage();
      await page.goto((how.base ?? server.url) + path);
      return page;
    },
    async press(campaignId, userId) {
      const answer = await fetch(`${server.url}/v1/campaigns/${campaignId}/claims`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ userId }),
      });
      return (await answer.json()) as Record<string, unknown>;
    },
  };
}

export const reach = (page: Page, ...states: string[]): Promise<void> =>
  page.locator(states.map((state) => `#campaign[data-state="${state}"]`).join(', ')).waitFor();

export const textOf = async (page: Page, id: string): Promise<string> =>
  (await page.locator(`#${id}`).textContent()) ?? '';

/**
 * The participant's pages in a real browser: one server and one browser for a file, a context of its own (another device)
 * for each visit, and nothing that a page complains of goes unseen.
 */

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { useBrowser } from './browser-bench.ts';
import { operator, type TestServer } from './server.ts';

export { noBrowser } from './browser-bench.ts';

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

const LATER_MS = 600_000;
const SOON_MS = 2_000;

/** Registers the hooks of the `describe` it is called in. `env`: settings of the server. */
export function usePages(env: Record<string, string> = {}): PageBench {
  const bench = useBrowser({
    env,
    args: ['--renderer-process-limit=2'],
    // Playwright turns off what a phone has: pages that are put aside whole and come back as they were.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });

  async function device(how: Device = {}): Promise<BrowserContext> {
    const context = await bench.context({
      viewport: { width: 360, height: 780 },
      locale: how.locale ?? 'ko-KR',
      colorScheme: how.scheme ?? 'light',
    });
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
    server: () => bench.server,
    browser: () => bench.browser,
    complaints: bench.complaints,
    device,
    async visit(path, how = {}) {
      const page = await (await device(how)).newPage();
      await page.goto((how.base ?? bench.server.url) + path);
      return page;
    },
    async press(campaignId, userId) {
      const answer = await fetch(`${bench.server.url}/v1/campaigns/${campaignId}/claims`, {
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

/** What a part says; each sentence may have a line of its own. */
export const textOf = async (page: Page, id: string): Promise<string> =>
  ((await page.locator(`#${id}`).textContent()) ?? '').replaceAll('\n', ' ');

/** Makes a campaign that is not open for so long that nobody need hurry, until `opensSoon` is called. */
export async function openingLater(server: TestServer, id: string, quantity: number): Promise<void> {
  const opensAt = new Date(Date.now() + LATER_MS).toISOString();
  const made = await operator(server, 'POST', '/v1/admin/campaigns', { id, name: id, quantity, opensAt });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
}

/** Its operator sets the opening nearer, which pages that are there already hear; the new one, epoch ms. */
export async function opensSoon(server: TestServer, id: string): Promise<number> {
  const path = `/v1/admin/campaigns/${id}`;
  const { headers } = await operator(server, 'GET', path);
  const opensAt = Date.now() + SOON_MS;
  const answer = await fetch(server.url + path, {
    method: 'PATCH',
    headers: {
      authorization: `Bearer ${server.adminKey}`,
      'content-type': 'application/json',
      'if-match': String(headers['etag']),
    },
    body: JSON.stringify({ opensAt: new Date(opensAt).toISOString() }),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return opensAt;
}

/**
 * The operators' console in a real browser: one server and one browser for a file, a page of its own for whoever asks.
 * The launcher that starts the server builds the console when its sources have changed.
 */

import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { axeFaults } from './axe.ts';
import { type BrowserBench, useBrowser } from './browser-bench.ts';
import { operator } from './server.ts';

export { noBrowser } from './browser-bench.ts';

export interface Visit {
  /** whom the page is shown to; default: the operator of the first start. Null: nobody has signed in */
  key?: string | null;
  /** ko-KR (default) or en-GB */
  locale?: string;
  scheme?: 'light' | 'dark';
  /** px */
  width?: number;
  height?: number;
  /** another server than the file's */
  base?: string;
}

export interface ConsoleBench extends Omit<BrowserBench, 'context'> {
  /** Opens the console at a place like `#/campaigns`, signed in. */
  visit(place?: string, how?: Visit): Promise<Page>;
  /** Makes an operator key of a role; its secret. */
  keyOf(role: 'read' | 'operate' | 'admin'): Promise<string>;
  /** A view has no axe violations in both languages and schemes; `ready` selects what is there when it is loaded. */
  expectAccessible(place: string, ready: string): Promise<void>;
  /** The same of several views, which is quicker: place → what is there when it is loaded. */
  expectAllAccessible(views: Readonly<Record<string, string>>): Promise<void>;
  /** Presses Tab until what has the focus is called `name`, as by hand; Enter or Space then act on it. */
  tabTo(page: Page, name: string | RegExp): Promise<void>;
}

/** What has the focus, by the name it is heard under. */
const FOCUSED = `(() => {
  const one = document.activeElement;
  // What holds others is not called what they are called.
  if (one.matches('body, main, [role="dialog"]')) return '';
  const label = one.labels?.[0] ?? null;
  return (one.getAttribute('aria-label') ?? label?.textContent ?? one.textContent ?? '').trim();
})()`;

const TABS_MAX = 120;

async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  const passed: string[] = [];
  for (let pressed = 0; pressed < TABS_MAX; pressed++) {
    const focused = String(await page.evaluate(FOCUSED));
    if (typeof name === 'string' ? focused.startsWith(name) : name.test(focused)) return;
    passed.push(focused.slice(0, 20));
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab does not reach ${name}: ${passed.join(' | ')}`);
}

/** Registers the hooks of the `describe` it is called in. `env`: settings of the server. */
export function useConsole(env: Record<string, string> = {}): ConsoleBench {
  const bench = useBrowser({ env });

  async function visit(place = '', how: Visit = {}): Promise<Page> {
    const context = await bench.context({
      viewport: { width: how.width ?? 1440, height: how.height ?? 900 },
      locale: how.locale ?? 'ko-KR',
      colorScheme: how.scheme ?? 'light',
    });
    const page = await context.newPage();
    const key = how.key === undefined ? bench.server.adminKey : how.key;
    if (key !== null) {
      await page.addInitScript((value) => sessionStorage.setItem('dibs.console.key', value), key);
    }
    await page.goto(`${how.base ?? bench.server.url}/admin${place}`);
    return page;
  }

  async function keyOf(role: 'read' | 'operate' | 'admin'): Promise<string> {
    const { body } = await operator(bench.server, 'POST', '/v1/admin/keys', { name: role, role });
    return String(body['key']);
  }

  async function expectAllAccessible(views: Readonly<Record<string, string>>): Promise<void> {
    // Each language, scheme and width once.
    const looks = [
      { locale: 'ko-KR', scheme: 'light' },
      { locale: 'en-GB', scheme: 'dark', width: 360, height: 780 },
    ] as const;
    for (const look of looks) {
      const page = await visit('#/', look);
      for (const [place, ready] of Object.entries(views)) {
        await page.evaluate(`location.assign(${JSON.stringify(place)})`);
        await page.locator(ready).first().waitFor();
        expect([place, look, await axeFaults(page)]).toEqual([place, look, []]);
      }
    }
  }

  return {
    get server() {
      return bench.server;
    },
    get browser() {
      return bench.browser;
    },
    dataDir: bench.dataDir,
    complaints: bench.complaints,
    visit,
    keyOf,
    expectAccessible: (place, ready) => expectAllAccessible({ [place]: ready }),
    expectAllAccessible,
    tabTo,
  };
}

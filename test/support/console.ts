/**
 * The operators' console in a real browser: one server and one browser for a file, a page of its own for whoever asks.
 * The launcher that starts the server builds the console when its sources have changed.
 */

import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { findBrowser } from '../../scripts/browser.ts';
import { noteRan } from '../../scripts/services/ran.ts';
import { axeFaults } from './axe.ts';
import { newDataDir, operator, removeDataDir, startServer, type TestServer } from './server.ts';

const found = await findBrowser();

/** For `describe.skipIf`: without a browser the console is not tested, unless its absence is a failure. */
export const noBrowser = 'missing' in found && process.env['CI'] !== 'true';
if ('missing' in found && noBrowser) console.warn(`The console is not tested: ${found.missing}.`);

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

export interface ConsoleBench {
  readonly server: TestServer;
  readonly browser: Browser;
  /** the server's: for faults put in from outside */
  readonly dataDir: string;
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
  /**
   * What pages complained of: errors of the console, exceptions, violations of the policy. It must be empty after each
   * test; whoever expects one takes it out. Answers with an error status are the server's business.
   */
  readonly complaints: string[];
}

const WATCH_POLICY = `addEventListener('securitypolicyviolation', (event) => console.error(
  'policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample))`;

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
  const dataDir = newDataDir();
  const contexts: BrowserContext[] = [];
  const complaints: string[] = [];
  let server: TestServer;
  let browser: Browser;

  beforeAll(async () => {
    if ('missing' in found) throw new Error(found.missing);
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    [server, browser] = await Promise.all([
      startServer(dataDir, env),
      chromium.launch({ executablePath: found.path, args }),
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

  async function visit(place = '', how: Visit = {}): Promise<Page> {
    const context = await browser.newContext({
      viewport: { width: how.width ?? 1440, height: how.height ?? 900 },
      locale: how.locale ?? 'ko-KR',
      colorScheme: how.scheme ?? 'light',
      timezoneId: 'Asia/Seoul',
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    contexts.push(context);
    context.setDefaultTimeout(10_000);
    const page = await context.newPage();
    listen(page);
    await page.addInitScript(WATCH_POLICY);
    const key = how.key === undefined ? server.adminKey : how.key;
    if (key !== null) {
      await page.addInitScript((value) => sessionStorage.setItem('dibs.console.key', value), key);
    }
    await page.goto(`${how.base ?? server.url}/admin${place}`);
    return page;
  }

  async function keyOf(role: 'read' | 'operate' | 'admin'): Promise<string> {
    const { body } = await operator(server, 'POST', '/v1/admin/keys', { name: role, role });
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
      return server;
    },
    get browser() {
      return browser;
    },
    dataDir,
    visit,
    keyOf,
    expectAccessible: (place, ready) => expectAllAccessible({ [place]: ready }),
    expectAllAccessible,
    tabTo,
    complaints,
  };
}

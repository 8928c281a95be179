/**
 * One server and one real browser for a file of tests, shared by those who look at the participant's pages, the console
 * and reports: what a page complains of fails the test it happens in, and nothing stays open after it.
 */

import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { findBrowser, onlyThePage } from '../../scripts/browser.ts';
import { noteRan } from '../../scripts/services/ran.ts';
import { newDataDir, removeDataDir, startServer, type TestServer } from './server.ts';

const found = await findBrowser();

/** For `describe.skipIf`: without a browser the pages are not tested, unless its absence is a failure. */
export const noBrowser = 'missing' in found && process.env['CI'] !== 'true';
if ('missing' in found && noBrowser) console.warn(`The pages are not tested: ${found.missing}.`);

/** What is waited for comes long before this, on a slow and busy machine too. */
const DEADLINE_MS = 30_000;

const WATCH_POLICY = `addEventListener('securitypolicyviolation', (event) => console.error(
  'policy: ' + event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample))`;

export interface BenchSettings {
  /** settings of the server */
  env?: Record<string, string>;
  /** more for the browser's command line */
  args?: string[];
  /** of Playwright's command line, what the browser is not to get */
  ignoreDefaultArgs?: string[];
}

export interface BrowserBench {
  readonly server: TestServer;
  readonly browser: Browser;
  /** the server's: for faults put in from outside */
  readonly dataDir: string;
  /**
   * What pages complained of: errors of the console, exceptions, violations of the policy. It must be empty after each
   * test; whoever expects one takes it out. Answers with an error status are the server's business.
   */
  readonly complaints: string[];
  /** Another device, with nothing open yet; it is gone after the test. */
  context(options?: BrowserContextOptions): Promise<BrowserContext>;
}

/** Registers the hooks of the `describe` it is called in. */
export function useBrowser({
  env = {},
  args = [],
  ignoreDefaultArgs = [],
}: BenchSettings = {}): BrowserBench {
  const dataDir = newDataDir();
  const contexts: BrowserContext[] = [];
  const complaints: string[] = [];
  let server: TestServer;
  let browser: Browser;

  beforeAll(async () => {
    if ('missing' in found) throw new Error(found.missing);
    [server, browser] = await Promise.all([
      startServer(dataDir, env),
      chromium.launch({
        executablePath: found.path,
        args: [...onlyThePage(), ...args],
        ignoreDefaultArgs,
      }),
    ]);
    noteRan(`Chromium ${browser.version()}`);
  });

  afterAll(async () => {
    await Promise.all([browser?.close(), server?.stop()]);
    removeDataDir(dataDir);
  });

  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    expect(complaints.splice(0)).toEqual([]);
  });

  function listen(page: Page): void {
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      const isAnswer = message.text().startsWith('Failed to load resource');
      if (message.type() === 'error' && !isAnswer) complaints.push(message.text());
    });
  }

  async function context(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const made = await browser.newContext({
      locale: 'ko-KR',
      colorScheme: 'light',
      timezoneId: 'Asia/Seoul',
      permissions: ['clipboard-read', 'clipboard-write'],
      ...options,
    });
    contexts.push(made);
    made.setDefaultTimeout(DEADLINE_MS);
    made.on('page', listen);
    await made.addInitScript(WATCH_POLICY);
    return made;
  }

  return {
    get server() {
      return server;
    },
    get browser() {
      return browser;
    },
    dataDir,
    complaints,
    context,
  };
}

/** A real browser for the figures of the pages: the system's Chromium, without a window. */

import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { findBrowser, onlyThePage } from '../scripts/browser.ts';

export async function startBrowser(): Promise<Browser> {
  const found = await findBrowser();
  if ('missing' in found) throw new Error(found.missing);
  return chromium.launch({ executablePath: found.path, args: onlyThePage() });
}

/** A page of its own (another device), with what the page runs before its own scripts. */
export async function newPage(
  browser: Browser,
  size: { width: number; height: number },
  before: readonly string[] = [],
): Promise<{ page: Page; context: BrowserContext }> {
  const context = await browser.newContext({ viewport: size, locale: 'ko-KR', timezoneId: 'Asia/Seoul' });
  for (const script of before) await context.addInitScript(script);
  return { page: await context.newPage(), context };
}

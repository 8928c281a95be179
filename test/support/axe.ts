/** What axe-core finds wrong with a page as it stands, by WCAG 2.2 A and AA and its best practices. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const source = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Found {
  id: string;
  help: string;
  nodes: { html: string; failureSummary: string }[];
}

/** @param rules all when none are named */
const run = (...rules: string[]): string => `(async () => {
  const only = ${JSON.stringify(rules.length === 0 ? {} : { runOnly: rules })};
  const { violations } = await axe.run(document, { resultTypes: ['violations'], ...only });
  return violations.map(({ id, help, nodes }) => ({
    id, help, nodes: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })),
  }));
})()`;

/** What is moving is neither here nor there: colours are read when it has arrived. What never arrives is not waited for. */
const ARRIVED = `Promise.all(document.getAnimations()
  .filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity)
  .map((one) => one.finished.catch(() => 0)))`;

const IS_DARK = "matchMedia('(prefers-color-scheme: dark)').matches";

/**
 * One line for each violation, with its first element; none: []. All rules in the scheme that the page is in, and then
 * its colours in the other one. The page's CSP stays in force: nothing is added to it.
 */
export async function axeFaults(page: Page): Promise<string[]> {
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(source);
  const schemes = ['light', 'dark'] as const;
  const [own, other] = (await page.evaluate<boolean>(IS_DARK)) ? schemes.toReversed() : schemes;
  const faults = await faultsOf(page, run());
  await page.emulateMedia({ colorScheme: other as 'light' | 'dark' });
  const colours = await faultsOf(page, run('color-contrast'));
  await page.emulateMedia({ colorScheme: own as 'light' | 'dark' });
  return [...faults, ...colours.map((fault) => `${other}: ${fault}`)];
}

async function faultsOf(page: Page, script: string): Promise<string[]> {
  await page.evaluate(ARRIVED);
  const found = (await page.evaluate(script)) as Found[];
  return found.map(({ id, help, nodes }) => {
    const [first] = nodes;
    return `${id}: ${help} (${nodes.length} times): ${first?.html.slice(0, 200)} ${first?.failureSummary}`;
  });
}

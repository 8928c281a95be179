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

const RUN = `(async () => {
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  return violations.map(({ id, help, nodes }) => ({
    id, help, nodes: nodes.map(({ html, failureSummary }) => ({ html, failureSummary })),
  }));
})()`;

/** One line for each violation, with its first element; none: []. The page's CSP stays in force: nothing is added to it. */
export async function axeFaults(page: Page): Promise<string[]> {
  // What is moving is neither here nor there: colours are read when it has arrived.
  await page.evaluate('Promise.all(document.getAnimations().map((one) => one.finished.catch(() => 0)))');
  if (!(await page.evaluate('"axe" in window'))) await page.evaluate(source);
  const found = (await page.evaluate(RUN)) as Found[];
  return found.map(({ id, help, nodes }) => {
    const [first] = nodes;
    return `${id}: ${help} (${nodes.length} times): ${first?.html.slice(0, 200)} ${first?.failureSummary}`;
  });
}

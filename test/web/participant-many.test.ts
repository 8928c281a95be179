// Protects: two hundred pages of one browser on one campaign are one person's: a browser has few connections to a server,
// and they do not starve each other of them.

import { describe, expect, it } from 'vitest';
import { openBareTab } from '../support/bare-tab.ts';
import { noBrowser, usePages } from '../support/participant.ts';
import { openCampaign, winnersCsv } from '../support/server.ts';

const PAGES = 200;
const within = { timeout: 100_000, interval: 500 };

describe.skipIf(noBrowser)('many pages at once', () => {
  const pages = usePages();

  it('is itself in two hundred tabs of one browser: one press, one unit, told in all of them', async () => {
    const server = pages.server();
    await openCampaign(server, 'many', 5);
    const first = await openBareTab(pages.browser(), `${server.url}/c/many`);
    const stateOf = (tab: string) => `${tab}.document.getElementById('campaign')?.dataset.state`;
    const state = () => first.evaluate<string>(stateOf('window'));
    // Who presses is known on this device before the others are opened.
    await expect.poll(state, within).toBe('open');
    await first.evaluate(`localStorage.setItem('dibs.user', 'kim'); location.reload()`);
    await expect.poll(() => first.evaluate(SETTLED), within).toBe('open kim');
    const others = await first.evaluate<number>(
      `window.tabs = Array.from({ length: ${PAGES - 1} }, () => open('/c/many'));
      window.tabs.filter(Boolean).length`,
    );
    expect(others).toBe(PAGES - 1);
    const states = () =>
      first.evaluate<Record<string, number>>(`window.tabs.reduce((seen, tab) => {
        const state = (${stateOf('tab')} ?? 'empty').replace('already_', '');
        return { ...seen, [state]: (seen[state] ?? 0) + 1 };
      }, {})`);
    await expect.poll(states, within).toEqual({ open: PAGES - 1 });
    await first.evaluate("document.getElementById('act').click()");
    await expect.poll(state, within).toBe('won');
    await expect.poll(states, within).toEqual({ won: PAGES - 1 });
    expect(await winnersCsv(server, 'many')).toHaveLength(1);
    await first.close();
  }, 300_000);
});

/** The state, and who presses, when the page has come back after its reload. */
const SETTLED = `document.getElementById('campaign')?.dataset.state + ' ' +
  (document.getElementById('me-name')?.textContent.match(/kim/)?.[0] ?? '')`;

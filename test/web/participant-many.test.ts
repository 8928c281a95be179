// Protects: two hundred pages of one browser on one campaign are one person's: a browser has few connections to a server,
// and they do not starve each other of them.

import { describe, expect, it } from 'vitest';
import { noBrowser, reach, usePages } from '../support/participant.ts';
import { openCampaign, winnersCsv } from '../support/server.ts';

const PAGES = 200;

describe.skipIf(noBrowser)('many pages at once', () => {
  const pages = usePages();

  it('is itself in two hundred tabs of one browser: one press, one unit, told in all of them', async () => {
    await openCampaign(pages.server(), 'many', 5);
    const first = await pages.visit('/c/many', { user: 'kim' });
    await reach(first, 'open');
    const others = await first.evaluate<number>(
      `(async () => {
        window.tabs = Array.from({ length: ${PAGES - 1} }, () => open('/c/many', '_blank', 'popup'));
        return window.tabs.filter(Boolean).length;
      })()`,
    );
    expect(others).toBe(PAGES - 1);
    const states = () =>
      first.evaluate<Record<string, number>>(`window.tabs.reduce((seen, tab) => {
        const state = tab.document.getElementById('campaign')?.dataset.state ?? 'empty';
        return { ...seen, [state.replace('already_', '')]: (seen[state.replace('already_', '')] ?? 0) + 1 };
      }, {})`);
    await expect.poll(states, { timeout: 60_000 }).toEqual({ open: PAGES - 1 });
    // Behind the others it is not painted: a press by hand would wait for that.
    await first.evaluate("document.getElementById('act').click()");
    await reach(first, 'won');
    await expect.poll(states, { timeout: 30_000 }).toEqual({ won: PAGES - 1 });
    expect(await winnersCsv(pages.server(), 'many')).toHaveLength(1);
  });
});

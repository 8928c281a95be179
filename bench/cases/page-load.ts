/**
 * U4, U5: a campaign's page on a phone with a CPU four times slower: from the first byte until the button is on the screen
 * and a press on it does something, and how much moves until then. Each time a new device with nothing in its cache.
 */

import type { Browser } from 'playwright-core';
import { newPage, startBrowser } from '../browser.ts';
import type { Figure } from '../measure.ts';
import { figure, rounds } from '../measure.ts';
import { openCampaign, startDibs } from '../servers.ts';

const PHONE = { width: 360, height: 780 };
const SLOWER = 4;
const ROUNDS = 15;

const KNOWN = `if (location.host) localStorage.setItem('dibs.user', 'kim')`;

/** The button is there when it is not hidden any more: what it does was given to it before. Shown is one frame later. */
const WATCH = `window.seen = { moved: 0, shownMs: null, readyMs: null };
  new PerformanceObserver((list) => { for (const one of list.getEntries()) window.seen.moved += one.value; })
    .observe({ type: 'layout-shift', buffered: true });
  new MutationObserver((_, self) => {
    const act = document.getElementById('act');
    if (!act || act.hidden) return;
    self.disconnect();
    const since = performance.getEntriesByType('navigation')[0].responseStart;
    window.seen.readyMs = performance.now() - since;
    requestAnimationFrame(() => {
      const after = new MessageChannel();
      after.port1.onmessage = () => { window.seen.shownMs = performance.now() - since; };
      after.port2.postMessage(0);
    });
  }).observe(document, { subtree: true, childList: true, attributes: true });`;

interface Seen {
  moved: number;
  readyMs: number;
  shownMs: number;
}

async function load(browser: Browser, url: string): Promise<Seen> {
  const { page, context } = await newPage(browser, PHONE, [KNOWN, WATCH]);
  const phone = await context.newCDPSession(page);
  await phone.send('Emulation.setCPUThrottlingRate', { rate: SLOWER });
  await page.goto(url);
  await page.locator('#campaign[data-state="open"]').waitFor();
  // Also what comes right after it must not move anything.
  await page.locator('#window', { hasText: /\S/ }).waitFor();
  const seen = await page.evaluate<Seen>('window.seen');
  await context.close();
  return seen;
}

export async function pageLoad(): Promise<Figure[]> {
  const server = await startDibs({ core: null });
  const browser = await startBrowser();
  try {
    await openCampaign(server, 'soon', 100, 'disk', { benefit: { title: 'One chicken' } });
    const once = () => load(browser, `http://127.0.0.1:${server.port}/c/soon`);
    await once();
    const all = await rounds(ROUNDS, once);
    return [
      figure(
        { id: 'U4', what: 'first byte → the button is shown, CPU 4 times slower', unit: 'ms', atMost: 300 },
        all.map(({ shownMs }) => shownMs),
      ),
      figure(
        { id: 'U4r', what: 'first byte → the button can be pressed', unit: 'ms', atMost: 300 },
        all.map(({ readyMs }) => readyMs),
      ),
      figure(
        { id: 'U5', what: 'how much of the page moves meanwhile', unit: 'CLS', atMost: 0 },
        all.map(({ moved }) => moved),
      ),
    ];
  } finally {
    await browser.close();
    await server.stop();
  }
}

/**
 * U1–U3: what one open console costs the server, and how smoothly it draws: the live view of a running campaign, and a
 * table of ten thousand rows.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { newPage, startBrowser } from '../browser.ts';
import type { Figure } from '../measure.ts';
import { figure, isShort, median, rounds } from '../measure.ts';
import type { Running } from '../servers.ts';
import { load, openCampaign, recorded, startDibs } from '../servers.ts';

const DESK = { width: 1440, height: 900 };
const WATCHED_MS = isShort ? 2_000 : 10_000;
const ROUNDS = 5;
/** Presses a second beside the console: a campaign that is open and not in its rush. */
const PRESSES_PER_SECOND = 200;
const ROWS = isShort ? 500 : 10_000;
const UPDATES_PER_SECOND = 60;

/** CPU that all threads of a process have used, ms: the sum in ticks would be too coarse for a hundredth. */
function threadsMs(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const ofThread = (id: string): number => {
    try {
      return Number(readFileSync(`${tasks}/${id}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
    } catch {
      return 0; // ended meanwhile
    }
  };
  return readdirSync(tasks).reduce((sum, id) => sum + ofThread(id), 0);
}

/** Of one core, %. */
async function coreShare(server: Running, meanwhile: () => Promise<unknown>): Promise<number> {
  const [before, began] = [threadsMs(server.pid), performance.now()];
  await meanwhile();
  return (100 * (threadsMs(server.pid) - before)) / (performance.now() - began);
}

const signedIn = ({ adminKey }: Running): string =>
  `sessionStorage.setItem('dibs.console.key', ${JSON.stringify(adminKey)})`;

async function openLive(browser: Browser, server: Running, campaign: string) {
  const { page, context } = await newPage(browser, DESK, [signedIn(server)]);
  await page.goto(`http://127.0.0.1:${server.port}/admin#/campaigns/${campaign}/live`);
  await page.locator('[data-live="true"]').waitFor();
  await page.locator('[data-balance="same"], [data-balance="onTheWay"]').waitFor();
  // What is asked once, at the beginning, is not what an open console costs.
  await pause(2_000);
  return context;
}

async function cost(browser: Browser, server: Running): Promise<Figure[]> {
  await openCampaign(server, 'idle', 1_000);
  await openCampaign(server, 'pressed', 10_000_000);
  let first = 0;
  const quiet = () => pause(WATCHED_MS);
  const pressed = async () => {
    const seconds = WATCHED_MS / 1000;
    const { port } = server;
    const crowd = { port, campaign: 'pressed', connections: 20, seconds, rate: PRESSES_PER_SECOND };
    await load(null, { ...crowd, prefix: 'u1', first });
    first += seconds * PRESSES_PER_SECOND * 2;
  };
  await coreShare(server, pressed);
  const watched = async (campaign: string, meanwhile: () => Promise<unknown>): Promise<number> => {
    const without = await coreShare(server, meanwhile);
    const console = await openLive(browser, server, campaign);
    const share = await coreShare(server, meanwhile);
    await console.close();
    const after = await coreShare(server, meanwhile);
    return share - (without + after) / 2;
  };
  const busy = await rounds(ROUNDS, () => watched('pressed', pressed));
  const idle = await rounds(ROUNDS, () => watched('idle', quiet));
  return [
    figure(
      { id: 'U1', what: 'a live view costs the server, while it is pressed', unit: '%', atMost: 1 },
      busy,
    ),
    figure({ id: 'U1i', what: 'the same while nothing happens', unit: '%', atMost: 1 }, idle),
  ];
}

/** Notes gaps between frames and long tasks from here on; `window.seen()` tells them. */
const WATCH_FRAMES = `(() => {
  let last = performance.now();
  const gaps = [];
  const tasks = [];
  const frame = (now) => { gaps.push(now - last); last = now; requestAnimationFrame(frame); };
  requestAnimationFrame((now) => { last = now; requestAnimationFrame(frame); });
  new PerformanceObserver((list) => { for (const one of list.getEntries()) tasks.push(one.duration); })
    .observe({ type: 'longtask' });
  window.seen = () => ({
    frames: gaps.length, longestMs: Math.max(0, ...gaps), longTasks: tasks.length, longestTaskMs: Math.max(0, ...tasks),
  });
})()`;

interface Seen {
  frames: number;
  longestMs: number;
  longTasks: number;
  longestTaskMs: number;
}

const seen = (page: Page): Promise<Seen> => page.evaluate<Seen>('window.seen()');

/** From the top to the bottom, three screens a frame. */
const SCROLL = `new Promise((done) => {
  const box = document.querySelector('.table-body');
  box.scrollTop = 0;
  const step = () => {
    box.scrollTop += 3 * box.clientHeight;
    if (box.scrollTop + box.clientHeight >= box.scrollHeight - 1) requestAnimationFrame(() => done(true));
    else requestAnimationFrame(step);
  };
  requestAnimationFrame(() => requestAnimationFrame(step));
})`;

async function scrolled(browser: Browser, server: Running): Promise<Figure> {
  await openCampaign(server, 'rows', ROWS);
  const { port } = server;
  await load(null, { port, campaign: 'rows', connections: 50, count: ROWS, prefix: 'r' });
  await recorded(server, 'rows');
  const { page, context } = await newPage(browser, DESK, [signedIn(server)]);
  await page.goto(`http://127.0.0.1:${port}/admin#/campaigns/rows/winners`);
  await page.locator('.table-row').first().waitFor();
  const isAll = page
    .getByText(ROWS.toLocaleString('en'), { exact: false })
    .and(page.locator('[role=status]'));
  while (!(await isAll.isVisible())) {
    await page.evaluate(
      `(() => { const b = document.querySelector('.table-body'); b.scrollTop = b.scrollHeight; })()`,
    );
  }
  const all = await rounds(ROUNDS, async () => {
    await page.evaluate(WATCH_FRAMES);
    await page.evaluate(SCROLL);
    return seen(page);
  });
  await context.close();
  return figure(
    { id: 'U2', what: `longest frame while ${ROWS} rows are scrolled through`, unit: 'ms', atMost: 50 },
    all.map(({ longestMs }) => longestMs),
    {
      frames: median(all.map(({ frames }) => frames)),
      'long tasks': median(all.map(({ longTasks }) => longTasks)),
    },
  );
}

/** Figures in place of the server's, so many times a second. */
const feedOf = (stats: object, perSecond: number): string => `(() => {
  const real = window.fetch;
  let fed = 0;
  const at = () => ({ ...${JSON.stringify(stats)}, claims: fed * 700, issued: fed, remaining: 1e6 - fed,
    claimsPerSecond: 42000 + fed % 999, winsPerSecond: 60, verdicts: { won: fed, sold_out: fed * 600, already_won: fed * 99 },
    latencyMs: { p50: 3 + fed % 5, p99: 12 + fed % 9, measured: 2600 } });
  window.fetch = (path, how) => {
    if (String(path).endsWith('/stats')) return Promise.resolve(Response.json(at()));
    if (!String(path).startsWith('/v1/admin/events')) return real(path, how);
    const text = new TextEncoder();
    const body = new ReadableStream({ start(to) {
      setInterval(() => {
        fed += 1;
        to.enqueue(text.encode('event: stats\\ndata: ' + JSON.stringify({ campaigns: [at()] }) + '\\n\\n'));
      }, 1000 / ${perSecond});
    } });
    return Promise.resolve(new Response(body));
  };
})()`;

async function drawn(browser: Browser, server: Running): Promise<Figure> {
  await openCampaign(server, 'fast', 1_000_000);
  const headers = { authorization: `Bearer ${server.adminKey}` };
  const place = `http://127.0.0.1:${server.port}`;
  const stats = (await (await fetch(`${place}/v1/admin/campaigns/fast/stats`, { headers })).json()) as object;
  const { page, context } = await newPage(browser, DESK, [
    signedIn(server),
    feedOf(stats, UPDATES_PER_SECOND),
  ]);
  await page.goto(`${place}/admin#/campaigns/fast/live`);
  await page.locator('[data-live="true"]').waitFor();
  await pause(WATCHED_MS / 2);
  const all = await rounds(ROUNDS, async () => {
    await page.evaluate(WATCH_FRAMES);
    await pause(WATCHED_MS);
    return seen(page);
  });
  await context.close();
  return figure(
    { id: 'U3', what: 'longest task of the live view at 60 updates a second', unit: 'ms', atMost: 50 },
    all.map(({ longestTaskMs }) => longestTaskMs),
    {
      'longest frame, ms': Math.round(median(all.map(({ longestMs }) => longestMs))),
      frames: median(all.map(({ frames }) => frames)),
    },
  );
}

export async function console(): Promise<Figure[]> {
  const server = await startDibs({ core: null });
  const browser = await startBrowser();
  try {
    return [...(await cost(browser, server)), await scrolled(browser, server), await drawn(browser, server)];
  } finally {
    await browser.close();
    await server.stop();
  }
}

// `node scripts/pictures.ts [part of a name]`: takes the pictures in docs/pictures anew. A server of its own, campaigns in
// each state with a crowd that really presses, a browser; each view in both languages, light and dark, as WebP.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Browser, chromium, type Page } from 'playwright-core';
import { onOwnServer } from '../src/cli/own-server.ts';
import { findBrowser, onlyThePage } from './browser.ts';
import { type Language, NAMING, type Place, sendCrowd, setStage } from './pictures/stage.ts';

interface Shot {
  name: string;
  /** behind the server's address */
  at: string;
  /** what is there when it can be taken */
  ready: string;
  width: number;
  height: number;
  /** device pixels for one of the page */
  density: number;
  /** what is done in between */
  act?: (page: Page) => Promise<void>;
  /** ms before it is taken: a plot has to grow */
  growMs?: number;
}

const FOLDER = join(import.meta.dirname, '..', 'docs', 'pictures');
const LANGUAGES: readonly Language[] = ['ko', 'en'];
const SCHEMES = ['light', 'dark'] as const;
/** What moves has come to rest. */
const REST_MS = 600;
const GROW_MS = 45_000;
const QUALITY = 0.86;

const phone = { width: 360, height: 800, density: 2 };
const desk = { width: 1280, height: 800, density: 1.5 };
const pressing = (page: Page) => page.click('#act');

const SHOTS: readonly Shot[] = [
  // First: it is the crowd that it shows.
  {
    name: 'console-live',
    at: '/admin#/campaigns/coffee/live',
    ready: '[data-live="true"]',
    ...desk,
    height: 1_000,
    growMs: GROW_MS,
  },
  { name: 'scheduled', at: '/c/parcel', ready: '[data-state="scheduled"]', ...phone },
  { name: 'won', at: '/c/chicken', ready: '.scan[src]', ...phone },
  { name: 'in-line', at: '/c/stage', ready: '[data-state="waiting"]', ...phone, act: pressing },
  { name: 'sold-out', at: '/c/chicken', ready: '[data-state="sold_out"]', ...phone },
  { name: 'console-list', at: '/admin#/campaigns', ready: '.table-row', ...desk },
  { name: 'console-integrity', at: '/admin#/campaigns/chicken/integrity', ready: '.invariants', ...desk },
  { name: 'console-report', at: '/admin#/campaigns/chicken/report', ready: '.report-page .hero', ...desk },
  {
    name: 'console-rehearsal',
    at: '/admin#/campaigns/meal/rehearsal',
    ready: '.rehearsal-result',
    ...desk,
    density: 1.25,
  },
];

const found = await findBrowser();
if ('missing' in found) throw new Error(found.missing);
const wanted = SHOTS.filter(({ name }) => name.includes(process.argv[2] ?? ''));
const browser = await chromium.launch({ executablePath: found.path, args: onlyThePage() });
for (const language of LANGUAGES) {
  await onOwnServer({ command: 'pictures' }, async (place) => {
    await setStage(place, language);
    const crowd = sendCrowd(place, 'coffee', '--users', '12000', '--rate', '45', '--concurrency', '30');
    for (const shot of wanted)
      await Promise.all(SCHEMES.map((scheme) => take(shot, place, language, scheme)));
    crowd.kill();
  });
}
await browser.close();

async function take(shot: Shot, place: Place, language: Language, scheme: 'light' | 'dark'): Promise<void> {
  const context = await browser.newContext({
    viewport: { width: shot.width, height: shot.height },
    deviceScaleFactor: shot.density,
    locale: language === 'ko' ? 'ko-KR' : 'en-GB',
    timezoneId: 'Asia/Seoul',
    colorScheme: scheme,
  });
  const page = await context.newPage();
  await page.addInitScript(
    ([key, person]) => {
      sessionStorage.setItem('dibs.console.key', String(key));
      if (person) localStorage.setItem('dibs.user', person);
    },
    [place.adminKey, personOf(shot, language, scheme)],
  );
  await page.goto(place.url + shot.at);
  if (shot.act) await page.locator('#act:visible').waitFor();
  await shot.act?.(page);
  await page.locator(shot.ready).first().waitFor();
  await pause(shot.growMs ?? REST_MS);
  const name = `${shot.name}-${language}-${scheme}.webp`;
  const bytes = await asWebp(browser, await page.screenshot());
  writeFileSync(join(FOLDER, name), bytes);
  console.log(`${name}: ${Math.ceil(bytes.length / 1024)} KiB`);
  await context.close();
}

/** Whoever won looks at what he won; who stands in line is somebody new each time. */
function personOf({ name }: Shot, language: Language, scheme: 'light' | 'dark'): string {
  if (name === 'in-line') return NAMING[language].inLine[scheme];
  return name === 'sold-out' ? '' : NAMING[language].person;
}

/** The browser has the encoder: no package is needed. */
async function asWebp(one: Browser, png: Buffer): Promise<Buffer> {
  const page = await one.newPage();
  const url = await page.evaluate(
    `(async () => {
      const image = await createImageBitmap(await (await fetch('data:image/png;base64,${png.toString('base64')}')).blob());
      const canvas = Object.assign(document.createElement('canvas'), { width: image.width, height: image.height });
      canvas.getContext('2d').drawImage(image, 0, 0);
      return canvas.toDataURL('image/webp', ${QUALITY});
    })()`,
  );
  await page.close();
  return Buffer.from(String(url).split(',')[1] ?? '', 'base64');
}

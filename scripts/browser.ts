// A Chromium for the tests of the pages: the one that is named, else one on this machine, else the system's package,
// when we may install it. Nothing else is fetched, and a browser that is missing is told with what to do.

import { execFile, execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';
/** Korean needs its glyphs to be measured, and a small system has none. */
const PACKAGES = ['chromium', 'fonts-noto-cjk'];
const INSTALL_MAX_MS = 5 * 60_000;

/**
 * What a window of today's Chromium starts of its own around a page, which nobody sees here: each context is a window, and
 * the pages behind its address bar cost it more than ours do.
 */
const NOT_NEEDED = [
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
  'SpareRendererForSitePerProcess',
];

/** Those that Playwright turns off: of two lists the browser takes the last one. */
const PLAYWRIGHT_TURNS_OFF = [
  ...['AimEnabled', 'AvoidCorsURLLoaderRestartOnRedirect', 'AvoidUnnecessaryBeforeUnloadCheckSync'],
  ...['DestroyProfileOnBrowserClose', 'HttpsFirstBalancedModeAutoEnable', 'HttpsUpgrades', 'LensOverlay'],
  ...['MediaRouter', 'NetworkTimeServiceQuerying', 'OptimizationHints', 'PaintHolding', 'PreconnectToSearch'],
  ...['TcpPortRandomizationWin', 'ThirdPartyStoragePartitioning'],
];

/** The command line of a browser that does little beside the page it is given. */
export function onlyThePage(): string[] {
  const features = [...PLAYWRIGHT_TURNS_OFF, ...NOT_NEEDED].join(',');
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return [`--disable-features=${features}`, '--disable-gpu', ...sandbox];
}

export type FoundBrowser = { path: string; version: string } | { missing: string };

/** Finds a Chromium. `DIBS_TEST_CHROMIUM` names one; root on a Debian gets the package installed. */
export async function findBrowser(): Promise<FoundBrowser> {
  const named = process.env['DIBS_TEST_CHROMIUM'];
  if (named) return look(named) ?? { missing: `DIBS_TEST_CHROMIUM=${named} cannot be run` };
  const found = lookAround();
  if (found) return found;
  if (process.getuid?.() !== 0 || !isRunnable('/usr/bin/apt-get')) {
    return { missing: 'no Chromium here; install it, or name one with DIBS_TEST_CHROMIUM' };
  }
  try {
    await install();
  } catch (error) {
    return { missing: `no Chromium here, and apt-get could not install it: ${(error as Error).message}` };
  }
  return lookAround() ?? { missing: 'apt-get installed chromium, and it cannot be run' };
}

function lookAround(): FoundBrowser | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  for (const path of [...paths, MAC]) {
    const found = isRunnable(path) ? look(path) : null;
    if (found) return found;
  }
  return null;
}

function isRunnable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A file of that name may be a stand-in that only tells what to install: it has to say its version. */
function look(path: string): { path: string; version: string } | null {
  try {
    const said = execFileSync(path, ['--version'], { encoding: 'utf8', stdio: 'pipe', timeout: 20_000 });
    const version = /\d+(?:\.\d+)+/.exec(said)?.[0];
    return version ? { path, version } : null;
  } catch {
    return null;
  }
}

async function install(): Promise<void> {
  const run = promisify(execFile);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, timeout: INSTALL_MAX_MS, maxBuffer: 64 << 20 };
  await run('/usr/bin/apt-get', ['update', '-qq'], options);
  await run('/usr/bin/apt-get', ['install', '-y', '-qq', ...PACKAGES], options);
}

/** V1, V1b: the page that a crowd loads at once, against fastify returning a small constant, and one of as many bytes. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Figure } from '../measure.ts';
import { figure, isShort, median, rounds } from '../measure.ts';
import type { Running } from '../servers.ts';
import { load, openCampaign, startDibs, startProgram } from '../servers.ts';

const CONNECTIONS = 200;
const SECONDS = isShort ? 1 : 3;
const ROUNDS = 7;

export async function pages(): Promise<Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'dibs-bench-pages-'));
  const constant = await startProgram(
    fileURLToPath(new URL('../reference-fastify.ts', import.meta.url)),
    [],
    null,
  );
  const dibs = await startDibs({ core: null });
  try {
    await openCampaign(dibs, 'page', 1000, 'disk');
    const ask = async (server: Running, path: string): Promise<number> => {
      const pathsFile = join(folder, 'page.paths');
      writeFileSync(pathsFile, path);
      const what = {
        port: server.port,
        campaign: 'page',
        connections: CONNECTIONS,
        seconds: SECONDS,
        prefix: 'p',
      };
      const { perSecond, statuses } = await load(null, { ...what, pathsFile });
      if (Object.keys(statuses).join() !== '200') throw new Error(JSON.stringify(statuses));
      return perSecond;
    };
    const round = async () => ({
      reference: await ask(constant, '/v1/campaigns/page/claims/x'),
      asLarge: await ask(constant, '/large'),
      page: await ask(dibs, '/c/page'),
    });
    await round();
    const all = await rounds(ROUNDS, round);
    return [
      figure(
        { id: 'V1', what: 'the page of a campaign ÷ fastify returning a constant', unit: '×', atLeast: 0.8 },
        all.map(({ page, reference }) => page / reference),
        { pagesPerSecond: Math.round(median(all.map(({ page }) => page))) },
      ),
      figure(
        { id: 'V1b', what: 'the same ÷ fastify returning as many bytes', unit: '×', atLeast: 0.8 },
        all.map(({ page, asLarge }) => page / asLarge),
      ),
    ];
  } finally {
    await Promise.all([constant.stop(), dibs.stop()]);
    rmSync(folder, { recursive: true, force: true });
  }
}

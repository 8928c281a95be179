/** P6: how long a person waits, 200 closed-loop connections, generator and server on the same cores. */

import type { Figure } from '../measure.ts';
import { figure, rounds } from '../measure.ts';
import { load, openCampaign, startDibs } from '../servers.ts';

export async function latency(): Promise<Figure[]> {
  const dibs = await startDibs({ core: null });
  try {
    await openCampaign(dibs, 'losing', 1);
    const at = (campaign: string, prefix: string) =>
      load(null, { port: dibs.port, campaign, connections: 200, count: 60_000, prefix });
    await at('losing', 'warm');
    const measured = await rounds(5, async (index) => {
      await openCampaign(dibs, `winning-${index}`, 10_000_000);
      return { lost: await at('losing', `l${index}`), won: await at(`winning-${index}`, `w${index}`) };
    });
    return [
      figure(
        { id: 'P6a', what: 'p99 of a losing claim, 200 connections', unit: 'ms', atMost: 25 },
        measured.map((m) => m.lost.p99Ms),
      ),
      figure(
        { id: 'P6b', what: 'p99 of a winning claim, 200 connections', unit: 'ms', atMost: 60 },
        measured.map((m) => m.won.p99Ms),
      ),
    ];
  } finally {
    await dibs.stop();
  }
}

/** P1, P2: claims a second of one process, losing and winning, against bare node:http doing the same reading. */

import type { Figure } from '../measure.ts';
import { figure, median, rounds } from '../measure.ts';
import { load, openCampaign, startDibs, startReference } from '../servers.ts';

/** A crowd, not a trickle: what shares a commit is what arrives while the one before is under way. */
const CONNECTIONS = 200;
const SECONDS = 3;
const ROUNDS = 7;

export async function claimPath(): Promise<Figure[]> {
  const reference = await startReference(0);
  const dibs = await startDibs({ core: 0 });
  try {
    const bare = (prefix: string) =>
      load(1, { port: reference.port, campaign: 'x', connections: CONNECTIONS, seconds: SECONDS, prefix });
    const claims = (campaign: string, prefix: string) =>
      load(1, { port: dibs.port, campaign, connections: CONNECTIONS, seconds: SECONDS, prefix });
    await openCampaign(dibs, 'losing', 1);
    await bare('warm');
    await claims('losing', 'warm');
    const pairs = await rounds(ROUNDS, async (index) => {
      const a = await bare(`r${index}`);
      const lost = await claims('losing', `l${index}`);
      await openCampaign(dibs, `winning-${index}`, 10_000_000);
      const b = await bare(`s${index}`);
      const won = await claims(`winning-${index}`, `w${index}`);
      return { lost: lost.perSecond / a.perSecond, won: won.perSecond / b.perSecond, a, l: lost, w: won };
    });
    const notes = {
      bareClaimsPerSecond: Math.round(median(pairs.map((pair) => pair.a.perSecond))),
      losingClaimsPerSecond: Math.round(median(pairs.map((pair) => pair.l.perSecond))),
      winningClaimsPerSecond: Math.round(median(pairs.map((pair) => pair.w.perSecond))),
    };
    return [
      figure(
        { id: 'P1', what: 'losing claims ÷ bare node:http', unit: '×', atLeast: 0.9 },
        pairs.map((pair) => pair.lost),
        notes,
      ),
      figure(
        { id: 'P2', what: 'winning claims at disk ÷ bare node:http', unit: '×', atLeast: 0.75 },
        pairs.map((pair) => pair.won),
        notes,
      ),
    ];
  } finally {
    await reference.stop();
    await dibs.stop();
  }
}

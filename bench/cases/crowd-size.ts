/** P13: what a claim costs when ten million people hold a unit, against ten thousand. */

import type { Figure } from '../measure.ts';
import { figure, rounds } from '../measure.ts';
import { cpuMicros, load } from '../servers.ts';
import { startPreloaded } from './preloaded.ts';

export async function crowdSize(): Promise<Figure[]> {
  const small = await startPreloaded(10_000);
  const big = await startPreloaded(10_000_000);
  try {
    const perClaim = async (server: { port: number; pid: number }, prefix: string): Promise<number> => {
      const before = cpuMicros(server.pid);
      const done = await load(1, {
        port: server.port,
        campaign: 'crowd',
        connections: 64,
        seconds: 2,
        prefix,
      });
      return (cpuMicros(server.pid) - before) / done.requests;
    };
    await perClaim(small, 'warm');
    await perClaim(big, 'warm');
    const ratios = await rounds(
      5,
      async (i) => (await perClaim(big, `b${i}`)) / (await perClaim(small, `s${i}`)),
    );
    return [
      figure(
        { id: 'P13', what: 'CPU per claim, 10,000,000 holders ÷ 10,000', unit: '×', atMost: 1.2 },
        ratios,
      ),
    ];
  } finally {
    await small.stop();
    await big.stop();
  }
}

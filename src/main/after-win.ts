/** What goes on beside the drop once people have won: started with the parts, stopped before them. */

import type { GaugeReading, HttpParts } from '../http/parts.ts';
import { startAnnouncing } from './announcing.ts';
import type { AfterWinParts, Started } from './area.ts';
import { startFigures } from './figures.ts';
import { startJobs } from './jobs.ts';
import { startReturning } from './returning.ts';
import { startWebhooks } from './webhooks.ts';

export interface AfterWin {
  served: Partial<HttpParts>;
  gauges(): GaugeReading[];
  stop(): Promise<void>;
}

/** Each area, in order; a later one may build on what an earlier one serves. */
const AREAS: readonly ((parts: AfterWinParts) => Promise<Started | null> | Started | null)[] = [
  startReturning,
  startFigures,
  startJobs,
  startWebhooks,
  startAnnouncing,
];

export async function startAfterWin(parts: AfterWinParts): Promise<AfterWin> {
  const started: Started[] = [];
  const stop = async (): Promise<void> => {
    for (const { stop } of started.reverse()) await stop();
  };
  try {
    for (const start of AREAS) {
      const area = await start(parts);
      if (area !== null) started.push(area);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    served: Object.assign({}, ...started.map(({ served }) => served ?? {})) as Partial<HttpParts>,
    gauges: () => started.flatMap(({ gauges }) => gauges?.() ?? []),
    stop,
  };
}

/** A server whose one campaign has so many holders already, put into the gate without a record behind them. */

import { fileURLToPath } from 'node:url';
import type { Running } from '../servers.ts';
import { startProgram } from '../servers.ts';

/** Starts it on core 0, in a process of its own. */
export function startPreloaded(holders: number): Promise<Running> {
  return startProgram(
    fileURLToPath(new URL('../preloaded-server.ts', import.meta.url)),
    [String(holders)],
    0,
  );
}

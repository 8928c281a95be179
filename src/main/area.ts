/** What an area beside the drop is: what it is made of, and what it hands back once it has started. */

import type { Logger } from 'pino';
import type { Config } from '../config/load.ts';
import type { ClaimFlow } from '../flow/claim.ts';
import type { GaugeReading, HttpParts } from '../http/parts.ts';
import type { Parts } from './parts.ts';

export interface AfterWinParts extends Parts {
  config: Config;
  logger: Logger;
  master: Buffer;
  claims: ClaimFlow;
}

/** What one area has started. */
export interface Started {
  /** what HTTP serves of it */
  served?: Partial<HttpParts>;
  gauges?(): GaugeReading[];
  stop(): Promise<void> | void;
}

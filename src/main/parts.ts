/** What the composition puts together, whatever it runs on: the parts that flows are made of. */

import type { Durability } from '../core/campaign.ts';
import type { CampaignParts } from '../flow/campaign.ts';
import type { Catalog } from '../flow/catalog.ts';
import type { CatchUp } from '../flow/catch-up.ts';
import type { Codes } from '../flow/codes.ts';
import type { GaugeReading, RecorderState } from '../http/parts.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { Gate } from '../ports/gate.ts';
import type { Log } from '../ports/log.ts';
import type { Operators } from '../ports/operators.ts';
import type { RecordStore } from '../ports/record.ts';
import type { GateKeeper } from '../ports/shared-gate.ts';
import type { System } from '../ports/system.ts';

/** The parts that flows are made of, chosen by configuration. */
export interface Parts {
  system: System;
  catalog: Catalog;
  gate: Gate;
  log: Log;
  record: RecordStore;
  campaigns: Campaigns;
  operators: Operators;
  codes: Codes;
  /** other processes decide at the same gate */
  shared: boolean;
  /** the levels that these parts can keep */
  durabilities: readonly Durability[];
  caughtUp: CatchUp;
  bring: CampaignParts['bring'];
  refresh?(campaignId: string): Promise<void>;
  seek?(campaignId: string): Promise<void>;
  onGateFault?(error: Error): void;
  recorderState(): RecorderState;
  /** what each part is doing: `ready`, or why it is not */
  /** at a shared gate: looks after it */
  keeper?: GateKeeper;
  roles(): Record<string, string>;
  gauges?(): readonly GaugeReading[];
  /** in words, for the greeting */
  runsOn: string;
  /** Leaves nothing unwritten behind. Presses must have been answered before. */
  stop(): Promise<void>;
}

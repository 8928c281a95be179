/** What the HTTP layer is given: everything it serves, and the settings it serves by. Built once by the composition. */

import type { Check } from '../core/audit.ts';
import type { Durability } from '../core/campaign.ts';
import type { Rate } from '../core/rate.ts';
import type { PublishedShuffle } from '../core/shuffle.ts';
import type { CampaignFlow, CampaignParts } from '../flow/campaign.ts';
import type { Catalog } from '../flow/catalog.ts';
import type { CatchUp } from '../flow/catch-up.ts';
import type { ClaimFlow } from '../flow/claim.ts';
import type { Codes } from '../flow/codes.ts';
import type { NotedFigures } from '../flow/figures.ts';
import type { JobFlow } from '../flow/job-flow.ts';
import type { ModeFlows } from '../flow/mode.ts';
import type { Sights } from '../flow/sight.ts';
import type { Tickets } from '../flow/tickets.ts';
import type { WebhookFlow } from '../flow/webhooks.ts';
import type { WrongCodes } from '../flow/wrong-codes.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { Epoch, Epochs } from '../ports/epochs.ts';
import type { Gate } from '../ports/gate.ts';
import type { Leases } from '../ports/leases.ts';
import type { LineCounts } from '../ports/line.ts';
import type { Log } from '../ports/log.ts';
import type { Operators } from '../ports/operators.ts';
import type { RecordStore } from '../ports/record.ts';
import type { GateKeeper } from '../ports/shared-gate.ts';
import type { StoredPorts } from '../ports/stored.ts';
import type { System } from '../ports/system.ts';

export interface JwtConfig {
  /** HS256 key */
  secret: string | null;
  /** RS256, ES256, EdDSA keys */
  jwksUrl: string | null;
  issuer: string | null;
  audience: string | null;
}

export interface HttpConfig {
  auth: 'open' | 'jwt';
  jwt: JwtConfig;
  /** null: no limit. `auto` is settled before it comes here */
  rateLimit: { user: Rate | null; ip: Rate | null };
  /** addresses or networks (`10.0.0.0/8`) whose X-Forwarded-For is believed */
  trustProxy: readonly string[];
  corsOrigins: readonly string[];
  /** within how long of an opening pages press by themselves; absent: at once */
  pressSpreadMs?: number;
  /** DIBS_ADMIN_KEY: an operator key with role admin and id `env` */
  adminKey: string | null;
  connectionsMax: number;
  streamsPerUserMax: number;
  streamsMax: number;
  /** an uploaded file at most; absent: 256 MiB */
  fileBytesMax?: number;
  /** how long a stop waits for connections to finish, ms */
  drainMs: number;
}

export interface Readiness {
  ready: boolean;
  roles: Record<string, string>;
}

/** How far the recorder is: `next` is the log offset it reads from, `end` the log's. */
export interface RecorderState {
  next: number;
  end: number;
  lagMs: number;
}

/** A figure for /metrics that the composition measures. Labels name parts of the setup, never a person. */
export interface GaugeReading {
  /** `dibs_relay_backlog_batches`; readings of one name stand together */
  name: string;
  help: string;
  labels?: Readonly<Record<string, string>>;
  value: number;
}

/** A limit that all API processes keep together. */
export interface SharedRate {
  /** Counts one press of a user, `now` in ms of any clock that never steps back: 0, or the ms to wait. */
  allow(userId: string, now: number): number;
}

/** What everybody may know of the lines. */
export interface LinePublic {
  /** as last known in this process, without a wait; null: there is no line, or none is known yet */
  counts(campaignId: string): LineCounts | null;
  /** hex, the hash of the seed of the shuffle, from when it is scheduled; null: nothing is shuffled */
  commitment(campaignId: string): string | null;
  /** null before the opening */
  shuffle(campaignId: string): Promise<PublishedShuffle | null>;
  /** what is always true of a line, for the integrity report; absent: it cannot be said here */
  checks?(campaignId: string): Promise<Check[]>;
  /** how long somebody who joined now would wait, by the measured pace; null: nobody can say */
  estimatedWaitMs?(campaignId: string): number | null;
}

/** Where gate, log and record are. `none`: there is no gate, and campaigns are ordered; `record`: that is the log, too. */
export interface RunsOn {
  gate: 'process' | 'redis' | 'redis_cluster' | 'redis_sentinel' | 'none';
  log: 'journal' | 'kafka' | 'record';
  record: 'sqlite' | 'mysql';
}

export interface HttpParts {
  config: HttpConfig;
  system: System;
  catalog: Catalog;
  claims: ClaimFlow;
  /** see flow/campaign */
  hasGate?: boolean;
  /** see flow/mode: of the modes in which people wait for their verdict */
  modes?: ModeFlows;
  /** absent: made from `master` */
  tickets?: Tickets;
  /** absent: there are no lines here */
  line?: LinePublic;
  codes: Codes;
  /** absent: made here, and nobody hears of guessing */
  wrongCodes?: WrongCodes;
  /** absent: made here */
  campaignFlow?: CampaignFlow;
  /** told when somebody may have freed a unit, so that it goes back soon */
  onUnitFree?(): void;
  gate: Gate;
  log: Log;
  record: RecordStore;
  campaigns: Campaigns;
  operators: Operators;
  /** for whatever comes after the win */
  stored: StoredPorts;
  /** batch jobs; absent: there are none here */
  jobs?: JobFlow;
  /** where facts are sent by webhook; absent: nothing is sent from here */
  webhooks?: WebhookFlow;
  /** rights to act alone; absent: this process is alone */
  leases?: Leases;
  /** the master secret; keys for cursors come from it */
  master: Buffer;
  /** other processes decide at the same gate; absent: no */
  shared?: boolean;
  /** this process serves no people and no operators: only /healthz, /readyz and /metrics */
  serviceOnly?: boolean;
  /** durability levels that the parts in use can keep */
  durabilities: readonly Durability[];
  ready(): Readiness;
  /** what it runs on, in words for operators; absent: not told */
  runsOn?: string;
  /** the same as codes; absent: not told */
  on?: RunsOn;
  caughtUp: CatchUp;
  /** see flow/campaign */
  bring: CampaignParts['bring'];
  refresh?(campaignId: string): Promise<void>;
  /** see flow/claim */
  seek?(campaignId: string): Promise<void>;
  onGateFault?(error: Error): void;
  recorderState(): RecorderState;
  /** which gate of a campaign is the right one; absent: there is only one */
  epochOf?(campaignId: string): Promise<Epoch | null>;
  /** for comparing and repairing: what a shared gate has and what it has left behind */
  keeper?: GateKeeper;
  /** for giving units back to the stock that count as given without a holder */
  epochs?: Pick<Epochs, 'of' | 'unreserve'>;
  /** further queue depths for /metrics, by name */
  depths?(): Record<string, number>;
  /** further figures for /metrics */
  gauges?(): readonly GaugeReading[];
  /** counts how drops go; absent: nobody does */
  figures?: NotedFigures;
  /** what answers show; absent: made here */
  sights?: Sights;
  /** counts presses per user in place of this process's own meter; how often is its own affair */
  sharedRate?: SharedRate;
  /** faults of handlers go here; nothing else is logged by HTTP */
  onFault?(error: unknown, requestId: string): void;
  version: string;
  /** folder with participant/ and admin/; default: web/ of the checkout */
  webFolder?: string;
}

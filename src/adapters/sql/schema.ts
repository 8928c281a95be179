/** The tables of the record, as both databases have them. Times are epoch ms; JSON is text. */

import type { Generated } from 'kysely';
import type { CouponColumns, CouponTables } from './tables/coupons.ts';
import type { FigureTables } from './tables/figures.ts';
import type { JobTables } from './tables/jobs.ts';
import type { LetterColumns } from './tables/letters.ts';
import type { PoolTables } from './tables/pool.ts';
import type { RetentionColumns } from './tables/retention.ts';
import type { WebhookTables } from './tables/webhooks.ts';

export interface CampaignsTable {
  /** short number that stands for the campaign in the big table */
  no: Generated<number>;
  id: string;
  version: number;
  quantity: number;
  /** units in the record: never above quantity, checked in the statement that raises it */
  issued: Generated<number>;
  created_at: number;
  /** the whole campaign as JSON */
  body: string;
}

export interface ClaimsTable extends CouponColumns, RetentionColumns {
  campaign_no: number;
  seq: number;
  epoch: number;
  /** compared as bytes */
  user_id: string;
  nth: number;
  idem_key: string | null;
  code_lookup: number | null;
  won_at: number;
  redeemed_at: number | null;
  redeemed_by: string | null;
  /** the Idempotency-Key of the act that was done to it: redeemed or revoked, never both */
  act_key: string | null;
  revoked_at: number | null;
  revoked_by: string | null;
  revoked_reason: string | null;
}

export interface RecorderTable {
  source: string;
  next: number;
}

export interface OutboxTable {
  id: Generated<number>;
  type: string;
  campaign_no: number;
  /** one row stands for a run of units, seq_first … seq_last; null for facts about the campaign */
  seq_first: number | null;
  seq_last: number | null;
  data: string | null;
  created_at: number;
  sent_at: number | null;
}

export interface DeadLettersTable extends LetterColumns {
  id: Generated<number>;
  campaign_id: string | null;
  source: string;
  reason: string;
  payload: string;
  created_at: number;
}

export interface OperatorKeysTable {
  id: string;
  name: string;
  role: string;
  hash: string;
  created_at: number;
  revoked_at: number | null;
}

export interface AuditTable {
  id: Generated<number>;
  at: number;
  actor: string;
  action: string;
  target: string;
  before: string;
  after: string;
  request_id: string | null;
}

export interface LineFactsTable {
  id: Generated<number>;
  campaign_no: number;
  /** characters of `facts`: a page is measured without reading it */
  size: number;
  /** line facts of one batch as a JSON list, packed (core/line-fact) */
  facts: string;
}

export interface RulingsTable {
  campaign_no: number;
  source: string;
  /** the decider's next offset when it was stored */
  changed: number;
  /** the rule's quantity, beside what was issued under it: sold out is a comparison */
  quantity: number;
  issued: number;
  last_seq: number;
  /** rule, clock and phases as JSON */
  body: string;
}

/** The sources of `recorder` that are read by deciders. */
export interface DecidersTable {
  source: string;
  /** offsets of entries that nobody could read as a JSON list, the newest last */
  unreadable: string;
}

export interface RecordTables extends PoolTables, CouponTables, JobTables, WebhookTables, FigureTables {
  campaigns: CampaignsTable;
  claims: ClaimsTable;
  recorder: RecorderTable;
  outbox: OutboxTable;
  dead_letters: DeadLettersTable;
  operator_keys: OperatorKeysTable;
  audit: AuditTable;
  line_facts: LineFactsTable;
  rulings: RulingsTable;
  deciders: DecidersTable;
}

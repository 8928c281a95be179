/** Where facts are sent, and how each delivery went. */

import type { Generated } from 'kysely';
import type { Ddl } from './ddl.ts';

export const WEBHOOKS_DDL: Ddl = {
  sqlite: [
    `CREATE TABLE IF NOT EXISTS webhook_endpoints (
      id TEXT NOT NULL PRIMARY KEY,
      version INTEGER NOT NULL,
      url TEXT NOT NULL,
      description TEXT NOT NULL,
      filter TEXT NOT NULL,
      secrets TEXT NOT NULL,
      state TEXT NOT NULL,
      why TEXT,
      disabled_at INTEGER,
      created_at INTEGER NOT NULL,
      updated_at INTEGER NOT NULL
    )`,
    `CREATE TABLE IF NOT EXISTS webhook_deliveries (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      endpoint_id TEXT NOT NULL,
      event_id TEXT NOT NULL,
      type TEXT NOT NULL,
      campaign_id TEXT NOT NULL,
      order_key TEXT NOT NULL,
      body TEXT NOT NULL,
      state TEXT NOT NULL,
      tries INTEGER NOT NULL,
      at INTEGER NOT NULL,
      answers TEXT NOT NULL,
      created_at INTEGER NOT NULL
    )`,
    `CREATE UNIQUE INDEX IF NOT EXISTS webhook_deliveries_event
      ON webhook_deliveries (endpoint_id, event_id)`,
    `CREATE INDEX IF NOT EXISTS webhook_deliveries_state
      ON webhook_deliveries (endpoint_id, state, at, id)`,
    `CREATE INDEX IF NOT EXISTS webhook_deliveries_order
      ON webhook_deliveries (endpoint_id, order_key, state, id)`,
    'CREATE INDEX IF NOT EXISTS outbox_unsent ON outbox (sent_at, id)',
  ],
  mysql: [
    `CREATE TABLE IF NOT EXISTS webhook_endpoints (
      id VARBINARY(32) NOT NULL PRIMARY KEY,
      version INT NOT NULL,
      url VARCHAR(2048) NOT NULL,
      description VARCHAR(500) NOT NULL,
      filter MEDIUMTEXT NOT NULL,
      secrets TEXT NOT NULL,
      state VARCHAR(16) NOT NULL,
      why TEXT,
      disabled_at BIGINT,
      created_at BIGINT NOT NULL,
      updated_at BIGINT NOT NULL
    )`,
    `CREATE TABLE IF NOT EXISTS webhook_deliveries (
      id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
      endpoint_id VARBINARY(32) NOT NULL,
      event_id VARBINARY(200) NOT NULL,
      type VARBINARY(64) NOT NULL,
      campaign_id VARBINARY(64) NOT NULL,
      order_key VARBINARY(100) NOT NULL,
      body MEDIUMTEXT NOT NULL,
      state VARBINARY(16) NOT NULL,
      tries INT NOT NULL,
      \`at\` BIGINT NOT NULL,
      answers MEDIUMTEXT NOT NULL,
      created_at BIGINT NOT NULL,
      UNIQUE INDEX webhook_deliveries_event (endpoint_id, event_id),
      INDEX webhook_deliveries_state (endpoint_id, state, \`at\`, id),
      INDEX webhook_deliveries_order (endpoint_id, order_key, state, id)
    )`,
  ],
};

export interface WebhookEndpointsTable {
  id: string;
  version: number;
  url: string;
  description: string;
  /** which facts and campaigns, as JSON */
  filter: string;
  secrets: string;
  state: string;
  why: string | null;
  disabled_at: number | null;
  created_at: number;
  updated_at: number;
}

export interface WebhookDeliveriesTable {
  id: Generated<number>;
  endpoint_id: string;
  event_id: string;
  type: string;
  campaign_id: string;
  order_key: string;
  body: string;
  state: string;
  tries: number;
  /** pending: when it is due; else when it was settled: one index serves both */
  at: number;
  /** of the last tries, as a JSON list */
  answers: string;
  created_at: number;
}

export interface WebhookTables {
  webhook_endpoints: WebhookEndpointsTable;
  webhook_deliveries: WebhookDeliveriesTable;
}

/**
 * How the record's tables came to be in MySQL and MariaDB, step by step; adapters/sql/migrations has the same tables for
 * SQLite. A step that was released is never changed. DDL is not transactional here: each statement can be run again.
 *
 * What statements compare is VARBINARY where people name it: "Ann", "ann", "ánn" and "ann " are four people, and every
 * collation that both databases have takes some of them for one.
 */

import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { COUPONS_DDL } from '../sql/tables/coupons.ts';
import type { Ddl, Once } from '../sql/tables/ddl.ts';
import { FIGURES_DDL } from '../sql/tables/figures.ts';
import { JOBS_DDL } from '../sql/tables/jobs.ts';
import { LETTERS_DDL } from '../sql/tables/letters.ts';
import { POOL_DDL } from '../sql/tables/pool.ts';
import { RETENTION_DDL } from '../sql/tables/retention.ts';
import { WEBHOOKS_DDL } from '../sql/tables/webhooks.ts';

const TABLE_END = 'ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin';

const FIRST = [
  `CREATE TABLE IF NOT EXISTS campaigns (
    no INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    id VARBINARY(64) NOT NULL UNIQUE,
    version BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    issued BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    body MEDIUMTEXT NOT NULL,
    INDEX campaigns_newest (created_at, id)
  )`,
  `CREATE TABLE IF NOT EXISTS claims (
    campaign_no INT NOT NULL,
    seq BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    user_id VARBINARY(128) NOT NULL,
    nth INT NOT NULL,
    idem_key VARCHAR(255),
    code_lookup BIGINT,
    won_at BIGINT NOT NULL,
    redeemed_at BIGINT,
    redeemed_by TEXT,
    act_key VARCHAR(255),
    revoked_at BIGINT,
    revoked_by TEXT,
    revoked_reason TEXT,
    PRIMARY KEY (campaign_no, seq),
    UNIQUE INDEX claims_user (user_id, campaign_no, nth),
    INDEX claims_code (code_lookup)
  )`,
  `CREATE TABLE IF NOT EXISTS recorder (
    source VARBINARY(128) NOT NULL PRIMARY KEY,
    \`next\` BIGINT NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS outbox (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    type VARCHAR(64) NOT NULL,
    campaign_no INT NOT NULL,
    seq_first BIGINT,
    seq_last BIGINT,
    data MEDIUMTEXT,
    created_at BIGINT NOT NULL,
    sent_at BIGINT
  )`,
  `CREATE TABLE IF NOT EXISTS dead_letters (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    campaign_id VARCHAR(255),
    source VARCHAR(255) NOT NULL,
    reason TEXT NOT NULL,
    payload MEDIUMTEXT NOT NULL,
    created_at BIGINT NOT NULL,
    INDEX dead_letters_campaign (campaign_id)
  )`,
  `CREATE TABLE IF NOT EXISTS operator_keys (
    id VARCHAR(32) NOT NULL PRIMARY KEY,
    name VARCHAR(128) NOT NULL,
    role VARCHAR(16) NOT NULL,
    hash VARCHAR(64) NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
  )`,
  `CREATE TABLE IF NOT EXISTS audit (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    \`at\` BIGINT NOT NULL,
    actor VARCHAR(255) NOT NULL,
    action VARCHAR(64) NOT NULL,
    target VARCHAR(255) NOT NULL,
    \`before\` MEDIUMTEXT NOT NULL,
    \`after\` MEDIUMTEXT NOT NULL,
    request_id VARCHAR(64)
  )`,
];

const first: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of FIRST) await sql.raw(`${statement} ${TABLE_END}`).execute(db);
  },
};

/**
 * `opened_epoch`: the last one that was opened; what older ones decided and is not there by then is late. `floor_seq`:
 * when it was opened, numbers up to here had been given out or leased. `archived` follows from the campaign by itself, so that
 * nobody can forget to write it.
 */
const EPOCHS = `ALTER TABLE campaigns
  ADD COLUMN epoch BIGINT NOT NULL DEFAULT 1,
  ADD COLUMN gate_state VARCHAR(16) NOT NULL DEFAULT 'open',
  ADD COLUMN opened_epoch BIGINT NOT NULL DEFAULT 1,
  ADD COLUMN base_seq BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN leased_seq BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN floor_seq BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN reserved BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN reserved_until BIGINT,
  ADD COLUMN archived TINYINT GENERATED ALWAYS AS
    (COALESCE(JSON_TYPE(JSON_EXTRACT(body, '$.archivedAt')) <> 'NULL', 0)) STORED,
  ADD INDEX campaigns_live (archived)`;

const LEASES = `CREATE TABLE IF NOT EXISTS leases (
  name VARBINARY(255) NOT NULL PRIMARY KEY,
  holder VARBINARY(255) NOT NULL,
  \`until\` BIGINT NOT NULL
)`;

const sharedGate: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { rows } = await sql`SELECT 1 FROM information_schema.columns
      WHERE table_schema = DATABASE() AND table_name = 'campaigns' AND column_name = 'gate_state'`.execute(
      db,
    );
    if (rows.length === 0) await sql.raw(EPOCHS).execute(db);
    await sql.raw(`${LEASES} ${TABLE_END}`).execute(db);
  },
};

const LINES = [
  `CREATE TABLE IF NOT EXISTS line_facts (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    campaign_no INT NOT NULL,
    size INT NOT NULL,
    facts MEDIUMTEXT NOT NULL,
    INDEX line_facts_campaign (campaign_no, id, size)
  )`,
  `CREATE TABLE IF NOT EXISTS rulings (
    campaign_no INT NOT NULL PRIMARY KEY,
    source VARBINARY(128) NOT NULL,
    changed BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    issued BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    body MEDIUMTEXT NOT NULL,
    INDEX rulings_changed (source, changed)
  )`,
  `CREATE TABLE IF NOT EXISTS deciders (
    source VARBINARY(128) NOT NULL PRIMARY KEY,
    unreadable MEDIUMTEXT NOT NULL
  )`,
];

const lines: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const statement of LINES) await sql.raw(`${statement} ${TABLE_END}`).execute(db);
  },
};

const TOPIC_VERSIONS = `CREATE TABLE IF NOT EXISTS topic_versions (
  version INT NOT NULL PRIMARY KEY,
  partitions INT NOT NULL,
  state VARCHAR(16) NOT NULL,
  since BIGINT NOT NULL
)`;

const topicVersions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(`${TOPIC_VERSIONS} ${TABLE_END}`).execute(db);
  },
};

const outboxUnsent: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    const { rows } = await sql`SELECT 1 FROM information_schema.statistics
      WHERE table_schema = DATABASE() AND table_name = 'outbox' AND index_name = 'outbox_unsent'`.execute(db);
    if (rows.length === 0) await sql.raw('CREATE INDEX outbox_unsent ON outbox (sent_at, id)').execute(db);
  },
};

function statements({ mysql }: Ddl): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of mysql) {
        if (typeof statement === 'string') {
          const end = statement.startsWith('CREATE TABLE') ? ` ${TABLE_END}` : '';
          await sql.raw(statement + end).execute(db);
        } else if (!(await isThere(db, statement.unless))) await sql.raw(statement.run).execute(db);
      }
    },
  };
}

async function isThere(db: Kysely<unknown>, what: Once['unless']): Promise<boolean> {
  const { rows } = await ('column' in what
    ? sql`SELECT 1 FROM information_schema.columns
        WHERE table_schema = DATABASE() AND table_name = ${what.table} AND column_name = ${what.column}`
    : sql`SELECT 1 FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = ${what.table} AND index_name = ${what.index}`
  ).execute(db);
  return rows.length > 0;
}

/** In order. The count is the schema's version. */
export const MYSQL_MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-first': first,
  '0002-shared-gate': sharedGate,
  '0003-lines': lines,
  '0004-topic-versions': topicVersions,
  '0005-outbox-unsent': outboxUnsent,
  '0006-pool': statements(POOL_DDL),
  '0007-coupons': statements(COUPONS_DDL),
  '0008-letters': statements(LETTERS_DDL),
  '0009-jobs': statements(JOBS_DDL),
  '0010-webhooks': statements(WEBHOOKS_DDL),
  '0011-figures': statements(FIGURES_DDL),
  '0012-retention': statements(RETENTION_DDL),
};

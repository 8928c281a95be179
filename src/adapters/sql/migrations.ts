/** How the record's tables came to be, step by step. A step that was released is never changed. */

import type { Kysely } from 'kysely';
import { sql } from 'kysely';
import type { Migration } from 'kysely/migration';
import { COUPONS_DDL } from './tables/coupons.ts';
import type { Ddl } from './tables/ddl.ts';
import { FIGURES_DDL } from './tables/figures.ts';
import { JOBS_DDL } from './tables/jobs.ts';
import { LETTERS_DDL } from './tables/letters.ts';
import { POOL_DDL } from './tables/pool.ts';
import { RETENTION_DDL } from './tables/retention.ts';
import { WEBHOOKS_DDL } from './tables/webhooks.ts';

const first: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('campaigns')
      .addColumn('no', 'integer', (col) => col.primaryKey().autoIncrement())
      .addColumn('id', 'varchar(64)', (col) => col.notNull().unique())
      .addColumn('version', 'integer', (col) => col.notNull())
      .addColumn('quantity', 'integer', (col) => col.notNull())
      .addColumn('issued', 'integer', (col) => col.notNull().defaultTo(0))
      .addColumn('created_at', 'bigint', (col) => col.notNull())
      .addColumn('body', 'text', (col) => col.notNull())
      .execute();
    await createClaims(db);
    await db.schema
      .createTable('recorder')
      .addColumn('source', 'varchar(128)', (col) => col.primaryKey())
      .addColumn('next', 'bigint', (col) => col.notNull())
      .execute();
    await db.schema
      .createTable('outbox')
      .addColumn('id', 'integer', (col) => col.primaryKey().autoIncrement())
      .addColumn('type', 'varchar(64)', (col) => col.notNull())
      .addColumn('campaign_no', 'integer', (col) => col.notNull())
      .addColumn('seq_first', 'bigint')
      .addColumn('seq_last', 'bigint')
      .addColumn('data', 'text')
      .addColumn('created_at', 'bigint', (col) => col.notNull())
      .addColumn('sent_at', 'bigint')
      .execute();
    await createOperatorTables(db);
  },
};

async function createClaims(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('claims')
    .addColumn('campaign_no', 'integer', (col) => col.notNull())
    .addColumn('seq', 'integer', (col) => col.notNull())
    .addColumn('epoch', 'integer', (col) => col.notNull())
    .addColumn('user_id', 'text', (col) => col.notNull())
    .addColumn('nth', 'integer', (col) => col.notNull())
    .addColumn('idem_key', 'text')
    .addColumn('code_lookup', 'integer')
    .addColumn('won_at', 'integer', (col) => col.notNull())
    .addColumn('redeemed_at', 'integer')
    .addColumn('redeemed_by', 'text')
    .addColumn('act_key', 'text')
    .addColumn('revoked_at', 'integer')
    .addColumn('revoked_by', 'text')
    .addColumn('revoked_reason', 'text')
    .addPrimaryKeyConstraint('claims_seq', ['campaign_no', 'seq'])
    .modifyEnd(sql`WITHOUT ROWID`)
    .execute();
  await db.schema
    .createIndex('claims_user')
    .unique()
    .on('claims')
    .columns(['user_id', 'campaign_no', 'nth'])
    .execute();
  await db.schema.createIndex('claims_code').on('claims').column('code_lookup').execute();
}

async function createOperatorTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('dead_letters')
    .addColumn('id', 'integer', (col) => col.primaryKey().autoIncrement())
    .addColumn('campaign_id', 'varchar(64)')
    .addColumn('source', 'varchar(255)', (col) => col.notNull())
    .addColumn('reason', 'text', (col) => col.notNull())
    .addColumn('payload', 'text', (col) => col.notNull())
    .addColumn('created_at', 'bigint', (col) => col.notNull())
    .execute();
  await db.schema
    .createTable('operator_keys')
    .addColumn('id', 'varchar(32)', (col) => col.primaryKey())
    .addColumn('name', 'varchar(128)', (col) => col.notNull())
    .addColumn('role', 'varchar(16)', (col) => col.notNull())
    .addColumn('hash', 'varchar(64)', (col) => col.notNull())
    .addColumn('created_at', 'bigint', (col) => col.notNull())
    .addColumn('revoked_at', 'bigint')
    .execute();
  await db.schema
    .createTable('audit')
    .addColumn('id', 'integer', (col) => col.primaryKey().autoIncrement())
    .addColumn('at', 'bigint', (col) => col.notNull())
    .addColumn('actor', 'varchar(64)', (col) => col.notNull())
    .addColumn('action', 'varchar(64)', (col) => col.notNull())
    .addColumn('target', 'varchar(255)', (col) => col.notNull())
    .addColumn('before', 'text', (col) => col.notNull())
    .addColumn('after', 'text', (col) => col.notNull())
    .addColumn('request_id', 'varchar(64)')
    .execute();
}

/** What happens in waiting lines, and how the deciders of ordered campaigns stand. */
const lines: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('line_facts')
      .addColumn('id', 'integer', (col) => col.primaryKey().autoIncrement())
      .addColumn('campaign_no', 'integer', (col) => col.notNull())
      .addColumn('size', 'integer', (col) => col.notNull())
      .addColumn('facts', 'text', (col) => col.notNull())
      .execute();
    await db.schema
      .createIndex('line_facts_campaign')
      .on('line_facts')
      .columns(['campaign_no', 'id', 'size'])
      .execute();
    await createDeciderTables(db);
  },
};

async function createDeciderTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('rulings')
    .addColumn('campaign_no', 'integer', (col) => col.primaryKey())
    .addColumn('source', 'varchar(128)', (col) => col.notNull())
    .addColumn('changed', 'bigint', (col) => col.notNull())
    .addColumn('quantity', 'integer', (col) => col.notNull())
    .addColumn('issued', 'integer', (col) => col.notNull())
    .addColumn('last_seq', 'integer', (col) => col.notNull())
    .addColumn('body', 'text', (col) => col.notNull())
    .execute();
  await db.schema.createIndex('rulings_changed').on('rulings').columns(['source', 'changed']).execute();
  await db.schema
    .createTable('deciders')
    .addColumn('source', 'varchar(128)', (col) => col.primaryKey())
    .addColumn('unreadable', 'text', (col) => col.notNull())
    .execute();
}

function statements({ sqlite }: Ddl): Migration {
  return {
    async up(db: Kysely<unknown>): Promise<void> {
      for (const statement of sqlite) await sql.raw(statement).execute(db);
    },
  };
}

/** In order. The count is the schema's version. */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-first': first,
  '0002-lines': lines,
  '0003-pool': statements(POOL_DDL),
  '0004-coupons': statements(COUPONS_DDL),
  '0005-letters': statements(LETTERS_DDL),
  '0006-jobs': statements(JOBS_DDL),
  '0007-webhooks': statements(WEBHOOKS_DDL),
  '0008-figures': statements(FIGURES_DDL),
  '0009-retention': statements(RETENTION_DDL),
};

/** How a drop went: verdicts and waiting times by process, and how many people there were. No row for a person. */

import type { Ddl } from './ddl.ts';

export const FIGURES_DDL: Ddl = {
  sqlite: [
    `CREATE TABLE IF NOT EXISTS figure_counts (
      campaign_id TEXT NOT NULL,
      starts_at INTEGER NOT NULL,
      width_ms INTEGER NOT NULL,
      name TEXT NOT NULL,
      source TEXT NOT NULL,
      total INTEGER NOT NULL,
      PRIMARY KEY (campaign_id, starts_at, width_ms, name, source)
    ) WITHOUT ROWID`,
    `CREATE TABLE IF NOT EXISTS figure_sources (
      campaign_id TEXT NOT NULL,
      source TEXT NOT NULL,
      started_at INTEGER NOT NULL,
      noted_at INTEGER NOT NULL,
      latency TEXT NOT NULL,
      people BLOB,
      PRIMARY KEY (campaign_id, source)
    )`,
    `CREATE TABLE IF NOT EXISTS part_faults (
      source TEXT NOT NULL,
      part TEXT NOT NULL,
      campaign_id TEXT NOT NULL,
      since INTEGER NOT NULL,
      last_at INTEGER NOT NULL,
      ended INTEGER NOT NULL,
      what TEXT NOT NULL,
      PRIMARY KEY (source, part, campaign_id, since)
    ) WITHOUT ROWID`,
    'CREATE INDEX IF NOT EXISTS part_faults_time ON part_faults (last_at)',
  ],
  mysql: [
    `CREATE TABLE IF NOT EXISTS figure_counts (
      campaign_id VARBINARY(64) NOT NULL,
      starts_at BIGINT NOT NULL,
      width_ms INT NOT NULL,
      name VARBINARY(64) NOT NULL,
      source VARBINARY(64) NOT NULL,
      total BIGINT NOT NULL,
      PRIMARY KEY (campaign_id, starts_at, width_ms, name, source)
    )`,
    `CREATE TABLE IF NOT EXISTS figure_sources (
      campaign_id VARBINARY(64) NOT NULL,
      source VARBINARY(64) NOT NULL,
      started_at BIGINT NOT NULL,
      noted_at BIGINT NOT NULL,
      latency MEDIUMTEXT NOT NULL,
      people BLOB,
      PRIMARY KEY (campaign_id, source)
    )`,
    `CREATE TABLE IF NOT EXISTS part_faults (
      source VARBINARY(64) NOT NULL,
      part VARBINARY(64) NOT NULL,
      campaign_id VARBINARY(64) NOT NULL,
      since BIGINT NOT NULL,
      last_at BIGINT NOT NULL,
      ended TINYINT NOT NULL,
      what TEXT NOT NULL,
      PRIMARY KEY (source, part, campaign_id, since),
      INDEX part_faults_time (last_at)
    )`,
  ],
};

export interface FigureCountsTable {
  campaign_id: string;
  starts_at: number;
  width_ms: number;
  name: string;
  source: string;
  total: number;
}

export interface FigureSourcesTable {
  campaign_id: string;
  source: string;
  started_at: number;
  noted_at: number;
  /** JSON, core/latency-histogram */
  latency: string;
  /** core/hyperloglog */
  people: Uint8Array | null;
}

export interface PartFaultsTable {
  source: string;
  part: string;
  campaign_id: string;
  since: number;
  last_at: number;
  ended: number;
  what: string;
}

export interface FigureTables {
  figure_counts: FigureCountsTable;
  figure_sources: FigureSourcesTable;
  part_faults: PartFaultsTable;
}

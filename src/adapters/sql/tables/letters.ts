/** Facts set aside, with their causes and what became of them. */

import type { Ddl } from './ddl.ts';

/** Columns of `dead_letters` that came with replaying them. `created_at` is the first try. */
export interface LetterColumns {
  state: string;
  type: string;
  /** of wins: what the record would have, so that a gate is filled with those who were set aside too */
  seq: number | null;
  epoch: number | null;
  user_id: string | null;
  nth: number | null;
  idem_key: string | null;
  won_at: number | null;
  /** chain of errors as a JSON list; null: the reason says it all */
  causes: string | null;
  tries: number;
  last_at: number | null;
  resolved_at: number | null;
  resolved_by: string | null;
  resolved_reason: string | null;
  /** 1: discarded, and its unit went back to the stock */
  freed: number;
  /** follows from the fact, so that the same one is set aside once; null: of before there was one */
  fact_key: string | null;
  /** when other systems were told */
  sent_at: number | null;
}

const SQLITE_COLUMNS = [
  "state text NOT NULL DEFAULT 'dead'",
  "type text NOT NULL DEFAULT 'unreadable'",
  'seq integer',
  'epoch integer',
  'user_id text',
  'nth integer',
  'idem_key text',
  'won_at integer',
  'causes text',
  'tries integer NOT NULL DEFAULT 1',
  'last_at integer',
  'resolved_at integer',
  'resolved_by text',
  'resolved_reason text',
  'freed integer NOT NULL DEFAULT 0',
  'fact_key text',
  'sent_at integer',
];

/** Letters of before: what is in their wins, beside them. */
const SQLITE_FILL = `UPDATE dead_letters SET
    type = 'claim.won', seq = json_extract(payload, '$.seq'), epoch = json_extract(payload, '$.epoch'),
    user_id = json_extract(payload, '$.userId'), nth = json_extract(payload, '$.nth'),
    idem_key = json_extract(payload, '$.key'), won_at = json_extract(payload, '$.wonAt'), sent_at = created_at
  WHERE CASE WHEN json_valid(payload) THEN json_extract(payload, '$.type') END = 'claim.won'`;

const inPayload = (name: string): string => `JSON_UNQUOTE(JSON_EXTRACT(payload, '$.${name}'))`;
const MYSQL_FILL = `UPDATE dead_letters SET
    type = 'claim.won', seq = ${inPayload('seq')}, epoch = ${inPayload('epoch')}, user_id = ${inPayload('userId')},
    nth = ${inPayload('nth')}, idem_key = NULLIF(${inPayload('key')}, 'null'), won_at = ${inPayload('wonAt')},
    sent_at = created_at
  WHERE seq IS NULL AND CASE WHEN JSON_VALID(payload) THEN ${inPayload('type')} END = 'claim.won'`;

export const LETTERS_DDL: Ddl = {
  sqlite: [
    ...SQLITE_COLUMNS.map((column) => `ALTER TABLE dead_letters ADD COLUMN ${column}`),
    'CREATE UNIQUE INDEX dead_letters_fact ON dead_letters (fact_key)',
    'CREATE INDEX dead_letters_unit ON dead_letters (campaign_id, seq)',
    'CREATE INDEX dead_letters_state ON dead_letters (state, id)',
    'CREATE INDEX dead_letters_unsent ON dead_letters (source, sent_at, id)',
    SQLITE_FILL,
  ],
  mysql: [
    {
      unless: { table: 'dead_letters', column: 'fact_key' },
      run: `ALTER TABLE dead_letters
        ADD COLUMN state VARCHAR(16) NOT NULL DEFAULT 'dead',
        ADD COLUMN type VARCHAR(64) NOT NULL DEFAULT 'unreadable',
        ADD COLUMN seq BIGINT,
        ADD COLUMN epoch BIGINT,
        ADD COLUMN user_id VARBINARY(128),
        ADD COLUMN nth BIGINT,
        ADD COLUMN idem_key VARCHAR(255),
        ADD COLUMN won_at BIGINT,
        ADD COLUMN causes MEDIUMTEXT,
        ADD COLUMN tries INT NOT NULL DEFAULT 1,
        ADD COLUMN last_at BIGINT,
        ADD COLUMN resolved_at BIGINT,
        ADD COLUMN resolved_by VARCHAR(255),
        ADD COLUMN resolved_reason TEXT,
        ADD COLUMN freed TINYINT NOT NULL DEFAULT 0,
        ADD COLUMN fact_key VARBINARY(64),
        ADD COLUMN sent_at BIGINT,
        ADD UNIQUE INDEX dead_letters_fact (fact_key),
        ADD INDEX dead_letters_unit (campaign_id, seq),
        ADD INDEX dead_letters_state (state, id),
        ADD INDEX dead_letters_unsent (source, sent_at, id)`,
    },
    MYSQL_FILL,
  ],
};

/**
 * ports/record on SQLite: the batch of wins, written in one transaction by prepared statements. The rest is shared SQL.
 *
 * A row that is there already must be the same row: equal is a repeat, different is a conflict and goes to the dead
 * letters. The campaign's count is raised in a statement that holds the quantity, so that the record itself never
 * has more than was to be given, whatever a gate says (I1).
 */

import type { ClaimWon } from '../../core/event.ts';
import type { RecordBatch, RecordStore, StoreResult, Win } from '../../ports/record.ts';
import { makeSqlClaims, storedUnit, type UnitRow } from '../sql/claims.ts';
import type { Sqlite } from './open.ts';
import { makeStoreDecided } from './record-decided.ts';
import type { RecordFile } from './record-file.ts';

const STRANGE = 'no such campaign';

interface Tally {
  inserted: number;
  repeated: number;
  conflicts: number;
}

function statements(sqlite: Sqlite) {
  return {
    next: sqlite.prepare<[string], number>('SELECT next FROM recorder WHERE source = ?').pluck(),
    advance: sqlite.prepare<[string, number]>(
      'INSERT INTO recorder (source, next) VALUES (?, ?) ON CONFLICT (source) DO UPDATE SET next = excluded.next',
    ),
    campaign: sqlite.prepare<[string], number>('SELECT no FROM campaigns WHERE id = ?').pluck(),
    count: sqlite.prepare<[number, number, number]>(
      'UPDATE campaigns SET issued = issued + ? WHERE no = ? AND issued + ? <= quantity',
    ),
    insert: sqlite.prepare(
      `INSERT INTO claims (campaign_no, seq, epoch, user_id, nth, idem_key, code_lookup, won_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    bySeq: sqlite.prepare<[number, number], StoredRow>(
      'SELECT epoch, user_id, nth, idem_key, code_lookup, won_at FROM claims WHERE campaign_no = ? AND seq = ?',
    ),
    unit: sqlite.prepare<[string, number], UnitRow>(
      `SELECT claims.*, campaigns.body FROM campaigns JOIN claims ON claims.campaign_no = campaigns.no
       WHERE campaigns.id = ? AND claims.seq = ?`,
    ),
    issued: sqlite.prepare<[number, number, number, number]>(
      `INSERT INTO outbox (type, campaign_no, seq_first, seq_last, created_at) VALUES ('coupon.issued', ?, ?, ?, ?)`,
    ),
    setAside: sqlite.prepare<[string | null, string, string, string, number]>(
      'INSERT INTO dead_letters (campaign_id, source, reason, payload, created_at) VALUES (?, ?, ?, ?, ?)',
    ),
    // It has to change something: SQLite writes nothing, and syncs nothing, for an update to what is there already.
    touch: sqlite.prepare(
      "INSERT INTO recorder (source, next) VALUES ('settled', 1) ON CONFLICT (source) DO UPDATE SET next = next + 1",
    ),
    holders: sqlite
      .prepare<[string, number, number], [number, number, string, string | null]>(
        `SELECT seq, won_at, user_id, idem_key FROM claims
         WHERE campaign_no = (SELECT no FROM campaigns WHERE id = ?) AND seq > ? ORDER BY seq LIMIT ?`,
      )
      .raw(),
  };
}

interface StoredRow {
  epoch: number;
  user_id: string;
  nth: number;
  idem_key: string | null;
  code_lookup: number | null;
  won_at: number;
}

/** The record, and what only a record behind a journal needs. */
export interface SqliteRecord extends RecordStore {
  /** Makes every batch so far safe from a power cut: from then on the journal may let go of it. */
  settle(): Promise<void>;
}

/**
 * A batch is not synced by itself: the journal holds its facts until `settle`, and a power cut takes rows and offset
 * back together. Whatever else is written (campaigns, redemptions) is synced at once, and so is all that came before.
 */
function unsynced<T>(sqlite: Sqlite, write: () => T): T {
  sqlite.pragma('synchronous = NORMAL');
  try {
    return write();
  } finally {
    sqlite.pragma('synchronous = FULL');
  }
}

type Statements = ReturnType<typeof statements>;

function isConstraint(error: unknown): boolean {
  return String((error as { code?: string }).code ?? '').startsWith('SQLITE_CONSTRAINT');
}

function insertWin(run: Statements, no: number, { fact, codeLookup }: Win): void {
  run.insert.run(no, fact.seq, fact.epoch, fact.userId, fact.nth, fact.key, codeLookup, fact.wonAt);
}

function sameRow(row: StoredRow, { fact, codeLookup }: Win): boolean {
  return (
    row.epoch === fact.epoch &&
    row.user_id === fact.userId &&
    row.nth === fact.nth &&
    row.idem_key === fact.key &&
    row.code_lookup === codeLookup &&
    row.won_at === fact.wonAt
  );
}

export function makeSqliteRecord({ sqlite, db }: RecordFile, now: () => number): SqliteRecord {
  const run = statements(sqlite);
  const store = makeStore(sqlite, run);
  const shared = makeSqlClaims(db, now);
  return {
    ...shared,
    // Everybody who won and asks asks for his number.
    async find(campaignId, by) {
      if (campaignId === null || !('seq' in by)) return shared.find(campaignId, by);
      const rows = await db.connection().execute(async () => run.unit.all(campaignId, by.seq));
      return rows.map((row) => storedUnit(row, now()));
    },
    // In turn with kysely's transactions, which use the same connection: inside one of them, a batch that was told
    // stored would be taken back with it.
    store: (batch) => db.connection().execute(async () => unsynced(sqlite, () => store(batch))),
    settle: () => db.connection().execute(async () => void run.touch.run()),
    async holders(campaignId, afterSeq, limit) {
      const rows = run.holders.all(campaignId, afterSeq, limit);
      return {
        seqs: Float64Array.from(rows, (row) => row[0]),
        wonAt: Float64Array.from(rows, (row) => row[1]),
        userIds: rows.map((row) => row[2]),
        keys: rows.some((row) => row[3] !== null) ? rows.map((row) => row[3]) : null,
      };
    },
  };
}

/** The whole batch in one transaction: rows, lines, rulings, outbox, dead letters, and the recorder's next offset. */
function makeStore(sqlite: Sqlite, run: Statements): (batch: RecordBatch) => StoreResult {
  const insertAll = makeInsertAll(sqlite, run);
  const storeOne = makeStoreOne(sqlite, run);
  const decided = makeStoreDecided(sqlite);

  function storeCampaign(campaignId: string, wins: Win[], batch: RecordBatch, tally: Tally): void {
    const no = run.campaign.get(campaignId);
    if (no === undefined) {
      for (const { fact } of wins) setAside(run, fact, STRANGE, batch, tally);
      return;
    }
    try {
      insertAll(no, wins, batch.now);
      tally.inserted += wins.length;
    } catch (error) {
      if (!(error instanceof NotPlain) && !isConstraint(error)) throw error;
      for (const win of wins) storeOne(no, win, batch, tally);
    }
  }

  const store = sqlite.transaction((batch: RecordBatch): StoreResult => {
    const stands = run.next.get(batch.source) ?? 0;
    if (stands !== batch.from) return { kind: 'zombie', next: stands };
    const tally: Tally = { inserted: 0, repeated: 0, conflicts: 0 };
    for (const [campaignId, wins] of Map.groupBy(batch.wins, (win) => win.fact.campaignId)) {
      storeCampaign(campaignId, wins, batch, tally);
    }
    for (const fact of decided.lines(batch.lines ?? [])) {
      // Of no campaign: a dead letter of a campaign stands for a unit of it.
      run.setAside.run(null, batch.source, STRANGE, JSON.stringify(fact), batch.now);
      tally.conflicts += 1;
    }
    decided.decider(batch);
    for (const entry of batch.unreadable) {
      run.setAside.run(null, entry.at, entry.reason, entry.payload, batch.now);
      tally.conflicts += 1;
    }
    run.advance.run(batch.source, batch.next);
    return { kind: 'stored', ...tally };
  });
  return (batch) => store.immediate(batch);
}

function setAside(run: Statements, fact: ClaimWon, reason: string, batch: RecordBatch, tally: Tally): void {
  run.setAside.run(fact.campaignId, batch.source, reason, JSON.stringify(fact), batch.now);
  tally.conflicts += 1;
}

/** The usual way: all rows are new. Throws when they are not; then nothing of it stays. */
function makeInsertAll(sqlite: Sqlite, run: Statements): (no: number, wins: Win[], at: number) => void {
  return sqlite.transaction((no: number, wins: Win[], at: number) => {
    if (run.count.run(wins.length, no, wins.length).changes === 0) throw new NotPlain();
    let first = (wins[0] as Win).fact.seq;
    let last = first - 1;
    for (const win of wins) {
      insertWin(run, no, win);
      if (win.fact.seq !== last + 1) {
        run.issued.run(no, first, last, at);
        first = win.fact.seq;
      }
      last = win.fact.seq;
    }
    run.issued.run(no, first, last, at);
  });
}

/** The careful way, one row at a time: for batches in which something is there already or does not fit. */
function makeStoreOne(
  sqlite: Sqlite,
  run: Statements,
): (no: number, win: Win, batch: RecordBatch, tally: Tally) => void {
  const insertOne = sqlite.transaction((no: number, win: Win) => {
    if (run.count.run(1, no, 1).changes === 0) return 'over the quantity';
    insertWin(run, no, win);
    return null;
  });
  return (no, win, batch, tally) => {
    const row = run.bySeq.get(no, win.fact.seq);
    if (row) {
      if (sameRow(row, win)) tally.repeated += 1;
      else setAside(run, win.fact, 'another claim has this seq', batch, tally);
      return;
    }
    try {
      const why = insertOne(no, win);
      if (why !== null) return setAside(run, win.fact, why, batch, tally);
      run.issued.run(no, win.fact.seq, win.fact.seq, batch.now);
      tally.inserted += 1;
    } catch (error) {
      if (!isConstraint(error)) throw error;
      const reason = `the user has this unit already: ${(error as Error).message}`;
      setAside(run, win.fact, reason, batch, tally);
    }
  };
}

/** Something in a batch is not new: it must be looked at row by row. */
class NotPlain extends Error {}

/**
 * ports/record on SQLite: the batch of wins, written in one transaction by prepared statements. The rest is shared SQL.
 *
 * A row that is there already must be the same row: equal is a repeat, different is a conflict and goes to the dead
 * letters. The campaign's count is raised in a statement that holds the quantity, so that the record itself never
 * has more than was to be given, whatever a gate says (I1).
 */

import type { RecordBatch, RecordStore, StoreResult, Win } from '../../ports/record.ts';
import { makeSqlClaims } from '../sql/claims.ts';
import { type HolderRow, mergedHolders } from '../sql/holders.ts';
import type { Letter, Why, WinColumns } from '../sql/letter-rows.ts';
import {
  COUNTS_AS_ISSUED,
  isSetAside,
  LETTER_COLUMNS,
  letterValues,
  lineLetter,
  OVER,
  refusedBy,
  STRANGE,
  TAKEN,
  unreadableLetter,
  winLetter,
} from '../sql/letter-rows.ts';
import { rowFault } from '../sql/row-faults.ts';
import { LEAVE_SOLD_OUT, STOCK_SQL, type StockRow, soldOutBy } from '../sql/sold-out.ts';
import { storedUnit, type UnitRow } from '../sql/units.ts';
import type { Sqlite } from './open.ts';
import { makeStoreDecided } from './record-decided.ts';
import type { RecordFile } from './record-file.ts';

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
    /** the same where nothing of it was set aside before */
    countPlain: sqlite.prepare<[number, number, number, number, number]>(
      `UPDATE campaigns SET issued = issued + ? WHERE no = ? AND issued + ? <= quantity AND NOT EXISTS (
         SELECT 1 FROM dead_letters WHERE campaign_id = campaigns.id AND seq BETWEEN ? AND ?)`,
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
    stock: sqlite.prepare<[number], StockRow>(STOCK_SQL),
    soldOut: sqlite.prepare<[number, string, number]>(LEAVE_SOLD_OUT),
    setAside: sqlite.prepare<(string | number | null)[]>(
      `INSERT INTO dead_letters (${LETTER_COLUMNS.join(', ')}) VALUES (${LETTER_COLUMNS.map(() => '?').join(', ')})
       ON CONFLICT (fact_key) DO NOTHING`,
    ),
    lettersAt: sqlite.prepare<[string, number], WinColumns & { counts: number }>(
      `SELECT epoch, user_id, nth, idem_key, won_at, ${COUNTS_AS_ISSUED} AS counts FROM dead_letters
       WHERE campaign_id = ? AND seq = ? AND state <> 'replayed'`,
    ),
    lettersAfter: sqlite
      .prepare<[string, number, number], HolderRow>(
        `SELECT seq, COALESCE(won_at, 0), COALESCE(user_id, ''), idem_key FROM dead_letters
         WHERE campaign_id = ? AND seq > ? AND ${COUNTS_AS_ISSUED} ORDER BY seq, id LIMIT ?`,
      )
      .raw(),
    // It has to change something: SQLite writes nothing, and syncs nothing, for an update to what is there already.
    touch: sqlite.prepare(
      "INSERT INTO recorder (source, next) VALUES ('settled', 1) ON CONFLICT (source) DO UPDATE SET next = next + 1",
    ),
    holders: sqlite
      .prepare<[string, number, number], HolderRow>(
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

function insertWin(run: Statements, no: number, { fact, codeLookup }: Win): void {
  run.insert.run(no, fact.seq, fact.epoch, fact.userId, fact.nth, fact.key, codeLookup, fact.wonAt);
}

function sameRow(row: StoredRow, { fact, codeLookup, byJob }: Win): boolean {
  return (
    row.epoch === fact.epoch &&
    row.user_id === fact.userId &&
    row.nth === fact.nth &&
    row.idem_key === fact.key &&
    (byJob === true || row.code_lookup === codeLookup) &&
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
      const letters = run.lettersAfter.all(campaignId, afterSeq, limit);
      return mergedHolders(run.holders.all(campaignId, afterSeq, limit), letters, limit);
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
      for (const { fact } of wins) setAside(run, winLetter(fact, batch, STRANGE), batch, tally);
      return;
    }
    try {
      insertAll(no, wins, batch.now);
      tally.inserted += wins.length;
    } catch (error) {
      if (!(error instanceof NotPlain) && rowFault(error) === null) throw error;
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
      setAside(run, lineLetter(fact, batch), batch, tally);
    }
    decided.decider(batch);
    for (const entry of batch.unreadable) {
      setAside(run, unreadableLetter(entry), batch, tally);
    }
    run.advance.run(batch.source, batch.next);
    return { kind: 'stored', ...tally };
  });
  return (batch) => store.immediate(batch);
}

/** Outside of whatever has failed: only the whole batch can take it back. The same letter once more changes nothing. */
function setAside(run: Statements, letter: Letter, { now }: RecordBatch, tally: Tally): void {
  run.setAside.run(...letterValues(letter, now));
  tally.conflicts += 1;
}

/** The wins of one campaign are issued in one way, all of them. */
const isByJob = ([win]: readonly Win[]): boolean => win?.byJob === true;

/** The usual way: all rows are new. Throws when they are not; then nothing of it stays. */
function makeInsertAll(sqlite: Sqlite, run: Statements): (no: number, wins: Win[], at: number) => void {
  return sqlite.transaction((no: number, wins: Win[], at: number) => {
    const [least, most] = seqsOf(wins);
    if (run.countPlain.run(wins.length, no, wins.length, least, most).changes === 0) throw new NotPlain();
    for (const win of wins) insertWin(run, no, win);
    if (!isByJob(wins)) leaveIssued(run, no, wins, at);
    leaveSoldOut(run, no, wins.length, at);
  });
}

/** One row for each run of numbers. */
function leaveIssued(run: Statements, no: number, wins: Win[], at: number): void {
  let first = (wins[0] as Win).fact.seq;
  let last = first - 1;
  for (const { fact } of wins) {
    if (fact.seq !== last + 1) {
      run.issued.run(no, first, last, at);
      first = fact.seq;
    }
    last = fact.seq;
  }
  run.issued.run(no, first, last, at);
}

/** When these were the last units. */
function leaveSoldOut(run: Statements, no: number, raised: number, at: number): void {
  const data = soldOutBy(run.stock.get(no), raised);
  if (data !== null) run.soldOut.run(no, data, at);
}

function seqsOf(wins: readonly Win[]): [number, number] {
  let least = Number.MAX_SAFE_INTEGER;
  let most = 0;
  for (const { fact } of wins) {
    if (fact.seq < least) least = fact.seq;
    if (fact.seq > most) most = fact.seq;
  }
  return [least, most];
}

/** The careful way, one row at a time: for batches in which something is there already or does not fit. */
function makeStoreOne(
  sqlite: Sqlite,
  run: Statements,
): (no: number, win: Win, batch: RecordBatch, tally: Tally) => void {
  const insertOne = sqlite.transaction((no: number, win: Win) => {
    if (run.count.run(1, no, 1).changes === 0) return OVER;
    insertWin(run, no, win);
    return null;
  });
  return (no, win, batch, tally) => {
    const { fact } = win;
    const aside = (why: Why): void => setAside(run, winLetter(fact, batch, why), batch, tally);
    const row = run.bySeq.get(no, fact.seq);
    if (row) {
      if (sameRow(row, win)) tally.repeated += 1;
      else aside(TAKEN);
      return;
    }
    // It has its letter, or the number is promised by one: sending it again does not make it another.
    const letters = run.lettersAt.all(fact.campaignId, fact.seq);
    if (letters.some((letter) => isSetAside(letter, fact))) {
      tally.conflicts += 1;
      return;
    }
    if (letters.some(({ counts }) => counts === 1)) return aside(TAKEN);
    try {
      const why = insertOne(no, win);
      if (why !== null) return aside(why);
      if (!isByJob([win])) leaveIssued(run, no, [win], batch.now);
      leaveSoldOut(run, no, 1, batch.now);
      tally.inserted += 1;
    } catch (error) {
      if (rowFault(error) === null) throw error;
      aside(refusedBy(error));
    }
  };
}

/** Something in a batch is not new: it must be looked at row by row. */
class NotPlain extends Error {}

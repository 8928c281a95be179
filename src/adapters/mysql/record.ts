/**
 * ports/record on MySQL and MariaDB. A batch is one transaction that begins by moving the recorder's offset on, so that
 * whoever was overtaken fails at once, and a batch whose commit was not answered is recognized when it is tried again.
 *
 * Rows are inserted, never ignored or overwritten. Where something is there already, it is read back and compared:
 * equal is a repeat, different is a conflict and goes to the dead letters. What a row itself is to blame for is found by
 * halving; the rest of its batch goes in.
 *
 * A win of an epoch before the last that was opened is late: the gate was filled without it, and may have given its unit
 * to somebody else. The campaign's row is locked from the count to the commit, and an epoch is opened under the same
 * lock, so a win is either in before or late, never in between.
 */

import type { PoolConnection, RowDataPacket } from 'mysql2/promise';
import { said } from '../../core/said.ts';
import type { RecordBatch, RecordStore, StoreResult, Win } from '../../ports/record.ts';
import type { System } from '../../ports/system.ts';
import { makeSqlClaims } from '../sql/claims.ts';
import { type HolderRow, mergedHolders } from '../sql/holders.ts';
import {
  COUNTS_AS_ISSUED,
  isSetAside,
  type Letter,
  late,
  lineLetter,
  notBegun,
  OVER,
  refusedBy,
  STRANGE,
  TAKEN,
  unreadableLetter,
  type Why,
  winLetter,
} from '../sql/letter-rows.ts';
import { isDeciders, rulingsIn } from '../sql/rulings.ts';
import { beDecider, insertLines, storeRulings } from './decided-rows.ts';
import { faultKind, recordFault } from './faults.ts';
import type { Mysql } from './open.ts';
import { makeRetried } from './retry.ts';
import type { LetterRow, Raised, StoredRow } from './rows.ts';
import {
  campaignNumbers,
  insertLetters,
  insertRuns,
  insertWins,
  isLogged,
  leaveSoldOut,
  lettersAt,
  lockEpochs,
  moveOn,
  raiseFromReserve,
  raiseIssued,
  readBack,
  sameRow,
} from './rows.ts';
import { steady } from './steady.ts';

export interface MysqlRecordParts {
  mysql: Mysql;
  system: System;
  /** how a batch is tried again after a fault that may pass; then it is for the recorder to wait */
  retry?: { max: number; baseMs: number };
  /** told of each fault after which a batch is tried again */
  onRetry?: (error: Error) => void;
}

type Stored = Extract<StoreResult, { kind: 'stored' }>;

/** A batch on its way in. */
interface Run {
  connection: PoolConnection;
  batch: RecordBatch;
  tally: Omit<Stored, 'kind'>;
  letters: Letter[];
  /** facts that have their letters already */
  known: number;
}

/** About a second and a half in all. */
const STORE_RETRY = { max: 7, baseMs: 10 };
/** Where more is to be done than to look something up. */
const LIMITS = { counts: 30_000, holders: 10_000, page: 10_000, change: 5_000 };

export function makeMysqlRecord({
  mysql,
  system,
  retry = STORE_RETRY,
  onRetry,
}: MysqlRecordParts): RecordStore {
  const { max, baseMs } = retry;
  const retried = makeRetried({ kinds: ['contention', 'refused', 'lost'], tries: max + 1, baseMs, onRetry });
  const asking = { ...makeSqlClaims(mysql.db, system.now), ...makeHolders(mysql) };
  return {
    ...steady(asking, mysql.address, system, LIMITS),
    async store(batch) {
      const attempt = makeAttempt(mysql, batch);
      try {
        return await retried(attempt);
      } catch (error) {
        throw recordFault(error, mysql.address);
      }
    },
  };
}

/** One try after another at the same batch. */
function makeAttempt(mysql: Mysql, batch: RecordBatch): () => Promise<StoreResult> {
  /** what an earlier try was committing when the connection broke */
  let unanswered: Stored | null = null;
  return async () => {
    const connection = await mysql.pool.getConnection();
    try {
      await connection.beginTransaction();
      const zombie = await moveOn(connection, batch);
      if (zombie !== null) {
        await connection.rollback();
        connection.release();
        // The offset is where this very batch leaves it: it was the commit that went through, not a stranger.
        return unanswered !== null && zombie.next === batch.next ? unanswered : zombie;
      }
      unanswered = null;
      const stored = await storeAll(connection, batch);
      unanswered = stored;
      await connection.commit();
      connection.release();
      return stored;
    } catch (error) {
      await letGo(connection);
      throw error;
    }
  };
}

/** Back to the pool with nothing under way, or away with it. */
async function letGo(connection: PoolConnection): Promise<void> {
  try {
    await connection.rollback();
    connection.release();
  } catch {
    connection.destroy();
  }
}

async function storeAll(connection: PoolConnection, batch: RecordBatch): Promise<Stored> {
  const run: Run = {
    connection,
    batch,
    tally: { inserted: 0, repeated: 0, conflicts: 0 },
    letters: [],
    known: 0,
  };
  const groups = Map.groupBy(batch.wins, (win) => win.fact.campaignId);
  const lines = Map.groupBy(batch.lines ?? [], (fact) => fact.campaignId);
  const ids = new Set([...groups.keys(), ...lines.keys(), ...rulingsIn(batch).keys()]);
  // In one order for all, so that two recorders do not wait for each other.
  const numbers = new Map([...(await campaignNumbers(connection, [...ids]))].sort(([, a], [, b]) => a - b));
  for (const [id, no] of numbers) {
    const wins = groups.get(id) ?? [];
    if (wins.length === 0) continue;
    if ((await addAll(run, no, wins, QUANTITY)) !== null) await storeCarefully(run, no, wins);
  }
  for (const [id, wins] of groups) {
    if (!numbers.has(id)) for (const win of wins) setAside(run, win, STRANGE);
  }
  await insertLines(connection, numbers, lines);
  for (const [id, facts] of lines) {
    if (!numbers.has(id)) run.letters.push(...facts.map((fact) => lineLetter(fact, batch)));
  }
  if (isDeciders(batch)) {
    await beDecider(connection, batch);
    await storeRulings(connection, numbers, batch);
  }
  run.letters.push(...batch.unreadable.map(unreadableLetter));
  await insertLetters(connection, run.letters, batch.now);
  return { kind: 'stored', ...run.tally, conflicts: run.letters.length + run.known };
}

function setAside({ letters, batch }: Run, { fact }: Win, why: Why): void {
  letters.push(winLetter(fact, batch, why));
}

/** Where units are taken from, and what becomes of a win for which there is none. */
interface Stock {
  raise: (connection: PoolConnection, no: number, wins: Win[]) => Promise<Raised>;
  refuse: (run: Run, no: number, win: Win, why: Why) => Promise<void> | void;
}

const aside: Stock['refuse'] = (run, _no, win, why) => setAside(run, win, why);
const QUANTITY: Stock = { raise: raiseIssued, refuse: aside };
/** the same for wins of which is known that none was set aside before */
const QUANTITY_LEFT: Stock = { raise: (at, no, wins) => raiseIssued(at, no, wins, true), refuse: aside };
const RESERVE: Stock = { raise: raiseFromReserve, refuse: setAsideLate };

/** All of them, or none and why not. */
async function addAll(run: Run, no: number, wins: Win[], stock: Stock): Promise<Why | null> {
  const { connection, batch, tally } = run;
  await connection.query('SAVEPOINT wins');
  try {
    const raised = await stock.raise(connection, no, wins);
    if (raised === 'refused') return OVER;
    await insertWins(connection, no, wins);
    await insertRuns(connection, no, wins, batch.now);
    if (raised === 'last') await leaveSoldOut(connection, no, wins.length, batch.now);
    tally.inserted += wins.length;
    return null;
  } catch (error) {
    const kind = faultKind(error);
    if (kind !== 'duplicate' && kind !== 'data') throw error;
    await connection.query('ROLLBACK TO SAVEPOINT wins');
    return refusedBy(error);
  }
}

/** For batches in which something is there already, does not fit, or is of an epoch that does not count. */
async function storeCarefully(run: Run, no: number, wins: Win[]): Promise<void> {
  const epochs = await lockEpochs(run.connection, no);
  const seqs = wins.map(({ fact }) => fact.seq);
  const there = await readBack(run.connection, no, seqs);
  const letters = await lettersAt(run.connection, (wins[0] as Win).fact.campaignId, seqs);
  const fresh = new Map<number, Win>();
  const late = new Map<number, Win>();
  const again: Win[] = [];
  for (const win of wins) {
    const { seq, epoch } = win.fact;
    const row = there.get(seq);
    if (row) await compare(run, no, row, win);
    else if (hasLetter(run, letters.get(seq) ?? [], win)) continue;
    else if (fresh.has(seq) || late.has(seq)) again.push(win);
    else if (epoch > epochs.present) setAside(run, win, notBegun(epoch));
    else (epoch < epochs.opened ? late : fresh).set(seq, win);
  }
  await addHalves(run, no, [...fresh.values()], QUANTITY_LEFT);
  await addHalves(run, no, [...late.values()], RESERVE);
  if (again.length > 0) await storeCarefully(run, no, again);
}

/** It has its letter, or the number is promised by one: sending it again does not make it another. */
function hasLetter(run: Run, letters: readonly LetterRow[], win: Win): boolean {
  const isIts = letters.some((letter) => isSetAside(letter, win.fact));
  if (isIts) run.known += 1;
  else if (letters.some(({ counts }) => Number(counts) === 1)) setAside(run, win, TAKEN);
  else return false;
  return true;
}

async function compare(run: Run, no: number, row: StoredRow, win: Win): Promise<void> {
  if (sameRow(row, win)) run.tally.repeated += 1;
  else if (win.fact.epoch < row.epoch) await setAsideLate(run, no, win, TAKEN);
  else setAside(run, win, TAKEN);
}

/** It counts for nothing: what it would have taken is set aside by other means, or was never told to anybody. */
async function setAsideLate(run: Run, no: number, { fact }: Win, why: Why): Promise<void> {
  const { epoch } = fact;
  const raw = why === OVER ? 'nothing is kept for such wins any more' : why.reason;
  const isUntold = await isLogged(run.connection, no);
  const reason = said(isUntold ? 'late_untold' : 'late_told', { epoch, raw });
  run.letters.push(winLetter(fact, run.batch, late(reason), false));
}

/** In order, so that who came first is in when there is not enough for all. */
async function addHalves(run: Run, no: number, wins: Win[], stock: Stock): Promise<void> {
  const [first] = wins;
  if (first === undefined) return;
  const why = await addAll(run, no, wins, stock);
  if (why === null) return;
  if (wins.length > 1) {
    const half = Math.ceil(wins.length / 2);
    await addHalves(run, no, wins.slice(0, half), stock);
    await addHalves(run, no, wins.slice(half), stock);
    return;
  }
  // Somebody may have put it there since it was looked for.
  const row = (await readBack(run.connection, no, [first.fact.seq])).get(first.fact.seq);
  if (row) await compare(run, no, row, first);
  else await stock.refuse(run, no, first, why);
}

function makeHolders({ pool }: Mysql): Pick<RecordStore, 'holders'> {
  const recorded = `SELECT seq, won_at, user_id, idem_key FROM claims
    WHERE campaign_no = (SELECT no FROM campaigns WHERE id = ?) AND seq > ? ORDER BY seq LIMIT ?`;
  const setAside = `SELECT seq, COALESCE(won_at, 0), COALESCE(user_id, ''), idem_key FROM dead_letters
    WHERE campaign_id = ? AND seq > ? AND ${COUNTS_AS_ISSUED} ORDER BY seq, id LIMIT ?`;
  const read = async (sql: string, values: (string | number)[]): Promise<HolderRow[]> => {
    const [found] = await pool.query<RowDataPacket[][]>({ sql, rowsAsArray: true }, values);
    const rows = found as unknown as [number, number, Buffer, string | null][];
    return rows.map(([seq, wonAt, userId, key]) => [seq, wonAt, userId.toString(), key]);
  };
  return {
    async holders(campaignId, afterSeq, limit) {
      const values = [campaignId, afterSeq, limit];
      // Letters first: what is replayed in between is in both, and not in neither.
      const letters = await read(setAside, values);
      return mergedHolders(await read(recorded, values), letters, limit);
    },
  };
}

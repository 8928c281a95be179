/** ports/dead-letters on SQL. */

import type { Kysely, RawBuilder, Selectable, SelectQueryBuilder, Transaction } from 'kysely';
import { sql } from 'kysely';
import type { ClaimWon } from '../../core/event.ts';
import type {
  Cause,
  DeadLetter,
  DeadLetters,
  DiscardAnswer,
  DueFilter,
  DueLetters,
  LetterAct,
  LetterCounts,
  LetterFilter,
  LetterState,
  ReplayAnswer,
  UnsentLetters,
} from '../../ports/dead-letters.ts';
import type { Win } from '../../ports/record.ts';
import { writeAuditLine } from './campaigns.ts';
import { COUNTS_AS_ISSUED, type Why } from './letter-rows.ts';
import { StaysDead, takeIn } from './replay-letter.ts';
import type { DeadLettersTable, RecordTables } from './schema.ts';
import { freeLetter } from './units-back.ts';

type Db = Kysely<RecordTables>;
type LetterRow = Selectable<DeadLettersTable>;

const text = (value: string | Buffer | null): string | null => (value === null ? null : String(value));
const whole = (value: unknown): number | null => (value === null ? null : Number(value));

function letterOf(row: LetterRow): DeadLetter {
  const { reason, causes } = row;
  return {
    id: Number(row.id),
    campaignId: text(row.campaign_id),
    type: row.type,
    seq: whole(row.seq),
    userId: text(row.user_id),
    state: row.state as LetterState,
    source: row.source,
    reason,
    causes: causes === null ? [{ message: reason, code: null }] : (JSON.parse(causes) as Cause[]),
    payload: row.payload,
    tries: Number(row.tries),
    firstAt: Number(row.created_at),
    lastAt: Number(row.last_at ?? row.created_at),
    resolvedAt: whole(row.resolved_at),
    resolvedBy: text(row.resolved_by),
    resolvedReason: text(row.resolved_reason),
  };
}

type Letters = SelectQueryBuilder<RecordTables, 'dead_letters', object>;

/** What LIKE takes for more than itself stands for itself. */
const literally = (part: string): string => part.replaceAll(/[!%_]/g, (sign) => `!${sign}`);

function filtered(db: Db, { campaignId, state, reason, since }: LetterFilter): Letters {
  let query: Letters = db.selectFrom('dead_letters');
  if (campaignId !== undefined) query = query.where('campaign_id', '=', campaignId);
  if (state !== undefined) query = query.where('state', '=', state);
  if (since !== undefined) query = query.where('created_at', '>=', since);
  if (reason !== undefined) {
    query = query.where(sql<boolean>`reason LIKE ${`%${literally(reason)}%`} ESCAPE '!'`);
  }
  return query;
}

function due(db: Db, { alsoBy, triesBelow, triedBefore, ...filter }: DueFilter): Letters {
  let wins = filtered(db, filter).where('type', '=', 'claim.won').where('campaign_id', 'is not', null);
  if (triesBelow !== undefined) wins = wins.where('tries', '<', triesBelow);
  if (triedBefore !== undefined) wins = wins.where('last_at', '<', triedBefore);
  if (alsoBy === undefined) return wins.where('state', '=', 'dead');
  return wins.where((at) =>
    at.or([at('state', '=', 'dead'), at.and([at('state', '=', 'replayed'), at('resolved_by', '=', alsoBy)])]),
  );
}

export function makeSqlDeadLetters(db: Db): DeadLetters & DueLetters {
  return {
    async list(filter, before, limit) {
      const query = filtered(db, filter).selectAll().orderBy('id', 'desc').limit(limit);
      const rows = await (before === null ? query : query.where('id', '<', before)).execute();
      return rows.map(letterOf);
    },
    async due(filter, after, limit) {
      const rows = await due(db, filter)
        .select(['id', 'payload'])
        .where('id', '>', after ?? 0)
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(({ id, payload }) => ({ id: Number(id), fact: JSON.parse(payload) as ClaimWon }));
    },
    async countDue(filter) {
      const { count } = await due(db, filter)
        .select((at) => at.fn.countAll<number>().as('count'))
        .executeTakeFirstOrThrow();
      return Number(count);
    },
    get: (id) => getLetter(db, id),
    counts: (campaignId) => countLetters(db, campaignId),
    async dryRun(wins) {
      const answers: ReplayAnswer[] = [];
      for (const { id, win } of wins) answers.push(await dryRun(db, id, win));
      return answers;
    },
    replay: (id, win, act) => replay(db, id, win, act),
    discard: (id, act) => db.transaction().execute((tx) => discard(tx, id, act)),
  };
}

export function makeSqlUnsentLetters(db: Db): UnsentLetters {
  return {
    async unsent(source, limit) {
      const rows = await db
        .selectFrom('dead_letters')
        .selectAll()
        .where('source', '=', source)
        .where('sent_at', 'is', null)
        .where('type', '<>', 'unreadable')
        .orderBy('id')
        .limit(limit)
        .execute();
      return rows.map(letterOf);
    },
    async markSent(ids, now) {
      if (ids.length === 0) return;
      await db
        .updateTable('dead_letters')
        .set({ sent_at: now })
        .where('id', 'in', [...ids])
        .execute();
    },
  };
}

async function getLetter(db: Db, id: number): Promise<DeadLetter | null> {
  const row = await db.selectFrom('dead_letters').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? null : letterOf(row);
}

/** Letters that count as issued and whose number nobody holds in the record. */
const standing: RawBuilder<boolean> = sql`seq IS NOT NULL AND campaign_id IS NOT NULL
  AND ${sql.raw(COUNTS_AS_ISSUED)} AND NOT EXISTS (
    SELECT 1 FROM claims JOIN campaigns ON campaigns.no = claims.campaign_no
    WHERE campaigns.id = dead_letters.campaign_id AND claims.seq = dead_letters.seq)`;

async function countLetters(db: Db, campaignId: string | null): Promise<LetterCounts> {
  let query = db.selectFrom('dead_letters');
  if (campaignId !== null) query = query.where('campaign_id', '=', campaignId);
  const states = await query
    .select((at) => ['state', at.fn.countAll<number>().as('count')])
    .groupBy('state')
    .execute();
  const of = (state: LetterState): number => Number(states.find((one) => one.state === state)?.count ?? 0);
  const counts = { dead: of('dead'), replayed: of('replayed'), discarded: of('discarded') };
  if (counts.dead + counts.discarded === 0) return { ...counts, units: 0 };
  const { units } = await query
    .where(standing)
    .select(sql<number>`count(distinct seq)`.as('units'))
    .executeTakeFirstOrThrow();
  return { ...counts, units: Number(units) };
}

/** Not dead, or not there at all. */
async function goneAnswer(db: Db, id: number): Promise<ReplayAnswer & DiscardAnswer> {
  const letter = await getLetter(db, id);
  return letter === null ? { kind: 'missing' } : { kind: 'resolved', state: letter.state };
}

/** What was tried is undone by being thrown. */
class Undone extends Error {
  readonly answer: ReplayAnswer;
  constructor(answer: ReplayAnswer) {
    super('undone');
    this.answer = answer;
  }
}

/** In a transaction of its own that is undone: with every rule that the database has. */
async function dryRun(db: Db, id: number, win: Win): Promise<ReplayAnswer> {
  const letter = await getLetter(db, id);
  if (letter === null || letter.state !== 'dead') return goneAnswer(db, id);
  try {
    return await db.transaction().execute(async (tx) => {
      throw new Undone(await takeIn(tx, letter, win, letter.lastAt));
    });
  } catch (error) {
    if (error instanceof Undone) return error.answer;
    if (error instanceof StaysDead) return stays(error.why);
    throw error;
  }
}

/** First it is no longer dead, so that of two at once one goes on; all of it is undone when the record refuses it. */
async function replay(db: Db, id: number, win: Win, act: LetterAct): Promise<ReplayAnswer> {
  try {
    return await db.transaction().execute(async (tx) => {
      if (!(await resolve(tx, id, 'replayed', act))) return goneAnswer(tx, id);
      const letter = (await getLetter(tx, id)) as DeadLetter;
      const answer = await takeIn(tx, letter, win, act.now);
      await writeAct(tx, 'replay', letter, act, { outcome: answer.kind });
      return answer;
    });
  } catch (error) {
    if (!(error instanceof StaysDead)) throw error;
    return db.transaction().execute((tx) => tryNoted(tx, id, error.why, act));
  }
}

/** Outside of the transaction that failed. */
async function tryNoted(
  tx: Transaction<RecordTables>,
  id: number,
  why: Why,
  act: LetterAct,
): Promise<ReplayAnswer> {
  const { numUpdatedRows } = await tx
    .updateTable('dead_letters')
    .set((at) => ({
      tries: at('tries', '+', 1),
      last_at: act.now,
      reason: why.reason.slice(0, 1_000),
      causes: JSON.stringify(why.causes),
    }))
    .where('id', '=', id)
    .where('state', '=', 'dead')
    .executeTakeFirst();
  const letter = await getLetter(tx, id);
  if (numUpdatedRows !== 1n || letter === null) return goneAnswer(tx, id);
  await writeAct(tx, 'replay', letter, act, { outcome: 'stays', why: why.reason });
  return stays(why);
}

function stays({ reason, causes: [first] }: Why): ReplayAnswer {
  return { kind: 'stays', why: { message: reason, code: first?.code ?? null } };
}

async function resolve(
  tx: Transaction<RecordTables>,
  id: number,
  state: 'replayed' | 'discarded',
  { by, reason, now }: LetterAct,
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable('dead_letters')
    .set((at) => ({
      state,
      resolved_at: now,
      resolved_by: by,
      resolved_reason: reason,
      ...(state === 'replayed' ? { tries: at('tries', '+', 1), last_at: now } : {}),
    }))
    .where('id', '=', id)
    .where('state', '=', 'dead')
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

async function discard(tx: Transaction<RecordTables>, id: number, act: LetterAct): Promise<DiscardAnswer> {
  const letter = await getLetter(tx, id);
  const freed = letter !== null && letter.state === 'dead' && (await canFree(tx, letter));
  if (letter === null || !(await resolve(tx, id, 'discarded', act))) return goneAnswer(tx, id);
  if (freed) {
    await tx.updateTable('dead_letters').set({ freed: 1 }).where('id', '=', id).execute();
    await freeLetter(tx, { id, campaignId: letter.campaignId as string, now: act.now });
  }
  await writeAct(tx, 'discard', letter, act, { freed });
  return { kind: 'discarded', freed };
}

/**
 * It stands for a unit that there is: its number is nobody else's, and no more were given than there are. What the
 * record refused because it was one too many frees nothing.
 */
async function canFree(tx: Transaction<RecordTables>, { id, campaignId }: DeadLetter): Promise<boolean> {
  if (campaignId === null) return false;
  const own = await tx
    .selectFrom('dead_letters')
    .select('id')
    .where('id', '=', id)
    .where(standing)
    .executeTakeFirst();
  const campaign = await tx
    .selectFrom('campaigns')
    .select(['issued', 'quantity'])
    .where('id', '=', campaignId)
    .executeTakeFirst();
  if (own === undefined || campaign === undefined) return false;
  const { units } = await countLetters(tx, campaignId);
  return Number(campaign.issued) + units <= Number(campaign.quantity);
}

async function writeAct(
  tx: Transaction<RecordTables>,
  action: 'replay' | 'discard',
  { id, campaignId, seq }: DeadLetter,
  { by, requestId, reason, now }: LetterAct,
  became: object,
): Promise<void> {
  await writeAuditLine(tx, {
    at: now,
    actor: by,
    action: `dead_letter.${action}`,
    target: String(id),
    before: { state: 'dead', campaignId, seq },
    after: { ...became, reason },
    requestId,
  });
}

/**
 * What is done to units at the counter, in both databases. Each act is decided by core/coupon and by the UPDATE of its
 * row, whose WHERE holds what the decision was made from: of two at once, one changes the row. What arrives while a
 * transaction is under way shares the next one, its statements and its commit: a till waits for one sync, and not for
 * everybody's before his.
 */

import type { Kysely, Transaction } from 'kysely';
import { sql } from 'kysely';
import { type CouponState, type CouponVerb, ruleOnCoupon } from '../../core/coupon.ts';
import type { OutboxType } from '../../core/event.ts';
import type { CouponAct, CouponChange, StoredClaim } from '../../ports/record.ts';
import type { ClaimsTable, RecordTables } from './schema.ts';
import { together } from './together.ts';
import { storedUnit, type UnitRow } from './units.ts';
import { leaveUnitsBack } from './units-back.ts';

export interface UnitId {
  campaignId: string;
  seq: number;
}

interface Asked {
  id: UnitId;
  act: CouponAct;
}

export interface CouponActs {
  change(id: UnitId, act: CouponAct): Promise<CouponChange>;
}

/** Acts in one transaction. */
const TOGETHER_MAX = 100;
/** Transactions at once: one is being written while the other waits for its disk. */
const LANES = 2;
/** So often a transaction is begun anew because others were quicker. */
const TRIES = 20;

/** Somebody else has changed a row since it was read. */
class Moved extends Error {}

export function makeCouponActs(db: Kysely<RecordTables>): CouponActs {
  const ask = together({ most: TOGETHER_MAX, lanes: LANES }, (asked: readonly Asked[]) => actAll(db, asked));
  return { change: (id, act) => ask({ id, act }) };
}

async function actAll(db: Kysely<RecordTables>, asked: readonly Asked[]): Promise<CouponChange[]> {
  for (let tries = 1; ; tries++) {
    try {
      return await db.transaction().execute((tx) => new Batch(tx).run(asked));
    } catch (error) {
      if (!(error instanceof Moved) || tries === TRIES) throw error;
    }
  }
}

/** A unit in this transaction. */
interface Unit {
  no: number;
  /** as it was read */
  read: UnitRow;
  /** as it is once everything is written that was decided so far */
  row: UnitRow;
}

interface Done {
  no: number;
  seq: number;
  act: CouponAct;
  before: StoredClaim;
  after: StoredClaim;
}

class Batch {
  readonly #tx: Transaction<RecordTables>;
  readonly #units = new Map<string, Unit>();
  readonly #done: Done[] = [];

  constructor(tx: Transaction<RecordTables>) {
    this.#tx = tx;
  }

  async run(asked: readonly Asked[]): Promise<CouponChange[]> {
    await this.#read(asked);
    const changes = new Array<CouponChange>(asked.length);
    for (const [i, one] of asked.entries()) changes[i] = this.#decide(one);
    if (this.#done.length > 0) {
      await this.#write();
      await this.#tell();
    }
    return changes;
  }

  async #read(asked: readonly Asked[]): Promise<void> {
    const campaigns = await this.#tx
      .selectFrom('campaigns')
      .select(['no', 'id', 'body'])
      .where('id', 'in', [...new Set(asked.map(({ id }) => id.campaignId))])
      .execute();
    for (const { no, id, body } of campaigns) {
      const campaignId = String(id);
      const seqs = new Set(asked.filter((one) => one.id.campaignId === campaignId).map((one) => one.id.seq));
      const rows = await this.#tx
        .selectFrom('claims')
        .selectAll()
        .where('campaign_no', '=', no)
        .where('seq', 'in', [...seqs])
        .execute();
      for (const row of rows) this.#units.set(`${campaignId}.${row.seq}`, unitOf(no, { ...row, body }));
    }
  }

  #decide({ id, act }: Asked): CouponChange {
    const unit = this.#units.get(`${id.campaignId}.${id.seq}`);
    if (unit === undefined) return { kind: 'missing' };
    const before = storedUnit(unit.row, act.now);
    const ruling = ruleOnCoupon(stateOf(unit.row, before), act);
    if (ruling === 'repeat') return { kind: 'repeated', claim: before };
    if (ruling !== 'do') return { kind: 'refused', claim: before, why: ruling };
    unit.row = { ...unit.row, ...columnsOf(act) };
    const after = storedUnit(unit.row, act.now);
    this.#done.push({ no: unit.no, seq: id.seq, act, before, after });
    return { kind: 'changed', claim: after };
  }

  /** Each unit once, with all that was decided about it: those that were free in one statement, held ones by themselves. */
  async #write(): Promise<void> {
    const changed = [...this.#units.values()].filter(({ read, row }) => read !== row);
    // In one order for all, so that two transactions do not wait for each other.
    changed.sort((a, b) => a.no - b.no || a.read.seq - b.read.seq);
    const isFree = ({ read }: Unit): boolean => read.held_until === null;
    for (const [no, units] of Map.groupBy(changed.filter(isFree), (unit) => unit.no)) {
      await this.#update(no, units, null);
    }
    for (const unit of changed) if (!isFree(unit)) await this.#update(unit.no, [unit], unit.read);
  }

  /** Changes those rows that are as they were read, or none: somebody was quicker. */
  async #update(no: number, units: readonly Unit[], held: UnitRow | null): Promise<void> {
    const { numUpdatedRows } = await this.#tx
      .updateTable('claims')
      .set(columnsFor(units))
      .where('campaign_no', '=', no)
      .where(
        'seq',
        'in',
        units.map(({ read }) => read.seq),
      )
      .where('redeemed_at', 'is', null)
      .where('revoked_at', 'is', null)
      .where((x) =>
        held === null
          ? x('held_until', 'is', null)
          : x.and([x('held_until', '=', held.held_until), x('held_by', '=', held.held_by)]),
      )
      .executeTakeFirst();
    if (Number(numUpdatedRows) !== units.length) throw new Moved();
  }

  /** The audit log, the outside world, and the way back to the stock hear of what was done. */
  async #tell(): Promise<void> {
    const facts = this.#done.flatMap(factOf);
    if (facts.length > 0) await this.#tx.insertInto('outbox').values(facts).execute();
    await this.#tx.insertInto('audit').values(this.#done.map(auditRow)).execute();
    const back = this.#done.filter(({ act }) => act.act === 'revoke');
    await leaveUnitsBack(
      this.#tx,
      back.map(({ no, seq, act }) => ({ campaign_no: no, unit: `seq:${seq}`, seq, created_at: act.now })),
    );
  }
}

const unitOf = (no: number, row: UnitRow): Unit => ({ no, read: row, row });

/** What the counter changes of a row. */
const COLUMNS = [
  'redeemed_at',
  'redeemed_by',
  'revoked_at',
  'revoked_by',
  'revoked_reason',
  'act_key',
  'held_until',
  'held_by',
  'held_key',
] as const;

/** New values by column: what is the same for all of them as it is, else by number. */
function columnsFor(units: readonly Unit[]): Partial<ClaimsTable> {
  const set: Record<string, unknown> = {};
  for (const column of COLUMNS) {
    if (units.every(({ read, row }) => read[column] === row[column])) continue;
    const [first] = units as [Unit];
    const isSame = units.every(({ row }) => row[column] === first.row[column]);
    set[column] = isSame ? first.row[column] : valuesBySeq(units, column);
  }
  return set;
}

function valuesBySeq(units: readonly Unit[], column: (typeof COLUMNS)[number]) {
  const cases = units.map(({ row }) => sql`WHEN ${row.seq} THEN ${row[column]}`);
  return sql`CASE seq ${sql.join(cases, sql` `)} END`;
}

function stateOf(row: UnitRow, { status }: StoredClaim): CouponState {
  return {
    status,
    redeemedBy: row.redeemed_by,
    revokedBy: row.revoked_by,
    actKey: row.act_key,
    heldUntil: row.held_until,
    heldBy: row.held_by,
    heldKey: row.held_key,
  };
}

type ActColumns = Pick<ClaimsTable, 'held_until' | 'held_by' | 'held_key'> & Partial<ClaimsTable>;

function columnsOf({ act, by, key, now, reason, ttlMs = 0 }: CouponAct): ActColumns {
  const free = { held_until: null, held_by: null, held_key: null };
  if (act === 'reserve') return { held_until: now + ttlMs, held_by: by, held_key: key };
  if (act === 'void') return free;
  if (act === 'revoke') {
    return { ...free, revoked_at: now, revoked_by: by, revoked_reason: reason, act_key: key };
  }
  return { ...free, redeemed_at: now, redeemed_by: by, act_key: key };
}

const FACTS: Partial<Record<CouponVerb, OutboxType>> = {
  redeem: 'coupon.redeemed',
  commit: 'coupon.redeemed',
  revoke: 'coupon.revoked',
};

function factOf({ no, seq, act }: Done) {
  const type = FACTS[act.act];
  if (type === undefined) return [];
  const data = JSON.stringify({ by: act.by, reason: act.reason });
  return [{ type, campaign_no: no, seq_first: seq, seq_last: seq, data, created_at: act.now, sent_at: null }];
}

function auditRow({ act, before, after }: Done) {
  const { reason, heldUntil } = { reason: act.reason, heldUntil: after.heldUntil };
  return {
    at: act.now,
    actor: act.by,
    action: `coupon.${act.act}`,
    target: before.id,
    before: JSON.stringify({ status: before.status }),
    after: JSON.stringify({ status: after.status, reason, ...(heldUntil === null ? {} : { heldUntil }) }),
    request_id: act.requestId,
  };
}

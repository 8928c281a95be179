/**
 * What is done to units at the counter, in both databases. Each act is decided by core/coupon and by its own UPDATE, whose
 * WHERE holds what the decision was made from: of two at once, one changes the row. What arrives while a transaction is
 * under way shares the next one, and so its commit: a till waits for one sync, and not for everybody's before his.
 */

import type { Kysely, Transaction } from 'kysely';
import { type CouponState, type CouponVerb, ruleOnCoupon } from '../../core/coupon.ts';
import type { OutboxType } from '../../core/event.ts';
import type { CouponAct, CouponChange, StoredClaim } from '../../ports/record.ts';
import { storedUnit, type UnitRow } from './claims.ts';
import type { ClaimsTable, RecordTables } from './schema.ts';
import { leaveUnitsBack } from './units-back.ts';

export interface UnitId {
  campaignId: string;
  seq: number;
}

interface Asked {
  id: UnitId;
  act: CouponAct;
  resolve(change: CouponChange): void;
  reject(error: unknown): void;
}

export interface CouponActs {
  change(id: UnitId, act: CouponAct): Promise<CouponChange>;
}

/** Acts in one transaction. */
const TOGETHER_MAX = 100;
/** Transactions at once: one is being written while the other waits for its disk. */
const LANES = 2;
/** So often a batch is begun anew because others were quicker, each time with one row in doubt less. */
const TRIES = 20;

/** Somebody else has changed a row since it was read. */
class Moved extends Error {}

export function makeCouponActs(db: Kysely<RecordTables>): CouponActs {
  const queue: Asked[] = [];
  let running = 0;

  async function lane(): Promise<void> {
    for (let some = queue.splice(0, TOGETHER_MAX); some.length > 0; some = queue.splice(0, TOGETHER_MAX)) {
      try {
        const changes = await together(db, some);
        for (const [i, asked] of some.entries()) asked.resolve(changes[i] as CouponChange);
      } catch (error) {
        for (const asked of some) asked.reject(error);
      }
    }
  }

  return {
    change: (id, act) =>
      new Promise((resolve, reject) => {
        queue.push({ id, act, resolve, reject });
        if (running === LANES) return;
        running += 1;
        void lane().finally(() => {
          running -= 1;
        });
      }),
  };
}

async function together(db: Kysely<RecordTables>, asked: readonly Asked[]): Promise<CouponChange[]> {
  for (let tries = 1; ; tries++) {
    try {
      return await db.transaction().execute((tx) => new Batch(tx).run(asked));
    } catch (error) {
      if (!(error instanceof Moved) || tries === TRIES) throw error;
    }
  }
}

/** A unit as it is in this transaction. */
interface Unit {
  no: number;
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
    // In one order for all, so that two transactions do not wait for each other; of one unit as they came.
    const order = [...asked.keys()].sort((a, b) => compare(asked[a] as Asked, asked[b] as Asked) || a - b);
    for (const i of order) changes[i] = await this.#change(asked[i] as Asked);
    if (this.#done.length > 0) await this.#tell();
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
      for (const row of rows) this.#units.set(`${campaignId}.${row.seq}`, { no, row: { ...row, body } });
    }
  }

  async #change({ id, act }: Asked): Promise<CouponChange> {
    const unit = this.#units.get(`${id.campaignId}.${id.seq}`);
    if (unit === undefined) return { kind: 'missing' };
    const before = storedUnit(unit.row, act.now);
    const ruling = ruleOnCoupon(stateOf(unit.row, before), act);
    if (ruling === 'repeat') return { kind: 'repeated', claim: before };
    if (ruling !== 'do') return { kind: 'refused', claim: before, why: ruling };
    const set = columnsOf(act);
    await this.#update(unit, set);
    unit.row = { ...unit.row, ...set };
    const after = storedUnit(unit.row, act.now);
    this.#done.push({ no: unit.no, seq: id.seq, act, before, after });
    return { kind: 'changed', claim: after };
  }

  async #update({ no, row }: Unit, set: Partial<ClaimsTable>): Promise<void> {
    const update = this.#tx
      .updateTable('claims')
      .set(set)
      .where('campaign_no', '=', no)
      .where('seq', '=', row.seq)
      .where('redeemed_at', 'is', null)
      .where('revoked_at', 'is', null);
    const { held_until: until, held_by: by, held_key: key } = row;
    const asRead =
      until === null ? update.where('held_until', 'is', null) : update.where('held_until', '=', until);
    const byWhom = by === null ? asRead.where('held_by', 'is', null) : asRead.where('held_by', '=', by);
    const exact = key === null ? byWhom.where('held_key', 'is', null) : byWhom.where('held_key', '=', key);
    const { numUpdatedRows } = await exact.executeTakeFirst();
    if (numUpdatedRows !== 1n) throw new Moved();
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

function compare({ id: a }: Asked, { id: b }: Asked): number {
  if (a.campaignId !== b.campaignId) return a.campaignId < b.campaignId ? -1 : 1;
  return a.seq - b.seq;
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

/** Coupons in somebody's hand: looked up by code, used once, taken back, given back. */

import { normalCode } from '../core/code.ts';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { AuditLine, Operators } from '../ports/operators.ts';
import type { CouponAct, CouponChange, RecordStore, StoredClaim } from '../ports/record.ts';
import type { System } from '../ports/system.ts';
import type { Actor } from './campaign.ts';
import type { Catalog } from './catalog.ts';
import type { CatchUp } from './catch-up.ts';
import type { Codes } from './codes.ts';
import type { LookUp } from './look-up.ts';
import type { ClaimLife } from './outcome.ts';

export type CouponResult = { kind: 'coupon'; claim: ClaimLife } | { kind: 'refused'; problem: Problem };

export interface CouponParts {
  catalog: Catalog;
  record: RecordStore;
  operators: Operators;
  codes: Codes;
  lookUp: LookUp;
  system: System;
  caughtUp: CatchUp;
}

export interface CouponFlow {
  find(typed: string): Promise<CouponResult>;
  act(
    typed: string,
    act: CouponAct['act'],
    by: Actor,
    more: { reason: string | null; key: string | null },
  ): Promise<CouponResult>;
  /** A holder gives his latest unit back. */
  giveBack(campaignId: string, userId: string, requestId: string): Promise<CouponResult>;
}

const PATIENCE_MS = 2000;
const NOT_FOUND: CouponResult = { kind: 'refused', problem: problem('coupon_not_found') };
const WHY = { redeemed: 'already_redeemed', revoked: 'coupon_revoked', expired: 'coupon_expired' } as const;

export function makeCouponFlow(parts: CouponParts): CouponFlow {
  return new Coupons(parts);
}

class Coupons implements CouponFlow {
  readonly #parts: CouponParts;

  constructor(parts: CouponParts) {
    this.#parts = parts;
  }

  async #recorded(code: string): Promise<StoredClaim | null> {
    const codeLookup = this.#parts.codes.lookupOf(code);
    for (const stored of await this.#parts.record.find(null, { codeLookup })) {
      const campaign = this.#parts.catalog.get(stored.campaignId)?.campaign;
      if (campaign && this.#parts.codes.codeOf(campaign, stored.seq) === code) return stored;
    }
    return null;
  }

  /** A code is shown before it is recorded: one that is not found yet may only be on its way. */
  async #byCode(typed: string): Promise<StoredClaim | Problem> {
    const code = normalCode(typed);
    if (code === null) return problem('invalid_code');
    const at =
      (await this.#recorded(code)) ??
      ((await this.#parts.caughtUp(PATIENCE_MS)) ? await this.#recorded(code) : null);
    return at ?? problem('coupon_not_found');
  }

  #told(change: CouponChange): CouponResult {
    if (change.kind === 'missing') return NOT_FOUND;
    if (change.kind === 'refused') {
      const { redeemedAt, revokedAt } = change.claim;
      const at = redeemedAt ?? revokedAt;
      const extra = at === null ? undefined : { at: new Date(at).toISOString() };
      return { kind: 'refused', problem: problem(WHY[change.why], undefined, extra) };
    }
    return { kind: 'coupon', claim: this.#parts.lookUp.withCode(change.claim) };
  }

  #audit(act: CouponAct, by: Actor, before: StoredClaim, change: CouponChange): Promise<void> {
    if (change.kind !== 'changed') return Promise.resolve();
    const line: AuditLine = {
      at: act.now,
      actor: by.id,
      action: `coupon.${act.act}`,
      target: before.id,
      before: { status: before.status },
      after: { status: change.claim.status, reason: act.reason },
      requestId: by.requestId,
    };
    return this.#parts.operators.writeAudit(line);
  }

  async #change(stored: StoredClaim, act: CouponAct, by: Actor): Promise<CouponResult> {
    const done = await this.#parts.record.change({ campaignId: stored.campaignId, seq: stored.seq }, act);
    await this.#audit(act, by, stored, done);
    return this.#told(done);
  }

  async find(typed: string): Promise<CouponResult> {
    const stored = await this.#byCode(typed);
    if ('code' in stored) return { kind: 'refused', problem: stored };
    return { kind: 'coupon', claim: this.#parts.lookUp.withCode(stored) };
  }

  async act(
    typed: string,
    act: CouponAct['act'],
    by: Actor,
    { reason, key }: { reason: string | null; key: string | null },
  ): Promise<CouponResult> {
    const stored = await this.#byCode(typed);
    if ('code' in stored) return { kind: 'refused', problem: stored };
    return this.#change(stored, { act, by: by.id, reason, key, now: this.#parts.system.now() }, by);
  }

  async giveBack(campaignId: string, userId: string, requestId: string): Promise<CouponResult> {
    if (!this.#parts.catalog.get(campaignId))
      return { kind: 'refused', problem: problem('campaign_not_found') };
    const found = await this.#parts.lookUp.mine(campaignId, userId);
    if (found.kind !== 'claim') return { kind: 'refused', problem: problem('no_claim') };
    const { seq } = found.claim;
    let [stored] = await this.#parts.record.find(campaignId, { seq });
    if (!stored && (await this.#parts.caughtUp(PATIENCE_MS)))
      [stored] = await this.#parts.record.find(campaignId, { seq });
    if (!stored) return { kind: 'refused', problem: problem('record_unavailable') };
    const now = this.#parts.system.now();
    return this.#change(
      stored,
      { act: 'revoke', by: 'user', reason: 'given back', key: null, now },
      { id: 'user', requestId },
    );
  }
}

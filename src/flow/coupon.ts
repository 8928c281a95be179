/** Coupons in somebody's hand: looked up by code, set aside for a checkout, used once, taken back, given back. */

import type { CouponRefusal, CouponVerb } from '../core/coupon.ts';
import { HOLDER, RESERVE_DEFAULT_SECONDS } from '../core/coupon.ts';
import type { Problem, ProblemCode } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { CouponAct, CouponChange, RecordStore, StoredClaim } from '../ports/record.ts';
import type { System } from '../ports/system.ts';
import type { Actor } from './campaign.ts';
import type { Catalog } from './catalog.ts';
import type { CatchUp } from './catch-up.ts';
import type { Codes } from './codes.ts';
import { findCoupon } from './find-coupon.ts';
import type { LookUp } from './look-up.ts';
import type { ClaimLife } from './outcome.ts';
import type { WrongCodes } from './wrong-codes.ts';

export type CouponResult = { kind: 'coupon'; claim: ClaimLife } | { kind: 'refused'; problem: Problem };

export interface CouponParts {
  catalog: Catalog;
  record: RecordStore;
  codes: Codes;
  lookUp: LookUp;
  system: System;
  caughtUp: CatchUp;
  wrongCodes: WrongCodes;
  /** told of each unit that is free again */
  onUnitFree?(): void;
}

/** An operator with a code, and where he calls from: who gives too many wrong ones is not answered for a while. */
export interface Till extends Actor {
  address: string;
}

export interface CouponMore {
  reason: string | null;
  key: string | null;
  /** the campaign that the code must be of; null: whichever */
  campaignId?: string | null;
  /** of `reserve` */
  ttlSeconds?: number;
}

export interface CouponFlow {
  find(typed: string, by: Till): Promise<CouponResult>;
  act(typed: string, act: CouponVerb, by: Till, more: CouponMore): Promise<CouponResult>;
  /** A holder gives his latest unit back. */
  giveBack(campaignId: string, userId: string, requestId: string): Promise<CouponResult>;
}

const PATIENCE_MS = 2000;
const NOT_FOUND: CouponResult = { kind: 'refused', problem: problem('coupon_not_found') };
const WHY: Record<CouponRefusal, ProblemCode> = {
  redeemed: 'already_redeemed',
  revoked: 'coupon_revoked',
  expired: 'coupon_expired',
  reserved: 'coupon_reserved',
  not_reserved: 'coupon_not_reserved',
  not_issued: 'coupon_not_issued',
};

export function makeCouponFlow(parts: CouponParts): CouponFlow {
  return new Coupons(parts);
}

class Coupons implements CouponFlow {
  readonly #parts: CouponParts;

  constructor(parts: CouponParts) {
    this.#parts = parts;
  }

  /** The unit of a code that an operator was shown: wrong codes are counted, and too many end the asking. */
  async #shown(typed: string, by: Till, campaignId: string | null): Promise<StoredClaim | Problem> {
    const { wrongCodes } = this.#parts;
    const waitMs = wrongCodes.waitMs(by);
    if (waitMs > 0) return problem('too_many_wrong_codes', undefined, { retryAfterMs: waitMs });
    const stored = await findCoupon(this.#parts, typed, campaignId);
    if ('code' in stored && stored.code !== 'record_unavailable') wrongCodes.count(by);
    return stored;
  }

  /** Whoever is not the holder is told no more than that it cannot be used. */
  #told(change: CouponChange, isHolder: boolean): CouponResult {
    if (change.kind === 'missing') return NOT_FOUND;
    if (change.kind === 'refused') {
      const { why, claim } = change;
      const extra = isHolder ? { extra: lifeOf(claim) } : {};
      return { kind: 'refused', problem: { code: WHY[why], ...extra } };
    }
    return { kind: 'coupon', claim: this.#parts.lookUp.withCode(change.claim) };
  }

  async #change({ campaignId, seq }: StoredClaim, act: CouponAct): Promise<CouponResult> {
    const change = await this.#parts.record.change({ campaignId, seq }, act);
    if (act.act === 'revoke' && change.kind === 'changed') this.#parts.onUnitFree?.();
    return this.#told(change, act.by === HOLDER);
  }

  async find(typed: string, by: Till): Promise<CouponResult> {
    const stored = await this.#shown(typed, by, null);
    if ('code' in stored) return { kind: 'refused', problem: stored };
    return { kind: 'coupon', claim: this.#parts.lookUp.withCode(stored) };
  }

  async act(typed: string, act: CouponVerb, by: Till, more: CouponMore): Promise<CouponResult> {
    const { reason, key, campaignId = null, ttlSeconds = RESERVE_DEFAULT_SECONDS } = more;
    const stored = await this.#shown(typed, by, campaignId);
    if ('code' in stored) return { kind: 'refused', problem: stored };
    if (campaignId !== null && campaignId !== stored.campaignId) {
      return { kind: 'refused', problem: problem('coupon_of_another_campaign') };
    }
    return this.#change(stored, {
      ...{ act, by: by.id, requestId: by.requestId, reason, key },
      ttlMs: ttlSeconds * 1000,
      now: this.#parts.system.now(),
    });
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
    const act = 'revoke';
    return this.#change(stored, { act, by: HOLDER, requestId, reason: 'given back', key: null, now });
  }
}

/** What became of a unit, in full. */
function lifeOf({ campaignId, redeemedAt, redeemedBy, revokedAt }: StoredClaim): Record<string, unknown> {
  const at = redeemedAt ?? revokedAt;
  return {
    campaignId,
    ...(at === null ? {} : { at: new Date(at).toISOString() }),
    ...(redeemedBy === null ? {} : { by: redeemedBy }),
  };
}

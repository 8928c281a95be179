/**
 * The rule of a coupon at the counter: what may be done to it, by whom, and what is only the same act sent again. Pure;
 * whoever stores it holds the unit's row while it asks.
 */

import type { ClaimStatus } from './claim.ts';

export const COUPON_ACTS = ['redeem', 'revoke', 'reserve', 'commit', 'void'] as const;
export type CouponVerb = (typeof COUPON_ACTS)[number];

export const RESERVE_DEFAULT_SECONDS = 300;
export const RESERVE_MIN_SECONDS = 10;
export const RESERVE_MAX_SECONDS = 3600;

/** What the holder of a unit is called in `by` when he gives it back himself. */
export const HOLDER = 'user';

/** A unit as the rule sees it. Times are epoch ms. */
export interface CouponState {
  status: ClaimStatus;
  redeemedBy: string | null;
  revokedBy: string | null;
  /** the key of the act that redeemed or took it back */
  actKey: string | null;
  heldUntil: number | null;
  heldBy: string | null;
  heldKey: string | null;
}

export interface CouponTry {
  act: CouponVerb;
  /** who does it: an operator key's id, or {@link HOLDER} */
  by: string;
  /** the same key again is the same act */
  key: string | null;
  now: number;
}

/** `reserved`: another checkout has it. `not_reserved`: nothing to commit. `not_issued`: its coupon is still to come. */
export type CouponRefusal = 'redeemed' | 'revoked' | 'expired' | 'reserved' | 'not_reserved' | 'not_issued';

export type CouponRuling = 'do' | 'repeat' | CouponRefusal;

type Rule = (unit: CouponState, tried: CouponTry) => CouponRuling;

/** Is it set aside for a checkout at this moment? */
export function isHeld({ heldUntil }: Pick<CouponState, 'heldUntil'>, now: number): boolean {
  return heldUntil !== null && now < heldUntil;
}

/** The reservation of this very checkout: two of one operator tell themselves apart by their keys. */
function isOwnHold(unit: CouponState, { by, key }: CouponTry): boolean {
  return unit.heldBy === by && unit.heldKey !== null && unit.heldKey === key;
}

const RULES: Record<CouponVerb, Rule> = {
  redeem(unit, tried) {
    if (isHeld(unit, tried.now)) return isOwnHold(unit, tried) ? 'do' : 'reserved';
    return usable(unit);
  },
  reserve(unit, tried) {
    if (isHeld(unit, tried.now)) return isOwnHold(unit, tried) ? 'repeat' : 'reserved';
    return usable(unit);
  },
  // What was reserved in time is honoured, also when the coupon has expired since.
  commit(unit, { by, now }) {
    if (!isHeld(unit, now)) return unit.status === 'issued' ? 'not_reserved' : usable(unit);
    return unit.heldBy === by ? 'do' : 'reserved';
  },
  void(unit, { by, now }) {
    if (!isHeld(unit, now)) return 'repeat';
    return unit.heldBy === by ? 'do' : 'reserved';
  },
  // An operator may have to stop a checkout; the holder may not pull his coupon out of one.
  revoke(unit, { by, now }) {
    return by === HOLDER && isHeld(unit, now) ? 'reserved' : 'do';
  },
};

function usable({ status }: CouponState): CouponRuling {
  if (status === 'expired') return 'expired';
  return status === 'won' ? 'not_issued' : 'do';
}

function isRepeat(unit: CouponState, { act, by, key }: CouponTry): boolean {
  if (key === null || unit.actKey !== key) return false;
  if (act === 'revoke') return unit.revokedBy === by;
  return (act === 'redeem' || act === 'commit') && unit.redeemedBy === by;
}

/** What becomes of a try: it is to be done, was done already, or why not. */
export function ruleOnCoupon(unit: CouponState, tried: CouponTry): CouponRuling {
  if (unit.status === 'redeemed' || unit.status === 'revoked') {
    return isRepeat(unit, tried) ? 'repeat' : unit.status;
  }
  return RULES[tried.act](unit, tried);
}

/**
 * Every key that Dibs keeps in Redis, and nowhere else is one made. All keys of one campaign carry one hash tag, so they
 * live on one node of a cluster and one script may touch them all. The id in the tag is an operator's slug
 * (`[a-z0-9-]`): nothing that a user sends is ever part of a key.
 */

import { CAMPAIGN_ID } from '../../core/campaign.ts';

/**
 * lineRule: hash; the rule and the counters of the waiting line
 * lineWaiting: sorted set; user id → his number, of those who wait (below 0: of those who wait for a shuffle)
 * linePast: hash; number → what has become of it and whose it is, of those who do not wait any more
 * linePlaces: hash; user id → his latest number, of those who do not wait any more
 * lineKeys: hash; number → Idempotency-Key, where one matters
 * lineOffers: sorted set; numbers that must press once more
 * lineTurns: sorted set; numbers whose turn at the gate it is, in the order in which it is asked
 * lineEarly: string; four bytes for each place before a shuffle, the number that it got
 * lineStaged: the same as lineWaiting, while numbers are being drawn
 */
export const LINE_KEY_NAMES = [
  'lineRule',
  'lineWaiting',
  'linePast',
  'linePlaces',
  'lineKeys',
  'lineOffers',
  'lineTurns',
  'lineEarly',
  'lineStaged',
] as const;

/**
 * rule: hash; the rule and the counters of the gate
 * users: hash; user id → his units, `seq,wonAt[,key]` a line
 * out: stream; wins that the log may not have yet, one entry for each batch
 * stagedRule, stagedUsers: the same as rule and users, while holders are being taken in
 * probe: there only while it is tried what this Redis allows
 */
export const KEY_NAMES = [
  'rule',
  'users',
  'out',
  'stagedRule',
  'stagedUsers',
  'probe',
  ...LINE_KEY_NAMES,
] as const;
export type KeyName = (typeof KEY_NAMES)[number];

const SUFFIX: Readonly<Record<KeyName, string>> = {
  rule: 'rule',
  users: 'users',
  out: 'out',
  stagedRule: 'staged:rule',
  stagedUsers: 'staged:users',
  probe: 'probe',
  lineRule: 'line:rule',
  lineWaiting: 'line:waiting',
  linePast: 'line:past',
  linePlaces: 'line:places',
  lineKeys: 'line:keys',
  lineOffers: 'line:offers',
  lineTurns: 'line:turns',
  lineEarly: 'line:early',
  lineStaged: 'line:staged',
};

/** rateEven, rateOdd: hash; user id → the time up to which he has used his tries; they take turns */
export const RATE_KEY_NAMES = ['rateEven', 'rateOdd'] as const;
export type RateKeyName = (typeof RATE_KEY_NAMES)[number];

/** `{c:}:rate:even` and `{c:}:rate:odd`: no campaign's, as none has an empty id. */
export function rateKeys(prefix: string): string[] {
  return ['even', 'odd'].map((name) => `${prefix}{c:}:rate:${name}`);
}

/** `{c:chicken-100}:users`. A prefix keeps several installations in one Redis apart. */
export function campaignKey(prefix: string, campaignId: string, name: KeyName): string {
  if (!CAMPAIGN_ID.test(campaignId)) throw new Error(`"${campaignId}" is no campaign id`);
  return `${prefix}{c:${campaignId}}:${SUFFIX[name]}`;
}

/** The codes of all campaigns: derived, never stored, the same wherever they are asked for. */

import type { Campaign } from '../core/campaign.ts';
import type { Claim } from '../core/claim.ts';
import { claimId } from '../core/claim.ts';
import { campaignCodeKey, codeLookup, deriveCode, deriveKey, masterKeyId } from '../core/code.ts';
import type { Hmac } from '../core/hmac.ts';
import { makeHmac } from '../core/hmac.ts';

export interface Codes {
  /** names the master secret in use (kept with each campaign) */
  keyId: string;
  /** The code of one unit, or null when the campaign gives none. */
  codeOf(campaign: Pick<Campaign, 'id' | 'codes'>, seq: number): string | null;
  /** What the record finds this code by. */
  lookupOf(code: string): number;
}

export function makeCodes(master: Buffer): Codes {
  const lookup = makeHmac(deriveKey(master, 'code-lookup'));
  const keys = new Map<string, Hmac>();
  return {
    keyId: masterKeyId(master),
    codeOf(campaign, seq) {
      if (campaign.codes.source !== 'generated') return null;
      let key = keys.get(campaign.id);
      if (!key) {
        key = campaignCodeKey(master, campaign.id);
        keys.set(campaign.id, key);
      }
      return deriveCode(key, campaign.id, seq);
    },
    lookupOf: (code) => codeLookup(lookup, code),
  };
}

/** A win in the words in which it was first told: the same for whoever tells it, and whenever. */
export function toldClaim(
  codes: Codes,
  campaign: Campaign,
  win: { userId: string; seq: number; wonAt: number },
): Claim {
  const { userId, seq, wonAt } = win;
  return {
    id: claimId(campaign.id, seq),
    campaignId: campaign.id,
    userId,
    seq,
    status: 'won',
    code: codes.codeOf(campaign, seq),
    wonAt,
    durability: campaign.durability,
  };
}

/**
 * The codes of all campaigns, the same wherever they are asked for: derived and never stored, or rows of an imported pool
 * (flow/pool-blocks), which have to be brought before they can be told.
 */

import type { Campaign } from '../core/campaign.ts';
import { isIssuedByJob } from '../core/campaign.ts';
import type { Claim } from '../core/claim.ts';
import { claimId } from '../core/claim.ts';
import { campaignCodeKey, codeLookup, deriveCode, deriveKey, masterKeyId } from '../core/code.ts';
import type { ClaimWon } from '../core/event.ts';
import type { Hmac } from '../core/hmac.ts';
import { makeHmac } from '../core/hmac.ts';
import type { CodePool } from '../ports/code-pool.ts';
import type { Win } from '../ports/record.ts';
import { type System, wait } from '../ports/system.ts';
import type { Catalog } from './catalog.ts';
import { makePoolBlocks } from './pool-blocks.ts';

type CodesCampaign = Pick<Campaign, 'id' | 'codes'>;

/** How long an answer waits for a code that has to be brought. */
const CODE_WAIT_MS = 600;

export interface Codes {
  /** names the master secret in use (kept with each campaign) */
  keyId: string;
  /** The code of one unit; null when the campaign gives none, or `missing` says that it is not here. */
  codeOf(campaign: CodesCampaign, seq: number): string | null;
  /** Whether `ensure` has to bring it first. */
  missing(campaign: CodesCampaign, seq: number): boolean;
  /** Brings codes of a pool to here; of others there is nothing to bring. Rejects when the record does not answer. */
  ensure(campaign: CodesCampaign, seqs: readonly number[]): Promise<void>;
  /** What the record finds this code by. */
  lookupOf(code: string): number;
}

/** `pool`: where imported codes are; absent: there are none. */
export function makeCodes(master: Buffer, pool?: Pick<CodePool, 'rows'>): Codes {
  const lookup = makeHmac(deriveKey(master, 'code-lookup'));
  const keys = new Map<string, Hmac>();
  const blocks = pool === undefined ? null : makePoolBlocks(pool, master);
  return {
    keyId: masterKeyId(master),
    codeOf(campaign, seq) {
      if (campaign.codes.source !== 'generated') {
        return campaign.codes.source === 'pool' && blocks !== null ? blocks.codeOf(campaign.id, seq) : null;
      }
      let key = keys.get(campaign.id);
      if (!key) {
        key = campaignCodeKey(master, campaign.id);
        keys.set(campaign.id, key);
      }
      return deriveCode(key, campaign.id, seq);
    },
    missing: ({ id, codes }, seq) => codes.source === 'pool' && blocks !== null && !blocks.has(id, seq),
    async ensure({ id, codes }, seqs) {
      if (codes.source === 'pool' && seqs.length > 0) await blocks?.ensure(id, seqs);
    },
    lookupOf: (code) => codeLookup(lookup, code),
  };
}

/** Brings what {@link recordedWin} needs of each fact. Rejects when the record does not answer. */
export async function ensureCodes(
  codes: Codes,
  facts: readonly { campaignId: string; seq: number }[],
  campaignOf: (id: string) => Campaign | null | undefined,
): Promise<void> {
  /** null: its codes are no pool's */
  const wanted = new Map<string, { campaign: Campaign; seqs: number[] } | null>();
  for (const { campaignId, seq } of facts) {
    let one = wanted.get(campaignId);
    if (one === undefined) {
      const campaign = campaignOf(campaignId);
      one = campaign?.codes.source === 'pool' ? { campaign, seqs: [] } : null;
      wanted.set(campaignId, one);
    }
    one?.seqs.push(seq);
  }
  for (const one of wanted.values()) if (one !== null) await codes.ensure(one.campaign, one.seqs);
}

/**
 * A win on its way into the record, with what its code will be found by; null: nobody knows the campaign. Of one that
 * issues by job there is nothing to be found until the job has run.
 */
export function recordedWin(codes: Codes, campaign: Campaign | null, fact: ClaimWon): Win {
  if (campaign !== null && isIssuedByJob(campaign)) return { fact, codeLookup: null, byJob: true };
  const code = campaign === null ? null : codes.codeOf(campaign, fact.seq);
  return { fact, codeLookup: code === null ? null : codes.lookupOf(code) };
}

/** Brings the codes that are told next, whenever a campaign changes: who wins first after an opening finds his here. */
export function bringFirst(codes: Codes, catalog: Pick<Catalog, 'onChange'>): void {
  catalog.onChange(({ campaign, issued }) => {
    codes.ensure(campaign, [issued + 1]).catch(() => undefined);
  });
}

/** Whether telling a win has to wait for its code. */
export function lacksCode(codes: Codes, campaign: Campaign, seq: number): boolean {
  return codes.missing(campaign, seq) && !isIssuedByJob(campaign);
}

/**
 * Fills in the code of a claim that was made without it. Resolves soon in any case: whoever cannot be told his code now
 * is told that he has won, and gets it when he asks again.
 */
export async function fillCode(
  codes: Codes,
  campaign: Campaign,
  claim: Claim,
  system: Pick<System, 'after'>,
): Promise<void> {
  const ensured = codes.ensure(campaign, [claim.seq]).catch(() => undefined);
  await Promise.race([ensured, wait(system, CODE_WAIT_MS)]);
  claim.code = codes.codeOf(campaign, claim.seq);
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
    code: isIssuedByJob(campaign) ? null : codes.codeOf(campaign, seq),
    wonAt,
    durability: campaign.durability,
  };
}

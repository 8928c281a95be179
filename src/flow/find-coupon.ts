/**
 * Which unit a typed code is of. Codes made here are read as people type them and checked before anything is asked;
 * imported ones are compared to the letter. A code is shown before it is recorded: one that is not found yet may only be
 * on its way.
 */

import { normalCode } from '../core/code.ts';
import { poolCode } from '../core/pool-code.ts';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { RecordStore, StoredClaim } from '../ports/record.ts';
import type { Catalog } from './catalog.ts';
import type { CatchUp } from './catch-up.ts';
import type { Codes } from './codes.ts';
import { ensureCodes } from './codes.ts';

export interface FindCouponParts {
  catalog: Pick<Catalog, 'get' | 'all'>;
  record: Pick<RecordStore, 'find'>;
  codes: Codes;
  caughtUp: CatchUp;
}

const PATIENCE_MS = 2000;

/** `campaignId`: whose unit is meant when several campaigns have the code; null: whichever can still be used. */
export async function findCoupon(
  parts: FindCouponParts,
  typed: string,
  campaignId: string | null,
): Promise<StoredClaim | Problem> {
  const codes = possibleCodes(parts.catalog, typed);
  if (codes.length === 0) return problem('invalid_code');
  const find = async (): Promise<StoredClaim | null> => {
    const found: StoredClaim[] = [];
    for (const code of codes) found.push(...(await unitsOf(parts, code)));
    const meant = found.filter((unit) => unit.campaignId === campaignId);
    const some = meant.length > 0 ? meant : found;
    return some.find(({ status }) => status === 'issued') ?? some[0] ?? null;
  };
  const at = (await find()) ?? ((await parts.caughtUp(PATIENCE_MS)) ? await find() : null);
  return at ?? problem('coupon_not_found');
}

/** What was typed, as a code made here and as an imported one; none: it cannot be the code of anything there is. */
function possibleCodes(catalog: FindCouponParts['catalog'], typed: string): string[] {
  const made = normalCode(typed);
  const codes = made === null ? [] : [made];
  const imported = hasPool(catalog) ? poolCode(typed) : { fault: 'empty' };
  if ('code' in imported && imported.code !== made) codes.push(imported.code);
  return codes;
}

function hasPool(catalog: FindCouponParts['catalog']): boolean {
  for (const { campaign } of catalog.all()) if (campaign.codes.source === 'pool') return true;
  return false;
}

/** Of those that the record finds by a hash of the code, the ones whose code it is. */
async function unitsOf({ record, codes, catalog }: FindCouponParts, code: string): Promise<StoredClaim[]> {
  const stored = await record.find(null, { codeLookup: codes.lookupOf(code) });
  await ensureCodes(codes, stored, (id) => catalog.get(id)?.campaign);
  return stored.filter((unit) => {
    const campaign = catalog.get(unit.campaignId)?.campaign;
    return campaign !== undefined && codes.codeOf(campaign, unit.seq) === code;
  });
}

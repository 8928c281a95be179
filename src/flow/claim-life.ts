/** The life of one claim, from the press to the counter, as it was written down: for whoever is asked about it. */

import type { AuditLine, Operators } from '../ports/operators.ts';
import type { RecordStore, StoredClaim } from '../ports/record.ts';

export interface Moment {
  /** epoch ms */
  at: number;
  what: 'won' | 'issued' | 'held' | 'redeemed' | 'revoked' | 'returned' | 'expires';
  /** an operator key's id, or `user`; null: nobody's doing */
  by: string | null;
  reason: string | null;
}

export interface Life {
  claim: StoredClaim;
  moments: Moment[];
  /** what operators did to it, newest first */
  audit: AuditLine[];
}

const AUDIT_MAX = 100;

/** Null when the record has no such claim. */
export async function claimLife(
  { record, operators }: { record: Pick<RecordStore, 'find'>; operators: Pick<Operators, 'auditOf'> },
  id: { campaignId: string; seq: number; claimId: string },
): Promise<Life | null> {
  const [claim] = await record.find(id.campaignId, { seq: id.seq });
  if (claim === undefined) return null;
  return { claim, moments: momentsOf(claim), audit: await operators.auditOf(id.claimId, AUDIT_MAX) };
}

function momentsOf(claim: StoredClaim): Moment[] {
  const found: Moment[] = [];
  const add = (
    what: Moment['what'],
    at: number | null,
    by: string | null = null,
    reason: string | null = null,
  ): void => {
    if (at !== null) found.push({ at, what, by, reason });
  };
  add('won', claim.wonAt, claim.userId);
  add('issued', claim.issuedAt);
  add('held', claim.heldUntil);
  add('redeemed', claim.redeemedAt, claim.redeemedBy);
  add('revoked', claim.revokedAt, null, claim.revokedReason);
  add('returned', claim.returnedAt);
  if (claim.redeemedAt === null && claim.revokedAt === null) add('expires', claim.expiresAt);
  return found.sort((a, b) => a.at - b.at);
}

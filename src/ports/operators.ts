/** Operators: their keys (hashed only), and what they changed. */

import type { Role } from '../core/role.ts';

export type { Role };

export interface OperatorKey {
  id: string;
  name: string;
  role: Role;
  /** SHA-256 of the whole key, hex */
  hash: string;
  createdAt: number;
  revokedAt: number | null;
}

export interface AuditLine {
  at: number;
  /** id of the operator key, or `system` */
  actor: string;
  /** `campaign.create`, `coupon.redeem` … */
  action: string;
  /** what it was done to: a campaign id, a claim id, a key id */
  target: string;
  before: unknown;
  after: unknown;
  requestId: string | null;
}

export interface Operators {
  addKey(key: OperatorKey, audit: AuditLine): Promise<void>;
  listKeys(): Promise<OperatorKey[]>;
  /** False when there is no such key. */
  revokeKey(id: string, audit: AuditLine): Promise<boolean>;
  writeAudit(line: AuditLine): Promise<void>;
  /** Newest first, before line `before`. */
  listAudit(before: number | null, limit: number): Promise<(AuditLine & { id: number })[]>;
  /** What was done to one target, newest first. */
  auditOf(target: string, limit: number): Promise<AuditLine[]>;
}

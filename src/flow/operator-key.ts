/** Operator keys: made here, shown once, kept only as hashes. */

import { createHash } from 'node:crypto';
import type { OperatorKey, Role } from '../ports/operators.ts';
import type { System } from '../ports/system.ts';

/** The key's public part, or null for something that is no operator key. */
export function keyIdOf(secret: string): string | null {
  const match = /^dibs_([A-Za-z0-9]{8,32})\.([A-Za-z0-9_-]{20,100})$/.exec(secret);
  return match ? (match[1] as string) : null;
}

/** SHA-256 of a whole key, hex. The keys are 256 random bits, so a slow hash would protect nothing more. */
export function hashKey(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** A new key: what is stored, and the text that is shown once. */
export function mintKey(name: string, role: Role, system: System): { key: OperatorKey; secret: string } {
  const id = system.randomBytes(6).toString('hex');
  const secret = `dibs_${id}.${system.randomBytes(32).toString('base64url')}`;
  return { key: { id, name, role, hash: hashKey(secret), createdAt: system.now(), revokedAt: null }, secret };
}

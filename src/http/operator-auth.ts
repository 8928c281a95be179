/** Which operator is calling: by key, of which the store has only the hash. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import { ROLES } from '../core/role.ts';
import { hashKey, keyIdOf } from '../flow/operator-key.ts';
import type { OperatorKey, Operators, Role } from '../ports/operators.ts';
import type { System } from '../ports/system.ts';
import { bearer } from './auth.ts';

/** Keys made by another process (`dibs key`) are noticed this much later at most. */
const RELOAD_MS = 1000;

export interface Operator {
  id: string;
  role: Role;
}

type Keys = ReadonlyMap<string, OperatorKey>;

export type OperatorKnown = { ok: true; operator: Operator } | { ok: false; problem: Problem };

export interface OperatorAuth {
  identify(authorization: string | undefined, needed: Role): Promise<OperatorKnown>;
  /** Keys were added or revoked. */
  forget(): void;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

export function makeOperatorAuth(
  operators: Operators,
  adminKey: string | null,
  system: System,
): OperatorAuth {
  /** As they were read last, or are being read: who calls meanwhile waits for that, and is not judged by what was before. */
  let keys: Promise<Keys> | null = null;
  let loadedAt = Number.NEGATIVE_INFINITY;
  const envHash = adminKey === null ? null : sha256(adminKey);
  const nothing = sha256('');

  function reload(): Promise<Keys> {
    loadedAt = system.monotonic();
    const before = keys;
    const reading = operators.listKeys().then((all) => new Map(all.map((key) => [key.id, key])));
    keys = reading;
    reading.catch(() => {
      if (keys === reading) keys = before;
    });
    return reading;
  }

  async function find(token: string): Promise<Operator | null> {
    if (envHash !== null && timingSafeEqual(sha256(token), envHash)) return { id: 'env', role: 'admin' };
    const isOld = system.monotonic() - loadedAt >= RELOAD_MS;
    const known = await (keys === null || isOld ? reload() : keys);
    const id = keyIdOf(token);
    const key = id === null ? undefined : known.get(id);
    // The same work whether the id exists or not.
    const wanted = key ? Buffer.from(key.hash, 'hex') : nothing;
    const same = timingSafeEqual(Buffer.from(hashKey(token), 'hex'), wanted);
    return same && key && key.revokedAt === null ? { id: key.id, role: key.role } : null;
  }

  return {
    async identify(authorization, needed) {
      const token = bearer(authorization);
      const operator = token === null ? null : await find(token);
      if (!operator)
        return {
          ok: false,
          problem: problem('unauthenticated', 'Send a valid operator key as bearer token.'),
        };
      if (ROLES.indexOf(operator.role) < ROLES.indexOf(needed)) {
        return { ok: false, problem: problem('forbidden', `This call needs the role ${needed}.`) };
      }
      return { ok: true, operator };
    },
    forget: () => {
      loadedAt = Number.NEGATIVE_INFINITY;
    },
  };
}

/**
 * Who the caller is among people. `open`: whoever he says he is. `jwt`: the subject of a bearer token, by keys and
 * algorithms of our choosing (never the token's), with verified tokens remembered until they expire, because checking
 * a signature costs more than a claim.
 */

import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import { normalUserId } from '../core/claim.ts';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import { Recent } from '../core/recent.ts';
import type { System } from '../ports/system.ts';
import type { HttpConfig, JwtConfig } from './parts.ts';

const TOKEN_BYTES_MAX = 4096;
const REMEMBERED_MAX = 100_000;
const CLOCK_TOLERANCE_SEC = 5;
const ISSUED_AHEAD_SEC_MAX = 60;
const NO_CLAIMS: Readonly<Record<string, unknown>> = {};

export interface Identity {
  /** null: `open`, the caller names himself */
  userId: string | null;
  tokenClaims: Readonly<Record<string, unknown>>;
  /** epoch ms; Infinity when it never ends */
  expiresAt: number;
}

export type Identified = { ok: true; identity: Identity } | { ok: false; problem: Problem };

export interface UserAuth {
  kind: 'open' | 'jwt';
  /** Calls back at once when the answer is known already, else later. */
  identify(authorization: string | undefined, tell: (who: Identified) => void): void;
}

const ANYBODY: Identified = {
  ok: true,
  identity: { userId: null, tokenClaims: NO_CLAIMS, expiresAt: Infinity },
};
const UNAUTHENTICATED: Identified = { ok: false, problem: problem('unauthenticated') };
const EXPIRED: Identified = { ok: false, problem: problem('token_expired') };
const KEYS_AWAY: Identified = {
  ok: false,
  problem: problem('auth_unavailable'),
};

export function makeUserAuth(config: Pick<HttpConfig, 'auth' | 'jwt'>, system: System): UserAuth {
  if (config.auth === 'open') return { kind: 'open', identify: (_authorization, tell) => tell(ANYBODY) };
  const verify = makeVerify(config.jwt, system);
  const known = new Recent<string, Identity>(REMEMBERED_MAX);
  return {
    kind: 'jwt',
    identify(authorization, tell) {
      const token = bearer(authorization);
      if (token === null) return tell(UNAUTHENTICATED);
      const identity = known.get(token);
      if (identity) return tell(identity.expiresAt > system.now() ? { ok: true, identity } : EXPIRED);
      verify(token).then(
        (who) => {
          if (who.ok) known.set(token, who.identity);
          tell(who);
        },
        () => tell(UNAUTHENTICATED),
      );
    },
  };
}

/** The token of an Authorization header, or null. */
export function bearer(authorization: string | undefined): string | null {
  if (authorization === undefined || authorization.length > TOKEN_BYTES_MAX + 7) return null;
  const match = /^Bearer +([^\s]+)$/i.exec(authorization);
  return match ? (match[1] as string) : null;
}

function makeVerify(config: JwtConfig, system: System): (token: string) => Promise<Identified> {
  const keySources = keysOf(config);
  return async (token) => {
    const options = {
      clockTolerance: CLOCK_TOLERANCE_SEC,
      currentDate: new Date(system.now()),
      ...(config.issuer === null ? {} : { issuer: config.issuer }),
      ...(config.audience === null ? {} : { audience: config.audience }),
    };
    let last: Identified = UNAUTHENTICATED;
    for (const { key, algorithms } of keySources) {
      try {
        const { payload } = await jwtVerify(token, key, { ...options, algorithms });
        return identityOf(payload, system.now());
      } catch (error) {
        if (error instanceof errors.JWTExpired) return EXPIRED;
        if (!(error instanceof errors.JOSEError) || error instanceof errors.JWKSTimeout) last = KEYS_AWAY;
      }
    }
    return last;
  };
}

/** Each key with the algorithms it may be used with: a public key is never a shared secret. */
function keysOf(config: JwtConfig): { key: JWTVerifyGetKey; algorithms: string[] }[] {
  const sources: { key: JWTVerifyGetKey; algorithms: string[] }[] = [];
  if (config.secret !== null) {
    const secret = new TextEncoder().encode(config.secret);
    sources.push({ key: async () => secret, algorithms: ['HS256'] });
  }
  if (config.jwksUrl !== null) {
    const key = createRemoteJWKSet(new URL(config.jwksUrl), {
      cooldownDuration: 30_000,
      cacheMaxAge: 600_000,
      timeoutDuration: 5_000,
    });
    sources.push({ key, algorithms: ['RS256', 'ES256', 'EdDSA', 'Ed25519'] });
  }
  return sources;
}

function identityOf(payload: JWTPayload, now: number): Identified {
  if (payload.iat !== undefined && payload.iat * 1000 > now + ISSUED_AHEAD_SEC_MAX * 1000)
    return UNAUTHENTICATED;
  const userId = typeof payload.sub === 'string' ? normalUserId(payload.sub) : null;
  if (userId === null) {
    return { ok: false, problem: problem('unauthenticated', 'The token has no usable sub.') };
  }
  const expiresAt = payload.exp === undefined ? Infinity : (payload.exp + CLOCK_TOLERANCE_SEC) * 1000;
  return { ok: true, identity: { userId, tokenClaims: { ...payload }, expiresAt } };
}

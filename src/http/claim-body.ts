/** What a claim's request says: the headers that matter, found in one pass, and the user in the body. */

import type { IncomingMessage } from 'node:http';
import { normalUserId } from '../core/claim.ts';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import { escapePointer, parseStrict } from './json.ts';

/** The usual body, `{"userId":"…"}` in ASCII without escapes: read without building an object. */
const USUAL_BODY = /^\s*\{\s*"userId"\s*:\s*"([ !#-[\]-~]*)"\s*\}\s*$/;
const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?$/i;

export interface ClaimHeaders {
  contentType: string | undefined;
  key: string | undefined;
  /** how many Idempotency-Key headers there are */
  keys: number;
  requestId: string | undefined;
  authorization: string | undefined;
  forwardedFor: string | undefined;
  origin: string | undefined;
}

/** Looks at the raw headers by the length of their names, cheaper than the object that node would build of them. */
export function claimHeaders(req: IncomingMessage): ClaimHeaders {
  const found: ClaimHeaders = {
    contentType: undefined,
    key: undefined,
    keys: 0,
    requestId: undefined,
    authorization: undefined,
    forwardedFor: undefined,
    origin: undefined,
  };
  const raw = req.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    const { length } = name;
    if (length === 12 || length === 15 || length === 13 || length === 6) {
      keep(found, name.toLowerCase(), raw[i + 1] as string);
    }
  }
  return found;
}

function keep(found: ClaimHeaders, name: string, value: string): void {
  if (name === 'content-type') found.contentType ??= value;
  else if (name === 'x-request-id') found.requestId ??= value;
  else if (name === 'authorization') found.authorization ??= value;
  else if (name === 'origin') found.origin ??= value;
  else if (name === 'idempotency-key') {
    found.key = value;
    found.keys += 1;
  } else if (name === 'x-forwarded-for') {
    found.forwardedFor = found.forwardedFor === undefined ? value : `${found.forwardedFor},${value}`;
  }
}

export function isJsonType(contentType: string | undefined): boolean {
  return contentType === 'application/json' || (contentType !== undefined && JSON_TYPE.test(contentType));
}

/** The user named in a body; null when none is named. Or what is wrong with it. */
export type NamedUser = { ok: true; userId: string | null } | { ok: false; problem: Problem };

const NOBODY: NamedUser = { ok: true, userId: null };
const BAD_USER: NamedUser = {
  ok: false,
  problem: problem('invalid_user_id', undefined, { pointer: '/userId' }),
};

export function namedUser(body: Buffer): NamedUser {
  const usual = USUAL_BODY.exec(body.toString('latin1'));
  if (usual) return checked(usual[1] as string);
  const parsed = parseStrict(body);
  if (!parsed.ok) return parsed;
  for (const name of Object.keys(parsed.value)) {
    if (name !== 'userId') {
      return {
        ok: false,
        problem: problem('unknown_field', undefined, { pointer: `/${escapePointer(name)}` }),
      };
    }
  }
  const { userId } = parsed.value;
  if (userId === undefined) return NOBODY;
  return typeof userId === 'string' ? checked(userId) : BAD_USER;
}

function checked(raw: string): NamedUser {
  const userId = normalUserId(raw);
  return userId === null ? BAD_USER : { ok: true, userId };
}

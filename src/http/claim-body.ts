/** What a claim's request says: the type of its body, and the user in it. */

import { normalUserId } from '../core/claim.ts';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import { escapePointer, parseStrict } from './json.ts';

/** The usual body, `{"userId":"…"}` in ASCII without escapes: read without building an object. */
const USUAL_BODY = /^\s*\{\s*"userId"\s*:\s*"([ !#-[\]-~]*)"\s*\}\s*$/;
const JSON_TYPE = /^application\/json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?;?$/i;

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

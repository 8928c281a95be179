/**
 * The hot path: one person's press. It leaves fastify aside (see server.ts) and does by hand only what a claim needs:
 * read at most 8 KiB, find the user, ask the flow, write one answer. Nothing here waits, except for a token that was
 * never seen before.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { normalIdempotencyKey } from '../../core/claim.ts';
import { problem } from '../../core/problem.ts';
import type { ClaimFlow } from '../../flow/claim.ts';
import type { Outcome } from '../../flow/outcome.ts';
import type { Identified, UserAuth } from '../auth.ts';
import type { Ask, ClaimAnswerParts } from '../claim-answer.ts';
import { ClaimAnswers } from '../claim-answer.ts';
import type { NamedUser } from '../claim-body.ts';
import { isJsonType, namedUser } from '../claim-body.ts';
import type { ClientAddress } from '../client-address.ts';
import type { RequestIds } from '../request-id.ts';
import type { Throttle } from '../throttle.ts';

const CLAIM_BYTES_MAX = 8192;
/** A body over the limit is still read this far, so that its sender can hear the answer before the connection ends. */
const DISCARD_BYTES_MAX = 1_048_576;

export interface ClaimRouteParts extends ClaimAnswerParts {
  claims: ClaimFlow;
  auth: UserAuth;
  requestIds: RequestIds;
  clientAddress: ClientAddress;
  throttle: Throttle;
  /** the highest seq told so far in a campaign; looked up for measured tries only */
  floorOf: (campaignId: string) => number;
  /** told of each outcome; `floor` is -1 for tries that are not measured */
  onOutcome: (campaignId: string, userId: string, outcome: Outcome, floor: number) => void;
  /** told of each press that was one too many, with the code of its refusal */
  onThrottled: (campaignId: string, userId: string, code: string) => void;
}

export type ClaimHandler = (req: IncomingMessage, res: ServerResponse, campaignId: string) => void;

const NO_USER = problem('invalid_user_id', 'The body must name userId.', { pointer: '/userId' });
const MISMATCH = problem('user_mismatch');
const BAD_KEY = problem('invalid_idempotency_key');
const TOO_LARGE = problem('body_too_large');
const NOBODY: NamedUser = { ok: true, userId: null };
const NOT_JSON: NamedUser = { ok: false, problem: problem('unsupported_media_type') };
const NO_BYTES = Buffer.alloc(0);

export function makeClaimHandler(parts: ClaimRouteParts): ClaimHandler {
  const { requestIds, latency } = parts;
  const answers = new ClaimAnswers(parts);
  return (req, res, campaignId) => {
    const requestId = requestIds(oneHeader(req, 'x-request-id'));
    readBody(parts, answers, { req, res, campaignId, requestId, startedAt: latency.start() });
  };
}

function readBody(parts: ClaimRouteParts, answers: ClaimAnswers, ask: Ask): void {
  const { req, res } = ask;
  let body: Buffer | null = null;
  let size = 0;
  req.on('data', (chunk: Buffer) => {
    size += chunk.length;
    // Nearly always there is one chunk, and nothing is copied.
    if (size <= CLAIM_BYTES_MAX) body = body === null ? chunk : Buffer.concat([body, chunk]);
    else if (size > DISCARD_BYTES_MAX && !res.headersSent) answers.tellProblem(ask, TOO_LARGE, true);
  });
  req.on('end', () => {
    if (res.headersSent) return;
    if (size > CLAIM_BYTES_MAX) answers.tellProblem(ask, TOO_LARGE, true);
    else bodyRead(parts, answers, ask, body);
  });
}

function bodyRead(parts: ClaimRouteParts, answers: ClaimAnswers, ask: Ask, body: Buffer | null): void {
  const { 'content-type': contentType, authorization } = ask.req.headers;
  let named: NamedUser;
  if (body === null && contentType === undefined && parts.auth.kind === 'jwt') named = NOBODY;
  else named = isJsonType(contentType) ? namedUser(body ?? NO_BYTES) : NOT_JSON;
  parts.auth.identify(authorization, (who) => press(parts, answers, ask, named, who));
}

/** The last steps, when the caller is known: limits, then the gate. */
function press(
  parts: ClaimRouteParts,
  answers: ClaimAnswers,
  ask: Ask,
  named: NamedUser,
  who: Identified,
): void {
  if (!who.ok) return answers.tellProblem(ask, who.problem);
  if (!named.ok) return answers.tellProblem(ask, named.problem);
  const { identity } = who;
  const userId = identity.userId ?? named.userId;
  if (userId === null) return answers.tellProblem(ask, NO_USER);
  if (named.userId !== null && named.userId !== userId) return answers.tellProblem(ask, MISMATCH);
  const { req, campaignId, startedAt } = ask;
  const given = oneHeader(req, 'idempotency-key');
  const key = given === undefined ? null : normalIdempotencyKey(given);
  if (given !== undefined && (key === null || isTwice(req, given))) return answers.tellProblem(ask, BAD_KEY);
  if (parts.throttle.on) {
    const address = parts.clientAddress(req.socket.remoteAddress, oneHeader(req, 'x-forwarded-for'));
    const refusal = parts.throttle.refusal(userId, address);
    if (refusal) {
      answers.tellProblem(ask, refusal);
      return parts.onThrottled(campaignId, userId, refusal.code);
    }
  }
  const floor = startedAt === 0 ? -1 : parts.floorOf(campaignId);
  parts.claims.claim({ campaignId, userId, key, tokenClaims: identity.tokenClaims }, (outcome) => {
    if (startedAt !== 0) parts.latency.decided(startedAt);
    answers.tell(ask, outcome);
    parts.onOutcome(campaignId, userId, outcome, floor);
  });
  return undefined;
}

/** A header's text; node has joined what came more than once. */
function oneHeader(req: IncomingMessage, name: string): string | undefined {
  return req.headers[name] as string | undefined;
}

/** Was the key sent in more than one header? Only a comma can tell of that. */
function isTwice(req: IncomingMessage, joined: string): boolean {
  if (!joined.includes(', ')) return false;
  const names = req.rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'idempotency-key');
  return names.length > 1;
}

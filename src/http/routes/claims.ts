/**
 * The hot path: one person's press. It leaves fastify aside (see server.ts) and does by hand only what a claim needs:
 * read at most 8 KiB, find the user, ask the flow, write one answer. Nothing here waits, except for a token that was
 * never seen before.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Campaign } from '../../core/campaign.ts';
import { startsAt } from '../../core/campaign.ts';
import { normalIdempotencyKey } from '../../core/claim.ts';
import type { Refusal } from '../../core/gate.ts';
import type { Problem } from '../../core/problem.ts';
import { problem } from '../../core/problem.ts';
import type { ClaimFlow, Outcome } from '../../flow/claim.ts';
import type { System } from '../../ports/system.ts';
import type { Identified, UserAuth } from '../auth.ts';
import type { ClaimHeaders, NamedUser } from '../claim-body.ts';
import { claimHeaders, isJsonType, namedUser } from '../claim-body.ts';
import type { ClientAddress } from '../client-address.ts';
import type { Latency } from '../latency.ts';
import { authenticateHeader, PROBLEM_TYPE, problemMembers, renderProblem } from '../problem.ts';
import type { RequestIds } from '../request-id.ts';
import type { Throttle } from '../throttle.ts';
import { claimJson, timeText } from '../wire.ts';

export const CLAIM_BYTES_MAX = 8192;
/** A body over the limit is still read this far, so that its sender can hear the answer before the connection ends. */
const DISCARD_BYTES_MAX = 1_048_576;

export interface ClaimRouteParts {
  claims: ClaimFlow;
  system: System;
  auth: UserAuth;
  requestIds: RequestIds;
  clientAddress: ClientAddress;
  throttle: Throttle;
  latency: Latency;
  /** headers for a page of another origin, or null */
  crossOrigin: ((origin: string) => string[] | null) | null;
  /** true once the process is leaving: every answer closes its connection */
  leaving: { now: boolean };
  /** told of each verdict, for the user's own stream */
  onOutcome: (campaignId: string, userId: string, outcome: Outcome, floor: number) => void;
  /** the highest seq told so far in a campaign; looked up for measured tries only */
  floorOf: (campaignId: string) => number;
}

export type ClaimHandler = (req: IncomingMessage, res: ServerResponse, campaignId: string) => void;

/** A refusal's text around what differs from answer to answer. */
interface RefusalText {
  status: number;
  head: string;
  headBytes: number;
}

const NO_USER = problem('invalid_user_id', 'The body must name userId.', { pointer: '/userId' });
const MISMATCH = problem('user_mismatch');
const BAD_KEY = problem('invalid_idempotency_key');
const NOT_JSON = problem('unsupported_media_type');
const TOO_LARGE = problem('body_too_large');
const NO_BODY: NamedUser = { ok: true, userId: null };

export function makeClaimHandler(parts: ClaimRouteParts): ClaimHandler {
  const { claims, system, auth, requestIds, throttle, latency, leaving } = parts;
  const refusals = new WeakMap<Campaign, Map<Refusal, RefusalText>>();

  function refusalText(campaign: Campaign, verdict: Refusal): RefusalText {
    let texts = refusals.get(campaign);
    if (texts === undefined) {
      texts = new Map();
      refusals.set(campaign, texts);
    }
    let text = texts.get(verdict);
    if (text === undefined) {
      text = renderRefusal(campaign, verdict);
      texts.set(verdict, text);
    }
    return text;
  }

  function write(
    res: ServerResponse,
    ask: Ask,
    status: number,
    headers: (string | number)[],
    body: string,
  ): void {
    headers.push('X-Request-Id', ask.requestId);
    if (leaving.now) headers.push('Connection', 'close');
    const { origin } = ask.headers;
    if (origin !== undefined && parts.crossOrigin !== null)
      headers.push(...(parts.crossOrigin(origin) ?? []));
    res.writeHead(status, headers as string[]);
    res.end(body);
    if (ask.startedAt !== 0) latency.answered(ask.startedAt);
  }

  function tellProblem(res: ServerResponse, ask: Ask, what: Problem, close = false): void {
    const { status, body, retryAfter } = renderProblem(what, ask.requestId);
    const headers: (string | number)[] = [
      'Content-Type',
      PROBLEM_TYPE,
      'Content-Length',
      Buffer.byteLength(body),
    ];
    if (retryAfter !== null) headers.push('Retry-After', retryAfter);
    if (status === 401) headers.push('WWW-Authenticate', authenticateHeader(what));
    if (close && !leaving.now) headers.push('Connection', 'close');
    write(res, ask, status, headers, body);
  }

  function tellRefusal(res: ServerResponse, ask: Ask, verdict: Refusal, campaign: Campaign): void {
    const text = refusalText(campaign, verdict);
    const headers: (string | number)[] = ['Content-Type', PROBLEM_TYPE, 'Content-Length', 0];
    let middle = '';
    if (verdict === 'not_open') {
      const now = system.now();
      const start = startsAt(campaign);
      middle = `"serverTime":"${timeText(now)}",`;
      headers.push('Retry-After', start === null ? 10 : Math.max(1, Math.ceil((start - now) / 1000)));
    } else if (verdict === 'paused') headers.push('Retry-After', 5);
    const tail = `${middle}"requestId":"${ask.requestId}"}`;
    headers[3] = text.headBytes + tail.length;
    write(res, ask, text.status, headers, text.head + tail);
  }

  function tell(res: ServerResponse, ask: Ask, outcome: Outcome): void {
    if (outcome.verdict === 'none') return tellProblem(res, ask, outcome.problem);
    if (!('claim' in outcome)) {
      return tellRefusal(res, ask, outcome.verdict, outcome.campaign);
    }
    const body = `{"verdict":"${outcome.verdict}","claim":${claimJson(outcome.claim)}}`;
    const type = 'application/json; charset=utf-8';
    const headers: (string | number)[] = ['Content-Type', type, 'Content-Length', Buffer.byteLength(body)];
    headers.push('Location', `/v1/campaigns/${outcome.claim.campaignId}/claims/${outcome.claim.id}`);
    write(res, ask, outcome.verdict === 'won' ? 201 : 200, headers, body);
  }

  /** The last steps, when the caller is known: limits, then the gate. */
  function press(
    req: IncomingMessage,
    res: ServerResponse,
    ask: Ask,
    named: NamedUser,
    who: Identified,
  ): void {
    if (!who.ok) return tellProblem(res, ask, who.problem);
    if (!named.ok) return tellProblem(res, ask, named.problem);
    const { identity } = who;
    const userId = identity.userId ?? named.userId;
    if (userId === null) return tellProblem(res, ask, NO_USER);
    if (named.userId !== null && named.userId !== userId) return tellProblem(res, ask, MISMATCH);
    let key: string | null = null;
    if (ask.headers.keys > 0) {
      key = ask.headers.keys === 1 ? normalIdempotencyKey(ask.headers.key as string) : null;
      if (key === null) return tellProblem(res, ask, BAD_KEY);
    }
    if (throttle.on) {
      const address = parts.clientAddress(req.socket.remoteAddress, ask.headers.forwardedFor);
      const refusal = throttle.refusal(userId, address);
      if (refusal) return tellProblem(res, ask, refusal);
    }
    const { campaignId } = ask;
    const floor = ask.startedAt === 0 ? -1 : parts.floorOf(campaignId);
    claims.claim({ campaignId, userId, key, tokenClaims: identity.tokenClaims }, (outcome) => {
      if (ask.startedAt !== 0) latency.decided(ask.startedAt);
      tell(res, ask, outcome);
      parts.onOutcome(campaignId, userId, outcome, floor);
    });
    return undefined;
  }

  function bodyRead(req: IncomingMessage, res: ServerResponse, ask: Ask, body: Buffer | null): void {
    let named: NamedUser;
    if (body === null && auth.kind === 'jwt' && ask.headers.contentType === undefined) named = NO_BODY;
    else if (!isJsonType(ask.headers.contentType)) named = { ok: false, problem: NOT_JSON };
    else named = namedUser(body ?? Buffer.alloc(0));
    auth.identify(ask.headers.authorization, (who) => press(req, res, ask, named, who));
  }

  return (req, res, campaignId) => {
    const headers = claimHeaders(req);
    const ask: Ask = {
      campaignId,
      headers,
      requestId: requestIds(headers.requestId),
      startedAt: latency.start(),
    };
    let first: Buffer | null = null;
    let more: Buffer[] | null = null;
    let size = 0;
    req.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > CLAIM_BYTES_MAX) {
        first = null;
        more = null;
        if (size > DISCARD_BYTES_MAX && !res.headersSent) tellProblem(res, ask, TOO_LARGE, true);
      } else if (first === null) first = chunk;
      else (more ??= []).push(chunk);
    });
    req.on('end', () => {
      if (res.headersSent) return;
      if (size > CLAIM_BYTES_MAX) return tellProblem(res, ask, TOO_LARGE, true);
      bodyRead(req, res, ask, more === null || first === null ? first : Buffer.concat([first, ...more]));
    });
  };
}

/** What is known of a try while it is on its way. */
interface Ask {
  campaignId: string;
  headers: ClaimHeaders;
  requestId: string;
  /** 0 when this one is not measured */
  startedAt: number;
}

function renderRefusal(campaign: Campaign, verdict: Refusal): RefusalText {
  const start = startsAt(campaign);
  const extra: Record<string, unknown> = { campaignId: campaign.id, verdict };
  if (verdict === 'not_open' && start !== null) extra['opensAt'] = timeText(start);
  const members = problemMembers(problem(verdict, undefined, extra), '');
  const { requestId: _dropped, ...rest } = members;
  const head = `${JSON.stringify(rest).slice(0, -1)},`;
  return { status: members['status'] as number, head, headBytes: Buffer.byteLength(head) };
}

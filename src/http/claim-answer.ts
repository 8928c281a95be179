/**
 * Answers to claims, written by hand: one head, one body, no object built where text will do. What a refusal says is
 * rendered once per campaign and version; only what differs from answer to answer is added.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Campaign } from '../core/campaign.ts';
import { startsAt } from '../core/campaign.ts';
import type { Refusal } from '../core/gate.ts';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { Outcome } from '../flow/claim.ts';
import type { System } from '../ports/system.ts';
import type { Latency } from './latency.ts';
import { authenticateHeader, PROBLEM_TYPE, problemMembers, renderProblem } from './problem.ts';
import { claimJson, timeText } from './wire.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
/** When to ask again, in seconds, where nothing says it better. */
const ASK_DRAFT_SEC = 10;
const ASK_PAUSED_SEC = 5;

/** One try on its way from the request to its answer. */
export interface Ask {
  req: IncomingMessage;
  res: ServerResponse;
  campaignId: string;
  requestId: string;
  /** 0 when this one is not measured */
  startedAt: number;
}

export interface ClaimAnswerParts {
  system: System;
  latency: Latency;
  /** headers for a page of another origin, or null */
  crossOrigin: ((origin: string) => string[] | null) | null;
  /** true once the process is leaving: every answer closes its connection */
  leaving: { now: boolean };
}

type FlatHeaders = (string | number)[];

/** A refusal's text up to what differs. */
interface RefusalText {
  status: number;
  /** ASCII */
  head: string;
}

export class ClaimAnswers {
  readonly #parts: ClaimAnswerParts;
  readonly #refusals = new WeakMap<Campaign, Map<Refusal, RefusalText>>();

  constructor(parts: ClaimAnswerParts) {
    this.#parts = parts;
  }

  tell(ask: Ask, outcome: Outcome): void {
    if (outcome.verdict === 'none') return this.tellProblem(ask, outcome.problem);
    if (!('claim' in outcome)) return this.#tellRefusal(ask, outcome.verdict, outcome.campaign);
    const { claim, verdict } = outcome;
    const body = `{"verdict":"${verdict}","claim":${claimJson(claim)}}`;
    const bytes = Buffer.byteLength(body);
    const headers: FlatHeaders = ['Content-Type', JSON_TYPE, 'Content-Length', bytes];
    headers.push('Location', `/v1/campaigns/${claim.campaignId}/claims/${claim.id}`);
    // As many bytes as letters: ASCII, which needs no encoding.
    const encoding = bytes === body.length ? 'latin1' : 'utf8';
    return this.#write(ask, verdict === 'won' ? 201 : 200, headers, body, encoding);
  }

  /** `close`: nothing more is read from this connection. */
  tellProblem(ask: Ask, what: Problem, close = false): void {
    const { status, body, retryAfter } = renderProblem(what, ask.requestId);
    const headers: FlatHeaders = ['Content-Type', PROBLEM_TYPE, 'Content-Length', Buffer.byteLength(body)];
    if (retryAfter !== null) headers.push('Retry-After', retryAfter);
    if (status === 401) headers.push('WWW-Authenticate', authenticateHeader(what));
    if (close && !this.#parts.leaving.now) headers.push('Connection', 'close');
    this.#write(ask, status, headers, body);
  }

  #tellRefusal(ask: Ask, verdict: Refusal, campaign: Campaign): void {
    const text = this.#refusalText(campaign, verdict);
    let middle = '';
    let retryAfter = 0;
    if (verdict === 'not_open') {
      const now = this.#parts.system.now();
      const start = startsAt(campaign);
      const wait = start === null ? ASK_DRAFT_SEC : Math.max(1, Math.ceil((start - now) / 1000));
      middle = `"serverTime":"${timeText(now)}",`;
      retryAfter = wait;
    } else if (verdict === 'paused') retryAfter = ASK_PAUSED_SEC;
    const tail = `${middle}"requestId":"${ask.requestId}"}`;
    const bytes = text.head.length + tail.length;
    const headers: FlatHeaders = ['Content-Type', PROBLEM_TYPE, 'Content-Length', bytes];
    if (retryAfter > 0) headers.push('Retry-After', retryAfter);
    // ASCII throughout, so that its length is its bytes and nothing has to be encoded.
    this.#write(ask, text.status, headers, text.head + tail, 'latin1');
  }

  #refusalText(campaign: Campaign, verdict: Refusal): RefusalText {
    let texts = this.#refusals.get(campaign);
    if (texts === undefined) {
      texts = new Map();
      this.#refusals.set(campaign, texts);
    }
    let text = texts.get(verdict);
    if (text === undefined) {
      text = renderRefusal(campaign, verdict);
      texts.set(verdict, text);
    }
    return text;
  }

  #write(
    ask: Ask,
    status: number,
    headers: FlatHeaders,
    body: string,
    encoding: 'utf8' | 'latin1' = 'utf8',
  ): void {
    const { leaving, crossOrigin, latency } = this.#parts;
    headers.push('X-Request-Id', ask.requestId);
    if (leaving.now) headers.push('Connection', 'close');
    const { origin } = ask.req.headers;
    if (origin !== undefined && crossOrigin !== null) headers.push(...(crossOrigin(origin) ?? []));
    ask.res.writeHead(status, headers as string[]);
    ask.res.end(body, encoding);
    if (ask.startedAt !== 0) latency.answered(ask.startedAt);
  }
}

function renderRefusal(campaign: Campaign, verdict: Refusal): RefusalText {
  const start = startsAt(campaign);
  const extra: Record<string, unknown> = { campaignId: campaign.id, verdict };
  if (verdict === 'not_open' && start !== null) extra['opensAt'] = timeText(start);
  const { requestId: _added, ...members } = problemMembers(problem(verdict, undefined, extra), '');
  const head = `${JSON.stringify(members).slice(0, -1)},`;
  return { status: members['status'] as number, head };
}

/**
 * Answers to claims: no object built where text will do. What a refusal says is rendered once per campaign and version;
 * only what differs from answer to answer is added.
 */

import type { Campaign } from '../core/campaign.ts';
import { startsAt } from '../core/campaign.ts';
import type { Refusal } from '../core/gate.ts';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { Outcome, Pending } from '../flow/outcome.ts';
import type { System } from '../ports/system.ts';
import type { Latency } from './latency.ts';
import { PROBLEM_TYPE, problemMembers } from './problem.ts';
import type { FlatHeaders, RawAnswerParts, RawAsk } from './raw-answer.ts';
import { RawAnswers } from './raw-answer.ts';
import { claimJson, pendingJson, retrySeconds, timeText } from './wire.ts';

/** When to ask again, in seconds, where nothing says it better. */
const ASK_DRAFT_SEC = 10;
const ASK_PAUSED_SEC = 5;

/** One try on its way from the request to its answer. */
export interface Ask extends RawAsk {
  campaignId: string;
  /** 0 when this one is not measured */
  startedAt: number;
}

export interface ClaimAnswerParts extends RawAnswerParts {
  system: System;
  latency: Latency;
}

/** A refusal's text up to what differs. */
interface RefusalText {
  status: number;
  /** ASCII */
  head: string;
}

export class ClaimAnswers {
  readonly #parts: ClaimAnswerParts;
  readonly #raw: RawAnswers;
  readonly #refusals = new WeakMap<Campaign, Map<Refusal, RefusalText>>();

  constructor(parts: ClaimAnswerParts) {
    this.#parts = parts;
    this.#raw = new RawAnswers(parts);
  }

  tell(ask: Ask, outcome: Outcome): void {
    if (outcome.verdict === 'none') this.#raw.problem(ask, outcome.problem);
    else if (outcome.verdict === 'pending') this.#tellPending(ask, outcome);
    else if ('claim' in outcome) this.#tellUnit(ask, outcome);
    else this.#tellRefusal(ask, outcome.verdict, outcome.campaign);
    this.#measure(ask);
  }

  /** `close`: nothing more is read from this connection. */
  tellProblem(ask: Ask, what: Problem, close = false): void {
    this.#raw.problem(ask, what, close);
    this.#measure(ask);
  }

  #measure({ startedAt, campaignId }: Ask): void {
    if (startedAt !== 0) this.#parts.latency.answered(startedAt, campaignId);
  }

  #tellUnit(ask: Ask, { claim, verdict }: Outcome & { verdict: 'won' | 'already_won' }): void {
    const headers = ['Location', `/v1/campaigns/${claim.campaignId}/claims/${claim.id}`];
    const body = `{"verdict":"${verdict}","claim":${claimJson(claim)}}`;
    this.#raw.json(ask, verdict === 'won' ? 201 : 200, headers, body);
  }

  #tellPending(ask: Ask, pending: Pending): void {
    const { campaign, ticket, askAgainMs } = pending;
    const headers: FlatHeaders = ['Location', `/v1/campaigns/${campaign.id}/claims/${ticket}`];
    headers.push('Retry-After', retrySeconds(askAgainMs));
    this.#raw.json(ask, 202, headers, pendingJson(pending));
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
    this.#raw.write(ask, text.status, headers, text.head + tail, 'latin1');
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
}

function renderRefusal(campaign: Campaign, verdict: Refusal): RefusalText {
  const start = startsAt(campaign);
  const extra: Record<string, unknown> = { campaignId: campaign.id, verdict };
  if (verdict === 'not_open' && start !== null) extra['opensAt'] = timeText(start);
  const { requestId: _added, ...members } = problemMembers(problem(verdict, undefined, extra), '');
  const head = `${JSON.stringify(members).slice(0, -1)},`;
  return { status: members['status'] as number, head };
}

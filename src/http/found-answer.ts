/** What somebody is told who asks after his try: a verdict in the shape of one, whatever it is, or why it cannot be told. */

import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { Found } from '../flow/outcome.ts';
import { claimBody, pendingJson, refusedJson } from './wire.ts';

/** `askAgainMs`: null where the answer will not change by itself. */
export type FoundAnswer =
  | { ok: true; body: string; askAgainMs: number | null }
  | { ok: false; problem: Problem };

/** A unit that is on its way to the record is there moments later. */
const RECORDED_SOON_MS = 1000;

const NO_CLAIM: FoundAnswer = { ok: false, problem: problem('no_claim') };
const NOT_FOUND: FoundAnswer = { ok: false, problem: problem('claim_not_found') };
const NO_CAMPAIGN: FoundAnswer = { ok: false, problem: problem('campaign_not_found') };
const UNKNOWN: FoundAnswer = { ok: false, problem: problem('outcome_unknown') };
const MISMATCH: FoundAnswer = { ok: false, problem: problem('ticket_mismatch') };
const UNNAMED: FoundAnswer = {
  ok: false,
  problem: problem('invalid_user_id', 'Only he whose ticket it is can be told: name the user, ?userId=…'),
};

/** `ticket` is what was asked with; null: the user asked after his own. */
export function foundAnswer(found: Found, ticket: string | null): FoundAnswer {
  switch (found.kind) {
    case 'waiting':
      return { ok: true, body: pendingJson(found.pending), askAgainMs: found.pending.askAgainMs };
    case 'claim':
      return told(JSON.stringify({ verdict: 'won', claim: claimBody(found.claim) }));
    case 'refused':
      return told(refusedJson(found.campaign.id, found.verdict, found.why));
    case 'pending': {
      const body = JSON.stringify({ verdict: 'pending', ticket, retryAfterMs: RECORDED_SOON_MS });
      return { ok: true, body, askAgainMs: RECORDED_SOON_MS };
    }
    case 'none':
      return ticket === null ? NO_CLAIM : NOT_FOUND;
    case 'no_campaign':
      return NO_CAMPAIGN;
    case 'unknown':
      return UNKNOWN;
    case 'unnamed':
      return UNNAMED;
    case 'mismatch':
      return MISMATCH;
  }
}

function told(body: string): FoundAnswer {
  return { ok: true, body, askAgainMs: null };
}

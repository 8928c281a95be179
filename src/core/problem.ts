/**
 * Every problem that Dibs tells, once: code, status, title, whether asking again can help, and what to do.
 * Codes are part of the contract and are never used again for something else.
 */

import { OPERATORS_PROBLEMS, type ProblemKind } from './problem-operators.ts';

export const PROBLEMS = {
  campaign_not_found: {
    status: 404,
    title: 'Campaign not found',
    retry: false,
    todo: 'Check the campaign id in the path.',
  },
  no_claim: {
    status: 404,
    title: 'No claim',
    retry: false,
    todo: 'This user holds nothing in this campaign. POST to its claims to try.',
  },
  claim_not_found: {
    status: 404,
    title: 'Claim not found',
    retry: false,
    todo: 'Check the ticket or claim id in the path.',
  },
  coupon_not_found: {
    status: 404,
    title: 'Coupon not found',
    retry: false,
    todo: 'Check the code. Codes are found once they are recorded, moments after the win.',
  },
  not_found: {
    status: 404,
    title: 'Not found',
    retry: false,
    todo: 'See /openapi.json for the paths there are.',
  },
  method_not_allowed: {
    status: 405,
    title: 'Method not allowed',
    retry: false,
    todo: 'The Allow header lists the methods of this path.',
  },
  ineligible: {
    status: 403,
    title: 'Not eligible',
    retry: false,
    todo: 'This campaign is not for this user.',
  },
  paused: { status: 409, title: 'Paused', retry: true, todo: 'Ask again when the operator has resumed it.' },
  not_open: {
    status: 409,
    title: 'Not open yet',
    retry: true,
    todo: 'Ask again at opensAt, by serverTime. Pressing early costs nothing.',
  },
  closed: { status: 409, title: 'Closed', retry: false, todo: 'The campaign is over.' },
  sold_out: { status: 409, title: 'Sold out', retry: false, todo: 'Every unit is given.' },
  line_full: {
    status: 409,
    title: 'Line full',
    retry: true,
    todo: 'The line has its greatest length. Ask again when somebody has been let in or has left.',
  },
  no_chance: {
    status: 409,
    title: 'No chance',
    retry: false,
    todo: 'Too many people stand in line for the units that are left.',
  },
  no_shuffle: {
    status: 404,
    title: 'No shuffle',
    retry: false,
    todo: 'Nobody is given a place by lot in this campaign.',
  },
  rate_limited: {
    status: 429,
    title: 'Too many tries',
    retry: true,
    todo: 'Wait for Retry-After seconds. No try was counted at the gate.',
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    retry: true,
    todo: 'Nothing was decided. Ask again after Retry-After seconds.',
  },
  gate_unavailable: {
    status: 503,
    title: 'Gate unavailable',
    retry: true,
    todo: 'Nothing was decided. Ask again after Retry-After seconds.',
  },
  gate_rebuilding: {
    status: 503,
    title: 'Gate rebuilding',
    retry: true,
    todo: 'What was given is safe. Ask again after Retry-After seconds.',
  },
  outcome_unknown: {
    status: 503,
    title: 'Outcome unknown',
    retry: true,
    todo: 'The try may have won. Ask again with the same user and key: it can never count twice.',
  },
  record_unavailable: {
    status: 503,
    title: 'Record unavailable',
    retry: true,
    todo: 'The record cannot be read or written now. Nothing was changed; ask again after Retry-After seconds.',
  },
  auth_unavailable: {
    status: 503,
    title: 'Authentication unavailable',
    retry: true,
    todo: 'The keys that check tokens cannot be read now. Ask again after Retry-After seconds.',
  },
  shutting_down: {
    status: 503,
    title: 'Shutting down',
    retry: true,
    todo: 'This process is leaving. Ask again; another one answers.',
  },
  internal: {
    status: 500,
    title: 'Internal error',
    retry: true,
    todo: 'A fault of the server. Quote requestId to the operator.',
  },
  malformed_json: {
    status: 400,
    title: 'Malformed JSON',
    retry: false,
    todo: 'Send one JSON object in UTF-8 without byte order mark, no field twice.',
  },
  invalid_body: {
    status: 400,
    title: 'Invalid body',
    retry: false,
    todo: 'Send a JSON object, nested at most 16 deep.',
  },
  invalid_field: {
    status: 400,
    title: 'Invalid field',
    retry: false,
    todo: 'Correct the field that pointer names.',
  },
  unknown_field: {
    status: 400,
    title: 'Unknown field',
    retry: false,
    todo: 'Leave out the field that pointer names.',
  },
  invalid_user_id: {
    status: 400,
    title: 'Invalid user id',
    retry: false,
    todo: 'userId is 1-128 bytes of UTF-8: no control or invisible characters, no space at either end.',
  },
  invalid_idempotency_key: {
    status: 400,
    title: 'Invalid Idempotency-Key',
    retry: false,
    todo: 'Idempotency-Key is 1-255 printable ASCII characters, sent once.',
  },
  idempotency_key_reused: {
    status: 422,
    title: 'Idempotency-Key reused',
    retry: false,
    todo: 'The key was used with another body. Use a new key for a new try.',
  },
  invalid_query: {
    status: 400,
    title: 'Invalid query',
    retry: false,
    todo: 'Correct the query parameter that detail names.',
  },
  invalid_cursor: {
    status: 400,
    title: 'Invalid cursor',
    retry: false,
    todo: 'Use the next of the page before, unchanged, on the same list.',
  },
  invalid_code: {
    status: 422,
    title: 'Mistyped code',
    retry: false,
    todo: 'The check symbol does not fit: read the code again.',
  },
  timestamp_needs_offset: {
    status: 400,
    title: 'Timestamp needs an offset',
    retry: false,
    todo: 'Write times by RFC 3339 with Z or an offset: 2026-12-01T10:00:00+09:00.',
  },
  invalid_window: {
    status: 400,
    title: 'Invalid window',
    retry: false,
    todo: 'closesAt must be after opensAt.',
  },
  invalid_url: {
    status: 400,
    title: 'Invalid URL',
    retry: false,
    todo: 'Correct the percent-encoding of the path.',
  },
  invalid_request: {
    status: 400,
    title: 'Invalid request',
    retry: false,
    todo: 'Send a valid HTTP/1.1 request.',
  },
  too_many_headers: {
    status: 431,
    title: 'Headers too large',
    retry: false,
    todo: 'Send at most 100 headers of 16 KiB in all.',
  },
  request_timeout: {
    status: 408,
    title: 'Request timeout',
    retry: true,
    todo: 'The request did not arrive in time. Send it again.',
  },
  unsupported_media_type: {
    status: 415,
    title: 'Unsupported media type',
    retry: false,
    todo: 'Send Content-Type: application/json.',
  },
  body_too_large: { status: 413, title: 'Body too large', retry: false, todo: 'Claims have at most 8 KiB.' },
  unauthenticated: {
    status: 401,
    title: 'Unauthenticated',
    retry: false,
    todo: 'Send a valid bearer token in Authorization.',
  },
  token_expired: {
    status: 401,
    title: 'Token expired',
    retry: false,
    todo: 'Get a new token and ask again.',
  },
  forbidden: { status: 403, title: 'Forbidden', retry: false, todo: 'The key lacks the role for this call.' },
  user_mismatch: {
    status: 403,
    title: 'User mismatch',
    retry: false,
    todo: 'userId must be the subject of the token, or left out.',
  },
  ticket_mismatch: {
    status: 403,
    title: 'Ticket mismatch',
    retry: false,
    todo: 'The ticket belongs to another user or campaign.',
  },
  ...OPERATORS_PROBLEMS,
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A problem on its way to the edge. `extra` becomes members of the answer. */
export interface Problem {
  code: ProblemCode;
  detail?: string;
  extra?: Record<string, unknown>;
}

export function problem(code: ProblemCode, detail?: string, extra?: Record<string, unknown>): Problem {
  return { code, ...(detail === undefined ? {} : { detail }), ...(extra === undefined ? {} : { extra }) };
}

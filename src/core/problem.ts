/**
 * Every problem that Dibs tells, once: code, status, title, whether asking again can help, and what to do.
 * Codes are part of the contract and are never used again for something else.
 */

interface ProblemKind {
  status: number;
  title: string;
  /** the same call may succeed later */
  retry: boolean;
  /** what the caller can do; the default `detail` */
  todo: string;
}

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
  exists: {
    status: 409,
    title: 'Exists already',
    retry: false,
    todo: 'Choose another id, or PATCH the one that is there.',
  },
  below_issued: {
    status: 409,
    title: 'Below issued',
    retry: false,
    todo: 'quantity cannot fall below what is issued.',
  },
  immutable_while_open: {
    status: 409,
    title: 'Immutable while open',
    retry: false,
    todo: 'The field that pointer names cannot change once the window has begun.',
  },
  invalid_transition: {
    status: 409,
    title: 'Invalid transition',
    retry: false,
    todo: 'The campaign is not in a state from which this can be done.',
  },
  campaign_live: { status: 409, title: 'Campaign live', retry: false, todo: 'Close the campaign first.' },
  durability_unavailable: {
    status: 409,
    title: 'Durability unavailable',
    retry: false,
    todo: 'Set what detail names, or choose a level that the parts can keep.',
  },
  mode_unavailable: {
    status: 409,
    title: 'Mode unavailable',
    retry: false,
    todo: 'This server lacks the parts for this mode. Set what detail names, or choose another mode.',
  },
  pool_too_small: {
    status: 409,
    title: 'Pool too small',
    retry: false,
    todo: 'Import more codes, or lower the quantity: each unit needs one.',
  },
  not_a_pool: {
    status: 409,
    title: 'Not a pool',
    retry: false,
    todo: 'The codes of this campaign are not imported. Set codes.source to pool before it opens.',
  },
  pool_full: {
    status: 409,
    title: 'Pool full',
    retry: false,
    todo: 'A pool holds at most 10,000,000 codes.',
  },
  import_conflict: {
    status: 409,
    title: 'Import conflict',
    retry: true,
    todo: 'Other imports into this campaign came in between again and again, and nothing was imported. Send it again.',
  },
  duplicate_codes: {
    status: 422,
    title: 'Duplicate codes',
    retry: false,
    todo: 'Take the lines out that are named, or leave them out by onDuplicate=skip. Nothing was imported.',
  },
  invalid_line: {
    status: 400,
    title: 'Invalid line',
    retry: false,
    todo: 'A file of codes is UTF-8 with one code a line, 1 to 256 bytes each. Nothing was imported.',
  },
  no_codes: {
    status: 400,
    title: 'No codes',
    retry: false,
    todo: 'There is no code in this file: send one code a line.',
  },
  incomplete_upload: {
    status: 400,
    title: 'Incomplete upload',
    retry: true,
    todo: 'The file ends in the middle, or is damaged. Nothing was imported; send it again.',
  },
  code_key_mismatch: {
    status: 409,
    title: 'Code key mismatch',
    retry: false,
    todo: 'The campaign was made under another DIBS_MASTER_SECRET. Start the server with that one.',
  },
  already_redeemed: {
    status: 409,
    title: 'Already redeemed',
    retry: false,
    todo: 'The coupon was used before.',
  },
  coupon_revoked: {
    status: 409,
    title: 'Coupon revoked',
    retry: false,
    todo: 'The coupon was taken or given back.',
  },
  coupon_expired: {
    status: 409,
    title: 'Coupon expired',
    retry: false,
    todo: 'The coupon is past its expiry.',
  },
  coupon_reserved: {
    status: 409,
    title: 'Coupon reserved',
    retry: true,
    todo: 'Another checkout has it. Commit or void it there, or wait until its time has passed.',
  },
  coupon_not_reserved: {
    status: 409,
    title: 'Coupon not reserved',
    retry: false,
    todo: 'Its time has passed, or it never was. Reserve it again.',
  },
  coupon_not_issued: {
    status: 409,
    title: 'Coupon not issued',
    retry: true,
    todo: 'The job issue gives it out later.',
  },
  coupon_of_another_campaign: {
    status: 409,
    title: 'Coupon of another campaign',
    retry: false,
    todo: 'Use it where it is from, or leave campaignId out.',
  },
  code_not_drawable: {
    status: 422,
    title: 'Code not drawable',
    retry: false,
    todo: 'Code 128 has no signs for this code. Ask for type=qr.',
  },
  too_many_wrong_codes: {
    status: 429,
    title: 'Too many wrong codes',
    retry: true,
    todo: 'Wait for Retry-After seconds. Scan codes instead of typing them.',
  },
  precondition_required: {
    status: 428,
    title: 'Precondition required',
    retry: false,
    todo: 'Send If-Match with the ETag of the version that you read.',
  },
  precondition_failed: {
    status: 412,
    title: 'Precondition failed',
    retry: false,
    todo: 'Somebody changed it meanwhile. Read it again and repeat the change.',
  },
  too_many_streams: {
    status: 429,
    title: 'Too many streams',
    retry: true,
    todo: 'Close another event stream of this user first.',
  },
  key_not_found: {
    status: 404,
    title: 'Key not found',
    retry: false,
    todo: 'List the keys to see their ids.',
  },
  file_not_found: {
    status: 404,
    title: 'File not found',
    retry: false,
    todo: 'List the files to see their ids. One that is still being written cannot be read.',
  },
  job_not_found: {
    status: 404,
    title: 'Job not found',
    retry: false,
    todo: 'List the jobs to see their names.',
  },
  run_not_found: {
    status: 404,
    title: 'Run not found',
    retry: false,
    todo: "List the job's runs to see their ids.",
  },
  schedule_not_found: {
    status: 404,
    title: 'Schedule not found',
    retry: false,
    todo: 'List the jobs to see their schedules.',
  },
  job_running: {
    status: 409,
    title: 'Job running',
    retry: false,
    todo: 'The same work waits or runs already: see run. Watch that one, or stop it first.',
  },
  job_completed: {
    status: 409,
    title: 'Job completed',
    retry: false,
    todo: 'The same work was completed and is done once only: see run.',
  },
  dead_letter_not_found: {
    status: 404,
    title: 'Dead letter not found',
    retry: false,
    todo: 'List the dead letters to see their ids.',
  },
  dead_letter_discarded: {
    status: 409,
    title: 'Dead letter discarded',
    retry: false,
    todo: 'It was given up, and its unit went back to the stock. Grant its user a coupon if he is to have one.',
  },
  dead_letter_replayed: {
    status: 409,
    title: 'Dead letter replayed',
    retry: false,
    todo: 'Its user has his coupon. Revoke that if he is not to have it.',
  },
  webhook_url_refused: {
    status: 400,
    title: 'Webhook URL refused',
    retry: false,
    todo: 'Give an https URL whose host is on the public internet; `why` says what is wrong with this one.',
  },
  webhook_not_found: {
    status: 404,
    title: 'Webhook not found',
    retry: false,
    todo: 'List the webhooks to see their ids.',
  },
  delivery_not_found: {
    status: 404,
    title: 'Delivery not found',
    retry: false,
    todo: 'List the deliveries of the webhook to see their ids; old ones are forgotten.',
  },
  too_many_webhooks: {
    status: 409,
    title: 'Too many webhooks',
    retry: false,
    todo: 'There are 50 already. Remove one first.',
  },
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

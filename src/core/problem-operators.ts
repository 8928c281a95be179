/** What a problem is told with, and the problems that operators meet, in the order of the catalogue (core/problem). */

export interface ProblemKind {
  status: number;
  title: string;
  /** the same call may succeed later */
  retry: boolean;
  /** what the caller can do; the default `detail` */
  todo: string;
}

export const OPERATORS_PROBLEMS = {
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
  rehearsal_not_found: {
    status: 404,
    title: 'Rehearsal not found',
    retry: false,
    todo: "List the campaign's rehearsals to see their ids; old ones are forgotten.",
  },
  rehearsal_refused: {
    status: 409,
    title: 'Rehearsal refused',
    retry: true,
    todo: 'People come first, and one rehearsal at a time: detail says what to wait for.',
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

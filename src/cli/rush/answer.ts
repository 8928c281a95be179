/** What an HTTP answer to a claim says, and how long to wait before asking again, if at all. */

/** An answer, read. `seq` is 0 and `code` null when the answer tells of no win. */
export interface Answer {
  /** The verdict, or the code of the problem. */
  readonly word: string;
  readonly seq: number;
  readonly code: string | null;
  /** The user the claim is for, as the server says; null when it says nothing. */
  readonly userId: string | null;
  /** ms to wait by the answer's own words; null when it says nothing. */
  readonly retryAfterMs: number | null;
  /** Where the verdict of a pending try will be. */
  readonly location: string | null;
  /** How a pending try stands; null for all others. */
  readonly place: PlaceAnswer | null;
}

/** What an answer that says `pending` tells of the wait. */
export interface PlaceAnswer {
  /** Empty when it names none. */
  readonly ticket: string;
  /** False when nobody stands in a line: the log decides. */
  readonly inLine: boolean;
  /** The number in line; 0: none yet. */
  readonly position: number;
  readonly serving: number;
  /** −1: not said. */
  readonly ahead: number;
  /** −1: not said. */
  readonly waitMs: number;
  /** A reason for the wait was given. */
  readonly reasoned: boolean;
  /** Let in, and has to press once more until then, as the server wrote it. */
  readonly confirmBy: string | null;
}

const problemCode = '"code":"';

/** @param head the header block, lower case; @param body the body as bytes in latin1 */
export function readAnswer(status: number, head: string, body: string): Answer {
  // Most answers of a rush are refusals: their one interesting word is cut out without parsing the rest.
  if (status === 409) {
    const from = body.indexOf(problemCode) + problemCode.length;
    const word = body.slice(from, body.indexOf('"', from));
    if (word === 'sold_out') return refusal(word, null);
    return refusal(word || 'http_409', waitOf(head, word === 'not_open' ? body : ''));
  }
  if (status >= 200 && status < 300) return readVerdict(status, head, body);
  const from = body.indexOf(problemCode) + problemCode.length;
  const word = from >= problemCode.length ? body.slice(from, body.indexOf('"', from)) : `http_${status}`;
  return refusal(word, waitOf(head, ''));
}

const refusal = (word: string, retryAfterMs: number | null): Answer => ({
  word,
  seq: 0,
  code: null,
  userId: null,
  retryAfterMs,
  location: null,
  place: null,
});

interface VerdictBody {
  verdict?: string;
  /** Why a place is no more: left, expired. */
  reason?: string | null;
  claim?: { seq?: number; code?: string | null; userId?: string };
  ticket?: string;
  position?: number | null;
  servingNumber?: number;
  ahead?: number | null;
  estimatedWaitMs?: number | null;
  waitReason?: string | null;
  confirmBy?: string | number | null;
  retryAfterMs?: number;
}

function readVerdict(status: number, head: string, body: string): Answer {
  const read = parse(body);
  if (!read) return refusal('unreadable', null);
  const word = wordOf(read, status);
  const claim = read.claim;
  const location = /\r\nlocation: *([^\r\n]+)/i.exec(head)?.[1] ?? null;
  return {
    word,
    seq: Number.isInteger(claim?.seq) ? (claim?.seq ?? 0) : 0,
    code: typeof claim?.code === 'string' ? claim.code : null,
    userId: typeof claim?.userId === 'string' ? claim.userId : null,
    retryAfterMs: word === 'pending' ? pollDelayMs(head, read) : null,
    location,
    place: word === 'pending' ? placeOf(read) : null,
  };
}

/** Who left or came too late is told so by the reason; the verdict alone would say that the campaign is over. */
function wordOf({ verdict, reason }: VerdictBody, status: number): string {
  if (reason === 'left' || reason === 'expired') return reason;
  return typeof verdict === 'string' ? verdict : `http_${status}`;
}

/** The server's own words are exact to the millisecond in the body, and to the second in the head. */
function pollDelayMs(head: string, { retryAfterMs, estimatedWaitMs }: VerdictBody): number {
  if (typeof retryAfterMs === 'number') return Math.max(0, retryAfterMs);
  return waitOf(head, '') ?? Math.min(1000, Math.max(50, (estimatedWaitMs ?? 0) / 2));
}

function placeOf(read: VerdictBody): PlaceAnswer {
  const { ticket = '', position, servingNumber, ahead, estimatedWaitMs, waitReason, confirmBy } = read;
  return {
    ticket,
    inLine: servingNumber !== undefined,
    position: position ?? 0,
    serving: servingNumber ?? 0,
    ahead: ahead ?? -1,
    waitMs: estimatedWaitMs ?? -1,
    reasoned: typeof waitReason === 'string',
    confirmBy: confirmBy === undefined || confirmBy === null ? null : String(confirmBy),
  };
}

function parse(body: string): VerdictBody | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(body, 'latin1').toString('utf8'));
    return typeof value === 'object' && value !== null ? (value as VerdictBody) : null;
  } catch {
    return null;
  }
}

/** Retry-After, or for a campaign that is not open yet the exact time until it is, which is finer. */
function waitOf(head: string, notOpenBody: string): number | null {
  const opening = notOpenBody ? untilOpening(notOpenBody) : null;
  if (opening !== null) return opening;
  const seconds = /\r\nretry-after: *(\d+)/i.exec(head)?.[1];
  return seconds === undefined ? null : Number(seconds) * 1000;
}

function untilOpening(body: string): number | null {
  const read = parse(body) as { opensAt?: string; serverTime?: string | number } | null;
  if (typeof read?.opensAt !== 'string' || read.serverTime === undefined) return null;
  const now = typeof read.serverTime === 'number' ? read.serverTime : Date.parse(read.serverTime);
  const waitMs = Date.parse(read.opensAt) - now;
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : null;
}

/** The words of a try that ended without an answer. */
export type Lost = 'cut' | 'timeout' | 'connection_lost' | 'unreachable' | 'bad_http';

/**
 * How long to wait before the same press is sent again; null when the answer is final.
 * @param tries how often it was sent already (1 = once)
 */
export function retryDelayMs(
  status: number,
  answer: Pick<Answer, 'word' | 'retryAfterMs'>,
  tries: number,
  random: () => number,
): number | null {
  if (status === 200 && answer.word !== 'pending') return null;
  const jitter = 0.5 + random();
  const backoffMs = Math.min(2000, 10 * 2 ** Math.min(tries, 10)) * jitter;
  if (answer.word === 'pending') return answer.retryAfterMs ?? 50;
  if (status === 0 || status === 429 || status >= 500) {
    return answer.retryAfterMs === null ? backoffMs : answer.retryAfterMs + 20 * jitter;
  }
  if (answer.word === 'not_open' || answer.word === 'paused') {
    return answer.retryAfterMs === null ? null : answer.retryAfterMs + 5 * jitter;
  }
  return null;
}

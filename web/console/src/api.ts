/** Everything that is asked of the server, with the operator's key. What it refuses is thrown as {@link Trouble}. */

const KEPT = 'dibs.console.key';
const DEADLINE_MS = 15_000;

/** The key of this tab; it is forgotten when the tab is closed. */
export const key = {
  get: (): string | null => sessionStorage.getItem(KEPT),
  set(value: string | null): void {
    if (value === null) sessionStorage.removeItem(KEPT);
    else sessionStorage.setItem(KEPT, value);
  },
};

/** An answer that is not what was asked for: a problem of the catalogue, or no answer at all (status 0). */
export class Trouble extends Error {
  override name = 'Trouble';
  readonly status: number;
  /** of the catalogue; `unreachable` when there was no answer */
  readonly code: string;
  readonly body: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, message: string, body: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.body = body;
  }
}

/** What was refused, by the problem in the answer's body. */
export function troubleOf(status: number, body: unknown, statusText: string): Trouble {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const said = textOf(problem['detail']) || textOf(problem['title']) || statusText;
  return new Trouble(status, textOf(problem['code']) || 'unknown', said, problem);
}

/** A value of an answer as text: a list or an object as JSON, nothing as nothing. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export interface Answer<T> {
  body: T;
  etag: string | null;
  status: number;
}

export interface Ask {
  method?: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  /** sent as JSON; a Blob or text as it is */
  body?: unknown;
  type?: string;
  /** the version that is changed */
  ifMatch?: string;
  idempotencyKey?: string;
  signal?: AbortSignal;
}

function bodyOf({ body, type }: Ask): { body?: BodyInit; type?: string } {
  if (body === undefined) return {};
  if (body instanceof Blob || typeof body === 'string') return { body, type: type ?? 'text/plain' };
  return { body: JSON.stringify(body), type: 'application/json' };
}

/** Asks with an answer's headers. */
export async function askFull<T>(path: string, ask: Ask = {}): Promise<Answer<T>> {
  const { body, type } = bodyOf(ask);
  const headers = new Headers({ accept: 'application/json' });
  const operator = key.get();
  if (operator !== null) headers.set('authorization', `Bearer ${operator}`);
  if (type) headers.set('content-type', type);
  if (ask.ifMatch) headers.set('if-match', ask.ifMatch);
  if (ask.idempotencyKey) headers.set('idempotency-key', ask.idempotencyKey);
  const signals = [AbortSignal.timeout(DEADLINE_MS), ...(ask.signal ? [ask.signal] : [])];
  const response = await fetch(path, {
    method: ask.method ?? 'GET',
    headers,
    signal: AbortSignal.any(signals),
    ...(body === undefined ? {} : { body }),
  }).catch((error: Error) => {
    throw new Trouble(0, 'unreachable', error.message);
  });
  const text = await response.text();
  const parsed = (text === '' ? null : parse(text)) as T;
  if (!response.ok) {
    throw troubleOf(response.status, parsed, response.statusText);
  }
  return { body: parsed, etag: response.headers.get('etag'), status: response.status };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Asks for the body alone. */
export async function ask<T>(path: string, how: Ask = {}): Promise<T> {
  return (await askFull<T>(path, how)).body;
}

/** One page of a list. */
export interface List<T> {
  items: T[];
  next: string | null;
}

/** A file by a link cannot carry the key: it is read here and handed over as a download. */
export async function download(path: string, name: string): Promise<void> {
  const response = await fetch(path, { headers: { authorization: `Bearer ${key.get()}` } });
  if (!response.ok) throw new Trouble(response.status, 'unknown', response.statusText);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** A campaign as operators see it. */
export interface Campaign {
  id: string;
  name: string;
  kind: 'coupon' | 'gifticon' | 'ticket' | 'entry';
  quantity: number;
  perUserLimit: number;
  mode: 'instant' | 'ordered' | 'queued';
  durability: 'memory' | 'disk' | 'replicated' | 'logged';
  opensAt: string | null;
  closesAt: string | null;
  release: { perSecond: number } | null;
  line: { maxLength: number | null; cutAt: number | null; shuffleBeforeOpen: boolean } | null;
  confirm: { withinSeconds: number } | null;
  codes: { source: 'none' | 'generated' | 'pool'; issue?: 'at_win' | 'by_job' };
  returnUnits: 'no' | 'to_stock' | 'to_next_in_line';
  benefit: Record<string, unknown> | null;
  couponExpiresAt: string | null;
  validDays: number | null;
  eligibility: Record<string, unknown> | null;
  version: number;
  status: 'draft' | 'scheduled' | 'open' | 'paused' | 'sold_out' | 'closed' | 'archived';
  issued: number;
  remaining: number;
  returned: number;
  openedAt: string | null;
  pausedAt: string | null;
  closedAt: string | null;
  archivedAt: string | null;
  createdAt: string;
  updatedAt: string;
}

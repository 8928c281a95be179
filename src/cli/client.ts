/**
 * The one HTTP client of the commands. It knows the address and the operator key, and turns problem+json into a
 * failure that can be read: code, detail, what to do.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Agent, type Dispatcher, request } from 'undici';
import { monotonicMs } from './clock.ts';
import { CommandFailure, exitCodes, usageFailure } from './failure.ts';

export interface ClientOptions {
  url?: string;
  key?: string;
}

export interface Reply<T> {
  readonly status: number;
  readonly etag: string | null;
  readonly body: T;
}

interface CallOptions {
  body?: unknown;
  ifMatch?: string;
  /** Statuses that are answers to the caller and not failures. */
  accept?: readonly number[];
  upload?: { body: Readable; headers: Record<string, string> };
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const timeoutMs = 15_000;
const uploadTimeoutMs = 600_000;

/** How far the server's clock is ahead of `monotonicMs`, and by how much that can be wrong. */
export interface ClockReading {
  readonly offsetMs: number;
  readonly errorMs: number;
}

export class Client {
  readonly url: string;
  /** The operator key, or null when there is none: people's calls work without. */
  readonly key: string | null;
  readonly #agent = new Agent({ connectTimeout: 5000, headersTimeout: timeoutMs, bodyTimeout: timeoutMs });

  constructor(options: ClientOptions, env: NodeJS.ProcessEnv) {
    this.url = serverUrl(options.url ?? env['DIBS_URL'] ?? 'http://127.0.0.1:8080');
    this.key = options.key ?? operatorKey(env);
  }

  async get<T>(path: string, options: CallOptions = {}): Promise<Reply<T>> {
    return this.#call<T>('GET', path, options);
  }
  async post<T>(path: string, body?: unknown, options: CallOptions = {}): Promise<Reply<T>> {
    return this.#call<T>('POST', path, { ...options, ...(body !== undefined && { body }) });
  }
  async put<T>(path: string, body: unknown, options: CallOptions = {}): Promise<Reply<T>> {
    return this.#call<T>('PUT', path, { ...options, body });
  }
  async patch<T>(path: string, body: unknown, options: CallOptions = {}): Promise<Reply<T>> {
    return this.#call<T>('PATCH', path, { ...options, body });
  }
  async delete<T>(path: string, options: CallOptions = {}): Promise<Reply<T>> {
    return this.#call<T>('DELETE', path, options);
  }

  /** All items of a list, page by page, so that a million of them never stand in memory at once. */
  async *pages<T>(path: string, limit = 1000): AsyncGenerator<T> {
    let cursor: string | null = null;
    do {
      const query: string = `limit=${limit}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
      const page: Reply<{ items: T[]; next: string | null }> = await this.get(`${path}?${query}`);
      yield* page.body.items;
      cursor = page.body.next;
    } while (cursor !== null);
  }

  /** The body as it comes, for what is not JSON. */
  async stream(path: string): Promise<Readable> {
    const response = await this.#send('GET', path, {});
    if (response.statusCode >= 400) throw await this.#problem('GET', path, response);
    return response.body;
  }

  /** Sends a file as it comes, and waits as long as the server takes over it. */
  async upload<T>(path: string, body: Readable, headers: Record<string, string>): Promise<T> {
    const answer = await this.#send('POST', path, { upload: { body, headers } });
    if (answer.statusCode >= 400) throw await this.#problem('POST', path, answer);
    return this.#json(await answer.body.text()) as T;
  }

  /** Reads the server's clock by the fastest of a few answers. */
  async clock(): Promise<ClockReading> {
    let best: ClockReading = { offsetMs: 0, errorMs: Number.POSITIVE_INFINITY };
    for (let i = 0; i < 5; i++) {
      const askedMs = monotonicMs();
      const { body } = await this.get<{ serverTime: number | string }>('/v1/time');
      const errorMs = (monotonicMs() - askedMs) / 2;
      const serverMs = typeof body.serverTime === 'number' ? body.serverTime : Date.parse(body.serverTime);
      if (errorMs < best.errorMs) best = { offsetMs: serverMs - (askedMs + errorMs), errorMs };
    }
    // The server tells whole milliseconds.
    return { ...best, errorMs: best.errorMs + 1 };
  }

  /** Throws with the places where a key is looked for, when there is none. */
  needKey(): void {
    if (this.key !== null) return;
    throw usageFailure(
      'this command needs an operator key',
      'Give it by --key, DIBS_ADMIN_KEY, DIBS_ADMIN_KEY_FILE, or run where the server keeps ./data/admin.key.',
    );
  }

  async #call<T>(method: Method, path: string, options: CallOptions): Promise<Reply<T>> {
    const response = await this.#send(method, path, options);
    const status = response.statusCode;
    if (status >= 400 && !options.accept?.includes(status)) throw await this.#problem(method, path, response);
    const text = await response.body.text();
    const etag = response.headers['etag'];
    return { status, etag: typeof etag === 'string' ? etag : null, body: this.#json(text) as T };
  }

  async #send(method: Method, path: string, options: CallOptions): Promise<Dispatcher.ResponseData> {
    const headers: Record<string, string> = { accept: 'application/json, text/csv;q=0.9' };
    if (path.startsWith('/v1/admin')) {
      this.needKey();
      headers['authorization'] = `Bearer ${this.key}`;
    }
    if (options.ifMatch !== undefined) headers['if-match'] = options.ifMatch;
    if (options.body !== undefined) headers['content-type'] = 'application/json';
    const body = options.upload?.body ?? (options.body === undefined ? null : JSON.stringify(options.body));
    Object.assign(headers, options.upload?.headers);
    const patience = options.upload ? { headersTimeout: uploadTimeoutMs, bodyTimeout: uploadTimeoutMs } : {};
    try {
      return await request(this.url + path, { method, headers, body, dispatcher: this.#agent, ...patience });
    } catch (error) {
      throw unreachable(this.url, error);
    }
  }

  #json(text: string): unknown {
    if (text === '') return null;
    try {
      return JSON.parse(text);
    } catch {
      const hint = 'Does --url point at a Dibs server?';
      throw new CommandFailure(
        exitCodes.finding,
        `${this.url} answered with something that is not JSON`,
        hint,
      );
    }
  }

  async #problem(method: Method, path: string, response: Dispatcher.ResponseData): Promise<CommandFailure> {
    const text = await response.body.text();
    const problem = problemOf(text, response.statusCode);
    const title = problem.title ?? `HTTP ${response.statusCode}`;
    const message = `${problem.code ?? 'error'}: ${title} (${response.statusCode} on ${method} ${path})`;
    const hint = problem.detail ?? hintFor(response.statusCode);
    return new CommandFailure(exitCodes.finding, message, hint, { ...problem });
  }
}

interface Problem {
  status: number;
  code?: string;
  title?: string;
  detail?: string;
}

function problemOf(text: string, status: number): Problem {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return { status, ...value };
  } catch {
    // Not from Dibs: a proxy's page, or the HTTP parser's bare refusal.
  }
  return { status };
}

const hintFor = (status: number): string | null =>
  status === 404 ? 'Does --url point at a Dibs server?' : null;

function unreachable(url: string, error: unknown): CommandFailure {
  const reason = error instanceof Error ? reasonOf(error) : String(error);
  const hint = 'Start one with `npm start` or `dibs serve`, or say where it is with --url or DIBS_URL.';
  return new CommandFailure(exitCodes.unreachable, `no answer from ${url} (${reason})`, hint, {
    code: 'unreachable',
    url,
  });
}

function reasonOf(error: Error): string {
  const code = (error as NodeJS.ErrnoException).code;
  return code ?? error.message;
}

function serverUrl(text: string): string {
  const url = URL.parse(text);
  if (!url || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw usageFailure(`--url is not an address: ${text}`, 'It looks like http://127.0.0.1:8080.');
  }
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

/** The first of: the environment, the file it names, the file the server wrote at its first start. */
function operatorKey(env: NodeJS.ProcessEnv): string | null {
  if (env['DIBS_ADMIN_KEY']) return env['DIBS_ADMIN_KEY'];
  const named = env['DIBS_ADMIN_KEY_FILE'];
  const file = named ?? join(env['DIBS_DATA_DIR'] ?? './data', 'admin.key');
  try {
    return readFileSync(file, 'utf8').trim() || null;
  } catch (error) {
    if (named === undefined) return null;
    throw usageFailure(`DIBS_ADMIN_KEY_FILE cannot be read: ${named} (${reasonOf(error as Error)})`);
  }
}

/**
 * ports/webhook-sender by HTTP. A name is resolved once for each connection, every address that it stands for is checked,
 * and the connection goes to what was checked: a name that changes its mind in between changes nothing.
 */

import { lookup as lookUpAll } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { Pool } from 'undici';
import type { System } from '../../ports/system.ts';
import type { WebhookRequest, WebhookSender, WebhookSent } from '../../ports/webhook-sender.ts';
import { addressRefusal, checkUrl, type TargetRules } from './address.ts';

export interface ResolvedAddress {
  address: string;
  family: number;
}

export interface WebhookSenderParts {
  rules: TargetRules;
  system: Pick<System, 'monotonic' | 'after'>;
  /** all that a name stands for; default: the system's resolver */
  resolve?(hostname: string): Promise<ResolvedAddress[]>;
  timeoutMs?: number;
  /** an authority to believe beside the system's, PEM */
  ca?: string;
}

const TIMEOUT_MS = 5_000;
const ANSWER_BYTES_MAX = 65_536;
const KEPT_BYTES = 1_024;
const CONNECTIONS = 16;
/** One more closes those that were used longest ago. */
const POOLS_MAX = 64;

/** What stopped a connection before it was made: nothing was sent. */
class Refused extends Error {}

export function makeWebhookSender(parts: WebhookSenderParts): WebhookSender {
  const { rules, system, timeoutMs = TIMEOUT_MS } = parts;
  const resolve = makeResolver(parts);
  const pools = new Pools((url) => ({
    connections: CONNECTIONS,
    pipelining: 1,
    allowH2: false,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connect: {
      timeout: timeoutMs,
      lookup: checkedLookup(url, resolve),
      ...(parts.ca === undefined ? {} : { ca: parts.ca }),
    },
  }));
  return {
    async refusal(text) {
      const url = checkUrl(text, rules);
      if (!url.ok) return url.why;
      if (url.address !== null) return null;
      try {
        await resolve(url.url.hostname, url.url);
        return null;
      } catch (error) {
        // A name that cannot be resolved now may be tomorrow; the test button tells.
        return error instanceof Refused ? error.message.replace(/^refused: /, '') : null;
      }
    },
    async send(request) {
      const began = system.monotonic();
      const failed = (fault: string): WebhookSent => {
        const ms = Math.round(system.monotonic() - began);
        return { status: null, ms, body: '', fault, retryAfterMs: null };
      };
      const url = checkUrl(request.url, rules);
      if (!url.ok) return failed(`refused: ${url.why}`);
      const end = new AbortController();
      const timer = system.after(timeoutMs, () => end.abort());
      try {
        const sent = await exchange(pools.of(url.url), url.url, request, end.signal);
        return { ...sent, ms: Math.round(system.monotonic() - began), fault: null };
      } catch (error) {
        return failed(
          end.signal.aborted ? `no answer within ${timeoutMs / 1000} s` : faultOf(error as Error),
        );
      } finally {
        timer.stop();
      }
    },
    close: () => pools.close(),
  };
}

/** Every address behind a name. Rejects when one of them is not allowed, or there is none. */
type Resolve = (hostname: string, url: URL) => Promise<ResolvedAddress[]>;

function makeResolver({ rules, resolve }: WebhookSenderParts): Resolve {
  const ask = resolve ?? ((name: string) => lookUpAll(name, { all: true, verbatim: true }));
  return async (hostname, url) => {
    const found = await ask(hostname);
    if (found.length === 0) throw new Refused(`${hostname} stands for no address`);
    for (const { address } of found) {
      const why = addressRefusal(address, url, rules);
      if (why !== null) throw new Refused(`refused: ${hostname} stands for ${why}`);
    }
    return found;
  };
}

/** What a connection asks for its addresses: those that it gets are those that were checked. */
function checkedLookup(url: URL, resolve: Resolve): LookupFunction {
  return (hostname, { all }, done) => {
    void tell();
    async function tell(): Promise<void> {
      let found: ResolvedAddress[];
      try {
        found = await resolve(hostname, url);
      } catch (error) {
        return done(error as Error, all ? [] : '');
      }
      const [first] = found as [ResolvedAddress];
      return all ? done(null, found) : done(null, first.address, first.family);
    }
  };
}

/** Connections kept open, those of each URL its own: two webhooks of one host do not wait for each other. */
class Pools {
  readonly #settings: (url: URL) => Pool.Options;
  readonly #pools = new Map<string, Pool>();

  constructor(settings: (url: URL) => Pool.Options) {
    this.#settings = settings;
  }

  of(url: URL): Pool {
    const pool = this.#pools.get(url.href) ?? new Pool(url.origin, this.#settings(url));
    this.#pools.delete(url.href);
    this.#pools.set(url.href, pool);
    if (this.#pools.size > POOLS_MAX) this.#closeOldest();
    return pool;
  }

  #closeOldest(): void {
    const [href, pool] = this.#pools.entries().next().value as [string, Pool];
    this.#pools.delete(href);
    void pool.close().catch(() => undefined);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.destroy()));
    this.#pools.clear();
  }
}

type Exchanged = Pick<WebhookSent, 'status' | 'body' | 'retryAfterMs'>;

async function exchange(
  pool: Pool,
  url: URL,
  { headers, body }: WebhookRequest,
  signal: AbortSignal,
): Promise<Exchanged> {
  const path = url.pathname + url.search;
  const answer = await pool.request({ method: 'POST', path, headers, body, signal });
  const retryAfter = Number(answer.headers['retry-after']);
  return {
    status: answer.statusCode,
    body: await beginning(answer.body),
    retryAfterMs: Number.isFinite(retryAfter) && retryAfter > 0 ? retryAfter * 1000 : null,
  };
}

type Body = AsyncIterable<Buffer> & { destroy(): unknown };

/** The status has said it all: of the body only the beginning is kept, and a long or late one is cut off. */
async function beginning(body: Body): Promise<string> {
  const kept: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body) {
      if (bytes < KEPT_BYTES) kept.push(chunk);
      bytes += chunk.length;
      if (bytes > ANSWER_BYTES_MAX) break;
    }
  } catch {
    // Cut off in the middle.
  }
  return Buffer.concat(kept).subarray(0, KEPT_BYTES).toString('utf8');
}

function faultOf(error: Error & { code?: string; errors?: Error[] }): string {
  const inner = error.cause instanceof Error ? error.cause : (error.errors?.[0] ?? error);
  return inner.message || error.code || error.name;
}

/**
 * Sends what is due to webhook endpoints, each in a lane of its own: an endpoint that is slow or away slows no other. Of
 * one claim only the first fact that is pending is ever in hand, so they arrive in order; a try that nobody came to write
 * down is made again with the same id. An endpoint that is away is tried with one delivery at a time, at growing
 * intervals, until it answers.
 */

import { said } from '../core/said.ts';
import type { WebhookAnswer } from '../core/webhook.ts';
import { waitAfterTry } from '../core/webhook.ts';
import type { Deliveries, Delivery, SettledTry } from '../ports/deliveries.ts';
import type { System, Timer } from '../ports/system.ts';
import type { Endpoint, Webhooks } from '../ports/webhooks.ts';
import { disabled, disabledLine } from './leave-webhooks.ts';
import { GONE, type SendParts, sendWebhook, type Tried } from './send-webhook.ts';

export interface DeliverParts extends SendParts {
  webhooks: Pick<Webhooks, 'list' | 'get' | 'put'>;
  deliveries: Pick<Deliveries, 'due' | 'settle' | 'backlog'>;
  system: System;
  /** waits between tries, ms: one more try than there are waits */
  waitsMs: readonly number[];
  /** whether to go on: the lease is still held */
  goOn(): boolean;
  /** an endpoint was disabled */
  onDisabled(endpoint: Endpoint): void;
  /** the record could not be asked or told; it is tried again */
  onFault(error: unknown): void;
}

export interface DeliverCounts {
  delivered: number;
  /** tries that did not succeed */
  failedTries: number;
  /** deliveries that were given up */
  failed: number;
}

export interface Deliverer {
  /** Looks at the endpoints and at what is due for each. */
  look(): Promise<void>;
  /** There may be more to send: looks at what is due, without looking at the endpoints. */
  poke(): void;
  readonly counts: Readonly<DeliverCounts>;
  /** Starts nothing any more; resolves when what was answered within a second is written down. The rest is sent again. */
  stop(): Promise<void>;
}

/** Tries under way at one endpoint. */
const AT_ONCE = 16;
const FETCH_MAX = 100;
const SETTLE_MAX = 200;
/** Failures in a row after which an endpoint rests. */
const FAILURES_MAX = 3;
const REST_MS = 500;
const REST_MAX_MS = 10_000;
const ANSWERS_MAX = 20;
const RETRY_AFTER_MAX_MS = 86_400_000;
const AGAIN_MS = 500;
/** How long a stop waits for answers. */
const LAST_ANSWERS_MS = 1_000;

interface Lane {
  endpoint: Endpoint;
  queue: Delivery[];
  /** queued, under way, or not written down yet */
  inHand: Set<number>;
  underWay: number;
  fetching: boolean;
  /** more may be due than is in hand */
  more: boolean;
  failures: number;
  /** monotonic: tries that began before it say nothing new */
  restSince: number;
  restUntil: number;
  timer: Timer | null;
  closed: boolean;
}

interface Done {
  lane: Lane;
  settled: SettledTry;
  /** why nothing is sent there any more; null: it goes on */
  disable: Disabling | null;
}

interface Disabling {
  why: string;
  /** only when nothing was delivered since then: one fact that is never taken says nothing of the others */
  silentSince: number | null;
}

export function makeDeliverer(parts: DeliverParts): Deliverer {
  return new Lanes(parts);
}

class Lanes implements Deliverer {
  readonly counts: DeliverCounts = { delivered: 0, failedTries: 0, failed: 0 };
  readonly #parts: DeliverParts;
  readonly #lanes = new Map<string, Lane>();
  #done: Done[] = [];
  #settling: Promise<void> | null = null;
  #stopped = false;
  #underWay = 0;
  #idle: (() => void) | null = null;
  /** what is answered from now on is not heard */
  #left = false;

  constructor(parts: DeliverParts) {
    this.#parts = parts;
  }

  async look(): Promise<void> {
    const endpoints = (await this.#parts.webhooks.list()).filter(({ state }) => state === 'enabled');
    for (const endpoint of endpoints) {
      const lane = this.#lanes.get(endpoint.id);
      if (lane === undefined) this.#lanes.set(endpoint.id, newLane(endpoint));
      else if (lane.endpoint.version !== endpoint.version) renew(lane, endpoint);
    }
    const ids = new Set(endpoints.map(({ id }) => id));
    for (const [id, lane] of this.#lanes) if (!ids.has(id)) this.#close(lane);
    this.poke();
  }

  poke(): void {
    for (const lane of this.#lanes.values()) {
      lane.more = true;
      this.#pump(lane);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    for (const lane of this.#lanes.values()) this.#close(lane);
    if (this.#underWay > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
        this.#parts.system.after(LAST_ANSWERS_MS, resolve);
      });
    }
    this.#left = true;
    this.#settle();
    while (this.#settling !== null) await this.#settling;
  }

  #close(lane: Lane): void {
    lane.closed = true;
    lane.timer?.stop();
    for (const { id } of lane.queue.splice(0)) lane.inHand.delete(id);
    this.#lanes.delete(lane.endpoint.id);
  }

  #pump(lane: Lane): void {
    if (this.#stopped || lane.closed || !this.#parts.goOn()) return;
    const restMs = lane.restUntil - this.#parts.system.monotonic();
    if (restMs > 0) {
      lane.timer?.stop();
      lane.timer = this.#parts.system.after(Math.ceil(restMs), () => this.#pump(lane));
      return;
    }
    const atOnce = lane.failures >= FAILURES_MAX ? 1 : AT_ONCE;
    while (lane.underWay < atOnce) {
      const delivery = lane.queue.shift();
      if (delivery === undefined) break;
      void this.#send(lane, delivery);
    }
    if (lane.queue.length < AT_ONCE && lane.more && !lane.fetching) void this.#fetch(lane);
  }

  async #fetch(lane: Lane): Promise<void> {
    lane.fetching = true;
    lane.more = false;
    try {
      const limit = FETCH_MAX + lane.inHand.size;
      const due = await this.#parts.deliveries.due(lane.endpoint.id, this.#parts.system.now(), limit);
      if (lane.closed) return;
      for (const delivery of due) {
        if (lane.inHand.has(delivery.id)) continue;
        lane.inHand.add(delivery.id);
        lane.queue.push(delivery);
      }
      lane.more ||= due.length === limit;
    } catch (error) {
      this.#parts.onFault(error);
      return;
    } finally {
      lane.fetching = false;
    }
    if (lane.queue.length > 0) this.#pump(lane);
  }

  async #send(lane: Lane, delivery: Delivery): Promise<void> {
    const { system } = this.#parts;
    const began = system.monotonic();
    lane.underWay += 1;
    this.#underWay += 1;
    const tried = await sendWebhook(this.#parts, lane.endpoint, delivery.eventId, delivery.body).catch(
      (error: Error): Tried => ({ answer: faultAnswer(error, system.now()), retryAfterMs: null }),
    );
    if (this.#left) return;
    lane.underWay -= 1;
    this.#underWay -= 1;
    if (!isTrouble(tried.answer)) lane.failures = 0;
    else if (began >= lane.restSince) this.#rest(lane);
    if (tried.answer.status === GONE) lane.restUntil = system.monotonic() + REST_MAX_MS;
    this.#done.push(this.#judge(lane, delivery, tried));
    if (this.#underWay === 0) this.#idle?.();
    this.#settle();
    this.#pump(lane);
  }

  #rest(lane: Lane): void {
    lane.failures += 1;
    if (lane.failures < FAILURES_MAX) return;
    const now = this.#parts.system.monotonic();
    const most = Math.min(REST_MAX_MS, REST_MS * 2 ** (lane.failures - FAILURES_MAX));
    lane.restSince = now;
    lane.restUntil = now + Math.ceil(most * (0.5 + this.#chance() / 2));
  }

  #chance(): number {
    return this.#parts.system.randomBytes(2).readUInt16BE() / 65_536;
  }

  #judge(lane: Lane, { id, tries, answers }: Delivery, { answer, retryAfterMs }: Tried): Done {
    const now = this.#parts.system.now();
    const settled = { id, triesBefore: tries, at: now, answers: [...answers, answer].slice(-ANSWERS_MAX) };
    if (answer.error === null) {
      this.counts.delivered += 1;
      return { lane, settled: { ...settled, state: 'delivered' }, disable: null };
    }
    this.counts.failedTries += 1;
    const wait = waitAfterTry(this.#parts.waitsMs, tries + 1, this.#chance());
    const gone = { why: said('hook_gone'), silentSince: null };
    if (wait === null) {
      this.counts.failed += 1;
      const first = settled.answers.at(-tries - 1) ?? answer;
      const why = said('hook_failing', { tries: tries + 1, raw: answer.error });
      const disable = answer.status === GONE ? gone : { why, silentSince: first.at };
      return { lane, settled: { ...settled, state: 'failed' }, disable };
    }
    const asked = Math.min(retryAfterMs ?? 0, RETRY_AFTER_MAX_MS);
    const at = now + Math.max(wait, asked);
    // What was answered 410 stays pending: it goes out when somebody enables the endpoint again.
    const disable = answer.status === GONE ? gone : null;
    return { lane, settled: { ...settled, state: 'pending', at }, disable };
  }

  /** One call at a time: what is done meanwhile goes with the next. */
  #settle(): void {
    if (this.#settling !== null || this.#done.length === 0) return;
    const some = this.#done.splice(0, SETTLE_MAX);
    this.#settling = this.#write(some).then(
      () => {
        this.#settling = null;
        this.#settle();
      },
      (error: unknown) => {
        this.#parts.onFault(error);
        this.#done.unshift(...some);
        this.#settling = null;
        if (!this.#stopped) this.#parts.system.after(AGAIN_MS, () => this.#settle());
      },
    );
  }

  async #write(some: readonly Done[]): Promise<void> {
    await this.#parts.deliveries.settle(some.map(({ settled }) => settled));
    for (const { lane, settled } of some) {
      lane.inHand.delete(settled.id);
      lane.more = true;
    }
    for (const { lane, disable } of some) if (disable !== null) await this.#disable(lane, disable);
    for (const lane of new Set(some.map(({ lane }) => lane))) this.#pump(lane);
  }

  async #disable(lane: Lane, { why, silentSince }: Disabling): Promise<void> {
    const { id, version } = lane.endpoint;
    const { webhooks, deliveries, system, onDisabled } = this.#parts;
    if (silentSince !== null) {
      const { lastDeliveredAt } = await deliveries.backlog(id, 1);
      if (lastDeliveredAt !== null && lastDeliveredAt >= silentSince) return;
    }
    const now = await webhooks.get(id);
    // Somebody has given it another address meanwhile: it is tried there.
    if (now === null || now.state === 'disabled' || now.version !== version) return;
    const changed = disabled(now, why, system.now());
    if (!(await webhooks.put(changed, disabledLine(now, changed)))) return;
    this.#close(lane);
    onDisabled(changed);
  }
}

function newLane(endpoint: Endpoint): Lane {
  return {
    endpoint,
    queue: [],
    inHand: new Set(),
    underWay: 0,
    fetching: false,
    more: true,
    failures: 0,
    restSince: Number.NEGATIVE_INFINITY,
    restUntil: Number.NEGATIVE_INFINITY,
    timer: null,
    closed: false,
  };
}

/** Somebody has changed it, perhaps made it good: it is tried at once. */
function renew(lane: Lane, endpoint: Endpoint): void {
  lane.endpoint = endpoint;
  lane.failures = 0;
  lane.restUntil = Number.NEGATIVE_INFINITY;
}

/** It is away or overloaded. What it does not like is another matter: then it is there, and may take the next. */
function isTrouble({ status }: WebhookAnswer): boolean {
  return status === null || status >= 500 || status === 408 || status === 429;
}

function faultAnswer(error: Error, at: number): WebhookAnswer {
  return { at, status: null, ms: 0, error: error.message, body: '' };
}

// A crowd of an ordered campaign that presses at several processes and does not give up: whoever hears "later", or
// nothing, presses again somewhere else; whoever has a ticket asks with it, at one process after the other, until he is
// told. Every press is written down for the checker, and every ticket with what it was answered.

import { setTimeout as wait } from 'node:timers/promises';
import { Pool } from 'undici';
import { monotonicMs } from '../../src/cli/clock.ts';
import { randomFrom } from '../../src/cli/rush/random.ts';
import { TryList } from '../../src/cli/rush/try-list.ts';
import type { Crowd, CrowdResult } from './distributed-crowd.ts';
import { placeIn, saidIn, ticketPath } from './ordered-people.ts';
import { seed } from './seed.ts';

export interface OrderedCrowdOptions {
  campaignId: string;
  /** where to press and to ask, asked anew for each try */
  urls: () => string[];
  quantity: number;
  /** how many people come */
  users: number;
  /** people who press or wait at the same time */
  persons: number;
  /** new people that come in a second, at most */
  perSecond: number;
  /** everybody is given up after this */
  patienceMs: number;
}

/** A ticket, and what its user was told with it. */
export interface ToldTicket {
  userId: string;
  text: string;
  place: number;
  verdict: string;
  seq: number | null;
  code: string | null;
  /** some press of his was not answered: he may stand on the log further ahead */
  unsure: boolean;
}

export interface OrderedResult extends CrowdResult {
  tickets: ToldTicket[];
  /** from the press until the verdict was told, ms, of everybody who was given a ticket at once */
  waitsMs: number[];
  /** presses that were refused without a ticket */
  early: number;
}

export interface OrderedCrowd extends Omit<Crowd, 'result'> {
  /** Somebody whom the test sends is one of them; resolves with his verdict. */
  also(user: number): Promise<string>;
  result: Promise<OrderedResult>;
}

const DOUBLES = 0.15;
const ASK_AGAIN = 0.05;
const AGAIN_MS = 100;
/** after a 503; people are told a second */
const LATER_MS = 600;
const CALL_MAX_MS = 6_000;
const VERDICTS = ['won', 'already_won', 'sold_out', 'closed', 'paused', 'not_open'];

interface Heard {
  /** 0: no answer */
  status: number;
  verdict: string;
  seq: number | null;
  code: string | null;
  ticket: string | null;
}

/** A person and what became of his presses so far. */
interface Person {
  user: number;
  unsure: boolean;
}

/** Sends a crowd. */
export function sendOrderedCrowd(options: OrderedCrowdOptions): OrderedCrowd {
  const people = new People(options);
  return { at: (share) => people.at(share), also: (user) => people.also(user), result: people.run() };
}

class People {
  readonly #options: OrderedCrowdOptions;
  readonly #tries: TryList;
  readonly #random = randomFrom(seed);
  readonly #doors = new Map<string, Pool>();
  readonly #winners = new Set<number>();
  readonly #tickets: ToldTicket[] = [];
  readonly #waitsMs: number[] = [];
  readonly #unresolved: string[] = [];
  readonly #waiting: { count: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  readonly #words: Record<string, number> = {};
  readonly #others: Promise<string>[] = [];
  #next = 0;
  #early = 0;
  #unknown = 0;
  #retries = 0;
  #givenUpMs = Number.POSITIVE_INFINITY;
  #verdictMs = 0;
  #closedMs = 0;

  constructor(options: OrderedCrowdOptions) {
    this.#options = options;
    this.#tries = new TryList(`${options.campaignId}-`, 2 * options.users);
  }

  at(share: number): Promise<void> {
    const count = Math.ceil(share * this.#options.quantity);
    return new Promise((resolve, reject) => {
      if (this.#winners.size >= count) resolve();
      else this.#waiting.push({ count, resolve, reject });
    });
  }

  also(user: number): Promise<string> {
    const told = this.#getTold({ user, unsure: true });
    this.#others.push(told);
    return told;
  }

  async run(): Promise<OrderedResult> {
    const began = monotonicMs();
    this.#givenUpMs = began + this.#options.patienceMs;
    this.#verdictMs = began;
    await Promise.all(Array.from({ length: this.#options.persons }, () => this.#place()));
    await Promise.all(this.#others);
    await Promise.all([...this.#doors.values()].map((door) => door.destroy()));
    for (const { count, reject } of this.#waiting) {
      reject(
        new Error(`the crowd was over with ${this.#winners.size} told wins, before there were ${count}`),
      );
    }
    return {
      tries: this.#tries,
      tickets: this.#tickets,
      waitsMs: this.#waitsMs,
      early: this.#early,
      told: this.#winners.size,
      unknown: this.#unknown,
      retries: this.#retries,
      unresolved: this.#unresolved,
      closedMs: this.#closedMs,
      tookMs: monotonicMs() - began,
      words: this.#words,
    };
  }

  /** One place at the doors, one person after the other. */
  async #place(): Promise<void> {
    const { persons, perSecond, users } = this.#options;
    const betweenMs = (1000 * persons) / perSecond;
    await wait(betweenMs * this.#random());
    while (this.#next < users) {
      const person = { user: this.#next++, unsure: false };
      const began = monotonicMs();
      const presses = this.#random() < DOUBLES ? 2 : 1;
      await Promise.all(Array.from({ length: presses }, () => this.#getTold(person)));
      if (this.#random() < ASK_AGAIN) await this.#getTold(person);
      const restMs = 2 * betweenMs * this.#random() - (monotonicMs() - began);
      if (restMs > 1) await wait(restMs);
    }
  }

  /** A press, and another one as often as nothing is known of it. */
  async #getTold(person: Person): Promise<string> {
    for (let nth = 1; ; nth++) {
      const invokedMs = monotonicMs();
      const pressed = await this.#press(person);
      const heard =
        pressed.ticket === null ? pressed : await this.#ask(person, pressed.ticket, invokedMs, nth);
      this.#write(person, heard, invokedMs);
      if (VERDICTS.includes(heard.verdict)) {
        if (pressed.ticket === null) this.#early += 1;
        return heard.verdict;
      }
      if (monotonicMs() > this.#givenUpMs || (heard.status >= 400 && heard.status < 500)) {
        this.#unresolved.push(`${person.user}: ${heard.status} ${heard.verdict} after ${nth} presses`);
        return 'unresolved';
      }
      this.#retries += 1;
      await wait((heard.status === 503 ? LATER_MS : AGAIN_MS) * (0.5 + this.#random()));
    }
  }

  async #press({ user }: Person): Promise<Heard> {
    const { campaignId } = this.#options;
    const body = JSON.stringify({ userId: this.#tries.nameOf(user) });
    return this.#call('POST', `/v1/campaigns/${campaignId}/claims`, body);
  }

  /** With the ticket, until it is answered with more than "later". */
  async #ask(person: Person, ticket: string, invokedMs: number, nth: number): Promise<Heard> {
    const { campaignId } = this.#options;
    const userId = this.#tries.nameOf(person.user);
    for (;;) {
      const heard = await this.#call('GET', ticketPath(campaignId, ticket, userId, '2s'));
      if (VERDICTS.includes(heard.verdict)) {
        const { verdict, seq, code } = heard;
        if (nth === 1 && !person.unsure) this.#waitsMs.push(monotonicMs() - invokedMs);
        const { unsure } = person;
        this.#tickets.push({ userId, text: ticket, place: placeIn(ticket), verdict, seq, code, unsure });
        return heard;
      }
      const isLate = heard.verdict === 'pending' || heard.status === 0 || heard.status === 503;
      if (!isLate || heard.verdict === 'outcome_unknown' || monotonicMs() > this.#givenUpMs) return heard;
      if (heard.verdict !== 'pending') await wait(AGAIN_MS * (0.5 + this.#random()));
    }
  }

  async #call(method: 'GET' | 'POST', path: string, body?: string): Promise<Heard> {
    try {
      const answer = await this.#door().request({
        method,
        path,
        ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body }),
      });
      const told = { status: answer.statusCode, headers: {}, body: (await answer.body.json()) as object };
      const read = told.body as Record<string, unknown>;
      const ticket = told.status === 202 ? String(read['ticket']) : null;
      return { status: told.status, ...saidIn({ ...told, body: read }), ticket };
    } catch (error) {
      const { code = 'lost' } = error as { code?: string };
      return { status: 0, verdict: code, seq: null, code: null, ticket: null };
    }
  }

  #door(): Pool {
    const urls = this.#options.urls();
    const url = urls[Math.floor(this.#random() * urls.length)] as string;
    const known = this.#doors.get(url);
    if (known !== undefined) return known;
    const limits = { headersTimeout: CALL_MAX_MS, bodyTimeout: CALL_MAX_MS, connectTimeout: CALL_MAX_MS };
    const made = new Pool(url, { connections: 2 * this.#options.persons, ...limits });
    this.#doors.set(url, made);
    return made;
  }

  #write(person: Person, { status, verdict, seq, code }: Heard, invokedMs: number): void {
    const completedMs = monotonicMs();
    const { user } = person;
    // What nobody has answered proves nothing, and may have won.
    const row = { user, claim: 0, invokedMs, completedMs, status, answer: verdict, seq: seq ?? 0, code };
    this.#tries.add(row);
    this.#words[verdict] = (this.#words[verdict] ?? 0) + 1;
    if (!VERDICTS.includes(verdict)) {
      if (verdict !== 'ECONNREFUSED' && verdict !== 'gate_unavailable') {
        this.#unknown += 1;
        person.unsure = true;
      }
      return;
    }
    this.#closedMs = Math.max(this.#closedMs, completedMs - this.#verdictMs);
    this.#verdictMs = completedMs;
    if (seq !== null) this.#won(user);
  }

  #won(user: number): void {
    this.#winners.add(user);
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      const one = this.#waiting[i];
      if (one === undefined || one.count > this.#winners.size) continue;
      this.#waiting.splice(i, 1);
      one.resolve();
    }
  }
}

// A crowd that presses at several processes at once and does not give up: whoever hears "later", or nothing, asks again,
// at another process, until he has his verdict. Every try is written down, for the checker.

import { setTimeout as wait } from 'node:timers/promises';
import { monotonicMs } from '../../src/cli/clock.ts';
import { readAnswer, retryDelayMs } from '../../src/cli/rush/answer.ts';
import { Connection } from '../../src/cli/rush/connection.ts';
import { randomFrom } from '../../src/cli/rush/random.ts';
import { makeRequests, type Requests } from '../../src/cli/rush/request.ts';
import { TryList } from '../../src/cli/rush/try-list.ts';
import { seed } from './seed.ts';

export interface CrowdOptions {
  campaignId: string;
  /** ports of 127.0.0.1 to press at; asked anew for each try */
  ports: () => number[];
  /** told wins after which shares are counted */
  quantity: number;
  /** people who press at the same time */
  persons: number;
  /** new people that come in a second, at most */
  perSecond: number;
  /** the number of the first of them; default 0 */
  firstUser?: number;
  /** how many people come; without it: until everybody at the doors has heard that nothing is left */
  users?: number;
  /** the crowd is given up after this */
  patienceMs: number;
}

export interface CrowdResult {
  tries: TryList;
  /** people who had a verdict: told wins */
  told: number;
  /** tries that may have won without saying so */
  unknown: number;
  /** tries after the first of a press */
  retries: number;
  /** who never got a verdict */
  unresolved: string[];
  /** the longest time in which nobody got a verdict, between the first and the last */
  closedMs: number;
  tookMs: number;
  /** tries by what they heard */
  words: Record<string, number>;
}

export interface Crowd {
  /** Resolves when this share of the quantity has been told; rejects when the crowd is over before that. */
  at(share: number): Promise<void>;
  result: Promise<CrowdResult>;
}

const DOUBLES = 0.15;
const ASK_AGAIN = 0.05;
const NEXT_DOOR_MS = 50;
const TRY_MAX_MS = 6_000;
const VERDICTS = ['won', 'already_won', 'sold_out'];

interface Heard {
  status: number;
  head: string;
  body: string;
  sentMs: number;
}

/** Sends a crowd. */
export function sendCrowd(options: CrowdOptions): Crowd {
  const people = new People(options);
  return { at: (share) => people.at(share), result: people.run() };
}

class People {
  readonly #options: CrowdOptions;
  readonly #tries: TryList;
  readonly #requests: Requests;
  readonly #random = randomFrom(seed);
  readonly #doors = new Map<number, Door>();
  readonly #winners = new Set<number>();
  readonly #unresolved: string[] = [];
  readonly #waiting: { count: number; resolve: () => void; reject: (error: Error) => void }[] = [];
  readonly #words: Record<string, number> = {};
  #next: number;
  #unknown = 0;
  #retries = 0;
  #givenUpMs = Number.POSITIVE_INFINITY;

  constructor(options: CrowdOptions) {
    this.#options = options;
    const { campaignId, quantity, firstUser = 0 } = options;
    this.#next = firstUser;
    const userPrefix = `${campaignId}-`;
    this.#tries = new TryList(userPrefix, 2 * quantity);
    this.#requests = makeRequests({
      hostHeader: 'dibs.test',
      basePath: '',
      campaignId,
      userPrefix,
      jwt: null,
    });
  }

  at(share: number): Promise<void> {
    const count = Math.ceil(share * this.#options.quantity);
    return new Promise((resolve, reject) => {
      if (this.#winners.size >= count) resolve();
      else this.#waiting.push({ count, resolve, reject });
    });
  }

  async run(): Promise<CrowdResult> {
    const began = monotonicMs();
    this.#givenUpMs = began + this.#options.patienceMs;
    await Promise.all(Array.from({ length: this.#options.persons }, () => this.#person()));
    for (const door of this.#doors.values()) door.close();
    for (const { count, reject } of this.#waiting) {
      reject(
        new Error(`the crowd was over with ${this.#winners.size} told wins, before there were ${count}`),
      );
    }
    return {
      tries: this.#tries,
      told: this.#winners.size,
      unknown: this.#unknown,
      retries: this.#retries,
      unresolved: this.#unresolved,
      closedMs: longestSilence(this.#tries),
      tookMs: monotonicMs() - began,
      words: this.#words,
    };
  }

  /** One place at the doors: one after the other, until he who stands there hears that nothing is left. */
  async #person(): Promise<void> {
    const { persons, perSecond, users = Number.POSITIVE_INFINITY } = this.#options;
    const betweenMs = (1000 * persons) / perSecond;
    while (this.#next < users && monotonicMs() < this.#givenUpMs) {
      const user = this.#next++;
      const began = monotonicMs();
      const presses = this.#random() < DOUBLES ? 2 : 1;
      const words = await Promise.all(Array.from({ length: presses }, () => this.#press(user)));
      if (this.#random() < ASK_AGAIN) words.push(await this.#press(user));
      if (users === Number.POSITIVE_INFINITY && words.includes('sold_out')) return;
      const restMs = 2 * betweenMs * this.#random() - (monotonicMs() - began);
      if (restMs > 1) await wait(restMs);
    }
  }

  /** The same press, until it has a verdict. */
  async #press(user: number): Promise<string> {
    let door = this.#door(null);
    for (let nth = 1; ; nth++) {
      const heard = await door.ask(this.#requests.claim(user, 0));
      const answer = this.#write(user, heard);
      // Where nobody is at home one does not wait, but goes to the next door.
      door = this.#door(answer.word === 'unreachable' ? door : null);
      const laterMs = retryDelayMs(heard.status, answer, nth, this.#random);
      const delayMs = answer.word === 'unreachable' ? NEXT_DOOR_MS : laterMs;
      if (delayMs === null) {
        if (!VERDICTS.includes(answer.word)) this.#unresolved.push(`${user}: ${heard.status} ${answer.word}`);
        return answer.word;
      }
      if (monotonicMs() > this.#givenUpMs) {
        this.#unresolved.push(`${user}: ${heard.status} ${answer.word} after ${nth} tries`);
        return 'unresolved';
      }
      this.#retries += 1;
      await wait(delayMs);
    }
  }

  #door(but: Door | null): Door {
    const ports = this.#options.ports().filter((port, _, all) => all.length === 1 || port !== but?.port);
    const port = ports[Math.floor(this.#random() * ports.length)] ?? 0;
    const known = this.#doors.get(port);
    if (known !== undefined) return known;
    const made = new Door(port);
    this.#doors.set(port, made);
    return made;
  }

  #write(user: number, { status, head, body, sentMs }: Heard): { word: string; retryAfterMs: number | null } {
    const read = status === 0 ? null : readAnswer(status, head, body);
    const foreign = read !== null && read.userId !== null && read.userId !== this.#tries.nameOf(user);
    const word = foreign ? 'wrong_person' : (read?.word ?? body);
    const [seq, code] = read === null || foreign ? [0, null] : [read.seq, read.code];
    this.#tries.add({
      user,
      claim: 0,
      invokedMs: sentMs,
      completedMs: monotonicMs(),
      status,
      answer: word,
      seq,
      code,
    });
    this.#words[word] = (this.#words[word] ?? 0) + 1;
    if (word === 'outcome_unknown' || (status === 0 && word !== 'unreachable')) this.#unknown += 1;
    if (seq > 0 && !this.#winners.has(user)) {
      this.#winners.add(user);
      this.#reached();
    }
    return { word, retryAfterMs: read?.retryAfterMs ?? null };
  }

  #reached(): void {
    for (let i = this.#waiting.length - 1; i >= 0; i--) {
      const one = this.#waiting[i];
      if (one === undefined || one.count > this.#winners.size) continue;
      this.#waiting.splice(i, 1);
      one.resolve();
    }
  }
}

/** Two crowds of one campaign as one, the second behind the first. */
export function together(first: CrowdResult, second: CrowdResult): CrowdResult {
  first.tries.addAll(second.tries.columns());
  const words = { ...first.words };
  for (const [word, count] of Object.entries(second.words)) words[word] = (words[word] ?? 0) + count;
  return {
    tries: first.tries,
    told: first.told + second.told,
    unknown: first.unknown + second.unknown,
    retries: first.retries + second.retries,
    unresolved: [...first.unresolved, ...second.unresolved],
    closedMs: first.closedMs,
    tookMs: first.tookMs + second.tookMs,
    words,
  };
}

/** The connections to one port: as many as there are tries at once. */
class Door {
  readonly port: number;
  readonly #target: { host: string; port: number; tls: false };
  readonly #idle: Connection[] = [];
  readonly #asked = new Map<Connection, (heard: Heard) => void>();
  readonly #wanting: { text: string; sinceMs: number; resolve: (heard: Heard) => void }[] = [];
  #closed = false;

  constructor(port: number) {
    this.port = port;
    this.#target = { host: '127.0.0.1', port, tls: false };
  }

  ask(text: string): Promise<Heard> {
    return new Promise((resolve) => {
      const connection = this.#idle.pop();
      if (connection !== undefined) return this.#send(connection, text, resolve);
      this.#wanting.push({ text, sinceMs: monotonicMs(), resolve });
      new Connection(this.#target, this.#events);
    });
  }

  close(): void {
    this.#closed = true;
    for (const connection of this.#idle) connection.end('connection_lost');
  }

  readonly #events = {
    ready: (connection: Connection): void => {
      const next = this.#wanting.shift();
      if (next !== undefined) this.#send(connection, next.text, next.resolve);
      else if (this.#closed) connection.end('connection_lost');
      else this.#idle.push(connection);
    },
    answered: (connection: Connection, status: number, head: string, body: string): void => {
      const told = this.#asked.get(connection);
      this.#asked.delete(connection);
      told?.({ status, head, body, sentMs: connection.sentMs });
    },
    lost: (connection: Connection, reason: string): void => {
      const at = this.#idle.indexOf(connection);
      if (at >= 0) this.#idle.splice(at, 1);
      const told = this.#asked.get(connection);
      this.#asked.delete(connection);
      if (told !== undefined) return told({ status: 0, head: '', body: reason, sentMs: connection.sentMs });
      if (connection.sentMs > 0) return;
      // It never stood: one of those who wait for a connection hears so.
      const next = this.#wanting.shift();
      next?.resolve({ status: 0, head: '', body: reason, sentMs: next.sinceMs });
    },
  };

  #send(connection: Connection, text: string, resolve: (heard: Heard) => void): void {
    const tooLong = setTimeout(() => connection.end('timeout'), TRY_MAX_MS);
    this.#asked.set(connection, (heard) => {
      clearTimeout(tooLong);
      resolve(heard);
    });
    connection.send(text, null);
  }
}

/** The longest time between two answers that were verdicts, in ms. */
function longestSilence(tries: TryList): number {
  const verdicts = new Set(VERDICTS.map((word) => tries.answers.indexOf(word)));
  const at: number[] = [];
  for (let row = 0; row < tries.length; row++) {
    if (verdicts.has(tries.answer[row] ?? -1)) at.push(tries.completedMs[row] ?? 0);
  }
  at.sort((a, b) => a - b);
  return at.reduce((longest, ms, i) => Math.max(longest, ms - (at[i - 1] ?? ms)), 0);
}

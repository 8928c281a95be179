/**
 * One generator: sends its share of the plan over its connections, asks again where the answer says so, and
 * writes every try down. It decides nothing about right or wrong; that is the checker's.
 */
import { after, every, monotonicMs } from '../clock.ts';
import { type Lost, readAnswer, retryDelayMs } from './answer.ts';
import { Connection, type CutAt, type Target } from './connection.ts';
import { type CrowdOptions, type Plan, planCrowd } from './plan.ts';
import { randomFrom } from './random.ts';
import { makeRequests, type RequestOptions, type Requests } from './request.ts';
import { TryList } from './try-list.ts';
import { Waiting } from './waiting.ts';

/** How presses arrive: as fast as answers come back, at a rate, or in bursts of `size` every `gapMs`. */
export type Pace =
  | { kind: 'closed' }
  | { kind: 'rate'; perSecond: number }
  | { kind: 'burst'; size: number; gapMs: number };

export interface GeneratorOptions {
  readonly target: Target;
  readonly request: RequestOptions;
  readonly crowd: CrowdOptions;
  readonly connections: number;
  readonly pace: Pace;
  /** This generator takes every `of`-th press of the plan, beginning with `index`. */
  readonly share: { readonly index: number; readonly of: number };
  /** How often one press is sent at most. */
  readonly triesMax: number;
  /** How long one press is asked again, and how long an unreachable server is waited for. */
  readonly patienceMs: number;
  readonly timeoutMs: number;
}

export interface Progress {
  presses: number;
  finished: number;
  tries: number;
  /** Presses given up without a final answer. */
  unresolved: number;
  /** Tries by verdict, problem code or what cut them short. */
  words: Record<string, number>;
}

interface Job {
  readonly user: number;
  readonly claim: number;
  asksAgain: boolean;
  tries: number;
  /** When it was due for the first time; with a rate, waiting for a free connection counts as latency. */
  firstMs: number;
  location: string | null;
}

/** Connecting all at once overruns the accept queue of most servers. */
const connectingMax = 200;
const openingMs = 5000;

export class Generator {
  readonly tries: TryList;
  readonly progress: Progress;
  readonly #options: GeneratorOptions;
  readonly #plan: Plan;
  readonly #requests: Requests;
  readonly #random: () => number;
  readonly #connections = new Set<Connection>();
  readonly #idle: Connection[] = [];
  readonly #flying = new Map<Connection, Job>();
  readonly #waiting = new Waiting<Job>();
  #connecting = 0;
  #planned: number;
  #startMs = Number.POSITIVE_INFINITY;
  #unreachableSinceMs = 0;
  #reconnecting = false;
  #stopped = false;
  #cancelWake: (() => void) | null = null;
  #wakeAtMs = Number.POSITIVE_INFINITY;
  #onOpen: (() => void) | null = null;
  #onDone: (() => void) | null = null;

  constructor(options: GeneratorOptions) {
    const { crowd, share } = options;
    this.#options = options;
    this.#plan = planCrowd(crowd);
    this.#planned = share.index;
    this.#requests = makeRequests(options.request);
    this.#random = randomFrom(crowd.seed + 1 + share.index);
    const presses = Math.max(0, Math.ceil((this.#plan.length - share.index) / share.of));
    this.tries = new TryList(crowd.userPrefix, Math.ceil(presses * 1.2) + 16);
    this.progress = { presses, finished: 0, tries: 0, unresolved: 0, words: {} };
  }

  /** Opens the connections; true when at least one stands. */
  async open(): Promise<boolean> {
    const opened = new Promise<void>((resolve) => {
      this.#onOpen = resolve;
    });
    const cancel = after(openingMs, () => this.#onOpen?.());
    this.#connectMore();
    await opened;
    cancel();
    this.#onOpen = null;
    return this.#idle.length > 0;
  }

  /** Sends everything, beginning at `startMs` of the shared clock; ends when every press has its answer. */
  async run(startMs: number): Promise<void> {
    this.#startMs = startMs;
    const done = new Promise<void>((resolve) => {
      this.#onDone = resolve;
    });
    if (this.progress.presses === 0) this.stop();
    const stopSweeping = every(100, () => this.#sweep());
    this.#pump();
    await done;
    stopSweeping();
    this.#cancelWake?.();
    for (const connection of this.#connections) connection.end('connection_lost');
  }

  /** Ends early: what is under way is written down as unknown. */
  stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const [connection, job] of this.#flying) this.#record(job, connection.sentMs, 0, 'connection_lost');
    this.progress.unresolved += this.progress.presses - this.progress.finished;
    this.#flying.clear();
    this.#onOpen?.();
    this.#onDone?.();
  }

  #connectMore(): void {
    while (
      !this.#stopped &&
      this.#connecting < connectingMax &&
      this.#connections.size < this.#options.connections
    ) {
      this.#connecting++;
      this.#connections.add(new Connection(this.#options.target, this.#events));
    }
  }

  readonly #events = {
    ready: (connection: Connection): void => {
      if (connection.sentMs === 0) this.#connected();
      const job = this.#next();
      if (job) this.#send(connection, job);
      else {
        this.#idle.push(connection);
        this.#rest();
      }
    },
    answered: (connection: Connection, status: number, head: string, body: string): void => {
      const job = this.#flying.get(connection);
      if (!job) return;
      this.#flying.delete(connection);
      this.#heard(job, connection, status, head, body);
    },
    lost: (connection: Connection, reason: Lost): void => this.#lost(connection, reason),
  };

  #connected(): void {
    this.#connecting--;
    this.#unreachableSinceMs = 0;
    this.#connectMore();
    if (this.#connecting === 0) this.#onOpen?.();
  }

  #lost(connection: Connection, reason: Lost): void {
    this.#connections.delete(connection);
    const at = this.#idle.indexOf(connection);
    if (at >= 0) this.#idle.splice(at, 1);
    const job = this.#flying.get(connection);
    this.#flying.delete(connection);
    if (this.#stopped || this.progress.finished === this.progress.presses) return;
    if (job) {
      this.#record(job, connection.sentMs, 0, reason);
      this.#again(job, retryDelayMs(0, { word: reason, retryAfterMs: null }, job.tries, this.#random));
    }
    if (reason === 'unreachable') this.#unreachable();
    else this.#connectMore();
    this.#pump();
  }

  #unreachable(): void {
    const nowMs = monotonicMs();
    this.#connecting--;
    this.#unreachableSinceMs ||= nowMs;
    if (this.#onOpen) {
      if (this.#connecting === 0) this.#onOpen();
    } else if (nowMs - this.#unreachableSinceMs > this.#options.patienceMs) this.stop();
    else if (!this.#reconnecting) {
      this.#reconnecting = true;
      after(100, () => {
        this.#reconnecting = false;
        this.#connectMore();
      });
    }
  }

  /** The next job whose time has come: those who were told to come back go before those who have not been. */
  #next(): Job | undefined {
    const nowMs = monotonicMs();
    if (nowMs < this.#startMs || this.#stopped) return undefined;
    const back = this.#waiting.take(nowMs);
    if (back || this.#planned >= this.#plan.length) return back;
    const dueMs = this.#dueMs(this.#planned);
    if (dueMs > nowMs) return undefined;
    const press = this.#plan.pressAt(this.#planned);
    this.#planned += this.#options.share.of;
    return { ...press, tries: 0, firstMs: dueMs, location: null };
  }

  #dueMs(index: number): number {
    const { pace } = this.#options;
    if (pace.kind === 'rate') return this.#startMs + (index * 1000) / pace.perSecond;
    if (pace.kind === 'burst') return this.#startMs + Math.floor(index / pace.size) * pace.gapMs;
    return this.#startMs;
  }

  #pump(): void {
    for (let connection = this.#idle.pop(); connection; connection = this.#idle.pop()) {
      const job = this.#next();
      if (!job) {
        this.#idle.push(connection);
        break;
      }
      this.#send(connection, job);
    }
    this.#rest();
  }

  /** Some connections have nothing to do now: sets the one timer for what is due next. */
  #rest(): void {
    if (this.#startMs === Number.POSITIVE_INFINITY || this.#idle.length === 0) return;
    const planned = this.#planned < this.#plan.length ? this.#dueMs(this.#planned) : Number.POSITIVE_INFINITY;
    const dueMs = Math.min(this.#waiting.nextDueMs, planned);
    if (dueMs >= this.#wakeAtMs) return;
    this.#cancelWake?.();
    this.#wakeAtMs = dueMs;
    this.#cancelWake = after(Math.max(1, dueMs - monotonicMs()), () => {
      this.#wakeAtMs = Number.POSITIVE_INFINITY;
      this.#pump();
    });
  }

  #send(connection: Connection, job: Job): void {
    job.tries++;
    this.#flying.set(connection, job);
    const { cutRatio } = this.#options.crowd;
    let cutAt: CutAt = null;
    if (cutRatio > 0 && this.#random() < cutRatio) cutAt = this.#random() < 0.5 ? 'sent' : 'answered';
    const { user, claim, location } = job;
    const text =
      location === null ? this.#requests.claim(user, claim) : this.#requests.ticket(user, location);
    connection.send(text, cutAt);
    if (this.#options.pace.kind === 'closed' && job.tries === 1) job.firstMs = connection.sentMs;
  }

  #heard(job: Job, connection: Connection, status: number, head: string, body: string): void {
    const answer = readAnswer(status, head, body);
    const forAnother = answer.userId !== null && answer.userId !== this.tries.nameOf(job.user);
    const told = forAnother ? { word: 'wrong_person', seq: 0, code: null } : answer;
    this.#record(job, connection.sentMs, status, told.word, told.seq, told.code);
    if (answer.word === 'pending') {
      job.tries--;
      job.location = answer.location ?? job.location;
    }
    this.#again(job, retryDelayMs(status, answer, job.tries, this.#random));
  }

  #record(
    job: Job,
    sentMs: number,
    status: number,
    answer: string,
    seq = 0,
    code: string | null = null,
  ): void {
    const { user, claim } = job;
    const invokedMs = job.tries === 1 ? Math.min(job.firstMs, sentMs) : sentMs;
    this.tries.add({ user, claim, invokedMs, completedMs: monotonicMs(), status, answer, seq, code });
    this.progress.tries++;
    this.progress.words[answer] = (this.progress.words[answer] ?? 0) + 1;
  }

  /** Has the press sent again after the delay; without one it is done, unless its person asks once more. */
  #again(job: Job, delayMs: number | null): void {
    const nowMs = monotonicMs();
    const { triesMax, patienceMs } = this.#options;
    if (delayMs !== null && job.tries < triesMax && nowMs + delayMs - job.firstMs < patienceMs) {
      this.#waiting.add(nowMs + delayMs, job);
    } else if (delayMs === null && job.asksAgain) {
      job.asksAgain = false;
      job.location = null;
      this.#waiting.add(nowMs + 1 + this.#random() * 20, job);
    } else {
      if (delayMs !== null) this.progress.unresolved++;
      this.progress.finished++;
    }
    if (this.progress.finished === this.progress.presses) this.#onDone?.();
  }

  /** One sweep for all deadlines, instead of a timer for each request. */
  #sweep(): void {
    const lateMs = monotonicMs() - this.#options.timeoutMs;
    for (const connection of this.#flying.keys()) if (connection.sentMs < lateMs) connection.end('timeout');
  }
}

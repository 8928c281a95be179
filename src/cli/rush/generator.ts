/**
 * One generator: sends its share of the plan over its connections, asks again where the answer says so, and
 * writes every try down. It decides nothing about right or wrong; that is the checker's.
 */
import { after, every, monotonicMs } from '../clock.ts';
import { type Answer, type Lost, readAnswer, retryDelayMs } from './answer.ts';
import { Connection, type CutAt } from './connection.ts';
import type { GeneratorOptions } from './generator-options.ts';
import { comeBack, type Job, newJob, pressAgain, stepOn } from './job.ts';
import { type Plan, planCrowd } from './plan.ts';
import { PressList } from './press-list.ts';
import { emptyProgress, type Progress } from './progress.ts';
import { randomFrom } from './random.ts';
import { makeRequests, type Requests } from './request.ts';
import { TryList } from './try-list.ts';
import { Waiting } from './waiting.ts';

/** Of the connections, the share that may be held for an answer that is not there yet, and of the questions. */
const heldShare = 0.25;
const holdShare = { inLine: 0.1, onLog: 0.5 };
const holdMaxMs = 5000;

/** Connecting all at once overruns the accept queue of most servers. */
const connectingMax = 200;
const openingMs = 5000;

export class Generator {
  readonly tries: TryList;
  readonly presses: PressList;
  readonly progress: Progress;
  readonly #options: GeneratorOptions;
  readonly #plan: Plan;
  readonly #requests: Requests;
  readonly #random: () => number;
  readonly #connections = new Set<Connection>();
  readonly #idle: Connection[] = [];
  readonly #flying = new Map<Connection, Job>();
  readonly #waiting = new Waiting<Job>();
  readonly #held = new Set<Connection>();
  readonly #holdMs: number;
  #newcomersTurn = false;
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
    this.#holdMs = 1000 * Math.ceil(Math.min(holdMaxMs, options.timeoutMs / 2) / 1000);
    this.#random = randomFrom(crowd.seed + 1 + share.index);
    const presses = Math.max(0, Math.ceil((this.#plan.length - share.index) / share.of));
    this.tries = new TryList(crowd.userPrefix, Math.ceil(presses * 1.2) + 16);
    this.presses = new PressList(presses);
    this.progress = emptyProgress(presses);
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
    for (const [connection, job] of this.#flying) {
      if (job.step === 'press') this.#record(job, connection.sentMs, 0, 'connection_lost');
    }
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
      this.#heard(job, connection, this.#waitedUntil(connection), status, readAnswer(status, head, body));
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
    this.#held.delete(connection);
    if (this.#stopped || this.progress.finished === this.progress.presses) return;
    if (job) {
      if (job.step === 'press') this.#record(job, connection.sentMs, 0, reason);
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

  /** The next job whose time has come: by turns of those who come back and of those who have not been. */
  #next(): Job | undefined {
    const nowMs = monotonicMs();
    if (nowMs < this.#startMs || this.#stopped) return undefined;
    this.#newcomersTurn = !this.#newcomersTurn;
    if (this.#newcomersTurn) return this.#newcomer(nowMs) ?? this.#waiting.take(nowMs);
    return this.#waiting.take(nowMs) ?? this.#newcomer(nowMs);
  }

  #newcomer(nowMs: number): Job | undefined {
    if (this.#planned >= this.#plan.length) return undefined;
    const dueMs = this.#dueMs(this.#planned);
    if (dueMs > nowMs) return undefined;
    const press = this.#plan.pressAt(this.#planned);
    this.#planned += this.#options.share.of;
    return newJob(press, dueMs);
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
    connection.send(this.#textOf(connection, job), cutAt);
    const { sentMs } = connection;
    if (job.step === 'leave') this.presses.leaves(job.row, sentMs);
    if (job.step !== 'press' || job.tries > 1) return;
    if (this.#options.pace.kind === 'closed' || job.location !== null) job.firstMs = sentMs;
    if (job.row < 0)
      job.row = this.presses.begin(job.user, job.claim, Math.min(job.firstMs, sentMs), job.answered);
  }

  #textOf(connection: Connection, job: Job): string {
    const { step, user, claim, location } = job;
    if (step === 'press' || location === null) return this.#requests.claim(user, claim);
    if (step === 'leave') return this.#requests.leave(user);
    this.progress.asks++;
    const { connections } = this.#options;
    const share = job.inLine ? holdShare.inLine : holdShare.onLog;
    const holds = step === 'ask' && this.#held.size < connections * heldShare && this.#random() < share;
    if (!holds) return this.#requests.ticket(user, location);
    this.#held.add(connection);
    return this.#requests.ticket(user, location, this.#holdMs);
  }

  #heard(job: Job, connection: Connection, trueMs: number, status: number, answer: Answer): void {
    const { sentMs } = connection;
    if (job.step === 'leave') return this.#heardLeave(job, sentMs, status, answer);
    const forAnother = answer.userId !== null && answer.userId !== this.tries.nameOf(job.user);
    const told = forAnother ? { word: 'wrong_person', seq: 0, code: null } : answer;
    const delayMs = retryDelayMs(status, answer, job.tries, this.#random);
    const final = answer.word !== 'pending' && delayMs === null;
    // Whoever waits asks so often that only his last word is kept, beside what the line looked like.
    if (job.step !== 'ask' || final) this.#record(job, sentMs, status, told.word, told.seq, told.code);
    if (job.step === 'ask again') return this.#again(job, null);
    if (answer.word === 'pending') return this.#pending(job, trueMs, answer);
    if (final && trueMs > sentMs) this.presses.waitedUntil(job.row, trueMs);
    if (final) this.#ended(job, told.word);
    if (final && (answer.word === 'left' || answer.word === 'expired')) job.asksAgain = false;
    this.#again(job, delayMs);
  }

  /** Until when it is certain that its person was left waiting: a question that was held to its end was not answered before. */
  #waitedUntil(connection: Connection): number {
    const { sentMs } = connection;
    const wasHeld = this.#held.delete(connection) && monotonicMs() - sentMs >= this.#holdMs;
    return wasHeld ? sentMs + this.#holdMs : sentMs;
  }

  /** Durably on its way: its person has a ticket, and waits. */
  #pending(job: Job, trueMs: number, answer: Answer): void {
    const nowMs = monotonicMs();
    const { place } = answer;
    if (place) {
      const { progress } = this;
      if (job.location === null) progress.waiting++;
      else if (job.step === 'press') this.#placedAgain(job, place.position, nowMs);
      progress.waitingMost = Math.max(progress.waitingMost, progress.waiting);
      progress.serving = Math.max(progress.serving, place.serving);
      job.location = answer.location ?? job.location ?? this.#requests.locationOf(place.ticket);
      this.presses.pending(job.row, place, trueMs, nowMs);
    }
    job.asked++;
    const delayMs = stepOn(job, answer, nowMs, this.#random);
    if (nowMs - job.firstMs < this.#options.linePatienceMs) job.patientSinceMs = nowMs;
    this.#again(job, delayMs);
  }

  /** Who presses once more too late has lost his place, and may have got another. */
  #placedAgain(job: Job, position: number, nowMs: number): void {
    const before = this.presses.position[job.row] ?? 0;
    if (before === 0 || before === position) return;
    this.presses.ended(job.row, 'expired', nowMs);
    job.row = this.presses.begin(job.user, job.claim, job.firstMs, job.answered);
    job.confirmed = null;
  }

  /** Out of the line, unless it was too late for that: then his verdict is what he asks for. */
  #heardLeave(job: Job, sentMs: number, status: number, answer: Answer): void {
    const laterMs = retryDelayMs(status, answer, job.tries, this.#random);
    if (laterMs !== null && answer.word !== 'pending') return this.#again(job, laterMs);
    job.leaves = false;
    const left = status >= 200 && status < 300 && answer.seq === 0;
    if (!left) {
      job.step = 'ask';
      job.tries = 0;
      return this.#again(job, 20);
    }
    this.#record(job, sentMs, status, 'left');
    this.#ended(job, 'left');
    job.asksAgain = false;
    if (!job.comesBack) return this.#again(job, null);
    this.#waiting.add(monotonicMs() + comeBack(job, monotonicMs(), this.#random), job);
  }

  /** What its person was told in the end. */
  #ended(job: Job, word: string): void {
    if (this.presses.hasEnded(job.row)) return;
    if (job.location !== null) this.progress.waiting--;
    this.presses.ended(job.row, word, monotonicMs());
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
    const isFirst = job.step === 'press' && job.tries === 1 && job.location === null;
    const invokedMs = isFirst ? Math.min(job.firstMs, sentMs) : sentMs;
    this.tries.add({ user, claim, invokedMs, completedMs: monotonicMs(), status, answer, seq, code });
    this.progress.tries++;
    this.progress.words[answer] = (this.progress.words[answer] ?? 0) + 1;
  }

  /** Has the press sent again after the delay; without one it is done, unless its person asks once more. */
  #again(job: Job, delayMs: number | null): void {
    const nowMs = monotonicMs();
    const { triesMax, patienceMs } = this.#options;
    const patient = job.tries < triesMax && nowMs + (delayMs ?? 0) - job.patientSinceMs < patienceMs;
    if (delayMs !== null && patient) this.#waiting.add(nowMs + delayMs, job);
    else if (delayMs === null && job.asksAgain) this.#asksAgain(job, nowMs + 1 + this.#random() * 20);
    else {
      if (delayMs !== null) this.progress.unresolved++;
      this.progress.finished++;
    }
    if (this.progress.finished === this.progress.presses) this.#onDone?.();
  }

  /** Somebody who had his answer wants to hear it again: by his ticket if he has one, or by another press. */
  #asksAgain(job: Job, dueMs: number): void {
    job.asksAgain = false;
    job.answered = true;
    if (job.location !== null && this.#random() < 0.5) {
      job.step = 'ask again';
      job.tries = 0;
    } else pressAgain(job, dueMs);
    this.#waiting.add(dueMs, job);
  }

  /** One sweep for all deadlines, instead of a timer for each request. */
  #sweep(): void {
    const lateMs = monotonicMs() - this.#options.timeoutMs;
    for (const connection of this.#flying.keys()) if (connection.sentMs < lateMs) connection.end('timeout');
  }
}

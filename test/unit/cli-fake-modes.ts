/**
 * The stand-in's two other modes: a line that moves at a pace, and a log that is decided in order a moment later. Each
 * can be told to lie in ways that only people who wait can see.
 */

/** One way of being wrong while people wait, each against another rule of the checker. */
export type WaitingLie =
  | 'shared-number'
  | 'second-place'
  | 'moving-position'
  | 'serving-back'
  | 'longer-wait'
  | 'skip'
  | 'backwards'
  | 'keep-waiting'
  | 'forget-verdict'
  | 'lose-early';

export interface FakeAnswer {
  status: number;
  body: unknown;
  headers?: Record<string, string>;
}

export interface FakeWin {
  seq: number;
  userId: string;
  code: string;
  id: string;
  status: string;
  wonAt: string;
}

interface Try {
  number: number;
  userId: string;
  stage: 'waiting' | 'offered' | 'won' | 'sold_out' | 'left' | 'expired';
  confirmed: boolean;
  confirmByMs: number;
  told: number;
  refused: number;
}

export interface FakeLine {
  perSecond?: number;
  confirmWithinMs?: number;
  /** Nobody is let in before so many people have come: however slow a machine is, they wait together. */
  heldUntil?: number;
}

export interface FakeWaitingOptions extends FakeLine {
  mode: 'ordered' | 'queued';
  quantity: number;
  /** Gives a unit; the winner's record and seq are the server's. */
  win: (userId: string) => FakeWin;
  winOf: (userId: string) => FakeWin | undefined;
  lie: () => WaitingLie | string | null;
}

const stepMs = 20;
const problem = (status: number, code: string): FakeAnswer => ({
  status,
  body: { type: `/problems/${code}`, title: code, status, code, verdict: code },
  headers: { 'content-type': 'application/problem+json' },
});

export class FakeWaiting {
  readonly #options: FakeWaitingOptions;
  readonly #tries: Try[] = [];
  readonly #latest = new Map<string, Try>();
  readonly #timer: NodeJS.Timeout;
  #serving = 0;
  #credit = 1;
  #won = 0;
  #steppedMs = Date.now();
  #soldOutMs = Number.POSITIVE_INFINITY;

  constructor(options: FakeWaitingOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#step(), stepMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  press(userId: string): FakeAnswer {
    const held = this.#options.winOf(userId);
    if (held) return { status: 200, body: { verdict: 'already_won', claim: held } };
    const before = this.#latest.get(userId);
    if (before?.stage === 'offered') before.confirmed = true;
    const lie = this.#options.lie();
    const again =
      before && (before.stage === 'waiting' || before.stage === 'offered') && lie !== 'second-place';
    if (!again && this.#over()) return problem(409, 'sold_out');
    const known = again ? before : this.#join(userId);
    return this.#shown(known, 202);
  }

  ask(ticket: string): FakeAnswer {
    const entry = this.#tries[Number(ticket.slice(2)) - 1];
    return entry ? this.#shown(entry, 200) : problem(404, 'no_claim');
  }

  leave(userId: string): FakeAnswer {
    const entry = this.#latest.get(userId);
    if (entry?.stage !== 'waiting') return problem(409, 'not_waiting');
    entry.stage = 'left';
    return { status: 200, body: { verdict: 'closed', reason: 'left' } };
  }

  #join(userId: string): Try {
    const shared = this.#options.lie() === 'shared-number' && this.#tries.length === 5;
    const number = shared ? 5 : this.#tries.length + 1;
    const entry: Try = {
      number,
      userId,
      stage: 'waiting',
      confirmed: false,
      confirmByMs: 0,
      told: 0,
      refused: 0,
    };
    this.#tries.push(entry);
    this.#latest.set(userId, entry);
    return entry;
  }

  #over(): boolean {
    return this.#won >= this.#options.quantity;
  }

  #shown(entry: Try, status: number): FakeAnswer {
    const lie = this.#options.lie();
    const win = this.#options.winOf(entry.userId);
    if (entry.stage === 'won' && win) return { status: 200, body: { verdict: 'won', claim: win } };
    if (entry.stage === 'left' || entry.stage === 'expired') {
      return { status: 200, body: { verdict: 'closed', reason: entry.stage } };
    }
    const forgets = lie === 'forget-verdict' && entry.stage === 'sold_out' && entry.refused++ > 0;
    const keepsWaiting = lie === 'keep-waiting' && Date.now() < this.#soldOutMs + 1500;
    if (entry.stage === 'sold_out' && !forgets && !keepsWaiting) {
      return status === 202 ? problem(409, 'sold_out') : { status: 200, body: { verdict: 'sold_out' } };
    }
    const ticket = `t-${this.#tries.indexOf(entry) + 1}`;
    const place = this.#options.mode === 'queued' ? this.#placeOf(entry) : {};
    const location = `/v1/campaigns/c/claims/${ticket}`;
    return {
      status,
      body: { verdict: 'pending', ticket, retryAfterMs: 30, ...place },
      headers: { location },
    };
  }

  #placeOf(entry: Try): Record<string, unknown> {
    const lie = this.#options.lie();
    entry.told++;
    const ahead = this.#tries.filter(
      (other) => other.stage === 'waiting' && other.number < entry.number,
    ).length;
    const waits = (1000 * (ahead + 1)) / (this.#options.perSecond ?? 1);
    return {
      position: entry.number + (lie === 'moving-position' && entry.told === 3 ? 1 : 0),
      servingNumber: lie === 'serving-back' && entry.told === 3 ? 0 : this.#serving,
      ahead,
      estimatedWaitMs: Math.ceil(waits) + (lie === 'longer-wait' && entry.told > 3 ? 60_000 : 0),
      waitReason: null,
      ...(entry.stage === 'offered' && { confirmBy: new Date(entry.confirmByMs).toISOString() }),
    };
  }

  #step(): void {
    if (this.#options.mode === 'ordered') this.#decideAll();
    else this.#letIn();
    if (!this.#over()) return;
    this.#soldOutMs = Math.min(this.#soldOutMs, Date.now());
    for (const entry of this.#tries) if (entry.stage === 'waiting') entry.stage = 'sold_out';
  }

  #decideAll(): void {
    const lie = this.#options.lie();
    const waiting = this.#tries.filter((entry) => entry.stage === 'waiting');
    for (const entry of lie === 'backwards' ? waiting.toReversed() : waiting) {
      if (lie === 'lose-early' && entry.number === 3) entry.stage = 'sold_out';
      else if (this.#options.winOf(entry.userId)) entry.stage = 'won';
      else if (!this.#over()) this.#give(entry);
    }
  }

  #letIn(): void {
    const { perSecond = 1, confirmWithinMs = 0, quantity, heldUntil = 0 } = this.#options;
    const lie = this.#options.lie();
    const nowMs = Date.now();
    this.#credit = Math.min(perSecond, this.#credit + (perSecond * (nowMs - this.#steppedMs)) / 1000);
    this.#steppedMs = nowMs;
    if (this.#tries.length < heldUntil) {
      this.#credit = 1;
      return;
    }
    const order = lie === 'backwards' ? this.#tries.toReversed() : this.#tries;
    for (const entry of order) {
      if (entry.stage === 'offered') this.#offered(entry);
      const offered = this.#tries.filter((other) => other.stage === 'offered').length;
      if (entry.stage !== 'waiting' || this.#credit < 1 || this.#won + offered >= quantity) continue;
      if (lie === 'skip' && entry.number === 3) continue;
      this.#credit--;
      this.#serving = Math.max(this.#serving, entry.number);
      entry.confirmByMs = Date.now() + confirmWithinMs;
      if (confirmWithinMs > 0) entry.stage = 'offered';
      else this.#give(entry);
    }
  }

  #offered(entry: Try): void {
    if (entry.confirmed) this.#give(entry);
    else if (Date.now() > entry.confirmByMs) entry.stage = 'expired';
  }

  #give(entry: Try): void {
    entry.stage = 'won';
    this.#won++;
    this.#options.win(entry.userId);
  }
}

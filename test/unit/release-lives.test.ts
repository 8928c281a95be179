// Protects: whatever people, operators, the disk and crashes do in whatever order, nobody loses a place that he was told,
// no number is given twice, people win in the order of their places, and what was told never goes back.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Found, Outcome, PlaceTold } from '../../src/flow/outcome.ts';
import type { QueuedBench } from '../support/queued-bench.ts';
import { makeQueuedBench, settled } from '../support/queued-bench.ts';
import { seed } from '../support/seed.ts';

type Happening =
  | { do: 'press' | 'leave' | 'look'; user: number }
  | { do: 'step'; count: number }
  | { do: 'through'; count: number }
  | { do: 'pace'; perSecond: number }
  | { do: 'fail' | 'pause' | 'resume' | 'more' | 'crash' };

const USERS = 9;
const user = fc.nat({ max: USERS - 1 });
const just = <Do extends string>(what: Do) => fc.constant({ do: what });
const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('press' as const), user }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('look' as const), user }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('leave' as const), user }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('step' as const), count: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('through' as const), count: fc.integer({ min: 1, max: 6 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('pace' as const), perSecond: fc.constantFrom(5, 20, 100) }),
  },
  { weight: 1, arbitrary: fc.oneof(just('fail' as const), just('pause' as const), just('more' as const)) },
  { weight: 2, arbitrary: fc.oneof(just('crash' as const), just('resume' as const)) },
);

/** What was told so far, as it was when somebody asked: his answer may not be behind it. */
interface Heard {
  /** units there were */
  quantity: number;
  serving: number;
  /** by number */
  ahead: ReadonlyMap<number, number>;
  waitMs: ReadonlyMap<number, number>;
}

/** Everything that anybody was told so far, and whether the next may be said after it. */
class Ears {
  readonly places = new Map<string, number>();
  readonly won = new Map<string, number>();
  readonly #ofNumber = new Map<number, string>();
  #heard: Heard = { quantity: 0, serving: 0, ahead: new Map(), waitMs: new Map() };

  heard(): Heard {
    return this.#heard;
  }

  hear(userId: string, told: PlaceTold, before: Heard): void {
    const { position, servingNumber, ahead, estimatedWaitMs, waitReason } = told;
    expect(servingNumber).toBeGreaterThanOrEqual(before.serving);
    if (position === null || ahead === null) throw new Error('a place without a number');
    expect(this.#ofNumber.get(position) ?? userId).toBe(userId);
    this.#ofNumber.set(position, userId);
    expect(this.places.get(userId) ?? position, `the place of ${userId}`).toBe(position);
    this.places.set(userId, position);
    expect(ahead, `ahead of ${position}`).toBeLessThanOrEqual(before.ahead.get(position) ?? ahead);
    if (waitReason === null) {
      expect(estimatedWaitMs).toBeLessThanOrEqual(before.waitMs.get(position) ?? Number(estimatedWaitMs));
    }
    const { serving, waitMs } = this.#heard;
    this.#heard = {
      quantity: 0,
      serving: Math.max(serving, servingNumber),
      ahead: new Map(this.#heard.ahead).set(position, ahead),
      waitMs: estimatedWaitMs === null ? waitMs : new Map(waitMs).set(position, estimatedWaitMs),
    };
  }

  /** That the pace was set lower is said until the process ends; the next one knows no other pace. */
  forgetWaits(): void {
    this.#heard = { ...this.#heard, waitMs: new Map() };
  }

  hearWin(userId: string, seq: number): void {
    expect(this.won.get(userId) ?? seq).toBe(seq);
    this.won.set(userId, seq);
  }
}

/** One life: the bench of now, what was told, and who has asked to leave. */
class Life {
  bench: QueuedBench;
  readonly ears = new Ears();
  /** whoever has asked to leave may have: then his place is another one */
  readonly leaving = new Set<string>();
  readonly wrong: unknown[] = [];

  constructor(bench: QueuedBench) {
    this.bench = bench;
  }

  /** Takes an answer in, unless its process is gone; what is wrong with it is said when everybody has been heard. */
  #hear(bench: QueuedBench, take: () => void): void {
    if (bench !== this.bench) return;
    try {
      take();
    } catch (error) {
      this.wrong.push(error);
    }
  }

  #told(userId: string, outcome: Outcome, before: Heard): void {
    if ('claim' in outcome) {
      const { seq } = outcome.claim;
      expect(this.bench.log.durable.find((fact) => fact.seq === seq)?.userId).toBe(userId);
      this.ears.hearWin(userId, seq);
    } else if (outcome.verdict === 'pending') this.#place(userId, outcome.place as PlaceTold, before);
    else this.#soldOut(outcome.verdict, before);
  }

  #found(userId: string, found: Found, before: Heard): void {
    if (found.kind === 'waiting') this.#place(userId, found.pending.place as PlaceTold, before);
    if (found.kind === 'claim') this.ears.hearWin(userId, found.claim.seq);
    if (found.kind === 'refused') this.#soldOut(found.verdict, before);
  }

  #place(userId: string, place: PlaceTold, before: Heard): void {
    if (this.leaving.has(userId)) this.ears.places.delete(userId);
    this.ears.hear(userId, place, before);
  }

  #soldOut(verdict: string, { quantity }: Heard): void {
    if (verdict === 'sold_out') expect(this.bench.log.durable.length).toBeGreaterThanOrEqual(quantity);
  }

  #heard(): Heard {
    return { ...this.ears.heard(), quantity: this.bench.live.campaign.quantity };
  }

  press(userId: string): void {
    const { bench } = this;
    const before = this.#heard();
    bench.pressAnd(userId, (outcome) => this.#hear(bench, () => this.#told(userId, outcome, before)));
  }

  look(userId: string): void {
    const { bench } = this;
    const before = this.#heard();
    const hear = (found: Found): void => this.#hear(bench, () => this.#found(userId, found, before));
    const now = bench.flow.askNow?.(bench.live, userId) ?? null;
    if (now === null) void bench.find(userId).then(hear);
    else hear(now);
  }

  async happen(what: Happening): Promise<void> {
    const { bench } = this;
    const { campaign } = bench.live;
    switch (what.do) {
      case 'press':
        this.press(`u-${what.user}`);
        break;
      case 'look':
        this.look(`u-${what.user}`);
        break;
      case 'leave':
        this.leaving.add(`u-${what.user}`);
        void bench.flow.leave?.(bench.live, `u-${what.user}`);
        break;
      case 'step':
        await bench.steps(what.count, false);
        break;
      case 'through':
        bench.log.letThrough(what.count);
        break;
      case 'fail':
        bench.log.fail('no space left');
        break;
      case 'pause':
        await bench.change({ pausedAt: bench.clock.now() }, false);
        break;
      case 'resume':
        await bench.change({ pausedAt: null }, false);
        break;
      case 'more':
        await bench.change({ quantity: campaign.quantity + 1 }, false);
        break;
      case 'pace':
        await bench.change({ release: { perSecond: what.perSecond } }, false);
        break;
      case 'crash':
        this.bench = await bench.restarted();
        this.ears.forgetWaits();
        break;
    }
    await settled();
    expect(this.wrong).toEqual([]);
  }

  /** Everybody who was told a place and did not ask to leave has a unit, or all units are with people before him. */
  async end(): Promise<void> {
    const { bench, ears } = this;
    bench.log.letThrough();
    await bench.change({ pausedAt: null });
    await bench.steps(80);
    for (let one = 0; one < USERS; one++) this.press(`u-${one}`);
    await settled();
    bench.log.letThrough();
    await bench.steps(80);
    expect([...bench.faults, ...this.wrong]).toEqual([]);
    const { durable, lines } = bench.log;
    const { quantity } = bench.live.campaign;
    const seqOf = new Map(durable.map(({ userId, seq }) => [userId, seq]));
    expect(durable.map(({ seq }) => seq)).toEqual(durable.map((_, i) => i + 1));
    expect(durable).toHaveLength(Math.min(quantity, USERS));
    for (const [userId, seq] of ears.won) expect(seqOf.get(userId)).toBe(seq);
    const inOrder = lines.flatMap((fact) => (fact.type === 'line.won' ? fact.numbers : []));
    expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b));
    const last = inOrder.at(-1) ?? 0;
    for (const [userId, number] of ears.places) {
      if (this.leaving.has(userId)) continue;
      expect(seqOf.has(userId), `${userId} at ${number}, the last winner at ${last}`).toBe(number <= last);
    }
  }
}

const happenings = fc.array(happening, { minLength: 20, maxLength: 60, size: 'max' });

it('any order of presses, leavers, commits, faults, pauses and crashes', async () => {
  await fc.assert(
    fc.asyncProperty(happenings, fc.integer({ min: 1, max: 6 }), async (all, quantity) => {
      const life = new Life(await makeQueuedBench({ campaign: { quantity } }));
      for (const what of all) await life.happen(what);
      await life.end();
    }),
    { seed, numRuns: 200 },
  );
}, 60_000);

it('the same where people must press once more: nobody is forgotten, and all units go out', async () => {
  const everybody = Array.from({ length: USERS }, (_, one) => `u-${one}`);
  await fc.assert(
    fc.asyncProperty(happenings, fc.integer({ min: 1, max: 6 }), async (all, quantity) => {
      const campaign = { quantity, confirm: { withinSeconds: 1 } };
      const life = new Life(await makeQueuedBench({ campaign }));
      // Whoever does not press in time may be at the end of the line the next time.
      for (const userId of everybody) life.leaving.add(userId);
      for (const what of all) await life.happen(what);
      const { bench, ears } = life;
      bench.log.letThrough();
      await bench.change({ pausedAt: null });
      for (let round = 0; round < 3 * USERS; round++) {
        for (const userId of everybody) life.press(userId);
        await bench.steps(5);
      }
      expect([...bench.faults, ...life.wrong]).toEqual([]);
      const { durable } = bench.log;
      expect(durable.map(({ seq }) => seq)).toEqual(durable.map((_, i) => i + 1));
      expect(durable).toHaveLength(Math.min(bench.live.campaign.quantity, USERS));
      for (const [userId, seq] of ears.won) {
        expect(durable.find((fact) => fact.seq === seq)?.userId).toBe(userId);
      }
    }),
    { seed, numRuns: 100 },
  );
}, 60_000);

// Protects: a line, however it is made, is the rule. Random lives (people who join, press twice, leave, come back; releases,
// the gate's answers, pauses, changed quantities, clocks that jump, a shuffle, crashes after which only the facts are
// left) are played to it and to the naive line; both must say the same at every step, and the facts must keep the
// invariants of a line by themselves.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditLine } from '../../src/core/audit-line.ts';
import type { LineDecision } from '../../src/core/line.ts';
import type { LineFact } from '../../src/core/line-fact.ts';
import { lineFactOf, packLineFacts } from '../../src/core/line-fact.ts';
import type { LineRule } from '../../src/core/line-state.ts';
import { lotsInOrder } from '../../src/core/shuffle.ts';
import type { Line, LineAnswer } from '../../src/ports/line.ts';
import type { NaiveLine, Person } from './naive-line.ts';
import { lastOf, naiveLeave, naivePress, naiveRelease, naiveStanding, naiveTime } from './naive-line.ts';
import { T0 } from './samples.ts';
import { seed } from './seed.ts';

/** Makes a process without any line in it, that judges by the given clock. */
export type MakeLine = (clock: { now(): number }) => Promise<{ line: Line; close(): Promise<void> }>;

const ID = 'chicken-100';
const SEED = '5e'.repeat(32);
const USERS = 14;
const NAMES = Array.from({ length: USERS + 1 }, (_, i) => `u-${i}`);
const LOTS = lotsInOrder(SEED, ID, NAMES);

const press = fc.record({
  user: fc.nat({ max: USERS }),
  key: fc.option(fc.nat({ max: 2 }), { freq: 2 }),
  eligible: fc.nat({ max: 9 }).map((n) => n > 0),
  another: fc.nat({ max: 9 }).map((n) => n === 0),
});
const moment = fc.integer({ min: -3, max: 14 }).map((n) => T0 + n * 100);
/** On a coarse grid, so that the borders of windows are hit, and now and then a millisecond beside it. */
const waitMs = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: -1, max: 5 }).map((n) => n * 50) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 1) },
);
const gateSays = fc.constantFrom('won', 'won', 'won', 'won', 'silence', 'closed', 'sold_out', 'ineligible');
const change = fc.oneof(
  { weight: 3, arbitrary: fc.record({ quantity: fc.integer({ min: 1, max: 9 }) }) },
  { weight: 4, arbitrary: fc.record({ paused: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ closesAt: fc.option(moment, { freq: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ keeps: fc.boolean() }) },
);
type Press = typeof press extends fc.Arbitrary<infer T> ? T : never;
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;
type GateSays = typeof gateSays extends fc.Arbitrary<infer T> ? T : never;
export type LineStep =
  | { do: 'press'; crowd: Press[] }
  | { do: 'leave'; user: number }
  | { do: 'release'; budget: number; not: number; gate: GateSays[] }
  | { do: 'wait'; ms: number }
  | { do: 'change'; to: Change }
  | { do: 'crash' };

function one<D extends string, P extends object>(name: D, parts: { [K in keyof P]: fc.Arbitrary<P[K]> }) {
  return fc.record({ do: fc.constant(name), ...parts }) as unknown as fc.Arbitrary<{ do: D } & P>;
}

const step: fc.Arbitrary<LineStep> = fc.oneof(
  { weight: 12, arbitrary: one('press', { crowd: fc.array(press, { minLength: 1, maxLength: 4 }) }) },
  { weight: 4, arbitrary: one('leave', { user: fc.nat({ max: USERS }) }) },
  {
    weight: 6,
    arbitrary: one('release', {
      budget: fc.nat({ max: 3 }),
      not: fc.nat({ max: 3 * USERS }),
      gate: fc.array(gateSays, { minLength: 9, maxLength: 9 }),
    }),
  },
  { weight: 4, arbitrary: one('wait', { ms: waitMs }) },
  { weight: 2, arbitrary: one('change', { to: change }) },
  { weight: 1, arbitrary: one('crash', {}) },
);

export const lineBeginning = fc.record({
  quantity: fc.integer({ min: 1, max: 8 }),
  startsAt: fc.option(fc.constantFrom(T0, T0, T0 + 200, T0 + 600), { freq: 20 }),
  maxLength: fc.option(fc.integer({ min: 1, max: 8 }), { freq: 2 }),
  cutAt: fc.option(fc.constantFrom(1, 1.5, 3), { freq: 2 }),
  confirmWithinMs: fc.option(fc.constantFrom(150, 400), { freq: 2 }),
  keeps: fc.nat({ max: 2 }).map((n) => n === 0),
  shuffle: fc.boolean(),
});
type Beginning = typeof lineBeginning extends fc.Arbitrary<infer T> ? T : never;

const life = fc.record({
  beginning: lineBeginning,
  steps: fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }),
});

function ruleOf(naive: NaiveLine, shuffle: boolean): LineRule {
  const { quantity, startsAt, closesAt, pausedAt, maxLength, cutAt, confirmWithinMs, keeps } = naive;
  const shuffleSeed = shuffle ? SEED : null;
  return {
    campaignId: ID,
    epoch: 1,
    version: 1,
    quantity,
    startsAt,
    closesAt,
    pausedAt,
    closed: false,
    maxLength,
    cutAt,
    confirmWithinMs,
    shuffleSeed,
    keepsLine: keeps,
  };
}

class Play {
  readonly #makeLine: MakeLine;
  readonly #shuffle: boolean;
  readonly #naive: NaiveLine;
  readonly #log: LineFact[] = [];
  #now = T0;
  #seq = 0;
  readonly #wins: { seq: number; userId: string }[] = [];
  #made: Awaited<ReturnType<MakeLine>> | null = null;

  constructor(makeLine: MakeLine, beginning: Beginning) {
    this.#makeLine = makeLine;
    this.#shuffle = beginning.shuffle;
    this.#naive = {
      ...beginning,
      people: [],
      turns: [],
      closesAt: null,
      pausedAt: null,
      clock: 0,
      serving: 0,
    };
  }

  get #line(): Line {
    return (this.#made as Awaited<ReturnType<MakeLine>>).line;
  }

  async play(steps: LineStep[]): Promise<void> {
    await this.#begin();
    for (const one of steps) {
      await this.#step(one);
      await this.#compare();
    }
    await this.#crash();
    await this.#compare();
    for (const person of this.#naive.people) {
      if (person.number > 0) await this.#compareStanding(person.number, person);
    }
    await this.#made?.close();
    const { checks } = auditLine(ID, { facts: this.#log, wins: this.#wins });
    expectSame(
      checks.filter(({ ok }) => !ok),
      [],
    );
  }

  async #begin(): Promise<void> {
    this.#made = await this.#makeLine({ now: () => this.#now });
    await this.#line.configure(ID, ruleOf(this.#naive, this.#shuffle));
  }

  #time(): void {
    naiveTime(this.#naive, this.#now, (user) => LOTS[Number(user.slice(2))] as string);
  }

  async #step(one: LineStep): Promise<void> {
    switch (one.do) {
      case 'press':
        return this.#press(one.crowd);
      case 'leave': {
        this.#time();
        const { left, facts } = await this.#line.leave(ID, `u-${one.user}`);
        this.#log.push(...facts);
        expectSame(left, naiveLeave(this.#naive, `u-${one.user}`));
        return;
      }
      case 'release':
        return this.#release(one);
      case 'wait':
        this.#now += one.ms;
        return;
      case 'change':
        return this.#change(one.to);
      case 'crash':
        return this.#crash();
    }
  }

  async #press(crowd: Press[]): Promise<void> {
    const answers = await Promise.all(
      crowd.map(({ user, key, eligible, another }) => {
        const attempt = { userId: `u-${user}`, key: key === null ? null : `k-${key}`, eligible, another };
        return new Promise<LineAnswer>((resolve) => this.#line.join(ID, attempt, resolve));
      }),
    );
    this.#time();
    for (const [i, { user, key, eligible, another }] of crowd.entries()) {
      const answer = answers[i] as LineAnswer;
      if ('fault' in answer) throw new Error(answer.fault);
      this.#log.push(...answer.facts);
      const told = key === null ? null : `k-${key}`;
      expectSame(answer.given.verdict, naivePress(this.#naive, `u-${user}`, told, eligible, another));
      this.#comparePlace(`u-${user}`, answer.given);
    }
  }

  #comparePlace(user: string, given: LineDecision): void {
    const mine = this.#naive.people.findLast((person) => person.user === user);
    if ('number' in given) expectSame(Math.max(0, given.number), mine?.number);
    if ('seq' in given) expectSame(given.seq, mine?.seq);
    if (given.verdict === 'joined') expectSame(Math.max(0, given.fact.first), mine?.number);
  }

  async #release({ budget, not, gate }: LineStep & { do: 'release' }): Promise<void> {
    this.#time();
    const naive = this.#naive;
    const eligible = (user: string): boolean => user !== `u-${not}`;
    const moved = await this.#line.advance(ID, budget, eligible);
    this.#log.push(...moved.facts);
    expectSame(moved.released, naiveRelease(naive, budget, eligible));
    expectSame(
      moved.atGate,
      naive.turns.map(({ number, user, key }) => ({ number, userId: user, key })),
    );
    const settled: LineFact[] = [];
    const head = { campaignId: ID, epoch: 1, at: naive.clock };
    // The gate is asked in order; when it is silent, nobody behind is asked either.
    for (const [i, person] of [...naive.turns].entries()) {
      const says = gate[i % gate.length] as GateSays;
      if (says === 'silence') break;
      const numbers = [person.number];
      person.stage = says;
      naive.turns.shift();
      if (says !== 'won') settled.push({ type: 'line.refused', ...head, numbers, why: says });
      else {
        person.seq = ++this.#seq;
        this.#wins.push({ seq: person.seq, userId: person.user });
        settled.push({ type: 'line.won', ...head, numbers, seqs: [person.seq] });
      }
    }
    await this.#line.take(ID, settled);
    this.#log.push(...settled);
  }

  async #change(to: Change): Promise<void> {
    const naive = this.#naive;
    // An operator can pause, change and resume; the line is held for exactly that time.
    naiveClockOnly(naive, this.#now);
    const pausedFor = naive.pausedAt === null ? 0 : naive.clock - naive.pausedAt;
    if ('quantity' in to) {
      const given = naive.people.filter(({ stage }) => ['won', 'offered', 'released'].includes(stage)).length;
      naive.quantity = Math.max(1, given, to.quantity);
    }
    if ('closesAt' in to) naive.closesAt = to.closesAt;
    if ('keeps' in to) naive.keeps = to.keeps;
    if ('paused' in to) {
      if (!to.paused) for (const one of naive.people) one.confirmBy += Math.max(0, pausedFor);
      naive.pausedAt = to.paused ? (naive.pausedAt ?? naive.clock) : null;
    }
    this.#log.push(...(await this.#line.configure(ID, ruleOf(naive, this.#shuffle))));
  }

  /** The process is gone; what it had put on the log is all that is left. */
  async #crash(): Promise<void> {
    await this.#made?.close();
    await this.#begin();
    const entry = JSON.stringify(packLineFacts(this.#log));
    const facts = (JSON.parse(entry) as unknown[]).map((row) => lineFactOf(row) as LineFact);
    await this.#line.take(ID, facts);
    this.#naive.clock = Math.max(0, ...facts.map(({ at }) => at));
  }

  async #compareStanding(of: string | number, person: Person | undefined): Promise<void> {
    const standing = await this.#line.standing(ID, of);
    const { userId, stage, number, ahead, seq, confirmBy } = standing ?? {};
    const expected = naiveStanding(this.#naive, person);
    expectSame(
      standing && [userId, stage, number, ahead, seq, confirmBy],
      expected && [person?.user, ...expected],
    );
  }

  async #compare(): Promise<void> {
    const naive = this.#naive;
    naiveClockOnly(naive, this.#now);
    for (const user of NAMES) await this.#compareStanding(user, lastOf(naive, user));
    const many = (...stages: string[]) => naive.people.filter(({ stage }) => stages.includes(stage)).length;
    const numbered = naive.people.filter(({ number }) => number > 0).length;
    const taken = many('won', 'offered', 'released');
    const { unnumbered, ...counts } = (await this.#line.counts(ID)) as NonNullable<
      Awaited<ReturnType<Line['counts']>>
    >;
    expectSame(
      { ...counts, unnumbered },
      {
        serving: naive.serving,
        lastNumber: numbered,
        waiting: many('waiting'),
        offered: many('offered'),
        atGate: many('released'),
        won: many('won'),
        free: Math.max(0, naive.quantity - taken),
        soldOut: !naive.keeps && many('won') >= naive.quantity,
        unnumbered: naive.people.some(({ number }) => number === 0),
      },
    );
  }
}

/** By their JSON first: millions are compared, and `expect` is for the one that differs. */
function expectSame(told: unknown, expected: unknown): void {
  if (JSON.stringify(told) !== JSON.stringify(expected)) expect(told).toEqual(expected);
}

function naiveClockOnly(naive: NaiveLine, now: number): void {
  naive.clock = Math.max(naive.clock, now);
}

/**
 * Plays `lives` random lives to lines of this make. Rejects with the shortest life that goes wrong; with
 * `first`, where it is known that one does, with the first: the shortest is looked for in a hundred more.
 */
export async function holdLineAgainstRule(makeLine: MakeLine, lives: number, first = false): Promise<void> {
  await fc.assert(
    fc.asyncProperty(life, ({ beginning, steps }) => new Play(makeLine, beginning).play(steps)),
    { seed, numRuns: lives, endOnFailure: first },
  );
}

/** The suite for one make of line. */
export function lineModel(name: string, makeLine: MakeLine, lives = 3000): void {
  describe(`the ${name} line`, () => {
    it(`says what the naive line says, in ${lives} random lives of 20 to 60 steps`, async () => {
      await holdLineAgainstRule(makeLine, lives);
    });
  });
}

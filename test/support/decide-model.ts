// Protects: whatever is read at once, whoever restarts, fails or is overtaken, each request is decided once, in order, as
// the naive rule decides it one by one; and whoever lost is told why by where he stood. Random lives of a log are played
// to two deciders at one record.

import fc from 'fast-check';
import { expect } from 'vitest';
import type { Campaign } from '../../src/core/campaign.ts';
import type { Attempt, GateRule } from '../../src/core/gate.ts';
import { gateRule } from '../../src/core/gate.ts';
import type { Request } from '../../src/core/request.ts';
import { placeOf, ruleChange } from '../../src/core/request.ts';
import { keyTag } from '../../src/core/ticket.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import type { Decider, makeDecider } from '../../src/flow/decide.ts';
import { verdictOf } from '../../src/flow/try-verdict.ts';
import type { RequestReader, RequestSlice } from '../../src/ports/requests.ts';
import { makeHandClock } from './hand-clock.ts';
import { NaiveDecidedRecord } from './naive-decided-record.ts';
import type { NaiveAnswer, NaiveGate } from './naive-gate.ts';
import { naiveClaim, naiveConfigure } from './naive-gate.ts';
import { sampleCampaign, T0 } from './samples.ts';
import { seed } from './seed.ts';

type Asked =
  | { ask: 'try'; campaign: number; user: number; key: number | null }
  | { ask: 'rule'; campaign: number; to: Partial<Campaign> }
  | { ask: 'old rule'; campaign: number };
type Step =
  | { do: 'append'; asked: Asked[]; afterMs: number }
  | { do: 'spoil' }
  | { do: 'step'; who: 0 | 1 | 'both' }
  | { do: 'restart'; who: 0 | 1 }
  | { do: 'fail'; when: 'before' | 'after' };

export type MakeTheDecider = typeof makeDecider;

/** It is on the log, and nobody has ever made it. */
const GHOST = 2;
const SOURCE = 'requests';
const campaignOf = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(0, 1) },
  { weight: 1, arbitrary: fc.constant(GHOST) },
);
const moment = fc.integer({ min: -4, max: 12 }).map((n) => T0 + n * 50);
const change: fc.Arbitrary<Partial<Campaign>> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ quantity: fc.integer({ min: 1, max: 14 }) }) },
  { weight: 3, arbitrary: fc.record({ pausedAt: fc.option(fc.constant(T0), { freq: 2 }) }) },
  { weight: 2, arbitrary: fc.record({ closesAt: fc.option(moment) }) },
  { weight: 1, arbitrary: fc.record({ closedAt: fc.option(fc.constant(T0), { freq: 2 }) }) },
  { weight: 1, arbitrary: fc.record({ openedAt: fc.option(moment) }) },
);
const asked: fc.Arbitrary<Asked> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      ask: fc.constant('try' as const),
      campaign: campaignOf,
      user: fc.nat({ max: 7 }),
      key: fc.option(fc.nat({ max: 3 }), { freq: 4 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ ask: fc.constant('rule' as const), campaign: campaignOf, to: change }),
  },
  { weight: 1, arbitrary: fc.record({ ask: fc.constant('old rule' as const), campaign: campaignOf }) },
);
const who = fc.constantFrom(0 as const, 1 as const);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      asked: fc.array(asked, { minLength: 1, maxLength: 6 }),
      afterMs: fc.constantFrom(0, 0, 1, 50, 100),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('spoil' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('step' as const), who }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('step' as const), who: fc.constant('both' as const) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), who }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('fail' as const), when: fc.constantFrom('before', 'after') }),
  },
) as fc.Arbitrary<Step>;
const beginning = fc.record({
  quantity: fc.integer({ min: 1, max: 12 }),
  perUserLimit: fc.integer({ min: 1, max: 3 }),
  openedAt: fc.option(fc.constant(T0), { freq: 3 }),
  opensAt: fc.option(moment),
});
const life = fc.record({
  beginnings: fc.tuple(beginning, beginning),
  /** whether the log begins with the campaign's rule, as it does when its gate was told of it */
  announced: fc.tuple(fc.boolean(), fc.boolean()),
  batchMax: fc.integer({ min: 1, max: 20 }),
  steps: fc.array(step, { minLength: 20, maxLength: 50, size: 'max' }),
});
type Life = typeof life extends fc.Arbitrary<infer T> ? T : never;

/** The log in an array; null: an entry that cannot be read. */
class ModelLog implements RequestReader {
  readonly entries: ({ requests: Request[]; at: number } | null)[] = [];
  /** all rules that an operator made, by campaign, the newest last */
  readonly #rules: Campaign[][];
  #now = T0;

  constructor(campaigns: readonly Campaign[]) {
    this.#rules = campaigns.map((campaign) => [campaign]);
  }

  append(some: readonly Asked[], afterMs: number): void {
    this.#now += afterMs;
    this.entries.push({ requests: some.map((one) => this.#requestOf(one)), at: this.#now });
  }

  announce(campaign: Campaign): void {
    this.entries.push({ requests: [ruleChange(null, gateRule(campaign))], at: this.#now });
  }

  #requestOf(one: Asked): Request {
    const rules = this.#rules[one.campaign] as Campaign[];
    const newest = rules.at(-1) as Campaign;
    if (one.ask === 'try') {
      const key = one.key === null ? null : `k-${one.key}`;
      return { type: 'claim.requested', campaignId: newest.id, userId: `u-${one.user}`, key };
    }
    if (one.ask === 'old rule') return ruleChange(null, gateRule(rules[0] as Campaign));
    const next = { ...newest, ...one.to, version: newest.version + 1 };
    rules.push(next);
    return ruleChange(gateRule(newest), gateRule(next));
  }

  async read(offset: number, max: number): Promise<RequestSlice> {
    const slice: RequestSlice = { requests: [], unreadable: [], next: offset };
    for (let at = offset; at < this.entries.length && slice.requests.length < max; at++) {
      const entry = this.entries[at];
      if (entry) {
        const placed = entry.requests.map((request, index) => {
          return { request, place: placeOf(at, index), at: entry.at };
        });
        slice.requests.push(...placed);
      } else {
        slice.unreadable.push({ place: placeOf(at, 0), at: `${SOURCE}:${at}`, reason: 'odd', payload: '?' });
      }
      slice.next = at + 1;
    }
    return slice;
  }
}

/** A rule as the campaign that has it. */
function campaignBy(rule: GateRule): Campaign {
  const { campaignId: id, version, quantity, perUserLimit, startsAt: openedAt, closesAt } = rule;
  const life = { pausedAt: rule.paused ? T0 : null, closedAt: rule.closed ? T0 : null };
  return sampleCampaign({ id, version, quantity, perUserLimit, openedAt, closesAt, ...life });
}

interface Try {
  place: number;
  gate: NaiveGate;
  attempt: Attempt;
  answer: NaiveAnswer;
}

/** What the naive rule makes of the whole log, one request after the other. */
class Expected {
  readonly gates = new Map<string, NaiveGate>();
  readonly tries: Try[] = [];
  letters = 0;

  constructor({ entries }: ModelLog, stored: readonly Campaign[]) {
    for (const [offset, entry] of entries.entries()) {
      if (entry === null) this.letters += 1;
      for (const [index, request] of entry?.requests.entries() ?? []) {
        this.#take(request, placeOf(offset, index), entry?.at ?? 0, stored);
      }
    }
  }

  #take(request: Request, place: number, at: number, stored: readonly Campaign[]): void {
    const found = stored.find(({ id }) => id === request.campaignId);
    if (found === undefined) {
      if (request.type === 'claim.requested') this.letters += 1;
      return;
    }
    const brought = request.type === 'claim.requested' ? found : campaignBy(request.rule);
    const gate = this.gates.get(found.id) ?? { campaign: brought, units: [], clock: 0 };
    this.gates.set(found.id, gate);
    if (request.type === 'claim.requested') {
      const attempt = { userId: request.userId, key: request.key, eligible: true };
      this.tries.push({ place, gate, attempt, answer: naiveClaim(gate, attempt, at) });
    } else if (brought.version >= gate.campaign.version) naiveConfigure(gate, brought);
  }
}

/** Somebody who asks what came of his try is told what was decided, although only wins are kept. */
function expectTold(record: NaiveDecidedRecord, { place, gate, attempt, answer }: Try): void {
  const { id, perUserLimit } = gate.campaign;
  const { userId, key } = attempt;
  const units = record.wins(id).filter((win) => win.userId === userId);
  const told = verdictOf(
    { place, keyTag: key === null ? null : keyTag(key), unreadable: false, perUserLimit },
    record.ruling(id)?.phases ?? [],
    units.map((win) => ({ seq: win.seq, wonAt: win.wonAt, key: win.key })),
  );
  if (answer.seq === undefined) expect(told).toEqual({ kind: 'refused', verdict: answer.verdict });
  // Without a key, of several units that he already has it may name another one.
  else if (answer.verdict !== 'won' && perUserLimit > 1 && key === null) expect(told.kind).toBe('unit');
  else expect(told).toMatchObject({ kind: 'unit', unit: { seq: answer.seq, wonAt: answer.wonAt } });
}

function expectSame(record: NaiveDecidedRecord, log: ModelLog, stored: readonly Campaign[]): void {
  const expected = new Expected(log, stored);
  for (const { campaign, units } of expected.gates.values()) {
    const { id, perUserLimit } = campaign;
    const given = record.wins(id).map(({ seq, userId, key, wonAt }) => ({ seq, userId, key, wonAt }));
    expect(given).toEqual(units.map((unit) => (perUserLimit === 1 ? { ...unit, key: null } : unit)));
    const ruling = record.ruling(id);
    expect(ruling).toMatchObject({ issued: units.length, lastSeq: units.length });
    expect(campaignBy(ruling?.rule as GateRule)).toEqual(campaignBy(gateRule(campaign)));
  }
  for (const one of expected.tries) expectTold(record, one);
  const spoilt = [...log.entries.keys()].filter((offset) => log.entries[offset] === null);
  expect(record.unreadableAt).toEqual(spoilt);
  expect(record.letters).toHaveLength(expected.letters);
}

/** The stored campaigns. Where the log announces a campaign, the stored one is newer than all that the log says. */
function storedOf(campaigns: readonly Campaign[], announced: readonly boolean[]): Campaign[] {
  return campaigns.slice(0, GHOST).map((campaign, at) => {
    return announced[at] ? { ...campaign, quantity: 1, closedAt: T0, version: 999 } : campaign;
  });
}

async function playLife(make: MakeTheDecider, told: Life): Promise<void> {
  const campaigns = [...told.beginnings, {}].map((over, at) => {
    return sampleCampaign({ ...over, id: `c-${at}`, mode: 'ordered' });
  });
  const stored = storedOf(campaigns, told.announced);
  const log = new ModelLog(campaigns);
  for (const [at, campaign] of campaigns.entries()) if (told.announced[at]) log.announce(campaign);
  const record = new NaiveDecidedRecord();
  const open = (): Promise<Decider> =>
    make({
      source: SOURCE,
      reader: log,
      record,
      rulings: record,
      campaigns: { get: async (id) => stored.find((one) => one.id === id) ?? null },
      codes: makeCodes(Buffer.from('a master secret for tests only')),
      system: makeHandClock(),
      batchMax: told.batchMax,
    });
  const deciders: [Decider, Decider] = [await open(), await open()];
  const stepped = (at: 0 | 1) => deciders[at].step().catch(() => null);
  for (const one of told.steps) {
    if (one.do === 'append') log.append(one.asked, one.afterMs);
    if (one.do === 'spoil') log.entries.push(null);
    if (one.do === 'step')
      await Promise.all(one.who === 'both' ? [stepped(0), stepped(1)] : [stepped(one.who)]);
    if (one.do === 'restart') deciders[one.who] = await open();
    if (one.do === 'fail') record.fails = one.when;
  }
  record.fails = null;
  while ((await deciders[0].step()).next < log.entries.length);
  expectSame(record, log, stored);
}

/**
 * Plays `lives` random lives to such deciders. Rejects with the shortest life that goes wrong; with
 * `first`, where it is known that one does, with the first: the shortest is looked for in a hundred more.
 */
export async function holdDeciderAgainstRule(
  make: MakeTheDecider,
  lives: number,
  first = false,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(life, (told) => playLife(make, told)),
    { seed, numRuns: lives, endOnFailure: first },
  );
}

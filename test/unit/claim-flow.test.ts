// Protects: what people are told. Nobody hears `won` before his win is as durable as promised, nobody hears `sold_out`
// while the last units could still fail, an unknown outcome is called unknown, and asking again is always safe (I3, I8,
// I11).

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMemoryGate } from '../../src/adapters/memory/gate.ts';
import type { Campaign } from '../../src/core/campaign.ts';
import { forgetNumbers, makeCatalog } from '../../src/flow/catalog.ts';
import { makeClaimFlow } from '../../src/flow/claim.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import type { Outcome, Press } from '../../src/flow/outcome.ts';
import type { RecordStore, StoredClaim } from '../../src/ports/record.ts';
import { makeHandClock } from '../support/hand-clock.ts';
import { makeHandLog } from '../support/hand-log.ts';
import { sampleCampaign, T0 } from '../support/samples.ts';
import { seed } from '../support/seed.ts';

interface Options {
  campaign?: Partial<Campaign>;
  inFlightMax?: number;
  logWaitingMax?: number;
  /** other processes decide at the same gate */
  shared?: boolean;
  /** what the record answers about a user; an error when it cannot */
  recorded?: (userId: string) => Partial<StoredClaim>[] | Error;
}

/** What was told, in short: `won 3`, `sold_out`, `outcome_unknown`; `…` while it is owed. */
function short(outcome: Outcome | undefined): string {
  if (outcome === undefined) return '…';
  if (outcome.verdict === 'none') return outcome.problem.code;
  return 'claim' in outcome ? `${outcome.verdict} ${outcome.claim.seq}` : outcome.verdict;
}

async function makeBench({
  campaign: over = {},
  inFlightMax = 1000,
  logWaitingMax = 1000,
  shared = false,
  recorded,
}: Options = {}) {
  const clock = makeHandClock();
  const gate = makeMemoryGate(clock);
  const log = makeHandLog();
  const catalog = makeCatalog();
  const codes = makeCodes(Buffer.from('a master secret for tests only'));
  const record = {
    async find(_campaignId: string | null, by: { userId: string }) {
      const found = recorded?.(by.userId) ?? [];
      if (found instanceof Error) throw found;
      return found as StoredClaim[];
    },
  } as unknown as RecordStore;
  const campaign = sampleCampaign(over);
  await gate.configure(campaign);
  const live = catalog.put(campaign);
  live.atGate = true;
  const parts = { catalog, gate, log, record, codes, system: clock, shared };
  const flow = makeClaimFlow({ ...parts, inFlightMax, logWaitingMax });

  /** Presses, and returns a way to see what was told so far. */
  function press(userId: string, more: Partial<Press> = {}): { told(): string; outcomes: Outcome[] } {
    const outcomes: Outcome[] = [];
    flow.claim({ campaignId: campaign.id, userId, key: null, tokenClaims: {}, ...more }, (outcome) =>
      outcomes.push(outcome),
    );
    return { outcomes, told: () => outcomes.map(short).join(', ') || short(undefined) };
  }
  return { flow, gate, log, catalog, codes, clock, live, campaign, press };
}

describe('won', () => {
  it('is told when the log has it, and not before', async () => {
    const { log, press, codes, campaign, flow, live } = await makeBench({
      campaign: { codes: { source: 'generated' }, epoch: 2 },
    });
    const ann = press('ann');
    expect(ann.told()).toBe('…');
    expect(flow.waiting()).toBe(1);
    log.letThrough();
    expect(ann.outcomes).toEqual([
      {
        verdict: 'won',
        claim: {
          id: 'chicken-100.1',
          campaignId: 'chicken-100',
          userId: 'ann',
          seq: 1,
          status: 'won',
          code: codes.codeOf(campaign, 1),
          wonAt: T0,
          durability: 'disk',
        },
      },
    ]);
    expect(flow.waiting()).toBe(0);
    expect(live.inFlight.size).toBe(0);
  });

  it('is told at once at level memory, and goes to the log all the same', async () => {
    const { log, press } = await makeBench({ campaign: { durability: 'memory' } });
    expect(press('ann').told()).toBe('won 1');
    expect(press('ann').told()).toBe('already_won 1');
    expect(log.durable).toEqual([]);
    log.letThrough();
    expect(log.durable).toMatchObject([{ seq: 1, userId: 'ann' }]);
  });

  it('is told to each as his own becomes durable', async () => {
    const { log, press } = await makeBench();
    const all = ['ann', 'bob', 'cho'].map((user) => press(user));
    log.letThrough(2);
    expect(all.map(({ told }) => told())).toEqual(['won 1', 'won 2', '…']);
    log.letThrough(1);
    expect(all.map(({ told }) => told())).toEqual(['won 1', 'won 2', 'won 3']);
  });
});

describe('asking again', () => {
  it('waits while the first try is in flight, then has the same seq and code', async () => {
    const { log, press } = await makeBench({ campaign: { codes: { source: 'generated' } } });
    const tries = [press('ann'), press('ann'), press('ann')];
    expect(tries.map(({ told }) => told())).toEqual(['…', '…', '…']);
    log.letThrough();
    expect(tries.map(({ told }) => told())).toEqual(['won 1', 'already_won 1', 'already_won 1']);
    const claims = [...tries, press('ann')].flatMap(({ outcomes }) =>
      outcomes.map((one) => 'claim' in one && one.claim),
    );
    expect(new Set(claims.map((claim) => JSON.stringify(claim))).size).toBe(1);
    expect(claims).toHaveLength(4);
  });

  it('by key finds the unit of that key', async () => {
    const { log, press } = await makeBench({ campaign: { perUserLimit: 2 } });
    press('ann', { key: 'k1' });
    press('ann', { key: 'k2' });
    log.letThrough();
    expect(['k1', 'k2', 'k3', null].map((key) => press('ann', { key }).told())).toEqual([
      'already_won 1',
      'already_won 2',
      'already_won 2',
      'already_won 2',
    ]);
  });
});

describe('at a gate that other processes decide at too', () => {
  it('sold_out is told behind a win of another process that was put on the log once more', async () => {
    const logged = { quantity: 2, durability: 'logged' } as const;
    const { gate, log, press, campaign } = await makeBench({ shared: true, campaign: logged });
    const ann = press('ann');
    log.letThrough();
    gate.claim(campaign.id, { userId: 'bob', key: null, eligible: true }, () => undefined);
    const [bob, cat] = [press('bob'), press('cat')];
    expect([ann.told(), bob.told(), cat.told()]).toEqual(['won 1', '…', '…']);
    log.letThrough();
    expect([bob.told(), cat.told()]).toEqual(['already_won 2', 'sold_out']);
  });

  it('a number of an earlier epoch on its way says nothing about who has it now', async () => {
    const bench = await makeBench({ shared: true, campaign: { durability: 'logged' } });
    const { gate, log, press, campaign, catalog, live } = bench;
    press('ann');
    // Made good without ann: the number goes to bob, at another process.
    await gate.unload(campaign.id);
    await gate.configure({ ...campaign, epoch: 2 });
    forgetNumbers(live);
    catalog.put({ ...campaign, epoch: 2 });
    gate.claim(campaign.id, { userId: 'bob', key: null, eligible: true }, () => undefined);
    log.letThrough();
    const bob = press('bob');
    expect(bob.told()).toBe('…');
    log.letThrough();
    expect([bob.told(), log.durable.length]).toEqual(['already_won 1', 2]);
  });
});

describe('sold_out', () => {
  it('waits for the last units in flight', async () => {
    const { log, press } = await makeBench({ campaign: { quantity: 2 } });
    press('ann');
    press('bob');
    const late = press('cho');
    log.letThrough(1);
    expect(late.told()).toBe('…');
    log.letThrough(1);
    expect(late.told()).toBe('sold_out');
    expect(press('dan').told()).toBe('sold_out');
  });

  it('is told at once at level memory', async () => {
    const { press } = await makeBench({ campaign: { quantity: 1, durability: 'memory' } });
    press('ann');
    expect(press('bob').told()).toBe('sold_out');
  });

  it('is not told when the last units fail', async () => {
    const { log, press } = await makeBench({ campaign: { quantity: 1 } });
    press('ann');
    const late = press('bob');
    log.fail('no space left');
    expect(late.told()).toBe('gate_unavailable');
    log.letThrough();
    expect(press('bob').told()).toBe('sold_out');
  });
});

describe('a log that cannot write', () => {
  it('makes waiting outcomes unknown, and everything after it unavailable until it can', async () => {
    const { log, press, gate } = await makeBench({ campaign: { quantity: 2 } });
    const waiting = [press('ann'), press('ann'), press('bob'), press('cho')];
    log.fail('no space left');
    expect(waiting.map(({ told }) => told())).toEqual([
      'outcome_unknown',
      'outcome_unknown',
      'outcome_unknown',
      'gate_unavailable',
    ]);
    expect(['ann', 'bob', 'dan'].map((user) => press(user).told())).toEqual(
      Array(3).fill('gate_unavailable'),
    );
    expect((await gate.counts('chicken-100'))?.issued).toBe(2);
    log.letThrough();
    expect(['ann', 'bob', 'dan'].map((user) => press(user).told())).toEqual([
      'already_won 1',
      'already_won 2',
      'sold_out',
    ]);
    expect(log.durable.map(({ seq }) => seq)).toEqual([1, 2]);
  });
});

describe('too much at once', () => {
  it('is refused at the bound, without asking the gate, and welcome again below it', async () => {
    const { log, press, flow, gate } = await makeBench({ inFlightMax: 3 });
    const first = ['a', 'b', 'c'].map((user) => press(user));
    expect(press('d').told()).toBe('overloaded');
    expect(press('a').told()).toBe('overloaded');
    expect(flow.waiting()).toBe(3);
    expect((await gate.counts('chicken-100'))?.issued).toBe(3);
    log.letThrough(1);
    expect(press('d').told()).toBe('…');
    log.letThrough();
    expect(first.map(({ told }) => told())).toEqual(['won 1', 'won 2', 'won 3']);
    expect(flow.waiting()).toBe(0);
  });

  it('is refused while too much waits for the log, at level memory too', async () => {
    const { log, press } = await makeBench({ campaign: { durability: 'memory' }, logWaitingMax: 2 });
    expect(['a', 'b', 'c'].map((user) => press(user).told())).toEqual(['won 1', 'won 2', 'overloaded']);
    log.letThrough(1);
    expect(press('c').told()).toBe('won 3');
  });
});

describe('refusals', () => {
  it('are told at once, each with the campaign', async () => {
    const { press, campaign } = await makeBench({ campaign: { eligibility: { denyUsers: ['eve'] } } });
    expect(press('eve').outcomes).toEqual([{ verdict: 'ineligible', campaign }]);
    expect(press('ann', { campaignId: 'nowhere' }).told()).toBe('campaign_not_found');
  });

  it.each<[string, Partial<Campaign>]>([
    ['paused', { pausedAt: T0 }],
    ['not_open', { openedAt: null }],
    ['not_open', { openedAt: null, opensAt: T0 + 1 }],
    ['closed', { closedAt: T0 }],
    ['closed', { closesAt: T0 }],
  ])('%s', async (verdict, campaign) => {
    expect((await makeBench({ campaign })).press('ann').told()).toBe(verdict);
  });

  it('asks the token, where the campaign does', async () => {
    const { press } = await makeBench({ campaign: { eligibility: { tokenClaims: { tier: ['gold'] } } } });
    expect(press('ann').told()).toBe('ineligible');
    expect(press('ann', { tokenClaims: { tier: 'gold' } }).told()).toBe('…');
  });

  it('a campaign that the gate has lost is no answer about it', async () => {
    const { press, gate } = await makeBench();
    await gate.unload('chicken-100');
    expect(press('ann').told()).toBe('gate_unavailable');
  });

  it('are counted by what was told', async () => {
    const { press, log, live } = await makeBench({ campaign: { quantity: 1 } });
    press('ann');
    press('ann');
    press('bob');
    log.letThrough();
    press('cho');
    expect(Object.fromEntries(live.told)).toEqual({ won: 1, already_won: 1, sold_out: 2 });
    expect(live).toMatchObject({ issued: 1, firstWonAt: T0, lastWonAt: T0 });
  });
});

describe('a campaign that was over before this process started', () => {
  const over: Partial<Campaign> = {
    closedAt: T0,
    perUserLimit: 2,
    eligibility: { denyUsers: ['eve', 'fay'] },
  };
  const unit = { seq: 4, wonAt: T0 - 9, key: 'k1' };
  const held: Record<string, Partial<StoredClaim>[]> = {
    ann: [unit, { ...unit, seq: 7, key: null }],
    fay: [unit],
  };

  async function bench(recorded: Options['recorded'] = (user) => held[user] ?? []) {
    const made = await makeBench({ campaign: over, recorded });
    made.live.atGate = false;
    await made.gate.unload('chicken-100');
    return made;
  }
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('answers its winners from the record, and everybody else', async () => {
    const { press, flow } = await bench();
    const told = [
      press('ann'),
      press('ann', { key: 'k1' }),
      press('ann', { key: 'k2' }),
      press('bob'),
      press('eve'),
      press('fay'),
    ];
    expect(flow.waiting()).toBe(6);
    await settled();
    expect(told.map((one) => one.told())).toEqual([
      'already_won 7',
      'already_won 4',
      'already_won 7',
      'closed',
      'ineligible',
      'already_won 4',
    ]);
    expect(told[1]?.outcomes[0]).toMatchObject({
      claim: { userId: 'ann', seq: 4, wonAt: T0 - 9, status: 'won' },
    });
    expect(flow.waiting()).toBe(0);
  });

  it('says that the record is away when it is', async () => {
    const { press, flow } = await bench(() => new Error('locked'));
    const ann = press('ann');
    await settled();
    expect(ann.told()).toBe('record_unavailable');
    expect(flow.waiting()).toBe(0);
  });
});

describe('any order of presses, commits and faults', () => {
  type Event = { press: number } | { through: number } | 'fault';
  const event: fc.Arbitrary<Event> = fc.oneof(
    { weight: 6, arbitrary: fc.record({ press: fc.nat({ max: 9 }) }) },
    { weight: 3, arbitrary: fc.record({ through: fc.nat({ max: 4 }) }) },
    { weight: 1, arbitrary: fc.constant('fault' as const) },
  );

  it('tells everybody once, and nothing that is not so', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 20, maxLength: 80, size: 'max' }),
        fc.integer({ min: 1, max: 6 }),
        async (events, quantity) => {
          const { flow, log } = await makeBench({ campaign: { quantity }, inFlightMax: 8 });
          const tells: number[] = [];
          const seqOf = new Map<string, number>();
          const press = (userId: string): void => {
            const mine = tells.push(0) - 1;
            flow.claim({ campaignId: 'chicken-100', userId, key: null, tokenClaims: {} }, (outcome) => {
              tells[mine] = (tells[mine] as number) + 1;
              if (outcome.verdict === 'sold_out') expect(log.durable).toHaveLength(quantity);
              if (!('claim' in outcome)) return;
              const { seq } = outcome.claim;
              expect(log.durable.find((fact) => fact.seq === seq)?.userId).toBe(userId);
              expect(seqOf.get(userId) ?? seq).toBe(seq);
              seqOf.set(userId, seq);
            });
          };
          for (const one of events) {
            if (one === 'fault') log.fail('no space left');
            else if ('press' in one) press(`u-${one.press}`);
            else log.letThrough(one.through);
          }
          log.letThrough();
          expect(tells.filter((count) => count !== 1)).toEqual([]);
          expect(flow.waiting()).toBe(0);
          for (let user = 0; user <= 9; user++) press(`u-${user}`);
          log.letThrough();
          expect(log.durable.map(({ seq }) => seq)).toEqual(
            Array.from({ length: quantity }, (_, i) => i + 1),
          );
        },
      ),
      { seed, numRuns: 500 },
    );
  });
});

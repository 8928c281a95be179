// Protects: what people are told at a gate that others decide at too. A win is told as durable as its level promises and
// within the time in which it still counts; a win that another process decided is told when it is on the log, whoever
// put it there; and what nobody can know is called unknown.

import { describe, expect, it } from 'vitest';
import type { Campaign } from '../../src/core/campaign.ts';
import { forgetNumbers, makeCatalog } from '../../src/flow/catalog.ts';
import { makeClaimFlow, TELL_MAX_MS } from '../../src/flow/claim.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import type { Outcome } from '../../src/flow/outcome.ts';
import type { Gate, GateAnswer, Holding } from '../../src/ports/gate.ts';
import type { RecordStore } from '../../src/ports/record.ts';
import { makeHandClock } from '../support/hand-clock.ts';
import { makeHandLog } from '../support/hand-log.ts';
import { sampleCampaign, sampleWin, T0 } from '../support/samples.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function short(outcome: Outcome): string {
  if (outcome.verdict === 'none') return outcome.problem.code;
  return 'claim' in outcome ? `${outcome.verdict} ${outcome.claim.seq}` : outcome.verdict;
}

function makeBench(over: Partial<Campaign> = {}, { shared = true } = {}) {
  const clock = makeHandClock();
  const log = makeHandLog();
  const catalog = makeCatalog();
  const waiting: ((given: GateAnswer) => void)[] = [];
  const held: { units: Holding[] | Error; asked: string[] } = { units: [], asked: [] };
  const gate = {
    claim: (_id: string, _attempt: unknown, answer: (given: GateAnswer) => void) => void waiting.push(answer),
    async holdings(_id: string, userId: string) {
      held.asked.push(userId);
      if (held.units instanceof Error) throw held.units;
      return held.units;
    },
  } as unknown as Gate;
  const campaign = sampleCampaign({ durability: 'logged', ...over });
  const live = catalog.put(campaign);
  live.atGate = true;
  const flow = makeClaimFlow({
    catalog,
    gate,
    log,
    record: {} as RecordStore,
    codes: makeCodes(Buffer.from('a master secret for tests only')),
    system: clock,
    shared,
    inFlightMax: 100,
    logWaitingMax: 100,
  });
  function press(userId: string, key: string | null = null) {
    const told: string[] = [];
    flow.claim({ campaignId: campaign.id, userId, key, tokenClaims: {} }, (outcome) =>
      told.push(short(outcome)),
    );
    return { told: () => told.join(', ') || '…' };
  }
  /** The gate answers the oldest press that waits. */
  const decide = (given: GateAnswer): void => waiting.shift()?.(given);
  const win = (seq: number, userId = `u-${seq}`, epoch = 1): GateAnswer => ({
    verdict: 'won',
    fact: sampleWin(seq, { userId, epoch }),
  });
  const again = (seq: number): GateAnswer => ({ verdict: 'already_won', seq, wonAt: T0 + seq });
  return { clock, log, catalog, live, held, flow, press, decide, win, again, waiting };
}

describe('a level', () => {
  it('logged: told when the log has it', () => {
    const { press, decide, win, log } = makeBench();
    const ann = press('ann');
    decide(win(1, 'ann'));
    expect(ann.told()).toBe('…');
    log.letThrough();
    expect(ann.told()).toBe('won 1');
  });

  it.each(['memory', 'disk', 'replicated'] as const)(
    '%s: the gate made it so; told at once and sent on',
    (durability) => {
      const { press, decide, win, log } = makeBench({ durability });
      const ann = press('ann');
      decide(win(1, 'ann'));
      expect(ann.told()).toBe('won 1');
      log.letThrough();
      expect(log.durable).toMatchObject([{ seq: 1, userId: 'ann' }]);
    },
  );

  it.each(['memory', 'disk', 'replicated'] as const)(
    '%s: goes on while the log is away, by the outbox',
    (durability) => {
      const { press, decide, win, log } = makeBench({ durability });
      log.append(sampleWin(9), () => undefined);
      log.fail('Kafka is away');
      const ann = press('ann');
      decide(win(1, 'ann'));
      expect(ann.told()).toBe('won 1');
      expect(log.state().waiting).toBe(1);
    },
  );

  it('logged: nobody is let in while the log is away', () => {
    const { press, log, waiting } = makeBench();
    log.append(sampleWin(9), () => undefined);
    log.fail('Kafka is away');
    expect(press('ann').told()).toBe('gate_unavailable');
    expect(waiting).toHaveLength(0);
  });
});

describe('told too late to count', () => {
  it('a win is unknown, and on the log', () => {
    const { press, decide, win, log, clock } = makeBench();
    const [ann, bob] = [press('ann'), press('bob')];
    decide(win(1, 'ann'));
    decide(win(2, 'bob'));
    clock.move(TELL_MAX_MS);
    log.letThrough(1);
    clock.move(1);
    log.letThrough(1);
    expect([ann.told(), bob.told()]).toEqual(['won 1', 'outcome_unknown']);
    expect(log.durable).toHaveLength(2);
  });

  it('counts from the press, not from the answer of the gate', () => {
    const { press, decide, win, log, clock } = makeBench();
    const ann = press('ann');
    clock.move(TELL_MAX_MS - 10);
    decide(win(1, 'ann'));
    clock.move(20);
    log.letThrough();
    expect(ann.told()).toBe('outcome_unknown');
  });

  it('a sold_out that waits for wins of this process is not told either', () => {
    const { press, decide, win, log, clock } = makeBench();
    press('ann');
    const bob = press('bob');
    decide(win(1, 'ann'));
    decide({ verdict: 'sold_out' });
    clock.move(TELL_MAX_MS + 1);
    log.letThrough();
    expect(bob.told()).toBe('gate_unavailable');
  });

  it('does not exist where one process has the gate for itself', () => {
    const { press, decide, win, log, clock } = makeBench({}, { shared: false });
    const ann = press('ann');
    decide(win(1, 'ann'));
    clock.move(60_000);
    log.letThrough();
    expect(ann.told()).toBe('won 1');
  });
});

describe('already_won, decided elsewhere', () => {
  it('is put on the log once more before it is told, joined by all who ask, and then known', () => {
    const { press, decide, again, log } = makeBench();
    const tries = [press('ann'), press('ann'), press('ann')];
    for (let i = 0; i < 3; i++) decide(again(7));
    expect(tries.map(({ told }) => told())).toEqual(['…', '…', '…']);
    expect(log.state().waiting).toBe(1);
    log.letThrough();
    expect(tries.map(({ told }) => told())).toEqual(Array(3).fill('already_won 7'));
    expect(log.durable).toEqual([sampleWin(7, { userId: 'ann', wonAt: T0 + 7 })]);
    const later = press('ann');
    decide(again(7));
    expect(later.told()).toBe('already_won 7');
    expect(log.state().waiting).toBe(0);
  });

  it('joins its own win that is on its way', () => {
    const { press, decide, win, again, log } = makeBench();
    const [first, second] = [press('ann'), press('ann')];
    decide(win(1, 'ann'));
    decide(again(1));
    log.letThrough();
    expect([first.told(), second.told()]).toEqual(['won 1', 'already_won 1']);
    expect(log.durable).toHaveLength(1);
  });

  it.each<[string, Partial<Campaign>, number]>([
    ['was recorded before this epoch', {}, 5],
    ['is as durable as a weaker level asks', { durability: 'memory' }, 9],
  ])('is told at once when it %s', (_, over, seq) => {
    const { press, decide, again, log, live } = makeBench(over);
    live.baseSeq = 5;
    const ann = press('ann');
    decide(again(seq));
    expect(ann.told()).toBe(`already_won ${seq}`);
    expect(log.state().waiting).toBe(0);
  });

  it('is unknown when the log fails, and put there again at the next try', () => {
    const { press, decide, again, log } = makeBench();
    const ann = press('ann');
    decide(again(7));
    log.fail('no answer');
    expect(ann.told()).toBe('outcome_unknown');
    log.letThrough();
    const later = press('ann');
    decide(again(7));
    expect(later.told()).toBe('…');
    log.letThrough();
    expect(later.told()).toBe('already_won 7');
  });

  it('is unknown when another epoch has begun since the press: the number may be somebody else’s', () => {
    const { press, decide, again, log, live, catalog } = makeBench();
    const ann = press('ann');
    forgetNumbers(live);
    catalog.put({ ...live.campaign, epoch: 2 });
    live.baseSeq = 20;
    decide(again(7));
    expect(ann.told()).toBe('outcome_unknown');
    expect(log.state().waiting).toBe(0);
  });
});

describe('already_won where several units may be had', () => {
  it('is put on the log as the unit that it is', async () => {
    const { press, decide, again, log, held, flow } = makeBench({ perUserLimit: 3 });
    held.units = [
      { seq: 4, wonAt: T0 + 4, key: 'k1' },
      { seq: 7, wonAt: T0 + 7, key: 'k2' },
    ];
    const ann = press('ann', 'k2');
    decide(again(7));
    expect(flow.waiting()).toBe(1);
    await settled();
    log.letThrough();
    expect(ann.told()).toBe('already_won 7');
    expect(held.asked).toEqual(['ann']);
    expect(log.durable).toEqual([sampleWin(7, { userId: 'ann', nth: 2, key: 'k2', wonAt: T0 + 7 })]);
    expect(flow.waiting()).toBe(0);
  });

  it('two who ask at once put it there once', async () => {
    const { press, decide, again, log, held } = makeBench({ perUserLimit: 2 });
    held.units = [{ seq: 4, wonAt: T0 + 4, key: null }];
    const tries = [press('ann'), press('ann')];
    decide(again(4));
    decide(again(4));
    await settled();
    log.letThrough();
    expect(tries.map(({ told }) => told())).toEqual(['already_won 4', 'already_won 4']);
    expect(log.durable).toHaveLength(1);
  });

  it.each<[string, Holding[] | Error]>([
    ['does not have it any more', [{ seq: 5, wonAt: T0, key: null }]],
    ['does not answer', new Error('Redis is away')],
  ])('is unknown when the gate %s', async (_, units) => {
    const { press, decide, again, log, held, flow } = makeBench({ perUserLimit: 2 });
    held.units = units;
    const ann = press('ann');
    decide(again(4));
    await settled();
    expect(ann.told()).toBe('outcome_unknown');
    expect(log.state().waiting).toBe(0);
    expect(flow.waiting()).toBe(0);
  });

  it('is unknown when another epoch has begun while the gate was asked', async () => {
    const { press, decide, again, log, held, live, catalog } = makeBench({ perUserLimit: 2 });
    held.units = [{ seq: 4, wonAt: T0 + 4, key: null }];
    const ann = press('ann');
    decide(again(4));
    catalog.put({ ...live.campaign, epoch: 2 });
    await settled();
    expect(ann.told()).toBe('outcome_unknown');
    expect(log.state().waiting).toBe(0);
  });
});

describe('what the gate could not decide', () => {
  it.each<[GateAnswer['verdict'], string]>([
    ['rebuilding', 'gate_rebuilding'],
    ['overloaded', 'overloaded'],
    ['unknown', 'outcome_unknown'],
    ['unavailable', 'gate_unavailable'],
    ['unknown_campaign', 'gate_unavailable'],
  ])('%s is told as %s', (verdict, code) => {
    const { press, decide } = makeBench();
    const ann = press('ann');
    decide({ verdict } as GateAnswer);
    expect(ann.told()).toBe(code);
  });

  it('a gate that is being made good is not asked at all', () => {
    const { press, live, waiting } = makeBench();
    live.rebuilding = true;
    expect(press('ann').told()).toBe('gate_rebuilding');
    expect(waiting).toHaveLength(0);
  });
});

describe('sold_out', () => {
  it('waits for the newest win of this process, and for what it put there again', () => {
    const { press, decide, win, again, log } = makeBench();
    press('ann');
    press('bob');
    decide(win(1, 'ann'));
    decide(again(7));
    const cho = press('cho');
    decide({ verdict: 'sold_out' });
    log.letThrough(1);
    expect(cho.told()).toBe('…');
    log.letThrough(1);
    expect(cho.told()).toBe('sold_out');
  });

  it('is told at once when nothing is on its way', () => {
    const { press, decide } = makeBench();
    const cho = press('cho');
    decide({ verdict: 'sold_out' });
    expect(cho.told()).toBe('sold_out');
  });
});

describe('a log that refuses at once', () => {
  it('leaves nobody waiting', async () => {
    const bench = makeBench();
    bench.log.append = (_fact, done) => done(new Error('closed'));
    const [ann, bob] = [bench.press('ann'), bench.press('bob')];
    bench.decide(bench.win(1, 'ann'));
    bench.decide(bench.again(7));
    await settled();
    expect([ann.told(), bob.told()]).toEqual(['outcome_unknown', 'outcome_unknown']);
    expect(bench.flow.waiting()).toBe(0);
    expect(bench.live.inFlight.size).toBe(0);
  });
});

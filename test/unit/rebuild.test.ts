// Protects: a gate that may have lost its memory decides again only when it knows everything that counts, whatever
// breaks on the way, and whoever else is at it; and what may have been promised to somebody is not given to others.

import { describe, expect, it } from 'vitest';
import { rebuild } from '../../src/flow/rebuild.ts';
import type { Epoch } from '../../src/ports/epochs.ts';
import { T0 } from '../support/samples.ts';
import { type Bench, factOf, makeBench } from '../support/simulated-bench.ts';

const ID = 'chicken-100';
const DAY_MS = 24 * 3_600_000;

/** Rebuilds from what is in force, moving time on as far as it takes. */
async function rebuilt(bench: Bench, { gone = true, from }: { gone?: boolean; from?: Epoch } = {}) {
  let result: Awaited<ReturnType<typeof rebuild>> | Error | undefined;
  rebuild(bench.parts, from ?? bench.epoch(), gone).then(
    (done) => {
      result = done;
    },
    (error: Error) => {
      result = error;
    },
  );
  await bench.pass(20_000, () => result !== undefined);
  return result;
}

describe('the steps', () => {
  it('come in this order, and nobody is let in before the last', async () => {
    const bench = makeBench();
    const facts = bench.decide('ann', 'bob');
    bench.record(facts[0] as (typeof facts)[0]);
    bench.server.restart();
    const armedAt: string[] = [];
    bench.before.call = (name) => {
      if (bench.server.inForce(ID)?.armed) armedAt.push(name);
    };
    expect(await rebuilt(bench)).toMatchObject({ kind: 'open', issued: 2 });
    expect(bench.calls).toEqual([
      'begin',
      'get',
      'freeze',
      'leftBehind',
      'leftBehind',
      'caughtUp',
      'configure',
      'holders',
      'load',
      'inForce',
      'arm',
      'open',
    ]);
    expect(armedAt).toEqual(['open']);
    expect(bench.steps).toEqual(['begun', 'salvaged', 'drained', 'open']);
    expect(bench.epoch()).toMatchObject({ epoch: 2, state: 'open', baseSeq: 2, leasedSeq: 2, reserved: 0 });
    // Both are known, and numbers go on.
    expect(bench.server.claim(ID, 2, [{ userId: 'bob', key: null, eligible: true }])).toMatchObject([
      { verdict: 'already_won', seq: 2 },
    ]);
    expect(bench.decide('cho')).toMatchObject([{ seq: 3, epoch: 2 }]);
  });

  it.each([
    ['the same server', true, 1_800],
    ['another server', false, 3_800],
  ])('waits until nobody can be told any more, counted from the freeze: %s', async (_, gone, waitMs) => {
    const bench = makeBench();
    let frozenAt = 0;
    let drainedAt = 0;
    bench.before.call = async (name) => {
      // Asking takes its time; people press until it is frozen.
      if (name === 'freeze') {
        bench.clock.move(700);
        frozenAt = bench.clock.now();
      }
      if (name === 'caughtUp') drainedAt = bench.clock.now();
    };
    expect(await rebuilt(bench, { gone })).toMatchObject({ kind: 'open' });
    expect(drainedAt - frozenAt).toBeGreaterThanOrEqual(waitMs);
    expect(drainedAt - frozenAt).toBeLessThan(waitMs + 100);
  });

  it('brings two pages of holders, and what an earlier run left half loaded goes', async () => {
    const bench = makeBench({ quantity: 30_000 });
    const facts = Array.from({ length: 10_001 }, (_, i) => factOf(2 * i + 1));
    bench.record(...facts);
    bench.server.load(ID, {
      seqs: Float64Array.of(5),
      wonAt: Float64Array.of(T0),
      userIds: ['eve'],
      keys: null,
    });
    expect(await rebuilt(bench)).toMatchObject({ kind: 'open', issued: 10_001 });
    expect(bench.calls.filter((name) => name === 'load')).toHaveLength(2);
    expect(bench.server.counts(ID)).toMatchObject({ issued: 10_001, holders: 10_001, lastSeq: 20_001 });
    expect(bench.server.holdings(ID, 'eve')).toEqual([]);
  });

  it('a campaign without anybody opens, also after a half-loaded run', async () => {
    const bench = makeBench();
    bench.server.load(ID, {
      seqs: Float64Array.of(5),
      wonAt: Float64Array.of(T0),
      userIds: ['eve'],
      keys: null,
    });
    expect(await rebuilt(bench)).toMatchObject({ kind: 'open', issued: 0 });
    expect(bench.decide('ann')).toMatchObject([{ seq: 1, epoch: 2 }]);
  });
});

const STEPS = [
  'begin',
  'get',
  'freeze',
  'leftBehind',
  'caughtUp',
  'configure',
  'holders',
  'load',
  'inForce',
  'arm',
  'open',
] as const;

describe('another one at the same time', () => {
  it.each(STEPS)('who is overtaken before `%s` opens nothing', async (step) => {
    const bench = makeBench();
    bench.decide('ann');
    bench.before.call = (name) => {
      if (name === step && bench.epoch().epoch < 3) {
        const { epoch } = bench.epoch();
        bench.sql.begin(ID, epoch);
        bench.server.freeze(ID, epoch + 1);
      }
    };
    expect(await rebuilt(bench)).toEqual({ kind: 'overtaken' });
    expect(bench.epoch().state).toBe('rebuilding');
    // Whoever came last opens, and with everything.
    bench.before.call = () => undefined;
    const last = bench.epoch().epoch;
    expect(await rebuilt(bench)).toMatchObject({ kind: 'open', issued: 1, epoch: { epoch: last + 1 } });
    expect(bench.sql.claims(ID)).toMatchObject([{ seq: 1, userId: 'ann', epoch: 1 }]);
  });

  it.each(STEPS)(
    'a run that broke off at `%s` is begun again by another, and nothing is lost or doubled',
    async (step) => {
      const bench = makeBench();
      bench.decide('ann', 'bob');
      bench.server.restart();
      bench.before.call = (name) => {
        if (name === step) throw new Error('killed');
      };
      expect(await rebuilt(bench)).toEqual(new Error('killed'));
      bench.before.call = () => undefined;
      expect(await rebuilt(bench)).toMatchObject({ kind: 'open', issued: 2 });
      expect(bench.sql.claims(ID).map(({ seq, userId }) => `${seq} ${userId}`)).toEqual(['1 ann', '2 bob']);
      expect(bench.decide('cho')).toMatchObject([{ seq: 3 }]);
      expect(bench.sql.letters).toEqual([]);
    },
  );

  it('is not opened when the record has taken in a win since its holders were read', async () => {
    const bench = makeBench();
    bench.before.call = (name) => {
      if (name === 'open' && bench.epoch().epoch === 2) bench.record(factOf(1, { userId: 'ann' }));
    };
    expect(await rebuilt(bench)).toEqual({ kind: 'overtaken' });
    expect(await rebuilt(bench)).toMatchObject({ kind: 'open', issued: 1 });
    expect(bench.server.holdings(ID, 'ann')).toMatchObject([{ seq: 1 }]);
  });

  it('is no campaign any more', async () => {
    const bench = makeBench();
    const from = bench.epoch();
    bench.parts.campaigns.get = async () => null;
    expect(await rebuilt(bench, { from })).toEqual({ kind: 'overtaken' });
  });
});

describe('not yet', () => {
  it('while the log takes nothing', async () => {
    const bench = makeBench();
    bench.log.append(factOf(9), () => undefined);
    bench.log.fail('Kafka is away');
    const from = bench.epoch();
    expect(await rebuild(bench.parts, from, true)).toEqual({
      kind: 'waiting',
      why: expect.stringContaining('log'),
    });
    expect(bench.calls).not.toContain('arm');
    expect(bench.server.inForce(ID)?.epoch).toBe(0);
  });

  it('while the record is behind', async () => {
    const bench = makeBench();
    bench.drain.caughtUp = async () => false;
    expect(await rebuilt(bench)).toEqual({ kind: 'waiting', why: expect.stringContaining('record') });
    expect(bench.epoch()).toMatchObject({ epoch: 2, state: 'rebuilding' });
    expect(bench.calls).not.toContain('load');
  });

  it('when what is salvaged does not get onto the log', async () => {
    const bench = makeBench();
    bench.decide('ann');
    bench.parts.log = {
      ...bench.log,
      state: () => ({ waiting: 0, end: 0, fault: null }),
      append: (_fact, done) => done(new Error('no answer')),
    };
    expect(await rebuilt(bench)).toEqual(new Error('no answer'));
    expect(bench.calls).not.toContain('caughtUp');
  });
});

describe('what may have been promised', () => {
  it('at `logged` is nothing: who was told is on the log', async () => {
    const bench = makeBench();
    bench.record(...bench.decide('ann', 'bob'));
    bench.server.flush();
    expect(await rebuilt(bench)).toMatchObject({ issued: 2, epoch: { reserved: 0, reservedUntil: null } });
  });

  it('at weaker levels is every number that was leased and is not recorded', async () => {
    const bench = makeBench({ durability: 'memory', quantity: 1_000 });
    bench.record(...bench.decide('ann', 'bob', 'cho'));
    bench.server.flush();
    // 100 were leased, 3 are recorded.
    expect(await rebuilt(bench)).toMatchObject({
      issued: 100,
      epoch: { reserved: 97, leasedSeq: 100, baseSeq: 100 },
    });
    expect(bench.epoch().reservedUntil).toBeGreaterThanOrEqual(T0 + DAY_MS);
    // Numbers go on above all that were leased, and none is given before it is leased.
    expect(bench.decide('dan')).toEqual([]);
    bench.server.extend(ID, 2, { blockEnd: 200, leaseUntil: null });
    expect(bench.decide('dan')).toMatchObject([{ seq: 101 }]);
  });

  it('counts numbers that were leased after the supervisor last looked', async () => {
    const bench = makeBench({ durability: 'memory', quantity: 1_000 });
    const from = bench.epoch();
    bench.sql.lease(ID, 1, 250);
    bench.server.flush();
    expect(await rebuilt(bench, { from })).toMatchObject({ epoch: { reserved: 250, leasedSeq: 250 } });
    bench.server.extend(ID, 2, { blockEnd: 400, leaseUntil: null });
    expect(bench.decide('dan')).toMatchObject([{ seq: 251 }]);
  });

  it('never keeps more than there is', async () => {
    const bench = makeBench({ durability: 'memory', quantity: 10 });
    bench.record(...bench.decide('ann'));
    bench.server.flush();
    expect(await rebuilt(bench)).toMatchObject({ issued: 10, epoch: { reserved: 9 } });
  });

  it('keeps what an earlier one kept, and counts it once', async () => {
    const bench = makeBench({ durability: 'memory', quantity: 1_000 });
    bench.record(...bench.decide('ann'));
    bench.server.flush();
    await rebuilt(bench);
    expect(bench.epoch()).toMatchObject({ reserved: 99, leasedSeq: 100, baseSeq: 100 });
    bench.server.restart();
    const before = bench.epoch();
    await rebuilt(bench);
    // Nothing was leased in between: the same numbers are still out.
    expect(bench.epoch().reserved).toBe(before.reserved);
    // 50 more are leased, and two of them recorded.
    bench.sql.lease(ID, 3, 150);
    bench.record(factOf(101, { epoch: 3 }), factOf(102, { epoch: 3 }));
    await rebuilt(bench);
    expect(bench.epoch()).toMatchObject({ reserved: before.reserved + 48, leasedSeq: 150, baseSeq: 150 });
  });

  it('dead letters count as given, with their holders, beside what is reserved', async () => {
    const bench = makeBench({ durability: 'memory', quantity: 1_000 });
    const dead = (seq: number) =>
      bench.sql.letters.push({ campaignId: ID, reason: 'refused', fact: factOf(seq) });
    const row = bench.sql.row(ID);
    // Epoch 1 left two dead letters and nothing else; epoch 2 has leased 100 numbers, of which 60 are recorded.
    dead(1);
    dead(2);
    Object.assign(row, {
      epoch: 2,
      openedEpoch: 2,
      baseSeq: 10,
      leasedSeq: 110,
      reserved: 0,
      reservedUntil: null,
    });
    bench.record(...Array.from({ length: 60 }, (_, i) => factOf(11 + i, { epoch: 2 })));
    expect(await rebuilt(bench)).toMatchObject({ issued: 2 + 60 + 40 });
    expect(bench.epoch().reserved).toBe(40);
  });

  it('at `logged` dead letters alone', async () => {
    const bench = makeBench();
    const fact = factOf(1, { userId: 'ann' });
    bench.sql.letters.push({ campaignId: ID, reason: 'refused', fact });
    expect(await rebuilt(bench)).toMatchObject({ issued: 1, epoch: { reserved: 0, reservedUntil: null } });
    // She is told what she was told, and nobody else gets her number.
    expect(bench.server.claim(ID, 2, [{ userId: 'ann', key: null, eligible: true }])).toMatchObject([
      { verdict: 'already_won', seq: 1 },
    ]);
    expect(bench.decide('bob')).toMatchObject([{ seq: 2 }]);
  });
});

// Protects: somebody looks after the gate, one at a time; its right to decide is renewed only by who is in charge and
// never beyond what he had seen; what it lost is made good; and what is over is let go of when the record has it all.

import { describe, expect, it } from 'vitest';
import type { Campaign } from '../../src/core/campaign.ts';
import { blockOf, makeSupervisor } from '../../src/flow/supervise.ts';
import { sampleCampaign, T0 } from '../support/samples.ts';
import { type Bench, factOf, makeBench } from '../support/simulated-bench.ts';

const ID = 'chicken-100';
const DAY_MS = 24 * 3_600_000;

function makeSupervised(over: Partial<Campaign> = {}) {
  const bench = makeBench(over);
  const supervisor = makeSupervisor(bench.parts);
  /** One round, with what it sends getting onto the log. */
  async function round(): Promise<void> {
    let done = false;
    const going = supervisor.round().then(() => {
      done = true;
    });
    for (let i = 0; i < 20 && !done; i++) {
      await new Promise((resume) => setImmediate(resume));
      bench.log.letThrough();
    }
    await going;
  }
  async function rounds(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      await round();
      await bench.pass(500);
    }
  }
  const change = (to: Partial<Campaign>): void => {
    const row = bench.sql.row(ID);
    row.campaign = { ...row.campaign, ...to, version: row.campaign.version + 1 };
  };
  const decides = (user = 'zoe'): string => {
    const [given] = bench.server.claim(ID, bench.epoch().epoch, [
      { userId: user, key: null, eligible: true },
    ]);
    return given?.verdict ?? '';
  };
  return { bench, supervisor, round, rounds, change, decides };
}

/** A second campaign at the same gate. */
function addCampaign({ sql, server, clock }: Bench, id: string): void {
  const campaign = sampleCampaign({ id, durability: 'logged', quantity: 10 });
  sql.create(campaign);
  server.configure(campaign);
  const bounds = { blockEnd: null, leaseUntil: clock.now() + 2_000 };
  server.arm(id, { epoch: 1, holders: 'empty', lastSeq: 0, reserved: 0, bounds });
}

describe('what is decided on the log', () => {
  it('is none of its business', async () => {
    const { bench, rounds, supervisor, decides } = makeSupervised({ mode: 'ordered' });
    await rounds(5_000);
    expect(supervisor.state()).toMatchObject({ leading: true, rebuilding: 0, fault: null });
    expect(bench.epoch()).toMatchObject({ epoch: 1, state: 'open' });
    expect(bench.calls).not.toContain('inForce');
    expect(decides()).not.toBe('won');
  });
});

describe('the right to decide', () => {
  it('is renewed while somebody looks after the gate, and ends when nobody does', async () => {
    const { bench, rounds, supervisor, decides } = makeSupervised();
    await rounds(10_000);
    expect(supervisor.state()).toEqual({ leading: true, rebuilding: 0, backlog: 0, relayed: 0, fault: null });
    expect(decides('ann')).toBe('won');
    bench.clock.move(2_001);
    expect(decides('bob')).toBe('rebuilding');
  });

  it('is not renewed by who is not in charge, who takes over when the other one is gone', async () => {
    const { bench, rounds, round, supervisor, decides } = makeSupervised();
    bench.sql.take('supervisor', 'somebody else', 4_000);
    await rounds(2_500);
    expect(supervisor.state().leading).toBe(false);
    expect(bench.calls).not.toContain('extend');
    expect(decides()).toBe('rebuilding');
    await rounds(2_000);
    await round();
    expect(supervisor.state().leading).toBe(true);
    expect(decides()).toBe('won');
  });

  it('reaches no further than the clock that was read before the lease was renewed', async () => {
    const { bench, round, decides } = makeSupervised();
    bench.before.call = (name) => {
      // A process that sleeps between the two.
      if (name === 'take') bench.clock.move(1_500);
    };
    await round();
    expect(decides('ann')).toBe('won');
    bench.clock.move(501);
    expect(decides('bob')).toBe('rebuilding');
  });

  it('is given back at once by who stops, and not renewed again', async () => {
    const { bench, round, supervisor } = makeSupervised();
    await round();
    await supervisor.stop();
    expect(bench.sql.take('supervisor', 'the next', 4_000)).toBe(true);
    await round();
    expect(supervisor.state().leading).toBe(false);
  });

  it('of other campaigns does not depend on one that cannot be reached', async () => {
    const { bench, rounds, supervisor, decides } = makeSupervised();
    addCampaign(bench, 'other');
    const { inForce } = bench.parts.keeper;
    bench.parts.keeper.inForce = async (id) => {
      if (id === 'other') throw new Error('this master is away');
      return inForce(id);
    };
    await rounds(5_000);
    expect(supervisor.state()).toMatchObject({ leading: true, fault: 'this master is away' });
    expect(decides()).toBe('won');
    expect(bench.sql.epochOf('other')?.epoch).toBe(1);
  });

  it('is left to others by who reaches nothing', async () => {
    const { bench, round, supervisor } = makeSupervised();
    bench.parts.keeper.inForce = async () => {
      throw new Error('Redis is away');
    };
    await round();
    expect(supervisor.state()).toMatchObject({ leading: false, fault: 'Redis is away' });
    expect(bench.calls).not.toContain('take');
  });

  it('a round never rejects, and says why it broke off', async () => {
    const { bench, round, supervisor } = makeSupervised();
    bench.before.call = () => {
      throw new Error('MySQL is away');
    };
    await round();
    expect(supervisor.state().fault).toBe('MySQL is away');
    bench.before.call = () => undefined;
    await round();
    expect(supervisor.state().fault).toBeNull();
  });
});

describe('numbers', () => {
  it.each([
    [1, 10],
    [500, 50],
    [1_000, 100],
    [1_001, 101],
    [100_000, 10_000],
    [10_000_000, 20_000],
  ])('of a quantity of %i are leased by %i', (quantity, block) => {
    expect(blockOf({ quantity })).toBe(block);
  });

  it('are leased before they may be given, in time, and not all the time', async () => {
    const { bench, rounds } = makeSupervised({ durability: 'memory', quantity: 1_000 });
    const order: string[] = [];
    bench.before.call = (name) => {
      if (name === 'lease') order.push(`lease, gate ${bench.server.inForce(ID)?.blockEnd}`);
    };
    await rounds(1_000);
    expect(order).toEqual([]);
    bench.decide(...Array.from({ length: 51 }, (_, i) => `u-${i}`));
    await rounds(1_000);
    expect(order).toEqual(['lease, gate 100']);
    expect(bench.epoch().leasedSeq).toBe(151);
    expect(bench.server.inForce(ID)?.blockEnd).toBe(151);
  });

  it('that could not be leased are not given', async () => {
    const { bench, round, decides } = makeSupervised({ durability: 'memory', quantity: 1_000 });
    bench.decide(...Array.from({ length: 100 }, (_, i) => `u-${i}`));
    bench.parts.epochs.lease = async () => false;
    await round();
    expect(bench.server.inForce(ID)?.blockEnd).toBe(100);
    expect(decides()).toBe('unavailable');
  });

  it('at `logged` are not leased', async () => {
    const { bench, rounds } = makeSupervised();
    await rounds(2_000);
    expect(bench.calls).not.toContain('lease');
    expect(bench.server.inForce(ID)?.blockEnd).toBeNull();
  });
});

describe('a changed rule', () => {
  it('gets to the gate when nobody else brought it there', async () => {
    const { bench, round, change } = makeSupervised();
    change({ quantity: 25 });
    await round();
    expect(bench.server.inForce(ID)).toMatchObject({ version: 2, quantity: 25 });
    await round();
    expect(bench.calls.filter((name) => name === 'configure')).toHaveLength(1);
  });

  it('a quantity that is being lowered is left alone, and taken back when that came to nothing', async () => {
    const { bench, rounds } = makeSupervised();
    bench.server.configure({ ...bench.campaign, quantity: 4 });
    await rounds(9_000);
    expect(bench.server.inForce(ID)?.quantity).toBe(4);
    await rounds(2_000);
    expect(bench.server.inForce(ID)?.quantity).toBe(10);
  });

  it('one that was lowered and stored is no difference', async () => {
    const { bench, rounds, change } = makeSupervised();
    bench.server.configure({ ...bench.campaign, quantity: 4 });
    await rounds(1_000);
    change({ quantity: 4 });
    await rounds(20_000);
    expect(bench.server.inForce(ID)).toMatchObject({ quantity: 4, version: 2 });
  });
});

describe('a gate that has lost something', () => {
  it.each<[string, (bench: Bench) => void]>([
    ['who may be let in', ({ server }) => server.restart()],
    ['everything', ({ server }) => server.flush()],
    ['its epoch', ({ server }) => server.freeze(ID, 1_000_000 - 999_998)],
    ['somebody who was making it good', ({ sql }) => void sql.begin(ID, 1)],
  ])('is made good: %s', async (_, lose) => {
    const { bench, rounds, decides, supervisor } = makeSupervised();
    bench.record(...bench.decide('ann'));
    lose(bench);
    await rounds(4_000);
    expect(bench.epoch()).toMatchObject({ state: 'open' });
    expect(bench.epoch().epoch).toBeGreaterThan(1);
    expect(supervisor.state().rebuilding).toBe(0);
    expect(decides('ann')).toBe('already_won');
    expect(decides('bob')).toBe('won');
  });

  it('is made good once, however many rounds that takes', async () => {
    const { bench, rounds, supervisor } = makeSupervised();
    bench.server.restart();
    await rounds(1_500);
    expect(supervisor.state().rebuilding).toBe(1);
    expect(bench.calls.filter((name) => name === 'begin')).toHaveLength(1);
  });

  it('is tried again when the log was away, or something broke', async () => {
    const { bench, rounds } = makeSupervised();
    bench.server.restart();
    bench.drain.caughtUp = async () => false;
    await rounds(3_000);
    expect(bench.steps).toContain('waiting');
    bench.before.call = (name) => {
      if (name === 'holders') throw new Error('MySQL is away');
    };
    bench.drain.caughtUp = async () => true;
    await rounds(3_000);
    expect(bench.steps).toContain('failed');
    bench.before.call = () => undefined;
    await rounds(5_000);
    expect(bench.epoch().state).toBe('open');
  });
});

describe('a new campaign', () => {
  it('is left to whoever makes it, and made good when it never came to the gate', async () => {
    const { bench, rounds } = makeSupervised();
    const createdAt = bench.clock.now();
    bench.sql.create(sampleCampaign({ id: 'new', durability: 'logged', quantity: 10, createdAt }));
    await rounds(1_500);
    expect(bench.sql.row('new')).toMatchObject({ epoch: 1, state: 'open' });
    await rounds(5_000);
    expect(bench.sql.row('new')).toMatchObject({ epoch: 2, state: 'open' });
  });
});

describe('what was left behind', () => {
  it('is brought onto the log after 2 s, once, and let go of when it is recorded', async () => {
    const { bench, rounds, supervisor } = makeSupervised();
    const [fact] = bench.decide('ann');
    await rounds(1_500);
    expect(bench.log.durable).toEqual([]);
    expect(supervisor.state().backlog).toBe(1);
    await rounds(5_000);
    expect(bench.log.durable).toEqual([fact]);
    expect(supervisor.state()).toMatchObject({ backlog: 1, relayed: 1 });
    bench.record(fact as NonNullable<typeof fact>);
    await rounds(1_000);
    expect(supervisor.state()).toMatchObject({ backlog: 0, relayed: 1 });
  });

  it('does not keep the gate from being looked after when the log is away', async () => {
    const { bench, supervisor, decides } = makeSupervised();
    bench.decide('ann');
    bench.log.append(factOf(9), () => undefined);
    bench.log.fail('Kafka is away');
    for (let i = 0; i < 10; i++) {
      await supervisor.round();
      bench.clock.move(500);
    }
    expect(supervisor.state().fault).toBe('Kafka is away');
    expect(decides()).toBe('won');
  });
});

describe('what was kept for those who may have been promised it', () => {
  async function withReserve(dead: number) {
    const made = makeSupervised({ durability: 'memory', quantity: 1_000 });
    const { bench, rounds } = made;
    for (let i = 0; i < dead; i++) {
      bench.sql.letters.push({ campaignId: ID, reason: 'refused', fact: factOf(i + 1) });
    }
    bench.server.flush();
    await rounds(4_000);
    expect(bench.epoch()).toMatchObject({ state: 'open', reserved: 100 - dead });
    return made;
  }

  it('returns to the stock after a day', async () => {
    const { bench, rounds } = await withReserve(0);
    expect(bench.server.counts(ID)?.issued).toBe(100);
    bench.clock.move(DAY_MS);
    await rounds(1_000);
    expect(bench.server.counts(ID)?.issued).toBe(0);
    expect(bench.epoch()).toMatchObject({ reserved: 0, reservedUntil: null });
  });

  it('but not what is set aside: its holders are known', async () => {
    const { bench, rounds } = await withReserve(2);
    bench.clock.move(DAY_MS);
    // After a day without anybody the gate has to be made good first.
    await rounds(2_000);
    expect(bench.server.counts(ID)?.issued).toBe(2);
    expect(bench.epoch().reserved).toBe(0);
  });
});

describe('a campaign that is over', () => {
  const closed = { closedAt: T0 + 1 };

  it('is let go of after 10 s, when the record has it all', async () => {
    const { bench, rounds, change } = makeSupervised();
    bench.record(...bench.decide('ann'));
    change(closed);
    await rounds(9_500);
    expect(bench.epoch().state).toBe('open');
    await rounds(1_500);
    expect(bench.epoch().state).toBe('retired');
    expect(bench.server.counts(ID)).toBeNull();
  });

  it('stays while the record is behind', async () => {
    const { bench, rounds, change } = makeSupervised();
    change(closed);
    bench.drain.caughtUp = async () => false;
    await rounds(20_000);
    expect(bench.epoch().state).toBe('open');
  });

  it('stays while something is left behind that is not recorded', async () => {
    const { bench, rounds, change } = makeSupervised();
    bench.decide('ann');
    change(closed);
    await rounds(20_000);
    expect(bench.epoch().state).toBe('open');
    expect(bench.log.durable).toMatchObject([{ userId: 'ann' }]);
  });

  it('is not made good when its gate is lost: what it left is recorded, and nobody gets in', async () => {
    const { bench, rounds, change, decides } = makeSupervised();
    bench.decide('ann');
    change(closed);
    bench.server.restart();
    await rounds(2_000);
    expect(bench.epoch()).toMatchObject({ state: 'retired', epoch: 1 });
    expect(bench.sql.claims(ID)).toMatchObject([{ userId: 'ann' }]);
    expect(decides('bob')).toBe('rebuilding');
  });

  it('is left alone afterwards, and made good when its end moves', async () => {
    const { bench, rounds, change, decides } = makeSupervised({ closesAt: T0 + 1_000 });
    bench.record(...bench.decide('ann'));
    await rounds(13_000);
    expect(bench.epoch().state).toBe('retired');
    const asked = bench.calls.length;
    await rounds(2_000);
    expect(bench.calls.slice(asked)).not.toContain('inForce');
    change({ closesAt: T0 + DAY_MS });
    await rounds(4_000);
    expect(bench.epoch()).toMatchObject({ state: 'open', epoch: 2 });
    expect(decides('ann')).toBe('already_won');
    expect(decides('bob')).toBe('won');
  });
});

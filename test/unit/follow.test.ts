// Protects: each process sees what others change: campaigns, the epoch that counts, what is out; and never goes back.

import { describe, expect, it } from 'vitest';
import { makeCatalog } from '../../src/flow/catalog.ts';
import { makeFollower } from '../../src/flow/follow.ts';
import type { Epoch } from '../../src/ports/epochs.ts';
import { type Bench, makeBench } from '../support/simulated-bench.ts';

const ID = 'chicken-100';

function makeFollowing(bench: Bench = makeBench()) {
  const catalog = makeCatalog();
  const followed: string[] = [];
  const { record, campaigns, epochs } = bench.parts;
  const gate = {
    ...bench.gate,
    follow: (id: string, epoch: number, version: number) => void followed.push(`${id} ${epoch} ${version}`),
  };
  const parts = { catalog, gate, record, campaigns, epochs, system: bench.clock };
  const follower = makeFollower(parts);
  const change = (over: Partial<typeof bench.campaign>): void => {
    const row = bench.sql.row(ID);
    row.campaign = { ...row.campaign, ...over, version: row.campaign.version + 1 };
  };
  return { bench, catalog, followed, follower, change, parts, live: () => catalog.get(ID) };
}

describe('a first look', () => {
  it('takes each campaign in, with its epoch and what is out', async () => {
    const { bench, follower, live, followed } = makeFollowing();
    bench.record(...bench.decide('ann', 'bob'));
    bench.decide('cho');
    await follower.look();
    expect(live()).toMatchObject({
      campaign: { id: ID, epoch: 1 },
      atGate: true,
      rebuilding: false,
      baseSeq: 0,
      issued: 3,
    });
    expect(followed).toEqual([`${ID} 1 1`]);
    expect(follower.epochOf(ID)).toMatchObject({ epoch: 1, state: 'open' });
  });

  it('takes one in at once, and nothing of what there is not', async () => {
    const { follower, live } = makeFollowing();
    await follower.lookAt('nowhere');
    expect(live()).toBeUndefined();
    await follower.lookAt(ID);
    expect(live()?.campaign.id).toBe(ID);
  });

  it('is waited for by everybody who seeks the same, and what there is not is sought once a second', async () => {
    const { bench, follower, live, parts } = makeFollowing();
    let asked = 0;
    const of = parts.epochs.of;
    parts.epochs.of = (id) => {
      asked += 1;
      return of(id);
    };
    const seen = [ID, ID, ID].map(async (id) => {
      await follower.seek(id);
      return live() !== undefined;
    });
    expect(await Promise.all(seen)).toEqual([true, true, true]);
    expect(asked).toBe(1);
    await follower.seek('nowhere');
    await follower.seek('nowhere');
    expect(asked).toBe(2);
    bench.clock.move(1_000);
    await follower.seek('nowhere');
    expect(asked).toBe(3);
  });

  it('asks no gate for what is decided on the log, which is never lost and never over', async () => {
    const bench = makeBench({ mode: 'ordered' });
    const { follower, live, followed, parts } = makeFollowing(bench);
    let asked = 0;
    parts.gate.counts = async () => {
      asked += 1;
      return null;
    };
    await follower.look();
    bench.sql.begin(ID, 1);
    await follower.look();
    expect(live()).toMatchObject({ atGate: true, rebuilding: false });
    bench.sql.open(bench.epoch());
    bench.sql.retire(ID, 2);
    await follower.look();
    expect(live()).toMatchObject({ atGate: true, rebuilding: false });
    expect([asked, followed]).toEqual([0, []]);
    await makeFollower({ ...parts, gate: null }).look();
  });

  it('rejects when the database does not answer', async () => {
    const { bench, follower } = makeFollowing();
    bench.before.call = () => {
      throw new Error('MySQL is away');
    };
    await expect(follower.look()).rejects.toThrow('MySQL is away');
  });
});

describe('a later look', () => {
  it('asks for campaigns only when they have changed', async () => {
    const { bench, follower, change, live } = makeFollowing();
    await follower.look();
    await follower.look();
    expect(bench.calls.filter((name) => name === 'get')).toHaveLength(1);
    change({ quantity: 20 });
    await follower.look();
    expect(live()?.campaign).toMatchObject({ quantity: 20, version: 2, epoch: 1 });
  });

  it('sees a gate that is being made good, and that it is', async () => {
    const { bench, follower, live, followed } = makeFollowing();
    await follower.look();
    const marks = live()?.onLog;
    marks?.add(3);
    bench.sql.begin(ID, 1);
    await follower.look();
    expect(live()).toMatchObject({ rebuilding: true, atGate: true });
    bench.sql.open({ ...bench.epoch(), baseSeq: 7 });
    await follower.look();
    expect(live()).toMatchObject({ rebuilding: false, baseSeq: 7, campaign: { epoch: 2 } });
    // Numbers of the epoch before say nothing any more.
    expect(live()?.onLog.has(3)).toBe(false);
    expect(followed).toEqual([`${ID} 1 1`, `${ID} 2 1`, `${ID} 2 1`]);
  });

  it('answers a retired one from the record', async () => {
    const { bench, follower, live } = makeFollowing();
    await follower.look();
    bench.sql.retire(ID, 1);
    await follower.look();
    expect(live()?.atGate).toBe(false);
  });

  it('sees what others archived, once', async () => {
    const { bench, follower, change, live } = makeFollowing();
    await follower.look();
    change({ closedAt: 1, archivedAt: 2 });
    await follower.look();
    expect(live()?.campaign).toMatchObject({ archivedAt: 2, version: 2, epoch: 1 });
    const asked = bench.calls.length;
    await follower.look();
    expect(bench.calls.slice(asked)).not.toContain('get');
  });

  it('sees in a while that the people of an archived one were erased', async () => {
    const { bench, follower, change, live } = makeFollowing();
    await follower.look();
    change({ closedAt: 1, archivedAt: 2 });
    await follower.look();
    change({ erasingAt: 3 });
    await follower.look();
    expect(live()?.campaign.erasingAt).toBeNull();
    bench.clock.move(2_000);
    await follower.look();
    expect(live()?.campaign).toMatchObject({ erasingAt: 3, epoch: 1 });
  });

  it('keeps a newer version that this process has stored itself in between', async () => {
    const { bench, follower, change, catalog, live } = makeFollowing();
    await follower.look();
    change({ quantity: 20 });
    bench.before.call = (name) => {
      if (name === 'get') catalog.put({ ...bench.campaign, quantity: 30, version: 3 });
    };
    await follower.look();
    expect(live()?.campaign).toMatchObject({ quantity: 30, version: 3 });
  });

  it('never goes back to what an older look has seen', async () => {
    const { bench, follower, change, live, parts } = makeFollowing();
    await follower.look();
    const older = bench.epoch();
    change({ quantity: 20 });
    bench.sql.begin(ID, 1);
    bench.sql.open({ ...bench.epoch(), baseSeq: 7 });
    await follower.look();
    const epochs: Epoch[][] = [[{ ...older, version: 2 }], [{ ...bench.epoch(), state: 'rebuilding' }]];
    for (const seen of epochs) {
      parts.epochs.all = async () => seen;
      await follower.look();
      expect(live()).toMatchObject({ campaign: { epoch: 2 }, rebuilding: false, baseSeq: 7 });
      expect(follower.epochOf(ID)).toMatchObject({ epoch: 2, state: 'open' });
    }
  });
});

describe('what is out', () => {
  it('is asked of the gate for campaigns that go on, and stays as it was when there is no answer', async () => {
    const { bench, follower, live, parts } = makeFollowing();
    await follower.look();
    bench.decide('ann', 'bob');
    await follower.look();
    expect(live()?.issued).toBe(2);
    bench.decide('cho');
    parts.gate.counts = async () => {
      throw new Error('Redis is away');
    };
    await follower.look();
    expect(live()?.issued).toBe(2);
  });

  it.each([
    ['not begun', { openedAt: null }],
    ['closed', { closedAt: 1 }],
  ])('is not asked of what is %s', async (_, over) => {
    const bench = makeBench(over);
    const { follower, parts } = makeFollowing(bench);
    let asked = 0;
    const { counts } = parts.gate;
    parts.gate.counts = (id) => {
      asked += 1;
      return counts(id);
    };
    await follower.look();
    expect(asked).toBe(0);
  });
});

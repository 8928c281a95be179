// Protects: an operator's change of an ordered campaign is in force when he is told so, refused when the decider refused
// it, and not forgotten when nobody could bring it to the decider; other campaigns go to their own gate.

import { describe, expect, it } from 'vitest';
import { makeMemoryGate } from '../../src/adapters/memory/gate.ts';
import type { Campaign } from '../../src/core/campaign.ts';
import { routeGates } from '../../src/flow/ordered-gate.ts';
import type { GateAnswer } from '../../src/ports/gate.ts';
import { breathe, ID, makeOrderedWorld } from '../support/ordered-world.ts';
import { sampleAttempt, sampleCampaign, T0 } from '../support/samples.ts';

function started(over: Partial<Campaign> = {}, settleMs = 0) {
  const world = makeOrderedWorld(over);
  const api = world.api({ settleMs });
  /** Configures, with the log and the decider doing their part at once. */
  const configure = async (to: Partial<Campaign>) => {
    const asked = api.ordered.configure({ ...world.row.campaign, ...to });
    world.settle();
    await breathe(1);
    await api.decided.look();
    return asked;
  };
  const types = (): string[] =>
    world.requests.entries.flatMap((entry) => (entry ?? []).map(({ request }) => request.type));
  return { ...world, ...api, configure, types };
}

describe('a rule', () => {
  it('is in force when it is said to be', async () => {
    const { configure, decided, types } = started();
    await decided.look();
    expect(await configure({ version: 2, pausedAt: T0 })).toEqual({ kind: 'ok' });
    expect(decided.known(ID)?.gate.rule).toMatchObject({ version: 2, paused: true });
    expect(await configure({ version: 3 })).toEqual({ kind: 'ok' });
    expect(await configure({ version: 4, closedAt: T0 })).toEqual({ kind: 'ok' });
    expect(types()).toEqual(['campaign.opened', 'campaign.paused', 'campaign.opened', 'campaign.closed']);
  });

  it('that is below what is out is refused, and changes nothing', async () => {
    const { configure, decided, wait } = started({ quantity: 5 });
    await Promise.all(['ann', 'bob', 'cho'].map((user) => wait(user)));
    expect(await configure({ quantity: 2 })).toEqual({ kind: 'below_issued', issued: 3 });
    expect(decided.known(ID)?.gate.rule.quantity).toBe(5);
    expect(await configure({ quantity: 3 })).toEqual({ kind: 'ok' });
    expect(decided.known(ID)?.gate.rule.quantity).toBe(3);
  });

  it('that is taken back counts again, and an older one does not', async () => {
    const { configure, decided } = started({ quantity: 5 });
    await configure({ quantity: 3 });
    await configure({ quantity: 5 });
    expect(decided.known(ID)?.gate.rule.quantity).toBe(5);
    await configure({ quantity: 7, version: 3 });
    expect(await configure({ quantity: 6, version: 2 })).toEqual({ kind: 'ok' });
    expect(decided.known(ID)?.gate.rule).toMatchObject({ quantity: 7, version: 3 });
  });

  it('that nobody has decided in time is not known to be in force', async () => {
    const { ordered, row, clock, requests } = started();
    const late = ordered.configure({ ...row.campaign, version: 2 });
    requests.letThrough();
    await breathe(1);
    const failed = expect(late).rejects.toThrow('has not taken its rule within 5000 ms');
    clock.move(5_000);
    await failed;
    const away = expect(ordered.configure({ ...row.campaign, version: 3 })).rejects.toThrow('in time');
    clock.move(5_000);
    await away;
    const broken = expect(ordered.configure({ ...row.campaign, version: 4 })).rejects.toThrow('disk');
    requests.fail('the disk is full');
    await broken;
  });

  it('by which more people may win is told when no process can refuse them by the one before', async () => {
    const { configure, clock, decided } = started({}, 1000);
    await decided.look();
    const done: string[] = [];
    const loosened = configure({ version: 2, quantity: 50 }).then(() => done.push('raised'));
    await configure({ version: 3, quantity: 50, pausedAt: T0 }).then(() => done.push('paused'));
    clock.move(999);
    await breathe();
    expect(done).toEqual(['paused']);
    clock.move(1);
    await loosened;
    expect(done).toEqual(['paused', 'raised']);
  });
});

describe('rules that did not get to the decider', () => {
  it('are brought there, and not over and over', async () => {
    const { ordered, catalog, clock, decided, requests, settle, row } = started();
    await decided.look();
    const again = async (): Promise<number> => {
      ordered.catchUpRules();
      const { waiting } = requests.state();
      settle();
      await decided.look();
      clock.move(1_000);
      return waiting;
    };
    expect([await again(), await again(), await again()]).toEqual([0, 0, 0]);
    catalog.put({ ...row.campaign, version: 2, pausedAt: T0 });
    expect([await again(), await again(), await again(), await again()]).toEqual([0, 0, 1, 0]);
    expect(decided.known(ID)?.gate.rule).toMatchObject({ version: 2, paused: true });
    catalog.put({ ...row.campaign, id: 'new' });
    expect([await again(), await again(), await again(), await again()]).toEqual([0, 0, 1, 0]);
    expect(decided.known('new')).toBeDefined();
    catalog.put({ ...row.campaign, id: 'old', closedAt: T0, archivedAt: T0 });
    catalog.put({ ...row.campaign, id: 'other', mode: 'instant' });
    expect([await again(), await again(), await again()]).toEqual([0, 0, 0]);
  });

  it('count among them a quantity that was lowered and never stored', async () => {
    const { ordered, configure, clock, decided, requests, settle } = started({ quantity: 5 });
    await configure({ quantity: 3 });
    for (let i = 0; i <= 10; i++) {
      ordered.catchUpRules();
      expect(requests.state().waiting).toBe(i < 10 ? 0 : 1);
      clock.move(1_000);
    }
    settle();
    await decided.look();
    expect(decided.known(ID)?.gate.rule.quantity).toBe(5);
  });

  it('wait while the log is away', async () => {
    const { ordered, catalog, clock, requests, row } = started();
    catalog.put({ ...row.campaign, version: 2 });
    requests.fail('away');
    for (let i = 0; i < 5; i++) {
      ordered.catchUpRules();
      clock.move(1_000);
    }
    expect(requests.state().waiting).toBe(0);
  });
});

describe('one gate for all', () => {
  function routed(shared: boolean) {
    const own = started({ quantity: 5 });
    const memory = makeMemoryGate(own.clock);
    const campaignOf = (id: string) => own.catalog.get(id)?.campaign ?? null;
    const parts = { ...own, shared: shared ? memory : null, campaignOf, system: own.clock };
    return { ...own, memory, gate: routeGates(parts) };
  }
  const claim = (gate: ReturnType<typeof routed>['gate'], id: string): GateAnswer => {
    let given: GateAnswer = { verdict: 'unknown' };
    gate.claim(id, sampleAttempt('ann'), (one) => {
      given = one;
    });
    return given;
  };

  it('sends each to its own', async () => {
    const { gate, memory, catalog, wait, settle, decided } = routed(true);
    const instant = sampleCampaign({ id: 'instant' });
    catalog.put(instant);
    await gate.begin(instant);
    expect(claim(gate, 'instant').verdict).toBe('won');
    expect(claim(gate, ID).verdict).toBe('unavailable');
    await wait('bob');
    settle();
    await decided.look();
    expect(await gate.holdings('instant', 'ann')).toMatchObject([{ seq: 1 }]);
    expect(await gate.holdings(ID, 'bob')).toMatchObject([{ seq: 1 }]);
    expect(await gate.counts(ID)).toEqual({ issued: 1, lastSeq: 1, quantity: 5, holders: 1 });
    expect(await gate.counts('instant')).toMatchObject({ issued: 1, quantity: 100 });
    expect(await gate.configure({ ...instant, quantity: 0 })).toEqual({ kind: 'below_issued', issued: 1 });
    await gate.unload(ID);
    await gate.unload('instant');
    expect([await gate.counts(ID), await memory.counts('instant')]).toMatchObject([{ issued: 1 }, null]);
  });

  it('counts what the record has by then', async () => {
    const { gate, wait, settle, decided, decider } = routed(true);
    await wait('bob');
    settle();
    expect(await gate.counts(ID)).toMatchObject({ issued: 1 });
    await wait('cho');
    settle();
    expect(decided.known(ID)?.gate.issued).toBe(1);
    expect(await gate.counts(ID)).toMatchObject({ issued: 2 });
    decider.before.call = () => {
      throw new Error('MySQL is away');
    };
    await expect(gate.counts(ID)).rejects.toThrow('MySQL is away');
  });

  it('brings a new campaign to its decider', async () => {
    const { gate, row, settle, decided } = routed(true);
    const begun = gate.begin({ ...row.campaign, id: 'new' });
    settle();
    await breathe(1);
    await decided.look();
    await begun;
    expect(decided.known('new')?.gate.rule).toMatchObject({ campaignId: 'new', quantity: 5 });
  });

  it('has no place for the others where there is none', async () => {
    const { gate, catalog } = routed(false);
    const instant = sampleCampaign({ id: 'instant' });
    catalog.put(instant);
    await gate.begin(instant);
    expect(claim(gate, 'instant').verdict).toBe('unavailable');
    catalog.put({ ...instant, id: 'draft', openedAt: null, opensAt: null });
    expect(claim(gate, 'draft')).toMatchObject({ verdict: 'not_open' });
    expect(await gate.configure(instant)).toEqual({ kind: 'ok' });
    expect(await gate.counts('instant')).toBeNull();
    expect(await gate.holdings('instant', 'ann')).toEqual([]);
  });
});

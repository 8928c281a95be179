// Protects: who is refused early would be refused anyway, and leaves nothing on the log; who is not is given a ticket
// when his try is durable; and a ticket is answered the same for ever, wherever it is asked about.

import { describe, expect, it } from 'vitest';
import type { Campaign } from '../../src/core/campaign.ts';
import type { UnitFound } from '../../src/flow/mode.ts';
import type { Found, Outcome } from '../../src/flow/outcome.ts';
import { breathe, makeOrderedWorld } from '../support/ordered-world.ts';
import { T0 } from '../support/samples.ts';

const verdictOf = (outcome: Outcome): string =>
  outcome.verdict === 'none' ? outcome.problem.code : outcome.verdict;

const told = (found: Found | UnitFound): string => {
  if (found.kind === 'unit') return `unit ${found.seq}`;
  return found.kind === 'refused' ? found.verdict : found.kind;
};

async function started(over: Partial<Campaign> = {}) {
  const world = makeOrderedWorld(over);
  const api = world.api();
  await api.decided.look();
  return { ...world, ...api };
}

describe('a press', () => {
  it('is answered with a ticket when it is durable, and not before', async () => {
    const { press, requests, live } = await started();
    let answer: Outcome | null = null;
    const pressed = press('ann').then((outcome) => {
      answer = outcome;
    });
    await breathe();
    expect(answer).toBeNull();
    requests.letThrough();
    await pressed;
    expect(answer).toMatchObject({ verdict: 'pending', campaign: live.campaign, place: null });
    expect(requests.entries.at(-1)).toMatchObject([
      { request: { type: 'claim.requested', userId: 'ann', key: null } },
    ]);
  });

  it('is given the same ticket again until it is decided', async () => {
    const { press, requests, settle, decided, live } = await started();
    const both = [press('ann'), press('ann')];
    requests.letThrough();
    const [first, second] = await Promise.all(both);
    const third = await press('ann');
    expect(second).toEqual(first);
    expect(third).toEqual(first);
    expect(requests.entries).toHaveLength(2);
    settle();
    await decided.look();
    expect(await press('ann')).toMatchObject({ verdict: 'already_won', claim: { seq: 1, userId: 'ann' } });
    expect(live.issued).toBe(1);
  });

  it('is asked with its key where more than one unit may be had', async () => {
    const { press, requests, settle, decided, wait } = await started({ perUserLimit: 2, quantity: 10 });
    const first = await wait('ann', 'a');
    const second = await wait('ann', 'b');
    expect(second).not.toBe(first);
    expect(await press('ann', 'a')).toMatchObject({ ticket: first });
    expect(await press('ann')).toMatchObject({ ticket: second });
    settle();
    await decided.look();
    expect(await press('ann', 'a')).toMatchObject({ verdict: 'already_won', claim: { seq: 1 } });
    expect(await press('ann', 'c')).toMatchObject({ verdict: 'already_won', claim: { seq: 2 } });
    expect(requests.entries).toHaveLength(3);
  });

  it('is unknown when the log fails, may be asked again, and counts once', async () => {
    const { press, requests, settle, decided, decider } = await started();
    const pressed = press('ann');
    requests.fail('the disk is full');
    expect(verdictOf(await pressed)).toBe('outcome_unknown');
    expect(verdictOf(await press('ann'))).toBe('gate_unavailable');
    requests.heal();
    const again = press('ann');
    settle();
    expect(verdictOf(await again)).toBe('pending');
    expect(decider.wins).toHaveLength(1);
    await decided.look();
    expect(await press('ann')).toMatchObject({ verdict: 'already_won', claim: { seq: 1 } });
  });

  it('is too many when the log has too much to do', async () => {
    const world = makeOrderedWorld();
    const { press, decided } = world.api({ requestsWaitingMax: 2 });
    await decided.look();
    const first = [press('ann'), press('bob')];
    expect(verdictOf(await press('cho'))).toBe('overloaded');
    world.requests.letThrough();
    expect((await Promise.all(first)).map(verdictOf)).toEqual(['pending', 'pending']);
  });
});

describe('an early refusal', () => {
  it.each<[string, Partial<Campaign>]>([
    ['paused', { pausedAt: T0 - 1, closesAt: T0 - 1 }],
    ['closed', { closedAt: T0 - 1 }],
    ['closed', { openedAt: null, closedAt: T0 - 1 }],
    ['not_open', { openedAt: null }],
    ['not_open', { openedAt: null, opensAt: T0 + 1 }],
  ])('is %s', async (verdict, over) => {
    const { press, requests } = await started(over);
    expect(verdictOf(await press('ann'))).toBe(verdict);
    expect(verdictOf(await press('ann', null, false))).toBe('ineligible');
    expect(requests.state().waiting).toBe(0);
    expect(requests.entries).toHaveLength(1);
  });

  it('is sold_out when nothing is left, and leaves nothing on the log', async () => {
    const { press, requests, settle, decided, wait } = await started({ quantity: 1 });
    await wait('ann');
    const bob = press('bob');
    settle();
    expect(verdictOf(await bob)).toBe('pending');
    await decided.look();
    const { length } = requests.entries;
    for (const user of ['bob', 'cho', 'dan']) expect(verdictOf(await press(user))).toBe('sold_out');
    expect(verdictOf(await press('ann'))).toBe('already_won');
    expect(requests.state().waiting).toBe(0);
    expect(requests.entries).toHaveLength(length);
  });

  it('comes after a try on its way', async () => {
    const { press, wait, change, decided } = await started();
    const ticket = await wait('ann');
    change({ pausedAt: T0 });
    expect(await press('ann', null, false)).toMatchObject({ verdict: 'pending', ticket });
    await decided.look();
    expect(verdictOf(await press('ann', null, false))).toBe('already_won');
    expect(verdictOf(await press('bob'))).toBe('paused');
  });

  it('is not told by what is too old: the log decides', async () => {
    const world = makeOrderedWorld({ pausedAt: T0 - 1 });
    const { press, decided } = world.api({ staleMaxMs: 1000 });
    const early = press('ann');
    await decided.look();
    world.clock.move(1000);
    expect(verdictOf(await press('bob'))).toBe('paused');
    world.clock.move(1);
    const late = press('bob');
    world.requests.letThrough();
    expect([await early, await late].map(verdictOf)).toEqual(['pending', 'pending']);
  });

  it('is not told by a clock that may be wrong near the ends of the window', async () => {
    const world = makeOrderedWorld({ openedAt: null, opensAt: T0 + 1000, closesAt: T0 + 5000 });
    const { press, decided } = world.api({ clockSlackMs: 300 });
    await decided.look();
    const seen: string[] = [];
    for (const user of Array.from({ length: 13 }, (_, i) => `u-${i}`)) {
      const pressed = press(user);
      world.requests.letThrough();
      seen.push(verdictOf(await pressed));
      world.clock.move(500);
    }
    const open = Array.from({ length: 9 }, () => 'pending');
    expect(seen).toEqual(['not_open', 'not_open', ...open, 'closed', 'closed']);
  });
});

describe('a ticket', () => {
  it('is answered when it is decided: won or not', async () => {
    const { wait, asks, mine, settle, decided, requests, decider } = await started({ quantity: 1 });
    const ann = await wait('ann');
    const bob = await wait('bob');
    expect(await asks(ann, 'ann')).toMatchObject({ kind: 'waiting', pending: { ticket: ann } });
    expect(await mine('bob')).toMatchObject({ kind: 'waiting', pending: { ticket: bob } });
    decider.decide(1);
    await decided.look();
    expect(told(await asks(ann, 'ann'))).toBe('unit 1');
    expect(told(await asks(bob, 'bob'))).toBe('waiting');
    settle();
    await decided.look();
    expect(told(await asks(bob, 'bob'))).toBe('sold_out');
    expect(told(await mine('bob'))).toBe('sold_out');
    expect(told(await mine('cho'))).toBe('none');
    expect(requests.entries).toHaveLength(3);
  });

  it('is answered without its user only where he is remembered', async () => {
    const world = makeOrderedWorld({ quantity: 1 });
    const [here, there] = [world.api(), world.api()];
    const ann = await here.wait('ann');
    const bob = await here.wait('bob');
    world.settle();
    await Promise.all([here.decided.look(), there.decided.look()]);
    expect([await here.asks(ann, null), await here.asks(bob, null)].map(told)).toEqual([
      'unit 1',
      'sold_out',
    ]);
    expect([await there.asks(ann, null), await there.asks(bob, null)].map(told)).toEqual([
      'unnamed',
      'unnamed',
    ]);
    expect([await there.asks(ann, 'ann'), await there.asks(bob, 'bob')].map(told)).toEqual([
      'unit 1',
      'sold_out',
    ]);
    expect(told(await there.mine('bob'))).toBe('none');
  });

  it('of somebody who won later still says what came of it', async () => {
    const { wait, asks, settle, decided, change, api } = await started({ quantity: 1 });
    await wait('ann');
    const lost = await wait('bob');
    settle();
    change({ quantity: 2 });
    await decided.look();
    expect(told(await asks(lost, 'bob'))).toBe('sold_out');
    const won = await wait('bob');
    settle();
    const other = api();
    await Promise.all([decided.look(), other.decided.look()]);
    for (const { asks } of [{ asks: other.asks }]) {
      expect([await asks(lost, 'bob'), await asks(won, 'bob')].map(told)).toEqual(['sold_out', 'unit 2']);
    }
    expect([await asks(lost, 'bob'), await asks(won, 'bob')].map(told)).toEqual(['sold_out', 'unit 2']);
  });

  it('that nobody could read has no verdict, and its user may ask again', async () => {
    const { press, asks, mine, requests, decider, decided, wait, settle } = await started();
    const pressed = press('ann');
    requests.letThrough('unreadable');
    const ticket = ((await pressed) as { ticket: string }).ticket;
    decider.decide();
    await decided.look();
    expect(told(await asks(ticket, 'ann'))).toBe('unknown');
    expect(told(await mine('ann'))).toBe('unknown');
    const again = await wait('ann');
    settle();
    await decided.look();
    expect(told(await asks(again, 'ann'))).toBe('unit 1');
  });

  it('of a campaign that is not known here is answered from the record', async () => {
    const world = makeOrderedWorld({ quantity: 1 });
    const { wait } = world.api();
    const tickets = [await wait('ann'), await wait('bob')] as const;
    world.settle();
    const api = world.api();
    const { changed } = world.decider.rulings;
    world.decider.rulings.changed = async () => [];
    await api.decided.look();
    world.decider.rulings.changed = changed;
    expect(told(await api.asks(tickets[0], 'ann'))).toBe('unit 1');
    expect(told(await api.asks(tickets[1], 'bob'))).toBe('sold_out');
  });

  it('is waited for', async () => {
    const { wait, flow, live, ticketOf, decided, settle, clock } = await started();
    const ticket = ticketOf(await wait('ann'));
    let changed = 0;
    const note = (): void => {
      changed += 1;
    };
    void flow.changed(live, ticket, 1000).then(note);
    clock.move(999);
    await breathe();
    expect(changed).toBe(0);
    clock.move(1);
    await breathe();
    expect(changed).toBe(1);
    void flow.changed(live, ticket, 1000).then(note);
    settle();
    await decided.look();
    await breathe();
    expect(changed).toBe(2);
    await flow.changed(live, ticket, 1000);
  });

  it('is answered without a wait where nothing has to be asked for', async () => {
    const { wait, flow, live, ticketOf, decided, settle } = await started({ quantity: 1 });
    const [ann, bob] = [await wait('ann'), await wait('bob')];
    const now = (text: string, userId: string | null) =>
      flow.askNow?.(live, { ticket: ticketOf(text), text, userId });
    expect([now(ann, 'ann')?.kind, flow.askNow?.(live, 'bob')?.kind]).toEqual(['waiting', 'waiting']);
    expect(flow.pending?.()).toBe(2);
    settle();
    await decided.look();
    expect(flow.pending?.()).toBe(0);
    expect([now(ann, 'ann'), flow.askNow?.(live, 'ann')]).toEqual([null, null]);
    expect([now(bob, 'bob'), now(bob, null), flow.askNow?.(live, 'bob')]).toMatchObject([
      { kind: 'refused', verdict: 'sold_out' },
      { kind: 'refused', verdict: 'sold_out' },
      { kind: 'refused', verdict: 'sold_out' },
    ]);
    expect(flow.askNow?.(live, 'cho')).toEqual({ kind: 'none' });
  });
});

describe('verdicts that come later', () => {
  it('are told once each, in the order of the log', async () => {
    const { press, requests, flow, settle, decided } = await started({ quantity: 2 });
    const seen: string[] = [];
    flow.onVerdict((_, userId, outcome) => void seen.push(`${userId} ${verdictOf(outcome)}`));
    for (const user of ['ann', 'bob', 'cho']) void press(user);
    settle();
    await decided.look();
    expect(seen).toEqual(['ann won', 'bob won', 'cho sold_out']);
    await decided.look();
    expect(seen).toHaveLength(3);
    expect(requests.entries).toHaveLength(2);
  });

  it('are told too when they are known before the answer is', async () => {
    const world = makeOrderedWorld();
    const api = world.api();
    await api.decided.look();
    const seen: string[] = [];
    api.flow.onVerdict((_, userId, outcome) => void seen.push(`${userId} ${verdictOf(outcome)}`));
    const { isDecided } = api.decided;
    api.decided.isDecided = () => true;
    const pressed = api.press('ann');
    world.requests.letThrough();
    await pressed;
    api.decided.isDecided = isDecided;
    expect(seen).toEqual(['ann outcome_unknown']);
  });

  it('are forgotten when too many are remembered, and tickets are answered all the same', async () => {
    const world = makeOrderedWorld({ quantity: 10 });
    const api = world.api({ triesMax: 2 });
    await api.decided.look();
    const tickets: string[] = [];
    for (const user of ['ann', 'bob', 'cho']) tickets.push(await api.wait(user));
    expect(api.flow.pending?.()).toBe(2);
    world.settle();
    await api.decided.look();
    expect(told(await api.asks(tickets[0] as string, null))).toBe('unnamed');
    expect(told(await api.asks(tickets[0] as string, 'ann'))).toBe('unit 1');
    expect(told(await api.asks(tickets[2] as string, null))).toBe('unit 3');
  });
});

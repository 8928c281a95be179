// Protects: a place in line. It is told only when it is on the log, it is the same however often its person presses, a
// newcomer's refusals come in the order of the contract (§3), and a fault of the log is told as what it is.

import { describe, expect, it } from 'vitest';
import type { Campaign } from '../../src/core/campaign.ts';
import type { Press } from '../../src/flow/outcome.ts';
import { makeQueuedBench, settled } from '../support/queued-bench.ts';
import { T0 } from '../support/samples.ts';

describe('a place', () => {
  it('is told when its fact is on the log, and not before', async () => {
    const { press, log, mine } = await makeQueuedBench();
    const ann = press('ann');
    const looking = mine('ann');
    await settled();
    expect(ann.told()).toBe('…');
    log.letThrough();
    await settled();
    expect(ann.told()).toBe('#1 0 ahead, serving 0');
    expect(await looking).toBe('#1 0 ahead, serving 0');
    expect(log.lines).toMatchObject([{ type: 'line.joined', first: 1, userIds: ['ann'] }]);
  });

  it('is told with a ticket, and a time to ask again by', async () => {
    const { join, press, byTicket } = await makeQueuedBench({ campaign: { release: { perSecond: 1 } } });
    for (let i = 1; i <= 20; i++) await join(`u-${i}`);
    const ann = press('u-20');
    await settled();
    const [told] = ann.outcomes;
    expect(told).toMatchObject({
      verdict: 'pending',
      place: { position: 20, ahead: 19, estimatedWaitMs: 20_000, waitReason: null, confirmBy: null },
      askAgainMs: 2000,
    });
    const { ticket } = told as { ticket: string };
    expect(await byTicket(ticket)).toBe('#20 19 ahead, serving 0');
    expect(await byTicket(ticket, 'u-20')).toBe('#20 19 ahead, serving 0');
    expect(await byTicket(ticket, 'u-19')).toBe('mismatch');
    expect(await byTicket(`${ticket.slice(0, -2)}xx`)).toBe('mismatch');
  });

  it('is the same for who presses again, on its way and afterwards', async () => {
    const { press, join, log } = await makeQueuedBench();
    const both = [press('ann'), press('ann')];
    await settled();
    expect(both.map((one) => one.told())).toEqual(['…', '…']);
    log.letThrough();
    await settled();
    expect(both.map((one) => one.told())).toEqual(Array(2).fill('#1 0 ahead, serving 0'));
    expect(await join('bob')).toBe('#2 1 ahead, serving 0');
    expect(await join('ann')).toBe('#1 0 ahead, serving 0');
    expect(log.lines).toHaveLength(2);
  });

  it('is told at once at level memory', async () => {
    const { press, mine } = await makeQueuedBench({ campaign: { durability: 'memory' } });
    const ann = press('ann');
    await settled();
    expect(ann.told()).toBe('#1 0 ahead, serving 0');
    expect(await mine('ann')).toBe('#1 0 ahead, serving 0');
  });

  it('is given up by who leaves; he comes back to the end', async () => {
    const { joinAll, join, leave, mine, byTicket, press } = await makeQueuedBench();
    await joinAll('ann', 'bob', 'eve');
    const ann = press('ann');
    await settled();
    const { ticket } = ann.outcomes[0] as unknown as { ticket: string };
    expect(await leave('ann')).toBe('closed: left');
    expect(await leave('ann')).toBe('none');
    expect(await leave('nobody')).toBe('none');
    expect(await mine('ann')).toBe('closed: left');
    expect(await mine('eve')).toBe('#3 1 ahead, serving 0');
    expect(await join('ann')).toBe('#4 2 ahead, serving 0');
    expect(await byTicket(ticket, 'ann')).toBe('closed: left');
  });

  it('that is being left is not told as left before that is on the log', async () => {
    const { joinAll, flow, live, log, mine } = await makeQueuedBench();
    await joinAll('ann', 'bob');
    let left: unknown = null;
    void flow.leave?.(live, 'ann').then((found) => {
      left = found;
    });
    let seen: unknown = null;
    void mine('bob').then((told) => {
      seen = told;
    });
    await settled();
    expect([left, seen]).toEqual([null, null]);
    log.letThrough();
    await settled();
    expect(left).toMatchObject({ kind: 'refused', why: 'left' });
    expect(seen).toBe('#2 0 ahead, serving 0');
  });
});

describe('a fault of the log', () => {
  it('is an unknown outcome, then nobody gets in, then the place is told that was given', async () => {
    const { press, log, mine, join, leave, flow, live } = await makeQueuedBench();
    expect(await join('eve')).toBe('#1 0 ahead, serving 0');
    const ann = press('ann');
    const looking = mine('ann');
    await settled();
    log.fail('no space left');
    await settled();
    expect(ann.told()).toBe('outcome_unknown');
    expect(await looking).toBe('unknown');
    expect(await mine('ann')).toBe('unknown');
    expect(flow.askNow?.(live, 'ann')).toBeNull();
    expect(press('ann').told()).toBe('gate_unavailable');
    expect(press('bob').told()).toBe('gate_unavailable');
    expect(shortOf(await flow.leave?.(live, 'eve'))).toBe('unknown');
    log.letThrough();
    await settled();
    expect(await join('ann')).toBe('#2 1 ahead, serving 0');
    expect(await join('bob')).toBe('#3 2 ahead, serving 0');
    expect(await leave('eve')).toBe('closed: left');
  });

  it('lets nobody in, and tells nobody that nothing is left', async () => {
    const { joinAll, steps, press, log, mine, clock } = await makeQueuedBench({ campaign: { quantity: 1 } });
    await joinAll('ann', 'bob');
    await steps(1, false);
    const looking = mine('bob');
    await settled();
    log.fail('no space left');
    await settled();
    expect(await looking).toBe('unknown');
    expect(await mine('bob')).toBe('unknown');
    expect(await mine('ann')).toBe('unknown');
    expect(press('bob').told()).toBe('gate_unavailable');
    clock.move(5000);
    await steps(3, false);
    expect(log.state().waiting).toBe(3);
    log.letThrough();
    await settled();
    expect(await mine('bob')).toBe('sold_out');
    expect(await mine('ann')).toBe('won 1');
  });
});

const shortOf = (found: { kind: string } | undefined): string => found?.kind ?? 'no way to';

describe('what a newcomer is told', () => {
  const hour = 3_600_000;
  const told = async (campaign: Partial<Campaign>, more: Partial<Press> = {}): Promise<string> => {
    const { press } = await makeQueuedBench({ campaign });
    const one = press('eve', more);
    await settled();
    return one.told();
  };
  const barred = { denyUsers: ['eve'] };
  const sold = async (campaign: Partial<Campaign>): Promise<string> => {
    const { joinAll, steps, change, join } = await makeQueuedBench({ campaign: { quantity: 1 } });
    await joinAll('ann');
    await steps(2);
    await change(campaign);
    return join('eve');
  };

  it('ineligible before everything', async () => {
    const eligibility = barred;
    expect(await told({ eligibility, pausedAt: T0, closedAt: T0 })).toBe('ineligible');
    expect(await told({ eligibility, openedAt: null, opensAt: T0 + hour })).toBe('ineligible');
  });

  it('paused before closed and not open', async () => {
    expect(await told({ pausedAt: T0, closesAt: T0 })).toBe('paused');
  });

  it('not open before its time, closed after it', async () => {
    expect(await told({ openedAt: null, opensAt: T0 + hour })).toBe('not_open');
    expect(await told({ openedAt: null, opensAt: null })).toBe('not_open');
    expect(await told({ closesAt: T0 })).toBe('closed');
    expect(await told({ closedAt: T0 })).toBe('closed');
  });

  it('sold out last, and closed before it', async () => {
    expect(await sold({})).toBe('sold_out');
    expect(await sold({ closedAt: T0 })).toBe('closed');
    expect(await sold({ pausedAt: T0 })).toBe('paused');
    expect(await sold({ eligibility: barred })).toBe('ineligible');
  });

  it('that the line is full, until somebody leaves', async () => {
    const line = { maxLength: 2, cutAt: null, shuffleBeforeOpen: false };
    const { join, joinAll, leave } = await makeQueuedBench({ campaign: { line } });
    await joinAll('ann', 'bob');
    expect(await join('eve')).toBe('line_full');
    expect(await join('bob')).toBe('#2 1 ahead, serving 0');
    await leave('ann');
    expect(await join('eve')).toBe('#3 1 ahead, serving 0');
  });

  it('that there is no chance, by the units that are left', async () => {
    const line = { maxLength: null, cutAt: 2, shuffleBeforeOpen: false };
    const { join, joinAll, steps } = await makeQueuedBench({ campaign: { line, quantity: 2 } });
    await joinAll('a', 'b', 'c', 'd');
    expect(await join('e')).toBe('no_chance');
    await steps(1);
    expect(await join('e')).toBe('no_chance');
    expect(await join('d')).toBe('#4 2 ahead, serving 1');
  });

  it('what he has, whatever has become of the campaign', async () => {
    const { joinAll, steps, change, join, press } = await makeQueuedBench({ campaign: { quantity: 2 } });
    await joinAll('ann', 'bob', 'eve');
    await steps(1);
    await change({ pausedAt: T0, eligibility: { denyUsers: ['ann', 'bob'] } });
    expect(await join('ann')).toBe('already_won 1');
    expect(await join('bob')).toBe('#2 0 ahead, serving 1');
    await change({ pausedAt: null, closedAt: T0 });
    expect(await join('ann')).toBe('already_won 1');
    expect(await join('bob')).toBe('closed');
    const ann = press('ann');
    await settled();
    expect(ann.outcomes[0]).toMatchObject({ claim: { seq: 1, wonAt: T0 + 50 } });
  });
});

describe('several units for each', () => {
  const campaign = { perUserLimit: 2, quantity: 5 };

  it('are won one after another, a key each, and each key keeps its own', async () => {
    const { join, steps, mine } = await makeQueuedBench({ campaign });
    expect(await join('ann', { key: 'k1' })).toBe('#1 0 ahead, serving 0');
    expect(await join('ann', { key: 'k2' })).toBe('#1 0 ahead, serving 0');
    await steps(2);
    expect(await join('ann', { key: 'k1' })).toBe('already_won 1');
    expect(await join('ann', { key: 'k2' })).toBe('#2 0 ahead, serving 1');
    expect(await join('ann', { key: 'k1' })).toBe('already_won 1');
    await steps(2);
    expect(await join('ann', { key: 'k1' })).toBe('already_won 1');
    expect(await join('ann', { key: 'k2' })).toBe('already_won 2');
    expect(await join('ann', { key: 'k3' })).toBe('already_won 2');
    expect(await mine('ann')).toBe('won 2');
  });

  it('without a key he is told of his latest', async () => {
    const { join, steps, leave, lineUp, live } = await makeQueuedBench({ campaign });
    await join('ann');
    expect(await join('ann')).toBe('#1 0 ahead, serving 0');
    await steps(2);
    expect(await join('ann')).toBe('already_won 1');
    expect(await join('ann', { key: 'k2' })).toBe('#2 0 ahead, serving 1');
    expect(await join('ann')).toBe('#2 0 ahead, serving 1');
    await leave('ann');
    expect(await join('ann')).toBe('already_won 1');
    await steps(2);
    expect(lineUp.of(live).counts).toMatchObject({ won: 1, free: 4 });
  });
});

describe('a line that others have to do with too', () => {
  const shared = { shared: true, campaign: { durability: 'logged' as const } };
  const attempt = { userId: 'ann', key: null, eligible: true, another: false };

  async function turns(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) await settled();
  }

  it('a place is told when its fact is on the log, also when that is before the line has answered', async () => {
    const { press, log } = await makeQueuedBench(shared);
    const [early, late] = [press('ann'), press('bob')];
    await turns(1);
    log.letThrough();
    await turns(4);
    expect([early.told(), late.told()]).toEqual(['#1 0 ahead, serving 0', '#2 1 ahead, serving 0']);
    const eve = press('eve');
    await turns(4);
    expect(eve.told()).toBe('…');
    log.letThrough();
    await turns(2);
    expect(eve.told()).toBe('#3 2 ahead, serving 0');
  });

  it('a place that another process gave goes to the log once more before it is told', async () => {
    const { press, log, lineUp, live, mine } = await makeQueuedBench(shared);
    lineUp.parts.line.join(live.campaign.id, attempt, () => undefined);
    const ann = press('ann');
    await turns(4);
    expect(ann.told()).toBe('…');
    log.letThrough();
    await turns(2);
    expect(ann.told()).toBe('#1 0 ahead, serving 0');
    expect(log.lines).toMatchObject([{ type: 'line.joined', first: 1, userIds: ['ann'] }]);
    expect(await mine('ann')).toBe('#1 0 ahead, serving 0');
    press('ann');
    await turns(4);
    expect(log.state().waiting).toBe(0);
  });

  it('is unknown when the log has it too late', async () => {
    const { press, log, clock } = await makeQueuedBench(shared);
    const ann = press('ann');
    await turns(4);
    clock.move(1501);
    log.letThrough();
    await turns(2);
    expect(ann.told()).toBe('outcome_unknown');
    const again = press('ann');
    await turns(4);
    expect(again.told()).toBe('#1 0 ahead, serving 0');
  });
});

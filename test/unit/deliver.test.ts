// Protects: each delivery arrives at least once and those of a claim in order, whatever receivers do; one of them slows no
// other; one that takes nothing for long is left alone and said to be.

import { beforeEach, describe, expect, it } from 'vitest';
import { makeWebhookSink } from '../../src/flow/leave-webhooks.ts';
import type { Announcement } from '../../src/ports/announcements.ts';
import type { WebhookSent } from '../../src/ports/webhook-sender.ts';
import { T0 } from '../support/samples.ts';
import { AWAY, answered, fact, makeWebhookWorld, type WebhookWorld } from '../support/webhook-world.ts';

const WAITS = [5_000, 60_000, 600_000];
const facts = (count: number) => Array.from({ length: count }, (_, i) => fact(i + 1));
let world: WebhookWorld;

beforeEach(async () => {
  world = await makeWebhookWorld(WAITS);
});

describe('deliveries', () => {
  it('arrive, each at least once and in order of each claim, although most first tries fail', async () => {
    await world.add('a');
    const left = facts(40).flatMap((one, i) => [
      one,
      fact(i + 1, 'coupon.redeemed'),
      fact(i + 1, 'coupon.revoked'),
    ]);
    await world.leave(['a'], left);
    const failures = new Map(left.map(({ eventId }, i) => [eventId, i % 3]));
    world.answer = (_, eventId) => {
      const toCome = failures.get(eventId) ?? 0;
      failures.set(eventId, Math.max(0, toCome - 1));
      return answered(toCome === 0 ? 200 : toCome === 1 ? 409 : 500);
    };
    await world.pass(900_000, 3_000);
    const taken = world.taken.get('a') ?? [];
    expect(new Set(taken).size).toBe(120);
    for (let seq = 1; seq <= 40; seq++) {
      const ofClaim = taken.filter((id) => id.startsWith(`c:1:${seq}:`)).map((id) => id.split('.')[1]);
      expect(ofClaim).toEqual(['issued', 'redeemed', 'revoked']);
    }
    expect(world.deliverer.counts).toMatchObject({ delivered: 120, failed: 0 });
  });

  it('go to one endpoint while another does not answer', async () => {
    await world.add('slow');
    await world.add('fast');
    await world.leave(['slow', 'fast'], facts(300));
    const waiting: (() => void)[] = [];
    world.answer = (id) =>
      id === 'fast'
        ? answered(200)
        : new Promise<WebhookSent>((resolve) => waiting.push(() => resolve(answered(200))));
    await world.pass(500);
    expect(world.taken.get('fast')).toHaveLength(300);
    expect(world.tries.get('slow')).toBe(16);
    while (waiting.length > 0) {
      for (const go of waiting.splice(0)) go();
      await world.settle();
    }
    expect(world.taken.get('slow')).toHaveLength(300);
  });

  it('are written down when the record is back, and not sent twice for it', async () => {
    await world.add('a');
    await world.leave(['a'], facts(10));
    world.answer = () => {
      world.broken = true;
      return answered(200);
    };
    await world.pass(2_000);
    expect(world.tries.get('a')).toBe(10);
    world.broken = false;
    await world.pass(1_000);
    expect(world.tries.get('a')).toBe(10);
    expect((await world.deliveries.backlog('a', 100)).pending).toBe(0);
  });

  it('are not waited for for long when the server stops, and are sent again', async () => {
    await world.add('a');
    await world.leave(['a'], facts(2));
    world.answer = (_, eventId) =>
      eventId === fact(1).eventId ? answered(200) : new Promise<WebhookSent>(() => undefined);
    await world.pass(500);
    const stopped = world.deliverer.stop();
    world.clock.move(1_000);
    await stopped;
    expect(await world.deliveries.due('a', world.clock.now(), 9)).toMatchObject([
      { orderKey: 'c.2', tries: 0 },
    ]);
  });

  it('wait as long as the receiver asks', async () => {
    await world.add('a');
    await world.leave(['a'], facts(1));
    world.answer = () => ({ ...answered(429), retryAfterMs: 50_000 });
    await world.pass(1_000);
    world.answer = () => answered(200);
    await world.pass(45_000, 1_000);
    expect(world.taken.get('a')).toBeUndefined();
    await world.pass(6_000);
    expect(world.taken.get('a')).toHaveLength(1);
  });
});

describe('an endpoint that is away', () => {
  it('is tried now and then, and has everything soon after it is back', async () => {
    await world.add('a');
    await world.leave(['a'], facts(200));
    world.answer = () => AWAY;
    await world.pass(60_000);
    const [tried] = [world.tries.get('a') ?? 0];
    expect(tried).toBeGreaterThan(16);
    expect(tried).toBeLessThan(50);
    world.answer = () => answered(200);
    await world.pass(120_000, 1_000);
    expect(new Set(world.taken.get('a')).size).toBe(200);
    expect(world.disabled).toEqual([]);
  });

  it('is disabled after the last try, when nothing arrived meanwhile', async () => {
    await world.add('a');
    await world.leave(['a'], facts(1));
    world.answer = () => AWAY;
    await world.pass(1_000_000, 10_000);
    expect(world.tries.get('a')).toBe(WAITS.length + 1);
    expect(world.disabled).toMatchObject([
      { id: 'a', state: 'disabled', why: expect.stringContaining('ECONNREFUSED') },
    ]);
    expect(await world.deliveries.list('a', null, null, 9)).toMatchObject([{ state: 'failed', tries: 4 }]);
    await world.leave(['a'], [fact(2)]);
    await world.pass(5_000);
    expect(world.tries.get('a')).toBe(4);
  });

  it('is not, when it is only one fact that it does not take', async () => {
    await world.add('a');
    await world.leave(['a'], [fact(1), fact(1, 'coupon.redeemed'), fact(2)]);
    world.answer = (_, eventId) => answered(eventId === fact(1).eventId ? 422 : 200);
    await world.pass(1_000_000, 10_000);
    expect(world.disabled).toEqual([]);
    expect(world.taken.get('a')).toEqual([fact(2).eventId, fact(1, 'coupon.redeemed').eventId]);
    expect((await world.deliveries.list('a', 'failed', null, 9)).map(({ tries }) => tries)).toEqual([4]);
  });

  it('is disabled at once when it says that it is no more', async () => {
    await world.add('a');
    await world.leave(['a'], facts(20));
    world.answer = () => answered(410);
    await world.pass(1_000);
    expect(world.disabled).toMatchObject([{ why: 'it answered 410: it is no more' }]);
    expect(world.tries.get('a')).toBe(16);
    expect((await world.deliveries.backlog('a', 99)).pending).toBe(20);
  });

  it('has what waited when somebody enables it', async () => {
    const endpoint = await world.add('a');
    await world.webhooks.put({ ...endpoint, version: 2, state: 'disabled' }, SOME_LINE);
    await world.leave(['a'], facts(3));
    await world.pass(2_000);
    expect(world.tries.get('a')).toBeUndefined();
    await world.webhooks.put({ ...endpoint, version: 3 }, SOME_LINE);
    await world.pass(1_000);
    expect(world.taken.get('a')).toHaveLength(3);
  });
});

const SOME_LINE = {
  ...{
    at: T0,
    actor: 'a',
    action: 'webhook.enable',
    target: 'a',
    before: null,
    after: null,
    requestId: null,
  },
};

describe('facts for webhooks', () => {
  const announcement = (seq: number, type: Announcement['type'] = 'coupon.issued'): Announcement => ({
    ...{ id: `c:1:${seq}:${type}`, type, campaignId: 'c', claimId: `c.${seq}`, at: T0, data: { seq } },
  });
  const sinkOf = (backlogMax: number) =>
    makeWebhookSink({
      webhooks: world.webhooks,
      deliveries: world.deliveries,
      system: world.clock,
      onDisabled: (endpoint) => world.disabled.push(endpoint),
      backlogMax,
    });

  it('are left for those that want them, and for nobody else', async () => {
    const all = await world.add('a');
    const some = { ...all, id: 'b', facts: ['coupon.redeemed' as const], campaigns: ['c'] };
    await world.webhooks.add(some, 9, SOME_LINE);
    const sink = sinkOf(100);
    expect(sink.wants('coupon.issued', 'c')).toBe(false);
    expect(await sink.ready()).toBe(true);
    expect([sink.wants('coupon.issued', 'c'), sink.wants('campaign.closed', 'x')]).toEqual([true, true]);
    await sink.send([announcement(1), announcement(1, 'coupon.redeemed')]);
    expect((await world.deliveries.backlog('a', 9)).pending).toBe(2);
    expect(await world.deliveries.list('b', null, null, 9)).toMatchObject([{ type: 'coupon.redeemed' }]);
  });

  it('wait in the outbox while an endpoint that works is too far behind', async () => {
    await world.add('a');
    const sink = sinkOf(10);
    expect(await sink.ready()).toBe(true);
    await sink.send(Array.from({ length: 10 }, (_, i) => announcement(i + 1)));
    world.clock.move(6_000);
    expect(await sink.ready()).toBe(false);
    await world.pass(500);
    world.clock.move(6_000);
    expect(await sink.ready()).toBe(true);
    expect(world.disabled).toEqual([]);
  });

  it('go on without an endpoint that is too far behind and takes nothing', async () => {
    await world.add('a');
    const sink = sinkOf(10);
    await sink.ready();
    await sink.send(Array.from({ length: 10 }, (_, i) => announcement(i + 1)));
    world.clock.move(301_000);
    expect(await sink.ready()).toBe(true);
    expect(sink.wants('coupon.issued', 'c')).toBe(false);
    expect(world.disabled).toMatchObject([{ id: 'a', why: expect.stringContaining('10 deliveries wait') }]);
  });
});

// What every store of webhooks promises (ports/webhooks, ports/deliveries): an endpoint changes from the version that was
// read, each fact is left for it once, those of a claim are handed out in order, and a try is written down once.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Deliveries, LeftFact, SettledTry } from '../../../src/ports/deliveries.ts';
import type { Operators } from '../../../src/ports/operators.ts';
import type { Endpoint, Webhooks } from '../../../src/ports/webhooks.ts';
import { sampleAudit, T0 } from '../samples.ts';

export interface WebhookPlace {
  webhooks: Webhooks;
  deliveries: Deliveries;
  operators: Operators;
}

const ENDPOINT: Endpoint = {
  id: 'wh_1',
  version: 1,
  url: 'https://shop.example/hook?a=1',
  description: '치킨',
  facts: ['coupon.issued'],
  campaigns: null,
  secrets: 'sealed',
  state: 'enabled',
  why: null,
  disabledAt: null,
  createdAt: T0,
  updatedAt: T0,
};

const fact = (seq: number, type = 'coupon.issued'): LeftFact => ({
  eventId: `c:1:${seq}:${type}`,
  type,
  campaignId: 'c',
  orderKey: `c.${seq}`,
  body: `{"seq":${seq},"user":"치킨"}`,
});
const answer = (status: number) => ({ at: T0, status, ms: 3, error: status < 300 ? null : 'no', body: '치' });

export function webhooksContract(name: string, makePlace: () => Promise<WebhookPlace>): void {
  describe(`${name} webhooks`, () => {
    let place: WebhookPlace;
    beforeEach(async () => {
      place = await makePlace();
    });

    it('are kept as they were given, oldest first, up to a number', async () => {
      const { webhooks, operators } = place;
      const second = { ...ENDPOINT, id: 'wh_0', facts: null, campaigns: ['c', 'd'], createdAt: T0 + 1 };
      expect(await webhooks.add(ENDPOINT, 2, sampleAudit())).toBe(true);
      expect(await webhooks.add(second, 2, sampleAudit())).toBe(true);
      expect(await webhooks.add({ ...ENDPOINT, id: 'wh_3' }, 2, sampleAudit())).toBe(false);
      expect(await webhooks.list()).toEqual([ENDPOINT, second]);
      expect(await webhooks.get('wh_0')).toEqual(second);
      expect(await webhooks.get('wh_9')).toBeNull();
      expect(await operators.listAudit(null, 10)).toHaveLength(2);
    });

    it('change from the version that was read, and go once', async () => {
      const { webhooks, operators } = place;
      await webhooks.add(ENDPOINT, 9, sampleAudit());
      const off: Endpoint = { ...ENDPOINT, version: 2, state: 'disabled', why: 'gone', disabledAt: T0 + 5 };
      expect(await webhooks.put(off, sampleAudit({ action: 'webhook.disable' }))).toBe(true);
      expect(await webhooks.put({ ...ENDPOINT, version: 2 }, sampleAudit())).toBe(false);
      expect(await webhooks.get('wh_1')).toEqual(off);
      expect(await webhooks.remove('wh_1', sampleAudit({ action: 'webhook.remove' }))).toBe(true);
      expect(await webhooks.remove('wh_1', sampleAudit())).toBe(false);
      const actions = (await operators.listAudit(null, 10)).map(({ action }) => action);
      expect(actions.slice(0, 2)).toEqual(['webhook.remove', 'webhook.disable']);
      expect(actions).toHaveLength(3);
    });
  });

  describe(`${name} deliveries`, () => {
    let deliveries: Deliveries;
    const dueIds = async (now = T0, limit = 100) =>
      (await deliveries.due('wh_1', now, limit)).map(({ eventId }) => eventId);
    const settleFirst = async (state: SettledTry['state'], at: number, now = T0): Promise<number> => {
      const [first] = await deliveries.due('wh_1', now, 1);
      const { id = 0, tries = 0, answers = [] } = first ?? {};
      const tried = { id, triesBefore: tries, state, at, answers: [...answers, answer(200)] };
      await deliveries.settle([tried]);
      return id;
    };
    beforeEach(async () => {
      ({ deliveries } = await makePlace());
    });

    it('are made once for each endpoint and fact, however often it is left', async () => {
      await deliveries.leave(['wh_1', 'wh_2'], [fact(1), fact(2)], T0);
      await deliveries.leave(['wh_1'], [fact(2), fact(3)], T0 + 1);
      await deliveries.leave(['wh_1'], [], T0 + 1);
      expect(await dueIds(T0 + 1)).toEqual([1, 2, 3].map((seq) => fact(seq).eventId));
      const [other] = await deliveries.due('wh_2', T0, 1);
      expect(other).toEqual({
        ...fact(1),
        ...{ id: expect.any(Number), endpointId: 'wh_2', state: 'pending', tries: 0 },
        ...{ at: T0, answers: [], createdAt: T0 },
      });
      expect(await deliveries.backlog('wh_1', 100)).toEqual({ pending: 3, lastDeliveredAt: null });
      expect((await deliveries.backlog('wh_1', 2)).pending).toBe(2);
    });

    it('of one claim are handed out one after the other', async () => {
      await deliveries.leave(['wh_1'], [fact(1), fact(1, 'coupon.redeemed'), fact(2)], T0);
      expect(await dueIds()).toEqual(['c:1:1:coupon.issued', 'c:1:2:coupon.issued']);
      await settleFirst('delivered', T0 + 1);
      expect(await dueIds()).toEqual(['c:1:1:coupon.redeemed', 'c:1:2:coupon.issued']);
      await settleFirst('failed', T0 + 1);
      expect(await dueIds()).toEqual(['c:1:2:coupon.issued']);
      expect(await deliveries.backlog('wh_1', 9)).toEqual({ pending: 1, lastDeliveredAt: T0 + 1 });
    });

    it('that are put off keep the later ones of their claim waiting, and no other', async () => {
      await deliveries.leave(['wh_1'], [fact(1), fact(1, 'coupon.redeemed'), fact(2)], T0);
      await settleFirst('pending', T0 + 5000);
      expect(await dueIds()).toEqual(['c:1:2:coupon.issued']);
      await deliveries.leave(['wh_1'], [fact(1, 'coupon.revoked')], T0 + 1);
      expect(await dueIds(T0 + 1)).toEqual(['c:1:2:coupon.issued']);
      expect(await dueIds(T0 + 5000)).toEqual(['c:1:2:coupon.issued', 'c:1:1:coupon.issued']);
      const [again] = (await deliveries.due('wh_1', T0 + 5000, 9)).slice(1);
      expect(again).toMatchObject({ tries: 1, answers: [answer(200)] });
    });

    it('are settled once: who comes late writes nothing', async () => {
      await deliveries.leave(['wh_1'], [fact(1)], T0);
      const id = await settleFirst('pending', T0 + 1);
      const late = { id, triesBefore: 0, state: 'failed' as const, at: T0 + 2, answers: [] };
      await deliveries.settle([late]);
      expect(await deliveries.list('wh_1', null, null, 9)).toMatchObject([{ state: 'pending', tries: 1 }]);
      await deliveries.settle([{ ...late, triesBefore: 1, state: 'delivered', answers: [answer(204)] }]);
      await deliveries.settle([{ ...late, triesBefore: 2 }]);
      expect(await deliveries.list('wh_1', null, null, 9)).toMatchObject([
        { state: 'delivered', tries: 2, at: T0 + 2, answers: [answer(204)] },
      ]);
    });

    it('are listed back, page by page and by state', async () => {
      await deliveries.leave(
        ['wh_1'],
        Array.from({ length: 5 }, (_, i) => fact(i + 1)),
        T0,
      );
      await settleFirst('failed', T0 + 1);
      const first = await deliveries.list('wh_1', null, null, 2);
      const rest = await deliveries.list('wh_1', null, first.at(-1)?.id ?? null, 9);
      expect([...first, ...rest].map(({ orderKey }) => orderKey)).toEqual([
        'c.5',
        'c.4',
        'c.3',
        'c.2',
        'c.1',
      ]);
      expect(await deliveries.list('wh_1', 'failed', null, 9)).toMatchObject([{ orderKey: 'c.1' }]);
      expect(await deliveries.list('wh_2', null, null, 9)).toEqual([]);
    });

    it('are sent again as if never tried, before the later ones of their claim', async () => {
      await deliveries.leave(['wh_1'], [fact(1), fact(1, 'coupon.redeemed')], T0);
      const id = await settleFirst('failed', T0 + 1);
      expect(await deliveries.resend('wh_2', id, T0 + 2, sampleAudit())).toBe(false);
      expect(await deliveries.resend('wh_1', 999_999, T0 + 2, sampleAudit())).toBe(false);
      expect(await deliveries.resend('wh_1', id, T0 + 2, sampleAudit())).toBe(true);
      expect(await deliveries.due('wh_1', T0 + 2, 9)).toMatchObject([
        { eventId: 'c:1:1:coupon.issued', tries: 0, answers: [answer(200)] },
      ]);
    });

    it('are forgotten a few at a time', async () => {
      await deliveries.leave(['wh_1', 'wh_2'], [fact(1), fact(2), fact(3)], T0);
      expect(await deliveries.forget('wh_1', 2)).toBe(2);
      expect(await deliveries.forget('wh_1', 2)).toBe(1);
      expect(await deliveries.forget('wh_1', 2)).toBe(0);
      expect((await deliveries.backlog('wh_2', 9)).pending).toBe(3);
    });
  });
}

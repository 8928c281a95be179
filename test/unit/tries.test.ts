// Protects: the tries that a process remembers are never more than it has room for, the oldest go first, at the same cost
// however many have gone before; and many that are decided at once are told in order of the log.

import { describe, expect, it } from 'vitest';
import { makeCatalog } from '../../src/flow/catalog.ts';
import type { Try } from '../../src/flow/tries.ts';
import { Tries } from '../../src/flow/tries.ts';
import { sampleCampaign } from '../support/samples.ts';

const live = makeCatalog().put(sampleCampaign({ mode: 'ordered' }));
const { id } = live.campaign;
const nothing = (): void => undefined;

/** A try on its way, then on the log. */
function place(tries: Tries, userId: string, offset: number, key: string | null = null): Try {
  const one = tries.begin(live, userId, key, nothing);
  one.waiting.splice(0);
  const ticket = { kind: 'ordered', topicVersion: 0, partition: 0, offset } as const;
  tries.place(one, { ticket, text: `t-${offset}`, source: 'requests' }, offset);
  return one;
}

describe('the tries that are remembered', () => {
  it('are found by user, by key and by ticket', () => {
    const tries = new Tries(10);
    const plain = place(tries, 'ann', 1);
    const keyed = place(tries, 'ann', 2, 'k1');
    expect(tries.find(id, 'ann', null)).toBe(keyed);
    expect(tries.find(id, 'ann', 'k1')).toBe(keyed);
    expect(tries.find(id, 'ann', 'k2')).toBeUndefined();
    expect([tries.byText('t-1'), tries.byText('t-2')]).toEqual([plain, keyed]);
    expect(tries.open()).toBe(2);
  });

  it('leave room for those of others when the same one tries again and again', () => {
    const tries = new Tries(3);
    const bob = place(tries, 'bob', 0);
    for (let offset = 1; offset <= 5000; offset++) place(tries, 'ann', offset);
    expect(tries.find(id, 'bob', null)).toBe(bob);
    expect(tries.byText('t-5000')).toBe(tries.find(id, 'ann', null));
    expect(tries.byText('t-4999')).toBeUndefined();
    expect(tries.open()).toBe(2);
  });

  it('go, the oldest first, when there is no room', () => {
    const tries = new Tries(1000);
    for (let offset = 0; offset < 10_000; offset++) place(tries, `u-${offset}`, offset);
    expect(tries.open()).toBe(1000);
    expect(tries.find(id, 'u-8999', null)).toBeUndefined();
    expect(tries.byText('t-8999')).toBeUndefined();
    expect(tries.find(id, 'u-9000', null)?.placedAt).toBe(9000);
  });

  it('that went before they were on the log are not waited for', () => {
    const tries = new Tries(1);
    const one = tries.begin(live, 'ann', null, nothing);
    place(tries, 'bob', 1);
    const ticket = { kind: 'ordered', topicVersion: 0, partition: 0, offset: 2 } as const;
    tries.place(one, { ticket, text: 't-2', source: 'requests' }, 2);
    expect([tries.open(), tries.byText('t-2')]).toEqual([1, undefined]);
    tries.forget(one);
    expect(tries.open()).toBe(1);
  });

  it('cost the same however many have gone before', () => {
    const tries = new Tries(20_000);
    for (let offset = 0; offset < 100_000; offset++) place(tries, `u-${offset}`, offset);
    expect(tries.open()).toBe(20_000);
  });

  it('are told in order of the log, however many are decided at once, and once', () => {
    const tries = new Tries(200_000);
    for (let offset = 199_999; offset >= 0; offset--) place(tries, `u-${offset}`, offset);
    const told = tries.decided(() => true).map(({ at }) => at.ticket.offset);
    expect(told.length).toBe(200_000);
    expect(told.every((offset, at) => offset === at)).toBe(true);
    expect([tries.decided(() => true), tries.open()]).toEqual([[], 0]);
  });
});

// What every gate promises (ports/gate), whatever it is made of. The rule itself is held by support/gate-model.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Campaign } from '../../../src/core/campaign.ts';
import type { Attempt } from '../../../src/core/gate.ts';
import type { Gate, GateAnswer } from '../../../src/ports/gate.ts';
import type { MakeGate } from '../gate-model.ts';
import { holdersOf } from '../gate-model.ts';
import { sampleAttempt, sampleCampaign, T0 } from '../samples.ts';

const ID = sampleCampaign().id;

function claim(gate: Gate, attempt: Attempt, campaignId = ID): Promise<GateAnswer> {
  return new Promise((resolve) => gate.claim(campaignId, attempt, resolve));
}

function seqOf(given: GateAnswer): number {
  return given.verdict === 'won' ? given.fact.seq : given.verdict === 'already_won' ? given.seq : 0;
}

const unit = (seq: number, userId: string, key: string | null = null) => ({
  seq,
  userId,
  key,
  wonAt: T0 + seq,
});

export function gateContract(name: string, makeGate: MakeGate): void {
  describe(`${name} gate`, () => {
    const clock = { now: () => T0 + 1000 };
    let gate: Gate;
    let close: () => Promise<void>;
    beforeEach(async () => {
      ({ gate, close } = await makeGate(clock));
    });
    afterEach(() => close());
    const open = (over: Partial<Campaign> = {}) => gate.configure(sampleCampaign(over));

    beginning();
    claims();
    loading();
    changes();

    function claims(): void {
      it('tells the whole fact of a win', async () => {
        await open({ epoch: 3, perUserLimit: 2 });
        expect(await claim(gate, sampleAttempt('ann', { key: 'k1' }))).toEqual({
          verdict: 'won',
          fact: {
            type: 'claim.won',
            campaignId: ID,
            epoch: 3,
            seq: 1,
            userId: 'ann',
            nth: 1,
            key: 'k1',
            wonAt: T0 + 1000,
          },
        });
      });

      it('keeps no key where one unit is the limit', async () => {
        await open();
        const given = await claim(gate, sampleAttempt('ann', { key: 'k1' }));
        expect(given.verdict === 'won' && given.fact.key).toBeNull();
      });

      it('does not know a campaign that nobody configured', async () => {
        expect(await claim(gate, sampleAttempt('ann'))).toEqual({ verdict: 'unknown_campaign' });
        expect(await gate.counts(ID)).toBeNull();
        expect(await gate.holdings(ID, 'ann')).toEqual([]);
      });

      it('gives exactly the quantity to a crowd that presses at once, and answers each once', async () => {
        await open({ quantity: 10 });
        let answers = 0;
        const given = await Promise.all(
          Array.from({ length: 1000 }, (_, i) => {
            return new Promise<GateAnswer>((resolve) =>
              gate.claim(ID, sampleAttempt(`u-${i}`), (one) => {
                answers += 1;
                resolve(one);
              }),
            );
          }),
        );
        expect(given.map(seqOf).filter((seq) => seq > 0)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        expect(given.filter(({ verdict }) => verdict === 'sold_out')).toHaveLength(990);
        expect(answers).toBe(1000);
      });

      it('gives one unit to a user who presses a thousand times at once', async () => {
        await open();
        const given = await Promise.all(
          Array.from({ length: 1000 }, () => claim(gate, sampleAttempt('ann'))),
        );
        expect(given.map(({ verdict }) => verdict).filter((verdict) => verdict === 'won')).toHaveLength(1);
        expect(new Set(given.map(seqOf))).toEqual(new Set([1]));
        expect(await gate.counts(ID)).toEqual({ issued: 1, lastSeq: 1, quantity: 100, holders: 1 });
      });

      it('keeps campaigns and users apart, whatever they are called', async () => {
        await open();
        await open({ id: 'other' });
        const users = ['ann', 'Ann', 'a:b}', '*', '__proto__', '김철수', 'x y', `${'가'.repeat(42)}ab`];
        for (const [i, user] of users.entries()) {
          expect(seqOf(await claim(gate, sampleAttempt(user)))).toBe(i + 1);
          expect(seqOf(await claim(gate, sampleAttempt(user), 'other'))).toBe(i + 1);
        }
        for (const [i, user] of users.entries()) {
          expect(await gate.holdings(ID, user)).toEqual([{ seq: i + 1, wonAt: T0 + 1000, key: null }]);
        }
      });
    }

    function beginning(): void {
      it('begins empty and decides at once', async () => {
        await gate.begin(sampleCampaign({ quantity: 1 }));
        expect(seqOf(await claim(gate, sampleAttempt('ann')))).toBe(1);
        expect(await claim(gate, sampleAttempt('bob'))).toEqual({ verdict: 'sold_out' });
        expect(await gate.counts(ID)).toEqual({ issued: 1, lastSeq: 1, quantity: 1, holders: 1 });
      });

      it('tells what a user holds, oldest first, each with its key', async () => {
        await open({ perUserLimit: 3 });
        for (const key of ['k,1', null, 'k,2']) await claim(gate, sampleAttempt('ann', { key }));
        expect(await gate.holdings(ID, 'ann')).toEqual([
          { seq: 1, wonAt: T0 + 1000, key: 'k,1' },
          { seq: 2, wonAt: T0 + 1000, key: 'k,2' },
        ]);
      });
    }

    function loading(): void {
      it('goes on where the record stands, in pages', async () => {
        await open({ quantity: 5 });
        await gate.load(ID, holdersOf([unit(1, 'ann'), unit(2, 'bob')], 1));
        await gate.load(ID, holdersOf([unit(3, 'cho')], 1));
        await gate.load(ID, holdersOf([], 1));
        expect(await claim(gate, sampleAttempt('bob'))).toEqual({
          verdict: 'already_won',
          seq: 2,
          wonAt: T0 + 2,
        });
        expect([
          seqOf(await claim(gate, sampleAttempt('dan'))),
          seqOf(await claim(gate, sampleAttempt('eve'))),
        ]).toEqual([4, 5]);
        expect(await claim(gate, sampleAttempt('fay'))).toEqual({ verdict: 'sold_out' });
        expect(await claim(gate, sampleAttempt('cho'))).toMatchObject({ verdict: 'already_won', seq: 3 });
      });

      it('knows the keys again', async () => {
        await open({ perUserLimit: 2 });
        await gate.load(ID, holdersOf([unit(1, 'ann', 'k1'), unit(2, 'bob'), unit(3, 'ann', 'k2')], 2));
        expect(seqOf(await claim(gate, sampleAttempt('ann', { key: 'k1' })))).toBe(1);
        expect(seqOf(await claim(gate, sampleAttempt('ann')))).toBe(3);
        expect(seqOf(await claim(gate, sampleAttempt('ann', { key: 'k3' })))).toBe(3);
        const second = await claim(gate, sampleAttempt('bob', { key: 'k1' }));
        expect(second).toMatchObject({ verdict: 'won', fact: { seq: 4, nth: 2 } });
      });

      it('counts units, not numbers, where the record has gaps', async () => {
        await open({ quantity: 3 });
        await gate.load(ID, holdersOf([unit(1, 'ann'), unit(9, 'bob')], 1));
        expect(await gate.counts(ID)).toEqual({ issued: 2, lastSeq: 9, quantity: 3, holders: 2 });
        expect(seqOf(await claim(gate, sampleAttempt('cho')))).toBe(10);
        expect(await claim(gate, sampleAttempt('dan'))).toEqual({ verdict: 'sold_out' });
      });

      it('takes a hundred thousand holders in', async () => {
        await open({ quantity: 100_001 });
        const units = Array.from({ length: 100_000 }, (_, i) => unit(i + 1, `u-${i + 1}`));
        await gate.load(ID, holdersOf(units, 1));
        expect(seqOf(await claim(gate, sampleAttempt('u-77777')))).toBe(77_777);
        expect(seqOf(await claim(gate, sampleAttempt('late')))).toBe(100_001);
        expect(await claim(gate, sampleAttempt('later'))).toEqual({ verdict: 'sold_out' });
      });

      it('refuses holders of a campaign that is not there', async () => {
        await expect(gate.load(ID, holdersOf([unit(1, 'ann')], 1))).rejects.toThrow(ID);
      });
    }

    function changes(): void {
      it('puts a changed rule in force for the next try', async () => {
        await open({ quantity: 1 });
        await claim(gate, sampleAttempt('ann'));
        expect(await claim(gate, sampleAttempt('bob'))).toEqual({ verdict: 'sold_out' });
        expect(await open({ quantity: 2, version: 2 })).toEqual({ kind: 'ok' });
        expect(seqOf(await claim(gate, sampleAttempt('bob')))).toBe(2);
        expect(await open({ quantity: 3, version: 3, pausedAt: T0 })).toEqual({ kind: 'ok' });
        expect(await claim(gate, sampleAttempt('cho'))).toEqual({ verdict: 'paused' });
        expect(await claim(gate, sampleAttempt('ann'))).toMatchObject({ verdict: 'already_won', seq: 1 });
      });

      it('refuses a quantity below what is out, and stays as it was', async () => {
        await open({ quantity: 5 });
        for (const user of ['ann', 'bob', 'cho']) await claim(gate, sampleAttempt(user));
        expect(await open({ quantity: 2, version: 2 })).toEqual({ kind: 'below_issued', issued: 3 });
        expect((await gate.counts(ID))?.quantity).toBe(5);
        expect(seqOf(await claim(gate, sampleAttempt('dan')))).toBe(4);
      });

      it('forgets a campaign that is unloaded, and only that one', async () => {
        await open();
        await open({ id: 'other' });
        await claim(gate, sampleAttempt('ann'), 'other');
        await gate.unload(ID);
        await gate.unload('never-there');
        expect(await claim(gate, sampleAttempt('ann'))).toEqual({ verdict: 'unknown_campaign' });
        expect(await claim(gate, sampleAttempt('ann'), 'other')).toMatchObject({ verdict: 'already_won' });
      });
    }
  });
}

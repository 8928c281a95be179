// What every waiting line promises (ports/line), whatever it is made of. The rule itself is held by support/line-model.

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LineAttempt, LineDecision } from '../../../src/core/line.ts';
import type { LineFact } from '../../../src/core/line-fact.ts';
import { lineFactId, packLineFacts } from '../../../src/core/line-fact.ts';
import type { LineRule } from '../../../src/core/line-state.ts';
import { lineRule } from '../../../src/core/line-state.ts';
import type { AtGate, Line, LineAnswer } from '../../../src/ports/line.ts';
import type { MakeLine } from '../line-model.ts';
import { sampleCampaign, T0 } from '../samples.ts';

const ID = sampleCampaign().id;
const HEAD = { campaignId: ID, epoch: 1 };
const anybody = () => true;

export function sampleLineRule(over: Partial<LineRule> = {}): LineRule {
  const options = {
    maxLength: null,
    cutAt: null,
    confirmWithinMs: null,
    shuffleSeed: null,
    keepsLine: false,
  };
  return { ...lineRule(sampleCampaign({ mode: 'queued', release: { perSecond: 10 } }), options), ...over };
}

export function lineContract(name: string, makeLine: MakeLine): void {
  describe(`${name} line`, () => {
    let now = T0;
    let line: Line;
    let close: () => Promise<void>;
    let log: LineFact[];
    beforeEach(async () => {
      now = T0;
      log = [];
      ({ line, close } = await makeLine({ now: () => now }));
    });
    afterEach(() => close());

    const open = (over: Partial<LineRule> = {}) => line.configure(ID, sampleLineRule(over));

    async function join(userId: string, over: Partial<LineAttempt> = {}): Promise<LineDecision> {
      const attempt = { userId, key: null, eligible: true, another: false, ...over };
      const answer = await new Promise<LineAnswer>((resolve) => line.join(ID, attempt, resolve));
      if ('fault' in answer) throw new Error(answer.fault);
      log.push(...answer.facts);
      return answer.given;
    }

    async function joinAll(many: number): Promise<void> {
      for (let i = 1; i <= many; i++) await join(`u-${i}`);
    }

    async function advance(
      budget: number,
      eligible: (userId: string) => boolean = anybody,
    ): Promise<AtGate[]> {
      const moved = await line.advance(ID, budget, eligible);
      log.push(...moved.facts);
      return moved.atGate;
    }

    /** What the gate says to those whose turn it is: they win, in order. */
    async function win(turns: AtGate[], firstSeq: number): Promise<void> {
      const numbers = turns.map(({ number }) => number);
      const seqs = numbers.map((_, i) => firstSeq + i);
      const facts: LineFact[] = [{ type: 'line.won', ...HEAD, at: now, numbers, seqs }];
      await line.take(ID, facts);
      log.push(...facts);
    }

    async function stageOf(userId: string): Promise<unknown> {
      return (await line.standing(ID, userId))?.stage ?? null;
    }

    joining();
    moving();
    confirming();
    past();

    function joining(): void {
      it('gives numbers from 1, one to each, and tells the whole fact', async () => {
        await open();
        expect(await join('ann')).toEqual({
          verdict: 'joined',
          fact: { type: 'line.joined', ...HEAD, at: T0, first: 1, userIds: ['ann'], keys: null },
        });
        expect(await join('bob')).toMatchObject({ verdict: 'joined', fact: { first: 2 } });
        expect(await join('ann')).toEqual({ verdict: 'waiting', number: 1 });
        expect(await line.standing(ID, 'bob')).toEqual({
          userId: 'bob',
          stage: 'waiting',
          place: 2,
          number: 2,
          ahead: 1,
          seq: null,
          confirmBy: null,
          serving: 0,
          key: null,
        });
      });

      it('does not go back to a rule that another has come after', async () => {
        await open({ version: 2 });
        await open({ version: 1, startsAt: null });
        expect((await join('ann')).verdict).toBe('joined');
        await open({ version: 3, pausedAt: T0 });
        expect((await join('bob')).verdict).toBe('paused');
      });

      it('gives one place to a user who presses a thousand times at once', async () => {
        await open();
        const given = await Promise.all(Array.from({ length: 1000 }, () => join('ann')));
        expect(given.filter(({ verdict }) => verdict === 'joined')).toHaveLength(1);
        expect(await line.counts(ID)).toMatchObject({ lastNumber: 1, waiting: 1 });
      });

      it('gives a crowd that joins at once every number once, in the order in which they came', async () => {
        await open();
        const given = await Promise.all(Array.from({ length: 1000 }, (_, i) => join(`u-${i}`)));
        const numbers = given.map((one) => (one.verdict === 'joined' ? one.fact.first : 0));
        expect(numbers).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
        expect(packLineFacts(log)).toHaveLength(1);
      });

      it('keeps campaigns and users apart, whatever they are called', async () => {
        await open();
        const users = ['ann', 'Ann', 'a:b}', '*', '__proto__', '김철수', 'x y', `${'가'.repeat(42)}ab`];
        for (const user of users) await join(user);
        await line.configure('other', sampleLineRule({ campaignId: 'other' }));
        for (const [i, user] of users.entries()) {
          expect((await line.standing(ID, user))?.number).toBe(i + 1);
          expect(await line.standing('other', user)).toBeNull();
        }
      });

      it('does not know a line that nobody configured, nor one that was taken away', async () => {
        await open();
        await join('ann');
        await line.configure(ID, null);
        await expect(join('ann')).rejects.toThrow('unknown_campaign');
        expect(await line.counts(ID)).toBeNull();
        expect(await line.standing(ID, 'ann')).toBeNull();
        expect(await line.leave(ID, 'ann')).toEqual({ left: false, facts: [] });
      });

      it('refuses newcomers for the first reason that applies, and nobody who has a place', async () => {
        await open({ maxLength: 1 });
        await join('ann');
        expect(await join('bob')).toEqual({ verdict: 'line_full' });
        await open({ maxLength: null, cutAt: 0.01 });
        expect(await join('bob')).toEqual({ verdict: 'no_chance' });
        await open({ pausedAt: T0 });
        expect(await join('bob', { eligible: false })).toEqual({ verdict: 'ineligible' });
        expect(await join('bob')).toEqual({ verdict: 'paused' });
        expect(await join('ann')).toEqual({ verdict: 'waiting', number: 1 });
        await open({ startsAt: T0 + 1 });
        expect(await join('bob')).toEqual({ verdict: 'not_open' });
        await open({ closesAt: T0 });
        expect(await join('bob')).toEqual({ verdict: 'closed' });
        expect(await join('ann')).toEqual({ verdict: 'closed' });
      });

      it('gives who left and comes back a new number, at the end', async () => {
        await open();
        await joinAll(3);
        expect(await line.leave(ID, 'u-1')).toMatchObject({ left: true, facts: [{ numbers: [1] }] });
        expect(await line.leave(ID, 'u-1')).toEqual({ left: false, facts: [] });
        expect(await stageOf('u-1')).toBe('left');
        expect((await line.standing(ID, 'u-3'))?.ahead).toBe(1);
        expect(await join('u-1')).toMatchObject({ verdict: 'joined', fact: { first: 4 } });
        expect((await line.standing(ID, 'u-1'))?.ahead).toBe(2);
        // His number never changes, whoever leaves.
        expect((await line.standing(ID, 'u-3'))?.number).toBe(3);
        // Who asks by the old number is told of the old place.
        expect(await line.standing(ID, 1)).toMatchObject({ userId: 'u-1', stage: 'left' });
        expect(await line.standing(ID, 4)).toMatchObject({ userId: 'u-1', stage: 'waiting' });
        expect(await line.standing(ID, 5)).toBeNull();
        expect(await line.standing(ID, -1)).toBeNull();
      });
    }

    function moving(): void {
      it('lets people in in order, past those who have left, without using pace on them', async () => {
        await open();
        await joinAll(6);
        for (const user of ['u-1', 'u-3', 'u-4']) await line.leave(ID, user);
        const turns = await advance(2, anybody);
        expect(turns.map(({ number, userId }) => [number, userId])).toEqual([
          [2, 'u-2'],
          [5, 'u-5'],
        ]);
        expect(await line.counts(ID)).toMatchObject({ serving: 5, waiting: 1, atGate: 2 });
        expect((await line.standing(ID, 'u-6'))?.ahead).toBe(0);
      });

      it('refuses who is not eligible any more, without using a unit or pace', async () => {
        await open({ quantity: 1 });
        await joinAll(3);
        expect((await advance(1, (user) => user !== 'u-1')).map(({ number }) => number)).toEqual([2]);
        expect(await stageOf('u-1')).toBe('ineligible');
      });

      it('hands over whose turn it is until it is said what the gate said', async () => {
        await open();
        await joinAll(3);
        expect(await advance(2)).toHaveLength(2);
        expect(await advance(0)).toHaveLength(2);
        await win((await advance(0)).slice(0, 1), 1);
        expect((await advance(0)).map(({ number }) => number)).toEqual([2]);
        expect(await line.standing(ID, 'u-1')).toMatchObject({ stage: 'won', seq: 1, ahead: 0 });
        expect(await join('u-1')).toEqual({ verdict: 'won', number: 1, seq: 1 });
        expect(await line.leave(ID, 'u-2')).toMatchObject({ left: false });
      });

      it('lets no more in than there are units, tells the rest that it is over, and refuses newcomers', async () => {
        await open({ quantity: 2 });
        await joinAll(4);
        const turns = await advance(10);
        expect(turns).toHaveLength(2);
        expect(await stageOf('u-3')).toBe('waiting');
        await win(turns, 1);
        expect(await line.counts(ID)).toMatchObject({ soldOut: true, free: 0, serving: 2, waiting: 2 });
        expect(await stageOf('u-3')).toBe('sold_out');
        expect(await join('u-3')).toEqual({ verdict: 'sold_out' });
        expect(await join('new')).toEqual({ verdict: 'sold_out' });
        // Units are added: those who stood in line are first, where they stood.
        await open({ quantity: 3 });
        expect(await join('new')).toMatchObject({ verdict: 'joined', fact: { first: 5 } });
        expect((await advance(10)).map(({ number }) => number)).toEqual([3]);
      });

      it('that units come back to keeps its people when nothing is left, and lets others join behind them', async () => {
        await open({ quantity: 1, keepsLine: true });
        await joinAll(3);
        await win(await advance(10), 1);
        expect(await line.counts(ID)).toMatchObject({ soldOut: false, free: 0, serving: 1, waiting: 2 });
        expect(await stageOf('u-2')).toBe('waiting');
        expect(await join('u-2')).toEqual({ verdict: 'waiting', number: 2 });
        expect(await join('new')).toMatchObject({ verdict: 'joined', fact: { first: 4 } });
        expect(await advance(10)).toEqual([]);
        // One comes back, and goes to whoever is next.
        await open({ quantity: 2, keepsLine: true });
        expect((await advance(10)).map(({ userId }) => userId)).toEqual(['u-2']);
        // An operator changes his mind, and back.
        await win(await advance(0), 2);
        await open({ quantity: 2 });
        expect([await stageOf('u-3'), await join('u-3')]).toEqual(['sold_out', { verdict: 'sold_out' }]);
        await open({ quantity: 2, keepsLine: true });
        expect(await stageOf('u-3')).toBe('waiting');
        await open({ quantity: 2, keepsLine: true, closesAt: T0 });
        expect(await stageOf('u-3')).toBe('closed');
      });

      it('is held by a pause with all places kept', async () => {
        await open();
        await joinAll(3);
        await open({ pausedAt: T0 });
        expect(await advance(5)).toEqual([]);
        expect(await line.standing(ID, 'u-3')).toMatchObject({ stage: 'waiting', ahead: 2 });
        await open();
        expect(await advance(5)).toHaveLength(3);
      });

      it('gives numbers by lot to who joined before the opening, and by time after that', async () => {
        await open({ startsAt: T0 + 100, shuffleSeed: '5e'.repeat(32) });
        await joinAll(50);
        await line.leave(ID, 'u-7');
        expect(await line.standing(ID, 'u-1')).toMatchObject({ stage: 'waiting', number: null, ahead: null });
        expect(await line.standing(ID, -3)).toMatchObject({ userId: 'u-3', number: null });
        expect(await line.standing(ID, -7)).toBeNull();
        expect(await advance(5)).toEqual([]);
        now = T0 + 100;
        expect(await join('late')).toMatchObject({ verdict: 'joined', fact: { first: 50 } });
        const numbers = new Set<unknown>();
        for (let i = 1; i <= 50; i++) if (i !== 7) numbers.add((await line.standing(ID, `u-${i}`))?.number);
        expect([...numbers].sort((a, b) => Number(a) - Number(b))).toEqual(
          Array.from({ length: 49 }, (_, i) => i + 1),
        );
        expect([...numbers]).not.toEqual(Array.from({ length: 49 }, (_, i) => i + 1));
        expect(await line.standing(ID, -3)).toEqual(await line.standing(ID, 'u-3'));
        expect(await line.standing(ID, -7)).toBeNull();
        expect(log.filter(({ type }) => type === 'line.shuffled')).toMatchObject([{ count: 49 }]);
      });
    }

    function confirming(): void {
      it('waits for a second press, and gives the unit to the next in order when there is none', async () => {
        await open({ quantity: 1, confirmWithinMs: 500 });
        await joinAll(3);
        expect(await advance(5)).toEqual([]);
        expect(await line.standing(ID, 'u-1')).toMatchObject({ stage: 'offered', confirmBy: T0 + 500 });
        now = T0 + 499;
        expect(await advance(5)).toEqual([]);
        now = T0 + 500;
        await advance(5);
        expect(await stageOf('u-1')).toBe('expired');
        expect(await stageOf('u-2')).toBe('offered');
        expect(await join('u-1')).toMatchObject({ verdict: 'joined', fact: { first: 4 } });
        expect(await join('u-2')).toMatchObject({ verdict: 'confirmed', number: 2 });
        expect(await join('u-2')).toEqual({ verdict: 'released', number: 2 });
        await win(await advance(5), 1);
        expect(await join('u-2')).toEqual({ verdict: 'won', number: 2, seq: 1 });
        expect(await stageOf('u-3')).toBe('sold_out');
      });

      it('gives the unit of somebody who leaves instead to the next', async () => {
        await open({ quantity: 1, confirmWithinMs: 500 });
        await joinAll(2);
        await advance(1);
        expect(await line.leave(ID, 'u-1')).toMatchObject({ left: true });
        await advance(1);
        expect(await stageOf('u-2')).toBe('offered');
      });

      it('lets nobody’s time run out in a pause', async () => {
        await open({ confirmWithinMs: 500 });
        await joinAll(1);
        await advance(1);
        now = T0 + 100;
        await open({ confirmWithinMs: 500, pausedAt: now });
        now = T0 + 10_000;
        await advance(1);
        expect(await stageOf('u-1')).toBe('offered');
        expect(await open({ confirmWithinMs: 500 })).toMatchObject([{ type: 'line.stretched', byMs: 9900 }]);
        expect((await line.standing(ID, 'u-1'))?.confirmBy).toBe(T0 + 10_400);
        now = T0 + 10_400;
        await advance(1);
        expect(await stageOf('u-1')).toBe('expired');
      });
    }

    function past(): void {
      it('is what its facts made it, in another process', async () => {
        await open({ quantity: 3 });
        await joinAll(6);
        log.push(...(await line.leave(ID, 'u-2')).facts);
        await win((await advance(2)).slice(0, 1), 1);
        const other = await makeLine({ now: () => now });
        await other.line.configure(ID, sampleLineRule({ quantity: 3 }));
        await other.line.take(ID, packLineFacts(log));
        expect(await other.line.counts(ID)).toEqual(await line.counts(ID));
        for (let i = 1; i <= 6; i++) {
          expect(await other.line.standing(ID, `u-${i}`)).toEqual(await line.standing(ID, `u-${i}`));
        }
        const moved = await other.line.advance(ID, 0, anybody);
        expect(moved.atGate).toEqual([{ number: 3, userId: 'u-3', key: null }]);
        await other.close();
      });

      it('names each of its facts once', async () => {
        await open({ quantity: 3, confirmWithinMs: 100 });
        await joinAll(6);
        for (let i = 0; i < 8; i++) {
          await advance(1);
          now += 60;
          log.push(...(await line.leave(ID, `u-${i}`)).facts);
        }
        const ids = log.map(lineFactId);
        expect(log.length).toBeGreaterThan(10);
        expect(new Set(ids).size).toBe(ids.length);
      });
    }
  });
}

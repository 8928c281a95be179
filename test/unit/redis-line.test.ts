// Protects: the line in Redis where many processes meet and things break. A Redis that lost its memory, or may have, tells
// nobody a place; whoever makes the line anew makes the one that was; two who let people in let nobody in twice and pass
// nobody over; and what cannot be answered is said as at the gate.

import fc from 'fast-check';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { startRedis } from '../../scripts/services/redis.ts';
import { makeMemoryLine } from '../../src/adapters/memory/line.ts';
import type { RedisClient } from '../../src/adapters/redis/connect.ts';
import { campaignKey } from '../../src/adapters/redis/keys.ts';
import type { RedisLine } from '../../src/adapters/redis/line.ts';
import type { LineFact } from '../../src/core/line-fact.ts';
import { packLineFacts } from '../../src/core/line-fact.ts';
import { inOrder } from '../../src/core/line-history.ts';
import type { LineRule } from '../../src/core/line-state.ts';
import { shuffled } from '../../src/core/shuffle.ts';
import type { LineAnswer } from '../../src/ports/line.ts';
import { sampleLineRule } from '../support/contract/line.ts';
import { factsOfLife, lineLife, lineRuleOfLife, SEED } from '../support/line-lives.ts';
import { arming, connected, newPrefix, plainGate } from '../support/redis-gate.ts';
import { heldClockLineText, plainLine, setLineClock } from '../support/redis-line.ts';
import { sampleCampaign, T0 } from '../support/samples.ts';
import { seed } from '../support/seed.ts';

const ID = sampleCampaign().id;
const redis = await startOrSkip(() => startRedis({ appendonly: false }));
const ruleNow = (over: Partial<LineRule> = {}) => sampleLineRule({ startsAt: 1, ...over });
const anybody = () => true;

afterAll(() => redis?.stop());

describe.skipIf(redis === null)('a line in Redis', () => {
  let client: RedisClient;
  let prefix: string;
  let line: RedisLine;

  beforeEach(async () => {
    client = await connected(redis?.url as string);
    prefix = newPrefix();
    line = plainLine(client, { prefix });
  });
  afterEach(async () => {
    await client.flushall();
    client.disconnect();
  });

  /** The same line, as another process has it. */
  const elsewhere = (epoch = 1): RedisLine => {
    const other = plainLine(client, { prefix });
    other.follow(ID, epoch);
    return other;
  };
  const press = (userId: string, on = line): Promise<LineAnswer> =>
    new Promise((resolve) => on.join(ID, { userId, key: null, eligible: true, another: false }, resolve));
  async function told(userId: string, on = line): Promise<string> {
    const answer = await press(userId, on);
    return 'fault' in answer ? answer.fault : answer.given.verdict;
  }
  async function crowd(from: number, to: number): Promise<LineFact[]> {
    const answers = await Promise.all(
      Array.from({ length: to - from + 1 }, (_, i) => press(`u-${from + i}`)),
    );
    return answers.flatMap((answer) => ('facts' in answer ? answer.facts : []));
  }

  losing();
  making();
  moving();
  opening();
  asking();

  function losing(): void {
    const everything = async (): Promise<unknown[]> => {
      const asked = [
        line.standing(ID, 'u-1'),
        line.standing(ID, 1),
        line.counts(ID),
        line.leave(ID, 'u-1'),
        line.advance(ID, 1, anybody),
        line.take(ID, [{ type: 'line.left', campaignId: ID, epoch: 1, at: 1, numbers: [1] }]),
        line.configure(ID, ruleNow()),
      ];
      const settled = await Promise.allSettled(asked);
      return settled.map((one) =>
        one.status === 'rejected' ? (one.reason as { fault: string }).fault : 'told',
      );
    };

    it.each<[string, (on: RedisClient) => Promise<unknown>]>([
      ['lost its scripts', (on) => on.script('FLUSH')],
      ['lost everything', (on) => on.flushall()],
      ['lost its memory but not its scripts', (on) => on.flushdb()],
    ])('tells nobody anything after Redis %s, until it is made anew', async (_what, lose) => {
      await line.arm(ID, 1, ruleNow(), []);
      const facts = await crowd(1, 5);
      await lose(client);
      expect(await told('u-1')).toBe('rebuilding');
      expect(await told('new')).toBe('rebuilding');
      expect(new Set(await everything())).toEqual(new Set(['rebuilding']));
      expect(await line.isArmed(ID, 1)).toBe(false);
      const armed = await line.arm(ID, 2, ruleNow({ epoch: 2 }), inOrder(facts));
      expect(armed).toEqual({ kind: 'armed' });
      expect(await line.standing(ID, 'u-5')).toMatchObject({ number: 5, ahead: 4 });
      expect(await press('new')).toMatchObject({ given: { fact: { first: 6, epoch: 2 } } });
    });

    it('is in force only as long as the gate of its campaign', async () => {
      const campaign = sampleCampaign({ openedAt: 1 });
      const gate = plainGate(client, { prefix });
      await gate.configure(campaign);
      await gate.arm(ID, arming(1));
      await line.arm(ID, 1, ruleNow(), []);
      expect(await told('ann')).toBe('joined');
      await gate.freeze(ID, 2);
      expect(await told('ann')).toBe('rebuilding');
      expect(await told('bob', elsewhere())).toBe('rebuilding');
    });

    it('has the gate’s lease for its own', async () => {
      await plainGate(client, { prefix }).configure(sampleCampaign({ openedAt: 1 }));
      await line.arm(ID, 1, ruleNow(), []);
      await client.hset(campaignKey(prefix, ID, 'rule'), 'epoch', 1, 'leaseUntil', Date.now() - 1);
      expect(await told('ann')).toBe('rebuilding');
      expect(await line.isArmed(ID, 1)).toBe(true);
    });
  }

  function making(): void {
    it('is not made twice in one epoch, nor in one that is over', async () => {
      await line.arm(ID, 2, ruleNow({ epoch: 2 }), []);
      await crowd(1, 3);
      expect(await line.arm(ID, 2, ruleNow(), [])).toMatchObject({ kind: 'refused', why: 'live' });
      expect(await line.arm(ID, 1, ruleNow(), [])).toMatchObject({ kind: 'refused', why: 'fenced' });
      expect(await line.counts(ID)).toMatchObject({ lastNumber: 3 });
    });

    it('lets nobody in before all of its past is there, and is begun again by the next', async () => {
      await line.arm(ID, 1, ruleNow(), []);
      const facts = inOrder(await crowd(1, 3));
      const gap: LineFact = { type: 'line.left', campaignId: ID, epoch: 1, at: 1, numbers: [9] };
      await expect(line.arm(ID, 2, ruleNow({ epoch: 2 }), [...facts, gap])).rejects.toThrow('GAP');
      line.follow(ID, 2);
      expect(await told('u-1')).toBe('rebuilding');
      expect(await told('u-1', elsewhere(1))).toBe('rebuilding');
      expect(await line.arm(ID, 2, ruleNow({ epoch: 2 }), facts)).toEqual({ kind: 'armed' });
      expect(await told('u-1')).toBe('waiting');
    });

    it('takes in nothing of somebody who was overtaken while he made it', async () => {
      const many = packLineFacts(
        Array.from({ length: 20_000 }, (_, i): LineFact => {
          return {
            type: 'line.joined',
            campaignId: ID,
            epoch: 1,
            at: 1,
            first: i + 1,
            userIds: [`u-${i}`],
            keys: null,
          };
        }),
      );
      const [slow, quick] = await Promise.all([
        line.arm(ID, 2, ruleNow(), many),
        client.ping().then(() => elsewhere().arm(ID, 3, ruleNow({ epoch: 3 }), [])),
      ]);
      expect(slow).toMatchObject({ kind: 'refused', why: 'fenced' });
      expect(quick).toEqual({ kind: 'armed' });
      line.follow(ID, 3);
      expect(await line.counts(ID)).toMatchObject({ lastNumber: 0, waiting: 0 });
    });

    it('is the line that was, of facts in order, for everybody who was in it', async () => {
      let epoch = 0;
      await fc.assert(
        fc.asyncProperty(lineLife, async (life) => {
          const rule = { ...lineRuleOfLife(life), epoch: ++epoch };
          const facts = await factsOfLife(rule, life.steps);
          const latest = Math.max(0, ...facts.map(({ at }) => at));
          const held = plainLine(client, { prefix, lineText: heldClockLineText() });
          const memory = makeMemoryLine({ now: () => latest });
          await memory.configure(ID, rule);
          await memory.take(ID, facts);
          await client.del(campaignKey(prefix, ID, 'lineRule'));
          expect(await held.arm(ID, epoch, rule, inOrder(facts))).toEqual({ kind: 'armed' });
          // Once more does no harm.
          await setLineClock(client, prefix, ID, latest);
          await held.take(ID, facts);
          expect(await held.counts(ID)).toEqual(await memory.counts(ID));
          const of = [
            ...Array.from({ length: 60 }, (_, i) => i - 20),
            ...Array.from({ length: 13 }, (_, i) => `u-${i}`),
          ];
          const standings = (one: Pick<RedisLine, 'standing'>) =>
            Promise.all(of.map((who) => one.standing(ID, who)));
          expect(await standings(held)).toEqual(await standings(memory));
          if (latest > 0) {
            const [there, here] = await Promise.all([held, memory].map((one) => one.advance(ID, 3, anybody)));
            expect(there).toEqual(here);
          }
        }),
        { seed, numRuns: 100 },
      );
    });
  }

  function moving(): void {
    it('lets nobody in twice and passes nobody over when two let people in at once', async () => {
      await line.arm(ID, 1, ruleNow({ quantity: 10_000 }), []);
      await crowd(1, 500);
      const pacers = [elsewhere(), elsewhere()];
      const ineligible = (userId: string) => userId !== 'u-77' && userId !== 'u-401';
      const facts: LineFact[] = [];
      const turns: number[] = [];
      const left = new Set<number>();
      let released = 0;
      for (let round = 0; round < 60; round++) {
        const moves = pacers.map((pacer) => pacer.advance(ID, 1 + (round % 9), ineligible));
        const leaving = line.leave(ID, `u-${1 + ((round * 37) % 500)}`);
        const [moved, { facts: gone }] = await Promise.all([Promise.all(moves), leaving]);
        for (const one of moved) {
          facts.push(...one.facts);
          released += one.released;
          turns.push(...one.atGate.map(({ number }) => number));
        }
        for (const fact of gone) if (fact.type === 'line.left') left.add(fact.numbers[0] as number);
      }
      const tos = facts.flatMap((fact) => (fact.type === 'line.released' ? [fact.to] : []));
      expect(new Set(tos).size).toBe(tos.length);
      const letIn = new Set(turns);
      expect(letIn.size).toBe(released);
      const serving = Math.max(...tos);
      for (let number = 1; number <= serving; number++) {
        const isOut = left.has(number) || number === 77 || number === 401;
        expect([number, letIn.has(number)]).toEqual([number, !isOut]);
      }
      expect(serving).toBeGreaterThan(250);
    });

    it('lets no more in than there are units, whoever looked first', async () => {
      await line.arm(ID, 1, ruleNow({ quantity: 10 }), []);
      await crowd(1, 50);
      const pacers = Array.from({ length: 6 }, () => elsewhere());
      // Whoever looked at people whom another has let in since lets nobody in.
      for (let round = 0; round < 4; round++)
        await Promise.all(pacers.map((pacer) => pacer.advance(ID, 4, anybody)));
      expect(await line.counts(ID)).toMatchObject({ atGate: 10, free: 0, serving: 10 });
    });

    it('lets no more in than there are units, also when there are fewer than when it looked', async () => {
      await line.arm(ID, 1, ruleNow({ quantity: 10 }), []);
      await crowd(1, 50);
      const other = elsewhere();
      const fewer: Promise<unknown>[] = [];
      const moved = await line.advance(ID, 10, () => {
        if (fewer.length === 0) fewer.push(other.configure(ID, ruleNow({ quantity: 3 })));
        return true;
      });
      await fewer[0];
      expect(moved).toMatchObject({ released: 3, facts: [{ to: 3 }] });
    });

    it('passes those who have left by thousands, and refuses those who may not', async () => {
      await line.arm(ID, 1, ruleNow({ quantity: 3 }), []);
      await crowd(1, 2500);
      const { facts, released } = await line.advance(ID, 5, (userId) => Number(userId.slice(2)) > 2400);
      expect(released).toBe(3);
      expect(facts).toMatchObject([{ type: 'line.refused' }, { type: 'line.released', to: 2403 }]);
    });
  }

  function opening(): void {
    const early = (startsAt: number) => ruleNow({ quantity: 50, startsAt, shuffleSeed: SEED });

    async function joinEarly(many: number): Promise<RedisLine> {
      line = plainLine(client, { prefix, lineText: heldClockLineText() });
      await line.arm(ID, 1, early(T0 + 100), []);
      await setLineClock(client, prefix, ID, T0);
      await crowd(1, many);
      return line;
    }
    const another = (): RedisLine => {
      const other = plainLine(client, { prefix, lineText: heldClockLineText() });
      other.follow(ID, 1);
      return other;
    };

    it('gives thousands their numbers by lot, once, whoever asks first', async () => {
      await joinEarly(3500);
      await line.leave(ID, 'u-17');
      const order = shuffled(
        SEED,
        ID,
        Array.from({ length: 3500 }, (_, i) => `u-${i + 1}`).filter((user) => user !== 'u-17'),
      );
      await setLineClock(client, prefix, ID, T0 + 100);
      const other = another();
      const [moved, late, later] = await Promise.all([
        other.advance(ID, 2, anybody),
        press('late'),
        press('later', another()),
      ]);
      expect(moved.atGate.map(({ userId }) => userId)).toEqual(order.slice(0, 2));
      const facts = [moved, late, later].flatMap((one) => ('facts' in one ? one.facts : []));
      expect(facts.filter(({ type }) => type === 'line.shuffled')).toMatchObject([
        { count: 3499, seed: SEED },
      ]);
      const firsts = facts.flatMap((fact) => (fact.type === 'line.joined' ? [fact.first] : []));
      expect(firsts.sort((a, b) => a - b)).toEqual([3500, 3501]);
      for (const place of [1, 2, 100, 3499])
        expect(await line.standing(ID, place)).toMatchObject({ userId: order[place - 1] });
      expect(await line.standing(ID, -5)).toEqual(await line.standing(ID, 'u-5'));
      expect(await line.standing(ID, -17)).toBeNull();
    });

    it('is shuffled by the next when whoever began has gone', async () => {
      await joinEarly(30);
      await setLineClock(client, prefix, ID, T0 + 100);
      const other = another();
      const broken = plainLine(client, { prefix, lineText: heldClockLineText() });
      broken.follow(ID, 1);
      const evalsha = client.evalsha.bind(client);
      // Its first page never comes.
      client.evalsha = ((...args: unknown[]) =>
        args.includes('number')
          ? Promise.reject(new Error('gone'))
          : (evalsha as (...all: unknown[]) => unknown)(...args)) as never;
      expect(await told('late', broken)).toBe('unknown');
      client.evalsha = evalsha;
      expect(await told('late', other)).toBe('unavailable');
      expect(await other.standing(ID, 'u-3')).toMatchObject({ stage: 'waiting', number: null });
      await setLineClock(client, prefix, ID, T0 + 5200);
      expect(await press('late', other)).toMatchObject({
        given: { fact: { first: 31 } },
        facts: [{ type: 'line.shuffled', count: 30 }, { type: 'line.joined' }],
      });
    });

    it('stays open or closed for everybody when its clock steps back', async () => {
      line = plainLine(client, { prefix, lineText: heldClockLineText() });
      await line.arm(ID, 1, ruleNow({ startsAt: T0, closesAt: T0 + 100 }), []);
      await setLineClock(client, prefix, ID, T0 - 1);
      expect(await told('ann')).toBe('not_open');
      await setLineClock(client, prefix, ID, T0);
      expect(await told('ann')).toBe('joined');
      await setLineClock(client, prefix, ID, T0 - 3_600_000);
      expect(await told('bob', another())).toBe('joined');
      await setLineClock(client, prefix, ID, T0 + 100);
      expect((await line.standing(ID, 'ann'))?.stage).toBe('closed');
      await setLineClock(client, prefix, ID, T0 - 3_600_000);
      expect(await told('cid', another())).toBe('closed');
    });
  }

  function asking(): void {
    it('is unknown, unavailable or overloaded as a gate is', async () => {
      expect(await told('ann')).toBe('unknown_campaign');
      const short = await connected(redis?.url as string, 200);
      const full = plainLine(short, { prefix, waitingMax: 2 });
      await full.arm(ID, 1, ruleNow(), []);
      expect(await Promise.all(['a', 'b', 'c'].map((user) => told(user, full)))).toEqual([
        'joined',
        'joined',
        'overloaded',
      ]);
      await client.client('PAUSE', 600, 'ALL');
      expect(await told('ann', full)).toBe('unknown');
      short.disconnect();
      await expect.poll(() => short.status, { interval: 1 }).not.toBe('ready');
      expect(await told('ann', full)).toBe('unavailable');
      await expect(full.standing(ID, 'a')).rejects.toMatchObject({ fault: 'unavailable' });
    });

    it('takes about a hundred bytes for each who waits', async () => {
      await line.arm(ID, 1, ruleNow({ quantity: 10 }), []);
      const people = 200_000;
      const userIds = Array.from({ length: people }, (_, i) => `user-${String(i).padStart(8, '0')}`);
      const joined: LineFact = {
        type: 'line.joined',
        campaignId: ID,
        epoch: 1,
        at: 1,
        first: 1,
        userIds,
        keys: null,
      };
      await line.take(ID, [joined]);
      const bytes = await client.memory('USAGE', campaignKey(prefix, ID, 'lineWaiting'), 'SAMPLES', 0);
      expect(Number(bytes) / people).toBeLessThan(120);
      expect(await line.standing(ID, userIds[people - 1] as string)).toMatchObject({ ahead: people - 1 });
    });
  }
});

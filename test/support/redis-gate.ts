// A gate in a real Redis, made for tests: with a clock that the test holds, and armed as soon as somebody asks it.
// The script under test is claim.lua itself with one expression exchanged, the one that reads Redis' clock.

import {
  connectRedis,
  parseRedisUrl,
  type RedisClient,
  untilReady,
} from '../../src/adapters/redis/connect.ts';
import { makeRedisGate, type RedisGate, type RedisGateParts } from '../../src/adapters/redis/gate.ts';
import { campaignKey } from '../../src/adapters/redis/keys.ts';
import { scriptText } from '../../src/adapters/redis/scripts.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { Gate } from '../../src/ports/gate.ts';
import type { Armed, Arming } from '../../src/ports/shared-gate.ts';
import type { MakeGate } from './gate-model.ts';

const CLOCK = "redis.call('TIME')";
const HELD_CLOCK = "redis.call('HMGET', KEYS[1], 'testSeconds', 'testMicros')";

let made = 0;

/** A prefix that no other test uses, in this process or another. */
export function newPrefix(): string {
  made += 1;
  return `test:${process.pid}:${made}:`;
}

export async function connected(url: string, callMaxMs = 5_000): Promise<RedisClient> {
  const address = parseRedisUrl(url);
  if (address.kind === 'invalid') throw new Error(address.why);
  const client = connectRedis(address, { callMaxMs });
  await untilReady(client);
  return client;
}

/** A gate as it is in production; nobody may claim from it until it is armed. */
export function plainGate(client: RedisClient, parts: Partial<RedisGateParts> = {}): RedisGate {
  return makeRedisGate({
    client,
    system: makeSystem(),
    levelOf: () => 'disk',
    prefix: newPrefix(),
    ...parts,
  });
}

/** An arming without bounds, of an empty gate unless said otherwise. */
export function arming(epoch: number, over: Partial<Arming> = {}): Arming {
  return {
    epoch,
    holders: 'empty',
    lastSeq: 0,
    reserved: 0,
    bounds: { blockEnd: null, leaseUntil: null },
    ...over,
  };
}

/** Arms with everything that the gate's outbox still has, as who salvages it does. */
export async function armWithPast(
  gate: RedisGate,
  campaignId: string,
  epoch: number,
  over: Partial<Arming> = {},
): Promise<Armed> {
  const facts = (await gate.leftBehind(campaignId, 0, 100_000)).flatMap((batch) => batch.facts);
  await gate.load(campaignId, {
    seqs: Float64Array.from(facts, ({ seq }) => seq),
    wonAt: Float64Array.from(facts, ({ wonAt }) => wonAt),
    userIds: facts.map(({ userId }) => userId),
    keys: facts.map(({ key }) => key),
  });
  return await gate.arm(campaignId, arming(epoch, { holders: 'staged', ...over }));
}

export function heldClockText(): string {
  const text = scriptText('claim');
  if (text.split(CLOCK).length !== 2) throw new Error('claim.lua must read the clock in exactly one place');
  return text.replace(CLOCK, HELD_CLOCK);
}

/**
 * For the suites that every gate must pass: what has been configured and loaded is armed before the first question,
 * as the supervisor would do it, and the clock is the suite's. Where clocks step back, `latch` must be false: what is told
 * from memory does not move the gate's own clock on.
 */
export function makerOfRedisGates(client: RedisClient, claimText = heldClockText(), latch = false): MakeGate {
  return async (clock) => {
    const prefix = newPrefix();
    const inner = makeRedisGate({ client, system: makeSystem(), prefix, claimText, latch });
    const epochs = new Map<string, number>();
    const unarmed = new Map<string, 'empty' | 'staged'>();

    /** those who press in one turn press in their order, whatever has to be done first */
    const pressed: (() => void)[] = [];

    async function arm(campaignId: string): Promise<void> {
      const holders = unarmed.get(campaignId);
      if (holders === undefined) return;
      unarmed.delete(campaignId);
      await setClock(campaignId);
      const armed = await inner.arm(campaignId, arming(epochs.get(campaignId) as number, { holders }));
      if (armed.kind !== 'armed') throw new Error(armed.detail);
    }

    async function setClock(campaignId: string): Promise<void> {
      const now = clock.now();
      const [seconds, micros] = [Math.floor(now / 1000), (now % 1000) * 1000];
      await client.hset(
        campaignKey(prefix, campaignId, 'rule'),
        'testSeconds',
        seconds,
        'testMicros',
        micros,
      );
    }

    async function armWithClock(campaignId: string): Promise<void> {
      await arm(campaignId);
      await setClock(campaignId);
    }

    const gate: Gate = {
      claim(campaignId, attempt, answer) {
        if (!epochs.has(campaignId)) return inner.claim(campaignId, attempt, answer);
        pressed.push(() => inner.claim(campaignId, attempt, answer));
        if (pressed.length > 1) return undefined;
        void armWithClock(campaignId).then(() => {
          for (const press of pressed.splice(0)) press();
        });
        return undefined;
      },
      async begin(campaign) {
        await gate.configure(campaign);
      },
      async configure(campaign) {
        await arm(campaign.id);
        const told = await inner.configure(campaign);
        if (!epochs.has(campaign.id)) unarmed.set(campaign.id, 'empty');
        epochs.set(campaign.id, campaign.epoch);
        return told;
      },
      async load(campaignId, past) {
        await inner.load(campaignId, past);
        unarmed.set(campaignId, 'staged');
      },
      async unload(campaignId) {
        await inner.unload(campaignId);
        epochs.delete(campaignId);
      },
      async holdings(campaignId, userId) {
        await arm(campaignId);
        return await inner.holdings(campaignId, userId);
      },
      async counts(campaignId) {
        await arm(campaignId);
        return await inner.counts(campaignId);
      },
    };
    const close = async () => {
      for (const id of epochs.keys()) {
        await inner.unload(id);
        await client.del(campaignKey(prefix, id, 'out'));
      }
    };
    return { gate, close };
  };
}

/** What the one who looks after the gate does with it (ports/shared-gate `GateKeeper`), in Redis. */

import type { Armed, Arming, Bounds, GateKeeper, InForce, LeftBehind } from '../../ports/shared-gate.ts';
import type { System } from '../../ports/system.ts';
import type { RedisClient } from './connect.ts';
import { freezeElsewhere } from './freeze.ts';
import type { LuaCalls } from './lua-calls.ts';
import { readOutboxEntry } from './outbox.ts';
import { moveToEpoch, type Place } from './place.ts';
import { armedScript } from './scripts.ts';

export interface KeeperParts {
  lua: LuaCalls;
  client: RedisClient;
  system: Pick<System, 'after'>;
  claimText: string;
  /** a campaign's place, made when there is none */
  placeOf: (campaignId: string) => Place;
}

/** All that counts.lua tells, at one moment. */
export interface Counted {
  issued: number;
  lastSeq: number;
  quantity: number;
  holders: number;
  /** 0: none may decide */
  epoch: number;
  version: number;
  reserved: number;
  blockEnd: number | null;
  now: number;
}

/** null: no rule here. */
export async function readCounts(lua: LuaCalls, campaignId: string): Promise<Counted | null> {
  const reply = (await lua.run('counts', campaignId, [])) as number[];
  if (reply.length === 0) return null;
  const [issued, lastSeq, quantity, holders, epoch, version, reserved, blockEnd, now] = reply as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const bound = blockEnd === -1 ? null : blockEnd;
  return { issued, lastSeq, quantity, holders, epoch, version, reserved, blockEnd: bound, now };
}

export function makeKeeper(parts: KeeperParts): GateKeeper {
  return { ...deciding(parts), ...leftBehind(parts) };
}

function deciding(
  parts: KeeperParts,
): Pick<GateKeeper, 'inForce' | 'arm' | 'extend' | 'freeze' | 'unreserve'> {
  const { lua, client, system } = parts;
  return {
    async inForce(campaignId): Promise<InForce | null> {
      const counted = await readCounts(lua, campaignId);
      if (counted === null) return null;
      const { holders: _, ...rest } = counted;
      return { ...rest, armed: counted.epoch > 0 && (await isArmed(parts, campaignId, counted.epoch)) };
    },
    arm: (campaignId, arming) => arm(parts, campaignId, arming),
    async extend(campaignId, epoch, bounds) {
      const reply = await lua.runOrRefuse('extend', campaignId, [epoch, ...boundArgs(bounds)]);
      return typeof reply !== 'string';
    },
    async freeze(campaignId, epoch) {
      await Promise.all([
        lua.run('freeze', campaignId, [epoch]),
        freezeElsewhere(client, lua.call('freeze', campaignId, [epoch]), system),
      ]);
    },
    async unreserve(campaignId, epoch, count) {
      await lua.run('unreserve', campaignId, [epoch, count]);
      parts.placeOf(campaignId).latch?.drop();
    },
  };
}

/** Whether the script of this epoch can be called where the campaign lives: it is asked without anybody to decide on. */
async function isArmed({ lua, claimText }: KeeperParts, campaignId: string, epoch: number): Promise<boolean> {
  try {
    await lua.look(campaignId, { sha: armedScript(claimText, campaignId, epoch).sha, epoch, clock: 0 });
    return true;
  } catch (error) {
    const { message } = error as Error;
    if (message.startsWith('LEASE ')) return true;
    if (/^(NOSCRIPT|FENCED) /.test(message)) return false;
    throw error;
  }
}

/** `from` of a lease: ms from now by Redis' clock, as arm.lua takes it. */
export type ArmingFrom = Omit<Arming, 'bounds'> & { bounds: Bounds | { blockEnd: null; leaseMs: number } };

export async function arm(parts: KeeperParts, campaignId: string, arming: ArmingFrom): Promise<Armed> {
  const { lua, placeOf, claimText } = parts;
  const { epoch, holders, lastSeq, reserved, bounds } = arming;
  const place = placeOf(campaignId);
  const staged = holders === 'empty' ? 'empty' : (place.staged?.issued ?? 0);
  const limits = 'leaseMs' in bounds ? ['', `+${bounds.leaseMs}`] : boundArgs(bounds);
  const reply = await lua.runOrRefuse('arm', campaignId, [epoch, staged, lastSeq, reserved, ...limits]);
  place.staged = null;
  if (typeof reply === 'string') return refusedArming(reply);
  const { text } = armedScript(claimText, campaignId, epoch);
  await lua.load(text);
  if (!(await isArmed(parts, campaignId, epoch)))
    return {
      kind: 'refused',
      why: 'fenced',
      detail: `FENCED epoch ${epoch} was overtaken while it was armed`,
    };
  moveToEpoch(place, epoch, claimText);
  const [issued, last, users] = reply as [number, number, number];
  return { kind: 'armed', issued, lastSeq: last, holders: users };
}

function refusedArming(message: string): Armed {
  const why = (message.split(' ')[0] as string).toLowerCase() as 'unconfigured' | 'fenced' | 'live';
  return { kind: 'refused', why, detail: message };
}

function boundArgs({ blockEnd, leaseUntil }: Bounds): (string | number)[] {
  return [blockEnd ?? '', leaseUntil ?? ''];
}

function leftBehind({ lua, client }: KeeperParts): Pick<GateKeeper, 'leftBehind' | 'letGo'> {
  return {
    async leftBehind(campaignId, afterSeq, limit) {
      const out = lua.key(campaignId, 'out');
      const entries = await client.xrange(out, `(${afterSeq}-0`, '+', 'COUNT', limit);
      return entries.map(([, fields]): LeftBehind => {
        const facts = readOutboxEntry(campaignId, fields);
        return { facts, decidedAt: facts[0]?.wonAt ?? 0 };
      });
    },
    async letGo(campaignId, seq) {
      await lua.run('trim', campaignId, [seq]);
    },
  };
}

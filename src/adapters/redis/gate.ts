/**
 * The gate that any number of processes share: the rule in Lua, inside Redis, one call for many claims. Whatever goes
 * wrong on the way there, nobody is told more than is known: not decided, or not known whether decided.
 *
 * Unlike a gate of one process it opens for nobody by itself. `configure` makes a campaign's rule known, `load` brings
 * its past, and `arm` lets it decide, called by the one who has made sure that what is here is complete.
 */

import type { Campaign } from '../../core/campaign.ts';
import { gateRule } from '../../core/gate.ts';
import type { Gate, GateCounts } from '../../ports/gate.ts';
import type { Holders } from '../../ports/record.ts';
import type { System } from '../../ports/system.ts';
import type { RedisGateAnswer } from './answers.ts';
import type { RedisClient } from './connect.ts';
import { type LuaCalls, makeLuaCalls } from './lua-calls.ts';
import { makePlace, moveToEpoch, type Place } from './place.ts';
import { armedScript, scriptText } from './scripts.ts';

export interface RedisGateParts {
  client: RedisClient;
  system: Pick<System, 'afterTurn'>;
  /** before every key; keeps several installations in one Redis apart */
  prefix?: string;
  /** claims of one campaign that may wait at once */
  waitingMax?: number;
  /** told why claims come back undecided */
  onFault?: (campaignId: string, why: string) => void;
  /** told when claims found the block of leased numbers used up */
  onBlockEnd?: (campaignId: string) => void;
  /** claim.lua; tests give one with a clock that they hold */
  claimText?: string;
}

/** What the gate decides with from now on: see arm.lua. */
export interface Arming {
  epoch: number;
  /** none yet, those that are here, or those that `load` brought */
  holders: 'empty' | 'kept' | 'staged';
  /** numbers go on above it */
  lastSeq?: number;
  bounds?: Bounds;
}

/** null: no bound */
export interface Bounds {
  /** the highest seq that may be given out */
  blockEnd: number | null;
  /** epoch ms by Redis' clock; past it nothing is decided */
  leaseUntil: number | null;
}

export type Armed =
  | { kind: 'armed'; issued: number; lastSeq: number; holders: number }
  | { kind: 'refused'; why: 'unconfigured' | 'fenced' | 'live'; detail: string };

export interface RedisGate extends Gate {
  /** Lets an epoch decide. Only for who has made sure of the holders, and alone does so. */
  arm(campaignId: string, arming: Arming): Promise<Armed>;
  /** Extends bounds within an epoch; they never shrink. False when another epoch is in force. */
  extend(campaignId: string, epoch: number, bounds: Bounds): Promise<boolean>;
  /** The epoch and version in force; null: no rule here. Epoch 0: not armed. */
  inForce(campaignId: string): Promise<{ epoch: number; version: number } | null>;
}

const WAITING_MAX = 16_384;
const LOAD_CHUNK = 500;

/** What the parts of the gate share. */
interface Inside {
  lua: LuaCalls;
  client: RedisClient;
  claimText: string;
  places: Map<string, Place>;
  /** a campaign's place, made when there is none */
  placeOf: (campaignId: string) => Place;
}

export function makeRedisGate(parts: RedisGateParts): RedisGate {
  const { client, system, prefix = '', waitingMax = WAITING_MAX, onFault, onBlockEnd } = parts;
  const claimText = parts.claimText ?? scriptText('claim');
  const lua = makeLuaCalls(client, prefix);
  const places = new Map<string, Place>();
  const placeParts = { client, lua, system, claimText, waitingMax, onFault, onBlockEnd };
  const placeOf = (campaignId: string): Place => {
    const place = places.get(campaignId) ?? makePlace(placeParts, campaignId);
    places.set(campaignId, place);
    return place;
  };
  const inside: Inside = { lua, client, claimText, places, placeOf };
  return { ...claiming(inside), ...keeping(inside), ...looking(inside), ...arming(inside) };
}

function claiming({ places }: Inside): Pick<RedisGate, 'claim'> {
  return {
    claim(campaignId, attempt, answer) {
      const place = places.get(campaignId);
      if (place === undefined) return answer({ verdict: 'unknown_campaign' });
      // The port's list of answers does not have all of ours yet; see RedisGateAnswer.
      return place.lane.claim(attempt, answer as (given: RedisGateAnswer) => void);
    },
  };
}

function keeping({
  lua,
  places,
  placeOf,
  claimText,
}: Inside): Pick<RedisGate, 'configure' | 'load' | 'unload'> {
  return {
    async configure(campaign) {
      const place = placeOf(campaign.id);
      const reply = await lua.run('configure', campaign.id, [...ruleArgs(campaign), place.clock]);
      moveToEpoch(place, campaign.epoch, claimText);
      const [outcome, issued] = reply as [string, number];
      return outcome === 'ok' ? { kind: 'ok' } : { kind: 'below_issued', issued };
    },
    async load(campaignId, past) {
      const place = places.get(campaignId);
      if (!place) throw new Error(`campaign ${campaignId} is not at the gate`);
      for (let from = 0; from < past.seqs.length || !place.loading; from += LOAD_CHUNK) {
        const fresh = place.loading ? 0 : 1;
        place.loading = true;
        await lua.run('load', campaignId, [fresh, ...unitArgs(past, from, from + LOAD_CHUNK)]);
      }
    },
    async unload(campaignId) {
      const place = places.get(campaignId);
      if (!place) return;
      places.delete(campaignId);
      place.lane.clear();
      await lua.run('unload', campaignId, []);
    },
  };
}

function looking({ lua, client }: Inside): Pick<RedisGate, 'holdings' | 'counts' | 'inForce'> {
  const counts = async (campaignId: string) => {
    const [issued, lastSeq, quantity, holders, epoch, version] = (await lua.run(
      'counts',
      campaignId,
      [],
    )) as number[];
    return issued === undefined ? null : ({ issued, lastSeq, quantity, holders, epoch, version } as Counted);
  };
  return {
    async holdings(campaignId, userId) {
      const units = await client.hget(lua.key(campaignId, 'users'), userId);
      return units === null ? [] : units.split('\n').map(unitOf);
    },
    async counts(campaignId) {
      const counted = await counts(campaignId);
      if (counted === null) return null;
      const { issued, lastSeq, quantity, holders } = counted;
      return { issued, lastSeq, quantity, holders };
    },
    async inForce(campaignId) {
      const counted = await counts(campaignId);
      return counted === null ? null : { epoch: counted.epoch, version: counted.version };
    },
  };
}

type Counted = GateCounts & { epoch: number; version: number };

function arming({ lua, placeOf, claimText }: Inside): Pick<RedisGate, 'arm' | 'extend'> {
  return {
    async arm(campaignId, { epoch, holders, lastSeq = 0, bounds }) {
      const place = placeOf(campaignId);
      const limits = boundArgs(bounds ?? { blockEnd: null, leaseUntil: null });
      const reply = await lua.runOrRefuse('arm', campaignId, [epoch, holders, lastSeq, ...limits]);
      if (typeof reply === 'string') return refusedArming(reply);
      await lua.load(armedScript(claimText, campaignId, epoch).text);
      moveToEpoch(place, epoch, claimText);
      place.loading = false;
      const [issued, last, users] = reply as [number, number, number];
      return { kind: 'armed', issued, lastSeq: last, holders: users };
    },
    async extend(campaignId, epoch, bounds) {
      const reply = await lua.runOrRefuse('extend', campaignId, [epoch, ...boundArgs(bounds)]);
      return typeof reply !== 'string';
    },
  };
}

function refusedArming(message: string): Armed {
  const why = (message.split(' ')[0] as string).toLowerCase() as 'unconfigured' | 'fenced' | 'live';
  return { kind: 'refused', why, detail: message };
}

function ruleArgs(campaign: Campaign): (string | number)[] {
  const { version, quantity, perUserLimit, startsAt, closesAt, paused, closed } = gateRule(campaign);
  return [version, quantity, perUserLimit, startsAt ?? '', closesAt ?? '', paused ? 1 : 0, closed ? 1 : 0];
}

function boundArgs({ blockEnd, leaseUntil }: Bounds): (string | number)[] {
  return [blockEnd ?? '', leaseUntil ?? ''];
}

/** Units `from` … `to` - 1 as load.lua takes them. */
function unitArgs({ seqs, wonAt, userIds, keys }: Holders, from: number, to: number): string[] {
  return userIds.slice(from, to).flatMap((userId, i) => {
    const key = keys?.[from + i] ?? null;
    return [userId, `${seqs[from + i]},${wonAt[from + i]}${key === null ? '' : `,${key}`}`];
  });
}

/** `seq,wonAt[,key]` */
function unitOf(line: string): { seq: number; wonAt: number } {
  const [seq, wonAt] = line.split(',', 2);
  return { seq: Number(seq), wonAt: Number(wonAt) };
}

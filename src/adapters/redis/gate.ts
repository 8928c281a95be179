/**
 * The gate that any number of processes share: the rule in Lua, inside Redis, one call for many claims. Whatever goes
 * wrong on the way there, nobody is told more than is known: not decided, or not known whether decided.
 *
 * Unlike a gate of one process it opens for nobody by itself. `configure` makes a campaign's rule known, `load` brings
 * its past, and `arm` lets it decide, called by the one who has made sure that what is here is complete.
 */

import type { Campaign, Durability } from '../../core/campaign.ts';
import { gateRule } from '../../core/gate.ts';
import type { Holding } from '../../ports/gate.ts';
import type { Holders } from '../../ports/record.ts';
import type { GateKeeper, SharedGate } from '../../ports/shared-gate.ts';
import type { System } from '../../ports/system.ts';
import type { RedisClient } from './connect.ts';
import { arm, makeKeeper, readCounts } from './keeper.ts';
import { type LuaCalls, makeLuaCalls } from './lua-calls.ts';
import { makePlace, moveToEpoch, type Place } from './place.ts';
import { scriptText } from './scripts.ts';

export interface RedisGateParts {
  client: RedisClient;
  /** a connection of its own for campaigns that wait for a replica, so that they hold no other one up; default `client` */
  waitingClient?: RedisClient;
  system: Pick<System, 'after' | 'afterTurn' | 'monotonic'>;
  /** at `replicated` nobody is told what no replica has; without it such campaigns are not decided here at all */
  levelOf?: (campaignId: string) => Durability | undefined;
  /** how long a replica may take to have it; less than a call may take */
  replicaMaxMs?: number;
  /** before every key; keeps several installations in one Redis apart */
  prefix?: string;
  /** claims of one campaign that may wait at once */
  waitingMax?: number;
  /** false: people are told `sold_out` by Redis alone, one by one; default true */
  latch?: boolean;
  /** told why claims come back undecided */
  onFault?: (campaignId: string, why: string) => void;
  /** told when claims found the block of leased numbers used up */
  onBlockEnd?: (campaignId: string) => void;
  /** claim.lua; tests give one with a clock that they hold */
  claimText?: string;
}

export type RedisGate = SharedGate & GateKeeper;

const WAITING_MAX = 16_384;
const REPLICA_MAX_MS = 500;
const LOAD_CHUNK = 500;
/** A new campaign decides so long before whoever looks after the gate has to have seen it. */
const FIRST_LEASE_MS = 2_000;

/** What the parts of the gate share. */
interface Inside {
  lua: LuaCalls;
  client: RedisClient;
  system: Pick<System, 'after'>;
  claimText: string;
  places: Map<string, Place>;
  /** a campaign's place, made when there is none */
  placeOf: (campaignId: string) => Place;
}

export function makeRedisGate(parts: RedisGateParts): RedisGate {
  const { client, system, levelOf, prefix = '', onFault, onBlockEnd } = parts;
  const { waitingMax = WAITING_MAX, replicaMaxMs = REPLICA_MAX_MS, latch = true } = parts;
  const claimText = parts.claimText ?? scriptText('claim');
  const waitingClient = parts.waitingClient ?? client;
  const lua = makeLuaCalls(client, prefix, waitingClient);
  const places = new Map<string, Place>();
  const told = { onFault, onBlockEnd };
  const placeParts = {
    client,
    waitingClient,
    lua,
    system,
    levelOf,
    replicaMaxMs,
    claimText,
    waitingMax,
    latch,
    ...told,
  };
  const placeOf = (campaignId: string): Place => {
    const place = places.get(campaignId) ?? makePlace(placeParts, campaignId);
    places.set(campaignId, place);
    return place;
  };
  const inside: Inside = { lua, client, system, claimText, places, placeOf };
  return {
    ...claiming(inside),
    ...keeping(inside),
    ...filling(inside),
    ...looking(inside),
    ...makeKeeper(inside),
  };
}

function claiming({ places, placeOf, claimText }: Inside): Pick<RedisGate, 'claim' | 'follow'> {
  return {
    claim(campaignId, attempt, answer) {
      const place = places.get(campaignId);
      if (place === undefined) return answer({ verdict: 'unknown_campaign' });
      const known = place.latch?.answer(attempt);
      return known ? answer(known) : place.lane.claim(attempt, answer);
    },
    follow(campaignId, epoch, version) {
      const place = placeOf(campaignId);
      moveToEpoch(place, epoch, claimText);
      place.latch?.follow(version);
    },
  };
}

function keeping(inside: Inside): Pick<RedisGate, 'begin' | 'configure' | 'unload'> {
  const { lua, places, placeOf, claimText } = inside;
  const configure: RedisGate['configure'] = async (campaign) => {
    const place = placeOf(campaign.id);
    const reply = await lua.run('configure', campaign.id, [...ruleArgs(campaign), place.clock]);
    moveToEpoch(place, campaign.epoch, claimText);
    place.latch?.drop();
    const [outcome, issued] = reply as [string, number];
    return outcome === 'ok' ? { kind: 'ok' } : { kind: 'below_issued', issued };
  };
  return {
    configure,
    async begin(campaign) {
      await configure(campaign);
      // Refused: it has begun already, or somebody has taken over since. Both leave nothing to do here.
      await arm(inside, campaign.id, {
        epoch: campaign.epoch,
        holders: 'empty',
        lastSeq: 0,
        reserved: 0,
        bounds: { blockEnd: null, leaseMs: FIRST_LEASE_MS },
      });
    },
    async unload(campaignId) {
      places.get(campaignId)?.lane.clear();
      places.delete(campaignId);
      await lua.run('unload', campaignId, []);
    },
  };
}

function filling({ lua, places }: Inside): Pick<RedisGate, 'load'> {
  return {
    async load(campaignId, past) {
      const place = places.get(campaignId);
      if (!place) throw new Error(`campaign ${campaignId} is not at the gate`);
      // Who begins again at the beginning is loading anew, whatever became of the time before.
      const [first = Number.POSITIVE_INFINITY] = past.seqs;
      if (place.staged !== null && first <= place.staged.lastSeq) place.staged = null;
      for (let from = 0; from < past.seqs.length || place.staged === null; from += LOAD_CHUNK) {
        const after = place.staged?.lastSeq ?? '';
        const units = unitArgs(past, from, from + LOAD_CHUNK);
        const [issued, lastSeq] = (await lua.run('load', campaignId, [after, ...units])) as [number, number];
        place.staged = { issued, lastSeq };
      }
    },
  };
}

function looking({ lua, client }: Inside): Pick<RedisGate, 'holdings' | 'counts'> {
  return {
    async holdings(campaignId, userId) {
      const units = await client.hget(lua.key(campaignId, 'users'), userId);
      return units === null ? [] : units.split('\n').map(unitOf);
    },
    async counts(campaignId) {
      const counted = await readCounts(lua, campaignId);
      if (counted === null) return null;
      const { issued, lastSeq, quantity, holders } = counted;
      return { issued, lastSeq, quantity, holders };
    },
  };
}

function ruleArgs(campaign: Campaign): (string | number)[] {
  const { version, quantity, perUserLimit, startsAt, closesAt, paused, closed } = gateRule(campaign);
  const times = [startsAt ?? '', closesAt ?? ''];
  return [version, quantity, perUserLimit, ...times, paused ? 1 : 0, closed ? 1 : 0, campaign.durability];
}

/** Units `from` … `to` - 1 as load.lua takes them. */
function unitArgs({ seqs, wonAt, userIds, keys }: Holders, from: number, to: number): string[] {
  return userIds.slice(from, to).flatMap((userId, i) => {
    const key = keys?.[from + i] ?? null;
    return [userId, `${seqs[from + i]},${wonAt[from + i]}${key === null ? '' : `,${key}`}`];
  });
}

/** `seq,wonAt[,key]`; a key may have commas of its own. */
function unitOf(line: string): Holding {
  const [, seq, wonAt, key = null] = /^(\d+),(\d+)(?:,(.*))?$/.exec(line) as string[] & { 3?: string };
  return { seq: Number(seq), wonAt: Number(wonAt), key };
}

/** A campaign's place at the gate as one process sees it: which epoch it claims for, and its claims on their way. */

import { ReplyError } from 'ioredis';
import type { Durability } from '../../core/campaign.ts';
import type { Attempt } from '../../core/gate.ts';
import type { GateAnswer } from '../../ports/gate.ts';
import type { System } from '../../ports/system.ts';
import { claimArgs, REBUILDING, readAnswer, UNAVAILABLE, UNKNOWN } from './answers.ts';
import type { CallOutcome, Lane } from './batcher.ts';
import { makeLane } from './batcher.ts';
import type { RedisClient } from './connect.ts';
import { type Latch, makeLatch } from './latch.ts';
import type { LuaCalls } from './lua-calls.ts';
import { armedScript } from './scripts.ts';

export interface PlaceParts {
  client: RedisClient;
  waitingClient: RedisClient;
  lua: LuaCalls;
  system: Pick<System, 'afterTurn' | 'monotonic'>;
  levelOf: ((campaignId: string) => Durability | undefined) | undefined;
  replicaMaxMs: number;
  /** whether what is sold out is remembered */
  latch: boolean;
  claimText: string;
  waitingMax: number;
  onFault: ((campaignId: string, why: string) => void) | undefined;
  onBlockEnd: ((campaignId: string) => void) | undefined;
}

export interface Place {
  campaignId: string;
  /** the epoch it claims for; 0: none is known yet */
  epoch: number;
  sha: string;
  /** the latest clock that Redis has told about this campaign */
  clock: number;
  /** what this process has loaded so far, to be armed; null: nothing */
  staged: { issued: number; lastSeq: number } | null;
  lane: Lane;
  latch: Latch | null;
}

export function makePlace(parts: PlaceParts, campaignId: string): Place {
  const { system, waitingMax } = parts;
  const keys = parts.lua.keysOf('claim', campaignId);
  const place: Place = {
    campaignId,
    epoch: 0,
    sha: '',
    clock: 0,
    staged: null,
    lane: makeLane({
      call: (batch) => call(parts, place, keys, batch),
      open: () => connectionOf(parts, campaignId).status === 'ready',
      afterTurn: (run) => system.afterTurn(run),
      waitingMax,
    }),
    latch: parts.latch ? latchOf(parts, campaignId, () => place) : null,
  };
  return place;
}

/** From now on it claims for `epoch`. Never goes back: an older campaign in somebody's hand changes nothing. */
export function moveToEpoch(place: Place, epoch: number, claimText: string): void {
  if (epoch <= place.epoch) return;
  place.epoch = epoch;
  place.latch?.drop();
  place.sha = armedScript(claimText, place.campaignId, epoch).sha;
}

function connectionOf(parts: PlaceParts, campaignId: string): RedisClient {
  return replicaMaxMs(parts, campaignId) === null ? parts.client : parts.waitingClient;
}

/** How long a replica may take; null: none is asked. */
function replicaMaxMs({ levelOf, replicaMaxMs: ms }: PlaceParts, campaignId: string): number | null {
  return levelOf?.(campaignId) === 'replicated' ? ms : null;
}

async function call(
  parts: PlaceParts,
  place: Place,
  keys: string[],
  batch: readonly Attempt[],
): Promise<CallOutcome> {
  const { lua, onFault, onBlockEnd } = parts;
  const { campaignId, epoch } = place;
  if (connectionOf(parts, campaignId).status !== 'ready') return { kind: 'refused', with: UNAVAILABLE };
  try {
    const { reply, kept } = await lua.claim(keys, place, claimArgs(batch), replicaMaxMs(parts, campaignId));
    const { clock, version, letters, answers } = readAnswer(reply, batch, { campaignId, epoch });
    if (clock > place.clock) place.clock = clock;
    if (letters.includes('b')) onBlockEnd?.(campaignId);
    place.latch?.decided(version, letters);
    return { kind: 'answered', answers: kept ? answers : answers.map(unlessHeld) };
  } catch (error) {
    onFault?.(campaignId, (error as Error).message);
    return outcomeOf(error);
  }
}

/** What follows from units that a replica may not have is not known: after a failover it would be untrue. */
function unlessHeld(answer: GateAnswer): GateAnswer {
  return UNITS_DECIDE.has(answer.verdict) ? UNKNOWN : answer;
}

const UNITS_DECIDE: ReadonlySet<string> = new Set(['won', 'already_won', 'sold_out']);

/** An error that Redis answered with decides nothing: all of claim.lua's own come before its first write. */
function outcomeOf(error: unknown): CallOutcome {
  if (!(error instanceof ReplyError)) return { kind: 'silent' };
  const closed = /^(NOSCRIPT|FENCED|LEASE) /.test((error as Error).message);
  return { kind: 'refused', with: closed ? REBUILDING : UNAVAILABLE };
}

const SCAN_PAGE = 1000;

function latchOf(parts: PlaceParts, campaignId: string, placeOf: () => Place): Latch {
  const { client, lua, system } = parts;
  const users = lua.key(campaignId, 'users');
  return makeLatch({
    look: () => lua.look(campaignId, placeOf(), replicaMaxMs(parts, campaignId)),
    monotonic: () => system.monotonic(),
    async holders(take) {
      let cursor = '0';
      do {
        const [next, entries] = await client.hscan(users, cursor, 'COUNT', SCAN_PAGE);
        for (let i = 0; i < entries.length; i += 2) if (!take(entries[i] as string)) return;
        cursor = next;
      } while (cursor !== '0');
    },
  });
}

/** A campaign's place at the gate as one process sees it: which epoch it claims for, and its claims on their way. */

import { ReplyError } from 'ioredis';
import type { Attempt } from '../../core/gate.ts';
import type { System } from '../../ports/system.ts';
import { claimArgs, REBUILDING, readAnswer, UNAVAILABLE } from './answers.ts';
import type { CallOutcome, Lane } from './batcher.ts';
import { makeLane } from './batcher.ts';
import type { RedisClient } from './connect.ts';
import { type Latch, makeLatch } from './latch.ts';
import type { LuaCalls } from './lua-calls.ts';
import { armedScript } from './scripts.ts';

export interface PlaceParts {
  client: RedisClient;
  lua: LuaCalls;
  system: Pick<System, 'afterTurn' | 'monotonic'>;
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
  const { client, system, waitingMax } = parts;
  const keys = parts.lua.keysOf('claim', campaignId);
  const place: Place = {
    campaignId,
    epoch: 0,
    sha: '',
    clock: 0,
    staged: null,
    lane: makeLane({
      call: (batch) => call(parts, place, keys, batch),
      open: () => client.status === 'ready',
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

async function call(
  { client, onFault, onBlockEnd }: PlaceParts,
  place: Place,
  keys: string[],
  batch: readonly Attempt[],
): Promise<CallOutcome> {
  const { campaignId, epoch, sha } = place;
  if (client.status !== 'ready') return { kind: 'refused', with: UNAVAILABLE };
  try {
    const reply = await client.evalsha(sha, keys.length, ...keys, epoch, place.clock, ...claimArgs(batch));
    const { clock, version, letters, answers } = readAnswer(reply, batch, { campaignId, epoch });
    if (clock > place.clock) place.clock = clock;
    if (letters.includes('b')) onBlockEnd?.(campaignId);
    place.latch?.decided(version, letters);
    return { kind: 'answered', answers };
  } catch (error) {
    onFault?.(campaignId, (error as Error).message);
    return outcomeOf(error);
  }
}

/** An error that Redis answered with decides nothing: all of claim.lua's own come before its first write. */
function outcomeOf(error: unknown): CallOutcome {
  if (!(error instanceof ReplyError)) return { kind: 'silent' };
  const closed = /^(NOSCRIPT|FENCED|LEASE) /.test((error as Error).message);
  return { kind: 'refused', with: closed ? REBUILDING : UNAVAILABLE };
}

const SCAN_PAGE = 1000;

function latchOf({ client, lua, system }: PlaceParts, campaignId: string, placeOf: () => Place): Latch {
  const users = lua.key(campaignId, 'users');
  return makeLatch({
    look: () => lua.look(campaignId, placeOf()),
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

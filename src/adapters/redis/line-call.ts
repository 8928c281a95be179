/** One call of line.lua, armed for an epoch, and what it means when nothing comes of it. */

import { ReplyError } from 'ioredis';
import type { LineFault } from '../../ports/line.ts';
import type { RedisClient } from './connect.ts';
import type { LuaCalls } from './lua-calls.ts';

export interface CallParts {
  client: RedisClient;
  lua: LuaCalls;
  /** told why something was not answered */
  onFault?: ((campaignId: string, why: string) => void) | undefined;
}

/** A call of line.lua, with its op and its details. Rejects with a {@link LineTrouble}. */
export type AskLine = (op: string, ...details: Detail[]) => Promise<unknown>;
export type Detail = string | number | Buffer;

/** Why a call of the line came to nothing; `fault` as a press is told. */
export class LineTrouble extends Error {
  override name = 'LineTrouble';
  readonly fault: LineFault;

  constructor(fault: LineFault, why: string, cause?: unknown) {
    super(why, { cause });
    this.fault = fault;
  }
}

/** What an armed call is made for: an epoch and the sha of its script. */
export interface Armed {
  epoch: number;
  sha: string;
}

/** One call of line.lua. Rejects with a {@link LineTrouble}. */
export async function callArmed(
  { client, lua, onFault }: CallParts,
  { campaignId, epoch, sha }: Armed & { campaignId: string },
  clock: number,
  fill: number | '',
  op: string,
  details: readonly Detail[],
): Promise<unknown> {
  if (client.status !== 'ready') throw new LineTrouble('unavailable', 'there is no connection to Redis');
  try {
    const keys = lua.keysOf('line', campaignId);
    return await client.evalsha(sha, keys.length, ...keys, epoch, clock, fill, op, ...details);
  } catch (error) {
    const { message } = error as Error;
    onFault?.(campaignId, message);
    throw new LineTrouble(faultOf(error), message, error);
  }
}

/** An error that Redis answered with decides nothing: what line.lua itself refuses, it refuses before it writes. */
function faultOf(error: unknown): LineFault {
  if (!(error instanceof ReplyError)) return 'unknown';
  return /^(NOSCRIPT|FENCED|LEASE) /.test((error as Error).message) ? 'rebuilding' : 'unavailable';
}

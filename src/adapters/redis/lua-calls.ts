/** Calls of the Lua files by name, with the keys that each one's contract asks for. */

import { Cluster } from 'ioredis';
import { type Look, readLook } from './answers.ts';
import type { RedisClient } from './connect.ts';
import type { LuaCall } from './freeze.ts';
import { campaignKey, type KeyName } from './keys.ts';
import { CONTRACTS, type ScriptName, scriptText } from './scripts.ts';

type Eval = Exclude<ScriptName, 'claim' | 'line' | 'rate'>;

/** Which armed script is called, and the latest clock that the caller was told. */
export interface Fence {
  sha: string;
  epoch: number;
  clock: number;
}

export interface LuaCalls {
  keysOf(script: Exclude<ScriptName, 'rate'>, campaignId: string): string[];
  key(campaignId: string, name: KeyName): string;
  call(script: Eval, campaignId: string, args: (string | number)[]): LuaCall;
  /** By its text, every time. For what is rare and may be sent twice without harm; claims go another way. */
  run(script: Eval, campaignId: string, args: (string | number)[]): Promise<unknown>;
  /** The same, with the errors that the script itself answers with (`FENCED …`) as a text. */
  runOrRefuse(script: Eval, campaignId: string, args: (string | number)[]): Promise<unknown>;
  /**
   * Calls the armed script, with what claim.lua takes after the clock. `replicaMaxMs`: whatever the answer says, a replica
   * has it when `kept`; null asks none. Rejects when the claim is refused (`NOSCRIPT …`).
   */
  claim(
    keys: string[],
    fence: Fence,
    args: string[],
    replicaMaxMs: number | null,
  ): Promise<{ reply: unknown; kept: boolean }>;
  /** What a stranger would be told by the armed script. Rejects as a claim would be refused. */
  look(campaignId: string, fence: Fence, replicaMaxMs?: number | null): Promise<Look>;
  /** Makes a text callable by its sha, on every node that may be asked. Nodes that cannot be reached are left. */
  load(text: string): Promise<void>;
}

/** users, marks and keys of a look */
const NOBODY = ['[]', '', '[]'];

/** @param waiting the connection of calls that wait for a replica: whoever comes after them on it waits as well */
export function makeLuaCalls(client: RedisClient, prefix: string, waiting = client): LuaCalls {
  const texts = new Map<ScriptName, string>();
  const key = (campaignId: string, name: KeyName) => campaignKey(prefix, campaignId, name);
  const keysOf = (script: Exclude<ScriptName, 'rate'>, campaignId: string) =>
    CONTRACTS[script].keys.map((name) => key(campaignId, name));
  const call: LuaCalls['call'] = (script, campaignId, args) => {
    const text = texts.get(script) ?? scriptText(script);
    texts.set(script, text);
    return { text, keys: keysOf(script, campaignId), args };
  };
  const run: LuaCalls['run'] = async (script, campaignId, given) => {
    const { text, keys, args } = call(script, campaignId, given);
    return await client.eval(text, keys.length, ...keys, ...args);
  };
  const claim: LuaCalls['claim'] = async (keys, { sha, epoch, clock }, args, replicaMaxMs) => {
    const all = [...keys, epoch, clock, ...args];
    if (replicaMaxMs === null)
      return { reply: await client.evalsha(sha, keys.length, ...all, ''), kept: true };
    // One write to one connection: a WAIT on any other one, or after a reconnection, would wait for nothing.
    const told = await waiting
      .pipeline()
      .evalsha(sha, keys.length, ...all, '1')
      .wait(1, replicaMaxMs)
      .exec();
    const [[error, reply], [waitError, replicas]] = told as [
      [Error | null, unknown],
      [Error | null, unknown],
    ];
    if (error !== null) {
      // A pipeline does not follow a campaign that moved in its cluster; a plain read finds out where to.
      if (error.message.startsWith('MOVED ')) waiting.hget(keys[0] as string, 'epoch').catch(() => undefined);
      throw error;
    }
    return { reply, kept: waitError === null && Number(replicas) >= 1 };
  };
  return {
    key,
    keysOf,
    call,
    run,
    async runOrRefuse(script, campaignId, args) {
      try {
        return await run(script, campaignId, args);
      } catch (error) {
        const { message } = error as Error;
        if (/^(UNCONFIGURED|FENCED|LIVE) /.test(message)) return message;
        throw error;
      }
    },
    claim,
    async look(campaignId, fence, replicaMaxMs = null) {
      const { reply, kept } = await claim(keysOf('claim', campaignId), fence, NOBODY, replicaMaxMs);
      if (!kept) throw new Error('no replica has what was seen');
      return readLook(reply);
    },
    async load(text) {
      if (!(client instanceof Cluster)) await client.script('LOAD', text);
      else await Promise.allSettled(client.nodes('master').map((node) => node.script('LOAD', text)));
    },
  };
}

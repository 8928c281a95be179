/** Calls of the Lua files by name, with the keys that each one's contract asks for. */

import { Cluster } from 'ioredis';
import { type Look, readLook } from './answers.ts';
import type { RedisClient } from './connect.ts';
import type { LuaCall } from './freeze.ts';
import { campaignKey, type KeyName } from './keys.ts';
import { CONTRACTS, type ScriptName, scriptText } from './scripts.ts';

type Eval = Exclude<ScriptName, 'claim'>;

/** Which armed script is called, and the latest clock that the caller was told. */
export interface Fence {
  sha: string;
  epoch: number;
  clock: number;
}

export interface LuaCalls {
  keysOf(script: ScriptName, campaignId: string): string[];
  key(campaignId: string, name: KeyName): string;
  call(script: Eval, campaignId: string, args: (string | number)[]): LuaCall;
  /** By its text, every time. For what is rare and may be sent twice without harm; claims go another way. */
  run(script: Eval, campaignId: string, args: (string | number)[]): Promise<unknown>;
  /** The same, with the errors that the script itself answers with (`FENCED …`) as a text. */
  runOrRefuse(script: Eval, campaignId: string, args: (string | number)[]): Promise<unknown>;
  /** What a stranger would be told by the armed script. Rejects as a claim would be refused (`NOSCRIPT …`). */
  look(campaignId: string, fence: Fence): Promise<Look>;
  /** Makes a text callable by its sha, on every node that may be asked. Nodes that cannot be reached are left. */
  load(text: string): Promise<void>;
}

export function makeLuaCalls(client: RedisClient, prefix: string): LuaCalls {
  const texts = new Map<ScriptName, string>();
  const key = (campaignId: string, name: KeyName) => campaignKey(prefix, campaignId, name);
  const keysOf = (script: ScriptName, campaignId: string) =>
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
    async look(campaignId, { sha, epoch, clock }) {
      const keys = keysOf('claim', campaignId);
      return readLook(await client.evalsha(sha, keys.length, ...keys, epoch, clock, '[]', '', '[]'));
    },
    async load(text) {
      if (!(client instanceof Cluster)) await client.script('LOAD', text);
      else await Promise.allSettled(client.nodes('master').map((node) => node.script('LOAD', text)));
    },
  };
}

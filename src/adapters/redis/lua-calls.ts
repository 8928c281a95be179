/** Calls of the Lua files by name, with the keys that each one's contract asks for. */

import { Cluster } from 'ioredis';
import type { RedisClient } from './connect.ts';
import { campaignKey, type KeyName } from './keys.ts';
import { CONTRACTS, type ScriptName, scriptText } from './scripts.ts';

export interface LuaCalls {
  keysOf(script: ScriptName, campaignId: string): string[];
  key(campaignId: string, name: KeyName): string;
  /** By its text, every time. For what is rare and may be sent twice without harm; claims go another way. */
  run(script: Exclude<ScriptName, 'claim'>, campaignId: string, args: (string | number)[]): Promise<unknown>;
  /** The same, with the errors that the script itself answers with (`FENCED …`) as a text. */
  runOrRefuse(
    script: Exclude<ScriptName, 'claim'>,
    campaignId: string,
    args: (string | number)[],
  ): Promise<unknown>;
  /** Makes a text callable by its sha, on every node that may be asked. */
  load(text: string): Promise<void>;
}

export function makeLuaCalls(client: RedisClient, prefix: string): LuaCalls {
  const texts = new Map<ScriptName, string>();
  const key = (campaignId: string, name: KeyName) => campaignKey(prefix, campaignId, name);
  const keysOf = (script: ScriptName, campaignId: string) =>
    CONTRACTS[script].keys.map((name) => key(campaignId, name));
  const textOf = (script: ScriptName): string => {
    const text = texts.get(script) ?? scriptText(script);
    texts.set(script, text);
    return text;
  };
  const run: LuaCalls['run'] = async (script, campaignId, args) => {
    const keys = keysOf(script, campaignId);
    return await client.eval(textOf(script), keys.length, ...keys, ...args);
  };
  return {
    key,
    keysOf,
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
    async load(text) {
      const nodes = client instanceof Cluster ? client.nodes('master') : [client];
      await Promise.all(nodes.map((node) => node.script('LOAD', text)));
    },
  };
}

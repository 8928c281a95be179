/**
 * The Lua of the gate, one file for each transition, and of the waiting line, and what each is called with. The header
 * of a Lua file says the same, and a test holds the two together.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type KeyName, LINE_KEY_NAMES, type RateKeyName } from './keys.ts';

/** What a script is called with and what it answers. A name that ends in `…` stands for any number. */
export interface Contract {
  keys: readonly (KeyName | RateKeyName)[];
  args: readonly string[];
  returns: readonly string[];
}

/** The part of a line's rule that is kept in Redis, in the order in which it is said. */
const LINE_RULE = [
  'quantity',
  'startsAt',
  'closesAt',
  'pausedAt',
  'closed',
  'maxLength',
  'cutAt',
  'confirmWithinMs',
  'seed',
  'version',
  'keeps',
] as const;

export const CONTRACTS = {
  claim: {
    keys: ['rule', 'users', 'out'],
    args: ['epoch', 'clock', 'users', 'marks', 'keys', 'cover'],
    returns: ['clock', 'version', 'issued', 'first', 'verdicts', 'rest…'],
  },
  configure: {
    keys: ['rule'],
    args: ['version', 'quantity', 'limit', 'startsAt', 'closesAt', 'paused', 'closed', 'level', 'clock'],
    returns: ['outcome', 'issued'],
  },
  load: {
    keys: ['stagedRule', 'stagedUsers'],
    args: ['after', 'user', 'unit…'],
    returns: ['issued', 'lastSeq'],
  },
  arm: {
    keys: ['rule', 'users', 'out', 'stagedRule', 'stagedUsers'],
    args: ['epoch', 'holders', 'lastSeq', 'reserved', 'blockEnd', 'leaseUntil'],
    returns: ['issued', 'lastSeq', 'users'],
  },
  extend: { keys: ['rule'], args: ['epoch', 'blockEnd', 'leaseUntil'], returns: ['lastSeq'] },
  freeze: { keys: ['rule'], args: ['epoch'], returns: ['epoch'] },
  unreserve: { keys: ['rule'], args: ['epoch', 'count'], returns: ['issued', 'reserved'] },
  trim: { keys: ['rule', 'out'], args: ['seq'], returns: ['left'] },
  counts: {
    keys: ['rule', 'users'],
    args: [],
    returns: ['issued', 'lastSeq', 'quantity', 'users', 'epoch', 'version', 'reserved', 'blockEnd', 'now'],
  },
  rate: {
    keys: ['rateEven', 'rateOdd'],
    args: ['periodMs', 'spacingMs', 'users', 'counts', 'ages'],
    returns: ['aheadMs…'],
  },
  line: {
    keys: [...LINE_KEY_NAMES, 'rule'],
    args: ['epoch', 'clock', 'fill', 'op', 'detail…'],
    returns: ['clock', 'rest…'],
  },
  'line-arm': { keys: LINE_KEY_NAMES, args: ['epoch', ...LINE_RULE], returns: ['fill'] },
  'line-unload': { keys: LINE_KEY_NAMES, args: [], returns: ['gone'] },
  probe: { keys: ['probe'], args: [], returns: ['refused', 'trouble'] },
  unload: { keys: ['rule', 'users', 'out', 'stagedRule', 'stagedUsers'], args: [], returns: ['left'] },
} as const satisfies Record<string, Contract>;

export type ScriptName = keyof typeof CONTRACTS;

/** The text of a Lua file. */
export function scriptText(name: ScriptName): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
}

export interface ArmedScript {
  text: string;
  /** what EVALSHA calls it by */
  sha: string;
}

/**
 * The text that decides for one campaign in one epoch. Both are part of it, so that loading it opens this one gate and
 * no other: not an older one of the same campaign, and not another campaign that happens to be at the same epoch.
 */
export function armedScript(decidingText: string, campaignId: string, epoch: number): ArmedScript {
  const text = `-- ${campaignId} epoch ${epoch}\n${decidingText}`;
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

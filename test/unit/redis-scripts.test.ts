// Protects: a Lua file, what its header says, and what the code calls it with are the same. Headers that nobody checks
// are wrong after the second change.

import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { LETTERS } from '../../src/adapters/redis/answers.ts';
import { campaignKey, KEY_NAMES, rateKeys } from '../../src/adapters/redis/keys.ts';
import {
  armedScript,
  CONTRACTS,
  type Contract,
  type ScriptName,
  scriptText,
} from '../../src/adapters/redis/scripts.ts';

const names = Object.keys(CONTRACTS) as ScriptName[];

interface Header {
  keys: string[];
  args: string[];
  returns: string[];
  text: string;
}

function headerOf(lua: string): Header {
  const text = /^(?:--.*\n)+/.exec(lua)?.[0] ?? '';
  const words = (label: string) =>
    new RegExp(`^-- ${label}\\b(.*)$`, 'm').exec(text)?.[1]?.trim().split(/\s+/).filter(Boolean) ?? [
      '(none)',
    ];
  return { keys: words('KEYS'), args: words('ARGV'), returns: words('RETURNS'), text };
}

/** The Lua without comments and texts: what it does. */
function bodyOf(lua: string): string {
  return lua.replaceAll(/--.*$/gm, '');
}

function indexes(body: string, table: 'KEYS' | 'ARGV'): number[] {
  return [...body.matchAll(new RegExp(`${table}\\[(\\d+)\\]`, 'g'))].map(([, digits]) => Number(digits));
}

describe('the Lua files', () => {
  it('are the scripts that the code knows, no more and no less', () => {
    const folder = new URL('../../src/adapters/redis/lua/', import.meta.url);
    expect(readdirSync(folder).sort()).toEqual(names.map((name) => `${name}.lua`).sort());
  });

  it.each(names)('%s has the header that the code goes by', (name) => {
    const header = headerOf(scriptText(name));
    const contract: Contract = CONTRACTS[name];
    expect(header.keys).toEqual(contract.keys);
    expect(header.args).toEqual(contract.args);
    expect(header.returns).toEqual(contract.returns);
    expect(header.text.split('\n').length).toBeGreaterThan(4);
  });

  it.each(names)('%s uses all its keys and arguments and none beyond', (name) => {
    const contract: Contract = CONTRACTS[name];
    const body = bodyOf(scriptText(name));
    const all = Array.from(contract.keys, (_, i) => i + 1);
    expect(new Set(indexes(body, 'KEYS'))).toEqual(new Set(all));
    if (!contract.args.some((arg) => arg.endsWith('…'))) {
      expect(Math.max(0, ...indexes(body, 'ARGV'))).toBeLessThanOrEqual(contract.args.length);
    }
  });

  it.each(names)('%s touches no key that it was not given', (name) => {
    const body = bodyOf(scriptText(name));
    for (const [, command, first] of body.matchAll(/redis\.call\('([A-Z]+)'(?:, ([^,)]+))?/g)) {
      // `here` and `before` are the two keys of rate.lua, in turn.
      if (command !== 'TIME') expect(first).toMatch(/^(KEYS\[\d+\]|here|before)$/);
    }
  });

  it.each(names)('%s has each of its errors in its header', (name) => {
    const lua = scriptText(name);
    const { text } = headerOf(lua);
    for (const [, code] of bodyOf(lua).matchAll(/error_reply\('([A-Z]+) /g)) expect(text).toContain(code);
  });

  it('claim answers with the letters that the code reads', () => {
    const lua = scriptText('claim');
    const used = [...bodyOf(lua).matchAll(/(?:refusal|verdicts\[i\]) = '(.)'/g)].map(([, letter]) => letter);
    expect(new Set(used)).toEqual(new Set(['w', 'W', 'a', ...Object.keys(LETTERS)]));
    for (const letter of used) expect(headerOf(lua).text).toMatch(new RegExp(`(--|   )\\s*${letter} [a-z]`));
  });

  it('claim writes the outbox first', () => {
    const writes = [...bodyOf(scriptText('claim')).matchAll(/redis\.call\('(XADD|HSET|DEL|RENAME)'/g)];
    expect(writes.map(([, command]) => command)).toEqual(['XADD', 'HSET', 'HSET', 'HSET']);
  });
});

describe('an armed script', () => {
  it('has a sha of its own for each campaign and each epoch', () => {
    const shas = [
      ['a', 1],
      ['a', 2],
      ['b', 1],
    ].map(([id, epoch]) => armedScript('return 1', id as string, epoch as number).sha);
    expect(new Set(shas).size).toBe(3);
  });
});

describe('keys', () => {
  it('carry one hash tag each, and differ', () => {
    const keys = KEY_NAMES.map((name) => campaignKey('', 'chicken-100', name));
    expect(new Set(keys).size).toBe(KEY_NAMES.length);
    for (const key of keys) expect(key).toMatch(/^\{c:chicken-100\}:[a-z:]+$/);
  });

  it.each(['', 'A', 'a}b', '-a', 'a b', 'a'.repeat(65)])('are not made of "%s"', (id) => {
    expect(() => campaignKey('', id, 'rule')).toThrow('no campaign id');
  });
});

describe('docs/reference/redis.md', () => {
  const page = readFileSync(new URL('../../docs/reference/redis.md', import.meta.url), 'utf8');

  it('lists every key and every script', () => {
    for (const name of KEY_NAMES) {
      const key = campaignKey('', 'chicken-100', name).replace('chicken-100', '<id>');
      expect(page).toContain(`\`${key}\``);
    }
    for (const key of rateKeys('')) expect(page).toContain(`\`${key}\``);
    for (const name of names) expect(page).toMatch(new RegExp(`^\\| \`${name}\` \\|`, 'm'));
  });

  it('lists every field of the rule and of an outbox entry', () => {
    const body = bodyOf(scriptText('claim'));
    const [, rule = ''] = /redis\.call\('HMGET', KEYS\[1\],([^)]*)\)/.exec(body) ?? [];
    const [, entry = ''] = /redis\.call\('XADD',([^(]*)/.exec(body) ?? [];
    const fields = [...`${rule}${entry}`.matchAll(/'([a-zA-Z]+)'/g)].map(([, field]) => field);
    expect(fields.length).toBe(18);
    for (const field of fields) expect(page).toContain(`\`${field}\``);
  });

  it('grants every command that a script uses', () => {
    const [granted = ''] = /^ACL SETUSER .*$/m.exec(page) ?? [];
    for (const name of names) {
      for (const [, command = ''] of bodyOf(scriptText(name)).matchAll(/redis\.call\('([A-Z]+)'/g)) {
        expect(granted).toContain(`+${command.toLowerCase()}`);
      }
    }
  });
});

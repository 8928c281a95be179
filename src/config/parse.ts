/** One reader for each type of option: from text to value, or what would have been allowed. */

import { isIP } from 'node:net';
import type { RateLimit } from './config.ts';
import { isLoopback } from './loopback.ts';
import type { Option } from './options.ts';
import { parseRateLimit } from './rate-limit.ts';

export type Value = string | number | boolean | string[] | number[] | RateLimit | 'auto';
export type Parsed = { ok: true; value: Value } | { ok: false; allowed: string };

const is = (value: Value): Parsed => ({ ok: true, value });
const not = (allowed: string): Parsed => ({ ok: false, allowed });

/** Reads `text` as `option` says. The text is not empty. */
export function parseOption(option: Option, text: string): Parsed {
  switch (option.type) {
    case 'text':
      return is(text);
    case 'integer':
      return parseInteger(option, text);
    case 'yes-no':
      return parseYesNo(text);
    case 'choice':
      return option.values?.includes(text) ? is(text) : not(`one of ${option.values?.join(', ')}`);
    case 'list':
      return is(split(text));
    case 'url':
      return parseUrl(option, text);
    case 'origins':
      return parseOrigins(text);
    case 'database':
      return /^(sqlite:.|mysqls?:\/\/.)/.test(text)
        ? is(text)
        : not('sqlite:<path> or mysql://user:password@host:port/database');
    case 'roles':
      return parseRoles(text);
    case 'rate-limit':
      return parseRate(text);
    case 'proxies':
      return parseProxies(text);
    case 'ports':
      return parsePorts(text);
    case 'waits':
      return parseWaits(text);
  }
}

function parseInteger({ min = 0, max = Number.MAX_SAFE_INTEGER }: Option, text: string): Parsed {
  const value = Number(text);
  return /^\d+$/.test(text) && value >= min && value <= max
    ? is(value)
    : not(`a whole number from ${min} to ${max}`);
}

const ROLES = ['api', 'decider', 'relay', 'recorder', 'jobs'];

function parseRoles(text: string): Parsed {
  const roles = split(text);
  if (roles.length === 1 && roles[0] === 'all') return is(ROLES);
  return roles.length > 0 && roles.every((role) => ROLES.includes(role))
    ? is(roles)
    : not(`all, or some of ${ROLES.join(', ')} separated by commas`);
}

function parseYesNo(text: string): Parsed {
  if (/^(yes|true|on|1)$/i.test(text)) return is(true);
  return /^(no|false|off|0)$/i.test(text) ? is(false) : not('yes or no');
}

/** Where keys or links are fetched from: https, or http inside this machine. A link base may be http anywhere. */
function parseUrl({ name }: Option, text: string): Parsed {
  const url = URL.parse(text);
  const plainAllowed = name !== 'DIBS_JWKS_URL' || (url !== null && isLoopback(url.hostname));
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && plainAllowed))
    return is(text.replace(/\/+$/, ''));
  return not(
    name === 'DIBS_JWKS_URL'
      ? 'an https:// address (http:// only on a loopback address)'
      : 'an http:// or https:// address',
  );
}

function parseOrigins(text: string): Parsed {
  const origins = split(text).map((origin) => origin.replace(/\/$/, ''));
  const good = origins.every(
    (origin) => origin === '*' || (/^https?:/.test(origin) && URL.parse(origin)?.origin === origin),
  );
  return good && origins.length > 0
    ? is(origins)
    : not('origins like https://shop.example, comma between them, or *');
}

function parseRate(text: string): Parsed {
  if (text === 'auto') return is('auto');
  const limit = text === 'off' ? {} : parseRateLimit(text);
  return limit === undefined
    ? not('auto, off, or user=10/s,ip=200/s (either part; per s or m; at least 1)')
    : is(limit);
}

/** Names for groups of networks; what comes out of here is addresses and networks only. */
const networks: Record<string, string[]> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

function parseProxies(text: string): Parsed {
  const choice = parseYesNo(text);
  if (choice.ok) return is(choice.value ? Object.values(networks).flat() : []);
  const proxies = split(text).flatMap((each) => networks[each] ?? [each]);
  return proxies.length > 0 && proxies.every(isNetwork)
    ? is(proxies)
    : not('no, yes, or addresses and networks like 203.0.113.7,10.0.0.0/8 or loopback, private, linklocal');
}

function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

function parsePorts(text: string): Parsed {
  const ports = split(text).map((part) => (/^\d{1,5}$/.test(part) ? Number(part) : 0));
  return ports.length > 0 && ports.every((port) => port >= 1 && port <= 65_535)
    ? is(ports)
    : not('ports like 443,8443');
}

const units: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000 };
const WAITS_MAX = 19;

function parseWaits(text: string): Parsed {
  const waits = split(text).map((part) => {
    const [, count, unit = ''] = /^(\d{1,5})([smh])$/.exec(part) ?? [];
    return Number(count) * (units[unit] ?? 0);
  });
  return waits.length > 0 && waits.length <= WAITS_MAX && waits.every((ms) => ms > 0)
    ? is(waits)
    : not(`1 to ${WAITS_MAX} waits in s, m or h, like 5s,5m,2h`);
}

function split(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

/**
 * Which addresses facts may be sent to. Whoever can name an address for the server to call must not reach with it what only
 * the server can reach: its own machine, the network behind it, the metadata of its cloud.
 */

import { BlockList, isIP, isIPv4, isIPv6 } from 'node:net';

export interface TargetRules {
  /** loopback and private networks are allowed, with http and any port; what is never allowed stays so */
  privateTargets: boolean;
  /** ports of public addresses */
  ports: readonly number[];
}

type Kind = 'public' | 'private' | 'never';

/** Never: nothing there takes webhooks, or it is what attackers ask for (169.254.169.254 and its likes). */
const NEVER: readonly string[] = [
  '0.0.0.0/8',
  '100.100.100.200/32',
  '169.254.0.0/16',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '3fff::/20',
  '5f00::/16',
  'fd00:ec2::254/128',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];
const PRIVATE: readonly string[] = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '::1/128',
  'fc00::/7',
];
const never = listOf(NEVER);
const within = listOf(PRIVATE);

function listOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list;
}

function kindOf(address: string): Kind {
  if (isIPv4(address)) return kindIn(address, 'ipv4');
  const bare = address.split('%')[0] as string;
  if (!isIPv6(bare)) return 'never';
  const inner = innerIpv4(bare);
  const outer = kindIn(bare, 'ipv6');
  if (inner === null || outer === 'never') return outer;
  return kindIn(inner, 'ipv4');
}

function kindIn(address: string, family: 'ipv4' | 'ipv6'): Kind {
  if (never.check(address, family)) return 'never';
  return within.check(address, family) ? 'private' : 'public';
}

/** The IPv4 address that an IPv6 one stands for: mapped, compatible, translated (NAT64) or tunnelled (6to4). */
function innerIpv4(address: string): string | null {
  const groups = groupsOf(address);
  const at = (index: number): number => groups[index] as number;
  const isZero = (from: number, to: number): boolean => groups.slice(from, to).every((group) => group === 0);
  const isMapped = isZero(0, 5) && at(5) === 0xffff;
  const isTranslated = isZero(0, 4) && at(4) === 0xffff && at(5) === 0;
  const isCompatible = isZero(0, 6) && (at(6) !== 0 || at(7) > 1);
  const isNat64 = at(0) === 0x64 && at(1) === 0xff9b && isZero(2, 6);
  if (isMapped || isTranslated || isCompatible || isNat64) return dotted(at(6), at(7));
  return at(0) === 0x2002 ? dotted(at(1), at(2)) : null;
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** Eight groups of 16 bits, by the form that the URL parser gives every notation. */
function groupsOf(address: string): number[] {
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [front = '', back] = plain.split('::');
  const parse = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const head = parse(front);
  const tail = back === undefined ? [] : parse(back);
  return [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail];
}

/** Why nothing is sent to an address by the protocol and port of `url`; null: it may be. */
export function addressRefusal(address: string, url: URL, rules: TargetRules): string | null {
  const kind = kindOf(address);
  if (kind === 'never') return `${address} is link-local, reserved, multicast or metadata: never allowed`;
  if (kind === 'private' && !rules.privateTargets) {
    return `${address} is inside this machine or a private network; DIBS_WEBHOOK_PRIVATE_TARGETS=yes would allow it`;
  }
  if (kind === 'private') return null;
  if (url.protocol !== 'https:') return `${address}, which is public: only https goes there`;
  const port = portOf(url);
  return rules.ports.includes(port)
    ? null
    : `port ${port}, which is not allowed; DIBS_WEBHOOK_PORTS lists those that are`;
}

function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}

const URL_LENGTH_MAX = 2048;
/** Names that mean something inside and nothing outside. */
const INNER_NAME = /(?:^|\.)(?:localhost|local|internal|intranet|lan|home\.arpa)\.?$/i;

export type CheckedUrl = { ok: true; url: URL; address: string | null } | { ok: false; why: string };

const not = (why: string): CheckedUrl => ({ ok: false, why });

/** All that can be said of a URL without asking what its name stands for. `address`: its host, when it is one. */
export function checkUrl(text: string, rules: TargetRules): CheckedUrl {
  const url = text.length <= URL_LENGTH_MAX ? URL.parse(text) : null;
  if (url === null) return not(`not an absolute URL of at most ${URL_LENGTH_MAX} characters`);
  const { protocol, hostname } = url;
  if (protocol !== 'https:' && !(protocol === 'http:' && rules.privateTargets)) {
    return not(`${protocol}// is not allowed: https:// is`);
  }
  if (url.username !== '' || url.password !== '') return not('user and password in the URL are not allowed');
  if (url.hash !== '') return not('a fragment is never sent; leave it out');
  const host = hostname.replace(/^\[|\]$/g, '');
  const address = isIP(host) === 0 ? null : host;
  const refused = address === null ? null : addressRefusal(address, url, rules);
  if (refused !== null) return not(refused);
  if (address === null && INNER_NAME.test(host) && !rules.privateTargets) {
    return not(`${host} is a name inside a network`);
  }
  // What a name stands for is not known yet: with private targets it may be an address where any port is allowed.
  if (address === null && !rules.privateTargets && !rules.ports.includes(portOf(url))) {
    return not(`port ${portOf(url)} is not allowed; DIBS_WEBHOOK_PORTS lists those that are`);
  }
  return { ok: true, url, address };
}

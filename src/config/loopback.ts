/** Whether a host is reachable from this machine only. Defaults that trust the caller hang on it. */

import { isIPv4, isIPv6 } from 'node:net';

/** `host` as in DIBS_HOST or in an address: a name, IPv4 or IPv6, brackets allowed. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (bare === 'localhost') return true;
  if (isIPv4(bare)) return bare.startsWith('127.');
  if (!isIPv6(bare)) return false;
  return bare === '::1' || bare === '0:0:0:0:0:0:0:1' || bare.startsWith('::ffff:127.');
}

/**
 * Who is calling, by address. X-Forwarded-For is believed only from proxies that are configured, and only its
 * right-most address that is not itself such a proxy: everything left of it may be written by the caller.
 */

import { BlockList, isIP } from 'node:net';

export type ClientAddress = (remote: string | undefined, forwardedFor: string | undefined) => string;

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

/** `::ffff:10.0.0.1` and `10.0.0.1` are one address. */
function plain(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}

function proxyList(trusted: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of trusted) {
    const [address = '', bits] = entry.split('/');
    if (bits === undefined) list.addAddress(address, family(address));
    else list.addSubnet(address, Number(bits), family(address));
  }
  return list;
}

export function makeClientAddress(trusted: readonly string[]): ClientAddress {
  if (trusted.length === 0) return (remote) => plain(remote ?? '');
  const proxies = proxyList(trusted);
  return (remote, forwardedFor) => {
    let address = plain(remote ?? '');
    const hops = forwardedFor === undefined ? [] : forwardedFor.split(',').reverse();
    for (const hop of hops) {
      if (isIP(address) === 0 || !proxies.check(address, family(address))) return address;
      const next = plain(hop.trim());
      if (isIP(next) === 0) return address;
      address = next;
    }
    return address;
  };
}

/**
 * Freezing a campaign on servers that clients may still reach although the address no longer leads to them: a primary
 * that its sentinels have given up, a cluster's node that does not know yet that it lost its slots.
 */

import { Cluster, Redis } from 'ioredis';
import { type System, wait } from '../../ports/system.ts';
import type { HostPort, RedisClient } from './connect.ts';

/** A script with everything that EVAL takes after its text. */
export interface LuaCall {
  text: string;
  keys: string[];
  args: (string | number)[];
}

/** A freeze waits no longer for servers that may be gone. */
const FREEZE_MAX_MS = 1_000;

/**
 * Runs the script on every server that the sentinels or the cluster know beside the one that is in charge. Who does not
 * answer, or may not write, cannot be frozen and is left: it resolves either way, within a second.
 */
export async function freezeElsewhere(
  client: RedisClient,
  call: LuaCall,
  system: Pick<System, 'after'>,
): Promise<void> {
  const frozen = freezeAll(client, call).catch(() => undefined);
  await Promise.race([frozen, wait(system, FREEZE_MAX_MS)]);
}

async function freezeAll(client: RedisClient, call: LuaCall): Promise<void> {
  const run = async (node: Redis): Promise<void> => {
    await node.eval(call.text, call.keys.length, ...call.keys, ...call.args).catch(() => undefined);
  };
  if (client instanceof Cluster) await Promise.all(client.nodes('all').map(run));
  else if (client.options.sentinels) await Promise.all((await knownServers(client)).map(visit(client, run)));
}

function visit(client: Redis, run: (node: Redis) => Promise<void>): (server: HostPort) => Promise<void> {
  return (server) => withOne(client.duplicate({ ...SHORT, ...server, sentinels: null } as never), run);
}

const SHORT = {
  lazyConnect: true,
  connectTimeout: FREEZE_MAX_MS,
  commandTimeout: FREEZE_MAX_MS,
  retryStrategy: () => null,
} as const;

async function withOne<T>(node: Redis, run: (node: Redis) => Promise<T>): Promise<T | undefined> {
  node.on('error', () => undefined);
  try {
    await node.connect();
    return await run(node);
  } catch {
    return undefined;
  } finally {
    node.disconnect();
  }
}

/** Primary and replicas as the sentinels name them; those that were given up are among the replicas. */
async function knownServers(client: Redis): Promise<HostPort[]> {
  const { sentinels, name, sentinelTLS, enableTLSForSentinelMode } = client.options;
  const tls = enableTLSForSentinelMode && sentinelTLS ? { tls: sentinelTLS } : {};
  const found = new Map<string, HostPort>();
  const ask = async (sentinel: Redis): Promise<void> => {
    const known = [
      ...((await sentinel.call('SENTINEL', 'MASTERS')) as unknown[]),
      ...((await sentinel.call('SENTINEL', 'REPLICAS', name as string)) as unknown[]),
    ].map(asFields);
    for (const { name: called, ip, port } of known) {
      // Of the primaries only ours; a replica is called by its address.
      if (ip === undefined || (called !== name && called !== `${ip}:${port}`)) continue;
      found.set(`${ip}:${port}`, { host: ip, port: Number(port) });
    }
  };
  await Promise.all(
    (sentinels ?? []).map(({ host, port }) =>
      withOne(new Redis({ ...SHORT, ...tls, host: host ?? '127.0.0.1', port: port ?? 26_379 }), ask),
    ),
  );
  return [...found.values()];
}

/** Sentinels answer with names and values in turn, or as a map. */
function asFields(reply: unknown): Record<string, string> {
  if (!Array.isArray(reply)) return reply as Record<string, string>;
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < reply.length; i += 2) fields[String(reply[i])] = String(reply[i + 1]);
  return fields;
}

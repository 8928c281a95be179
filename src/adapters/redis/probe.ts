/**
 * What a Redis really is, found out before anybody relies on it: whether the gate can be in it at all, and which levels
 * of durability it can keep. What may not be asked is said to be unknown, never taken for good.
 */

import { Cluster, type Redis } from 'ioredis';
import type { Durability } from '../../core/campaign.ts';
import type { System } from '../../ports/system.ts';
import type { RedisClient } from './connect.ts';
import { makeLuaCalls } from './lua-calls.ts';

/** One server; of a cluster, one master. null: it may not be asked. */
export interface RedisServer {
  /** host:port */
  at: string;
  product: string;
  version: string | null;
  runId: string | null;
  role: string | null;
  clusterEnabled: boolean;
  maxmemory: number | null;
  maxmemoryPolicy: string | null;
  appendonly: boolean | null;
  appendfsync: string | null;
  /** whether its last write to the append-only file went well */
  aofWriteOk: boolean | null;
  replicas: number | null;
  minReplicasToWrite: number | null;
  /** how far its clock is ahead of ours */
  clockAheadMs: number;
}

/** Whether a level can be kept here; null: not known. `missing` is what to set. */
export interface LevelProbe {
  holds: boolean | null;
  missing: string | null;
}

export interface RedisProbe {
  cluster: boolean;
  servers: RedisServer[];
  /** commands that the gate needs and may not run */
  refused: string[];
  /** what must stop a start, each with what to change */
  problems: string[];
  warnings: string[];
  levels: Record<Durability, LevelProbe>;
}

const OLDEST: [number, number] = [6, 2];
const CLOCK_WARN_MS = 1_000;
/** No campaign can be called so before its rights are tried: it is gone within the call. */
const PROBE_ID = 'dibs-probe';
const NO_SUCH_SHA = '0'.repeat(40);

/** Rejects only when the connection fails meanwhile. */
export async function probeRedis(
  client: RedisClient,
  system: Pick<System, 'now'>,
  prefix = '',
): Promise<RedisProbe> {
  const cluster = client instanceof Cluster;
  const nodes = cluster ? client.nodes('master') : [client];
  const servers = await Promise.all(nodes.map((node) => probeServer(node, system)));
  const wrongKind = !cluster && servers.some(({ clusterEnabled }) => clusterEnabled);
  const rights = wrongKind ? NO_TROUBLE : await tryRights(client, prefix);
  const problems = [
    ...servers.flatMap((server) => problemsOf(server, cluster).map((text) => `${server.at}: ${text}`)),
    ...rightsProblems(rights),
  ];
  const warnings = servers.flatMap((server) => warningsOf(server).map((text) => `${server.at}: ${text}`));
  return {
    cluster,
    servers,
    refused: rights.refused,
    problems,
    warnings,
    levels: levelsOf(servers, rights.canWait),
  };
}

async function probeServer(node: Redis, system: Pick<System, 'now'>): Promise<RedisServer> {
  const info = await textOf(node.info());
  const field = (name: string): string | null =>
    new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1] ?? null;
  const number = (name: string): number | null => (field(name) === null ? null : Number(field(name)));
  const asked = system.now();
  const [seconds, micros] = (await node.time().catch(() => [asked / 1000, 0])) as [number, number];
  const clock = Number(seconds) * 1000 + Number(micros) / 1000;
  const { host, port } = node.options;
  const minReplicas = await setting(node, 'min-replicas-to-write');
  return {
    at: `${host}:${port}`,
    product: field('valkey_version') === null ? 'Redis' : 'Valkey',
    version: field('valkey_version') ?? field('redis_version'),
    runId: field('run_id'),
    role: field('role'),
    clusterEnabled: field('cluster_enabled') === '1',
    maxmemory: number('maxmemory'),
    maxmemoryPolicy: field('maxmemory_policy') ?? (await setting(node, 'maxmemory-policy')),
    appendonly: field('aof_enabled') === null ? null : field('aof_enabled') === '1',
    appendfsync: await setting(node, 'appendfsync'),
    aofWriteOk: field('aof_last_write_status') === null ? null : field('aof_last_write_status') === 'ok',
    replicas: number('connected_slaves'),
    minReplicasToWrite: minReplicas === null ? null : Number(minReplicas),
    clockAheadMs: Math.round(clock - (asked + system.now()) / 2),
  };
}

/** null: it may not be asked. */
async function setting(node: Redis, name: string): Promise<string | null> {
  try {
    const reply: unknown = await node.config('GET', name);
    if (Array.isArray(reply)) return (reply[1] as string | undefined) ?? null;
    return (reply as Record<string, string>)[name] ?? null;
  } catch {
    return null;
  }
}

const textOf = (asked: Promise<string>): Promise<string> => asked.catch(() => '');

// --- what is wrong with it -----------------------------------------------------------------------------------------

function problemsOf(server: RedisServer, cluster: boolean): string[] {
  const { product, version, role, clusterEnabled, maxmemoryPolicy } = server;
  const problems: string[] = [];
  if (clusterEnabled && !cluster) {
    problems.push('it is a node of a cluster. Write its address as redis+cluster://host:port.');
  }
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  if (version !== null && (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))) {
    problems.push(`${product} ${version} is too old. Use Redis ${OLDEST.join('.')} or later, or Valkey.`);
  }
  if (role === 'slave') {
    problems.push(
      'it is a replica, which cannot decide. Give the address of its primary, or of its sentinels.',
    );
  }
  if (maxmemoryPolicy !== null && maxmemoryPolicy !== 'noeviction') {
    problems.push(
      `with maxmemory-policy ${maxmemoryPolicy} it may throw keys away when its memory is full, and winners with them. Set maxmemory-policy noeviction.`,
    );
  }
  return problems;
}

function warningsOf(server: RedisServer): string[] {
  const warnings: string[] = [];
  const unknown = [
    server.version === null ? 'INFO' : null,
    server.maxmemoryPolicy === null ? 'maxmemory-policy' : null,
    server.appendfsync === null ? 'appendfsync' : null,
    server.minReplicasToWrite === null ? 'min-replicas-to-write' : null,
  ].filter((name) => name !== null);
  if (unknown.length > 0) {
    warnings.push(`${unknown.join(', ')} cannot be read: allow +info and +config|get to have it checked.`);
  }
  if (Math.abs(server.clockAheadMs) > CLOCK_WARN_MS) {
    const seconds = (Math.abs(server.clockAheadMs) / 1000).toFixed(1);
    const side = server.clockAheadMs > 0 ? 'ahead of' : 'behind';
    warnings.push(
      `its clock, by which campaigns open, is ${seconds} s ${side} this machine's. Keep both by NTP.`,
    );
  }
  if (server.aofWriteOk === false)
    warnings.push('its last write to the append-only file failed: look at its disk.');
  return warnings;
}

// --- rights --------------------------------------------------------------------------------------------------------

interface Rights {
  refused: string[];
  trouble: string;
  canWait: boolean;
  /** a script that was never loaded is answered as one */
  forgetsScripts: boolean;
}

const NO_TROUBLE: Rights = { refused: [], trouble: '', canWait: true, forgetsScripts: true };

async function tryRights(client: RedisClient, prefix: string): Promise<Rights> {
  const lua = makeLuaCalls(client, prefix);
  const key = lua.key(PROBE_ID, 'probe');
  const node = client instanceof Cluster ? (client.nodes('master')[0] as Redis) : client;
  const refused: string[] = [];
  const can = async (command: string, asked: Promise<unknown>): Promise<unknown> => {
    try {
      return await asked;
    } catch (error) {
      const { message } = error as Error;
      if (/^NOPERM |unknown command/i.test(message)) refused.push(command);
      return error;
    }
  };
  const tried = await can('EVAL', lua.run('probe', PROBE_ID, []));
  const [inside, trouble] = Array.isArray(tried)
    ? (tried as [string, string])
    : ['', (tried as Error).message];
  refused.push(...inside.split(' ').filter(Boolean));
  await can('SCRIPT LOAD', node.script('LOAD', 'return 1'));
  const stranger = await can('EVALSHA', client.evalsha(NO_SUCH_SHA, 1, key));
  const forgetsScripts = stranger instanceof Error && /^(NOSCRIPT|NOPERM) /.test(stranger.message);
  const waited: unknown = await node.wait(0, 1).catch((error: unknown) => error);
  return { refused, trouble, canWait: !(waited instanceof Error), forgetsScripts };
}

function rightsProblems({ refused, trouble, forgetsScripts }: Rights): string[] {
  const problems: string[] = [];
  if (refused.length > 0) {
    problems.push(
      `its user may not run ${refused.join(', ')}. Give him the rights of docs/reference/redis.md (ACL SETUSER …).`,
    );
  } else if (trouble !== '') {
    problems.push(`a trial of what the gate does was answered "${trouble}". Mend that first.`);
  } else if (!forgetsScripts) {
    problems.push(
      'it does not answer NOSCRIPT for an unknown script, as Redis does. Leave out what is in between.',
    );
  }
  return problems;
}

// --- levels --------------------------------------------------------------------------------------------------------

const HOLDS: LevelProbe = { holds: true, missing: null };

function levelsOf(servers: RedisServer[], canWait: boolean): Record<Durability, LevelProbe> {
  return {
    memory: HOLDS,
    disk: worst(servers.map(diskLevel)),
    replicated: replicatedLevel(servers, canWait),
    logged: HOLDS,
  };
}

function diskLevel({ appendonly, appendfsync, aofWriteOk }: RedisServer): LevelProbe {
  const missing = [
    appendonly === false ? 'appendonly yes' : null,
    appendfsync !== null && appendfsync !== 'always' ? 'appendfsync always' : null,
    aofWriteOk === false ? 'a disk that takes its append-only file' : null,
  ].filter((name) => name !== null);
  if (missing.length > 0) return { holds: false, missing: missing.join(', ') };
  if (appendonly !== null && appendfsync !== null) return HOLDS;
  return { holds: null, missing: 'the right +config|get, to see that appendfsync is always' };
}

function replicatedLevel(servers: RedisServer[], canWait: boolean): LevelProbe {
  if (!canWait) return { holds: false, missing: 'the right +wait' };
  if (servers.some(({ replicas }) => replicas === 0)) return { holds: false, missing: 'a replica' };
  if (servers.some(({ replicas }) => replicas === null)) return { holds: null, missing: 'the right +info' };
  return HOLDS;
}

function worst(all: LevelProbe[]): LevelProbe {
  return all.find(({ holds }) => holds === false) ?? all.find(({ holds }) => holds === null) ?? HOLDS;
}

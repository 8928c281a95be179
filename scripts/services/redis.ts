// Redis of our own: one, a replica of one, a sentinel over them, or three masters as a cluster, each on private ports and
// in a folder that goes away. `valkey-server` does as well.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { askRedis } from './ask-redis.ts';
import { type LocalService, startLocal, temporaryFolder } from './local.ts';
import { freePort } from './ports.ts';
import { findOrInstall, findProgram, output } from './programs.ts';
import { noteRan } from './ran.ts';
import { ServiceProblem } from './say.ts';

const START_MAX_MS = 20_000;
const CLUSTER_MAX_MS = 20_000;

export interface RedisOptions {
  /** `no`: what is in memory is lost with the process. Default `everysec`. */
  appendfsync?: 'always' | 'everysec' | 'no';
  /** an append-only file at all; default yes */
  appendonly?: boolean;
  password?: string;
  /** files of a certificate, its key, and who signed it; then it answers in TLS only */
  tls?: { cert: string; key: string; ca: string };
  /** further arguments as redis-server takes them: `['--maxmemory', '4mb']` */
  args?: string[];
}

export interface RedisCluster {
  /** `redis+cluster://host:port,host:port,host:port` */
  url: string;
  nodes: LocalService[];
  stop(): Promise<void>;
}

interface Binary {
  command: string;
  argv0: string;
  /** as it calls itself: `Redis 7.0.15`, `Valkey 8.0.2` */
  product: string;
}

/** One Redis, by default with an append-only file that is synced every second. */
export async function startRedis(options: RedisOptions = {}): Promise<LocalService> {
  return await start('', options, [], 'one');
}

/** A replica of `primary`, in step with it and with its own append-only file written when this resolves. */
export async function startReplica(primary: LocalService, options: RedisOptions = {}): Promise<LocalService> {
  const { password } = options;
  const args = ['--replicaof', primary.host, String(primary.port)];
  if (password !== undefined) args.push('--masterauth', password);
  return await start('replica', options, args, 'replica', async (port) => {
    const info = await askRedis({ port, password, tls: options.tls !== undefined }, 'INFO');
    return ['master_link_status:up', 'aof_rewrite_in_progress:0'].every((line) => info?.includes(line));
  });
}

/** A sentinel that alone decides when `primary` is down. `url` is what clients are told: `redis+sentinel://…/main`. */
export async function startSentinel(primary: LocalService): Promise<LocalService> {
  const { command, argv0, product } = await findRedis();
  const [port, folder] = [await freePort(), temporaryFolder('sentinel')];
  const settings = join(folder, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${folder}`,
    `sentinel monitor main ${primary.host} ${primary.port} 1`,
    'sentinel down-after-milliseconds main 500',
    'sentinel failover-timeout main 2000',
  ];
  writeFileSync(settings, `${lines.join('\n')}\n`);
  const sentinel = await startLocal({
    name: `${product} sentinel`,
    url: `redis+sentinel://127.0.0.1:${port}/main`,
    port,
    folder,
    command,
    argv0,
    args: [settings, '--sentinel'],
    startMaxMs: START_MAX_MS,
    ready: async () => (await askRedis({ port }, 'INFO sentinel'))?.includes('status=ok') ?? false,
  });
  noteRan(product, 'sentinel');
  return sentinel;
}

/** Masters that share the slots evenly, and agree on it when this resolves. */
export async function startRedisCluster(masters = 3, options: RedisOptions = {}): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: masters }, (_, index) => startNode(index, options)));
  const stop = async () => {
    await Promise.all(nodes.map((node) => node.stop()));
  };
  try {
    await formCluster(nodes);
    noteRan((await findRedis()).product, `cluster of ${masters === 3 ? 'three' : masters}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `redis+cluster://${nodes.map(({ host, port }) => `${host}:${port}`).join(',')}`,
    nodes,
    stop,
  };
}

/** @param as what is noted when it serves; a node of a cluster is noted with all of it */
async function start(
  what: string,
  options: RedisOptions,
  args: string[],
  as: string | null,
  also: (port: number) => Promise<boolean> = async () => true,
): Promise<LocalService> {
  const { command, argv0, product } = await findRedis();
  const { password, tls } = options;
  const port = await freePort();
  const folder = temporaryFolder('redis');
  const user = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  const service = await startLocal({
    name: `${product} ${what}`.trim(),
    url: `${tls === undefined ? 'redis' : 'rediss'}://${user}127.0.0.1:${port}`,
    port,
    folder,
    command,
    argv0,
    args: [...settings(options, port, folder), ...args, ...(options.args ?? [])],
    startMaxMs: START_MAX_MS,
    ready: async () =>
      (await askRedis({ port, password, tls: tls !== undefined }, 'PING')) === '+PONG' && (await also(port)),
  });
  if (as !== null) noteRan(product, as);
  return service;
}

function settings(options: RedisOptions, port: number, folder: string): string[] {
  const { appendonly = true, appendfsync = 'everysec', password, tls } = options;
  const pairs: [string, string][] = [
    ['bind', '127.0.0.1'],
    ['dir', folder],
    ['daemonize', 'no'],
    ['save', ''],
    ['repl-diskless-sync-delay', '0'],
    ['maxmemory-policy', 'noeviction'],
    ['appendonly', appendonly ? 'yes' : 'no'],
    ['appendfsync', appendfsync],
    ['port', tls === undefined ? String(port) : '0'],
  ];
  if (password !== undefined) pairs.push(['requirepass', password]);
  if (tls !== undefined) {
    pairs.push(['tls-port', String(port)], ['tls-auth-clients', 'no'], ['tls-replication', 'yes']);
    pairs.push(['tls-cert-file', tls.cert], ['tls-key-file', tls.key], ['tls-ca-cert-file', tls.ca]);
  }
  return pairs.flatMap(([name, value]) => [`--${name}`, value]);
}

// --- cluster -------------------------------------------------------------------------------------------------------

const SLOTS = 16_384;
const busPorts = new WeakMap<LocalService, number>();

async function startNode(index: number, options: RedisOptions): Promise<LocalService> {
  const busPort = await freePort();
  const args = [
    '--cluster-enabled',
    'yes',
    '--cluster-port',
    String(busPort),
    '--cluster-node-timeout',
    '2000',
  ];
  const node = await start(`cluster node ${index + 1}`, options, args, null);
  busPorts.set(node, busPort);
  return node;
}

async function formCluster(nodes: LocalService[]): Promise<void> {
  const [first] = nodes;
  for (const [index, node] of nodes.entries()) {
    const from = Math.floor((SLOTS * index) / nodes.length);
    const to = Math.floor((SLOTS * (index + 1)) / nodes.length) - 1;
    await command(node, `CLUSTER SET-CONFIG-EPOCH ${index + 1}`);
    await command(node, `CLUSTER ADDSLOTSRANGE ${from} ${to}`);
    if (node !== first && first)
      await command(node, `CLUSTER MEET ${first.host} ${first.port} ${busPorts.get(first)}`);
  }
  const started = performance.now();
  while (!(await allAgree(nodes))) {
    if (performance.now() - started > CLUSTER_MAX_MS) {
      throw new ServiceProblem(`the Redis nodes formed no cluster within ${CLUSTER_MAX_MS / 1000} s`);
    }
    await wait(50);
  }
}

async function allAgree(nodes: LocalService[]): Promise<boolean> {
  const infos = await Promise.all(nodes.map(({ port }) => askRedis({ port }, 'CLUSTER INFO')));
  return infos.every((info) =>
    ['cluster_state:ok', `cluster_slots_ok:${SLOTS}`, `cluster_known_nodes:${nodes.length}`].every((line) =>
      info?.includes(`${line}\r\n`),
    ),
  );
}

async function command({ port }: LocalService, text: string): Promise<void> {
  const answer = await askRedis({ port }, text);
  if (answer !== '+OK') throw new ServiceProblem(`Redis answered "${answer}" to ${text}`);
}

// --- the program ---------------------------------------------------------------------------------------------------

let known: Promise<Binary> | undefined;

function findRedis(): Promise<Binary> {
  const wanted = {
    name: 'Redis',
    variable: 'DIBS_TEST_REDIS_URL',
    packages: ['redis-tools'],
    advice: 'Install Redis 7 or Valkey 8 (brew install redis).',
  };
  known ??= findOrInstall(wanted, lookForRedis);
  return known;
}

/** Debian's redis-server is a link to redis-check-rdb, one program that decides by its name what it does. */
function lookForRedis(): Binary | undefined {
  for (const name of ['redis-server', 'valkey-server', 'redis-check-rdb']) {
    const path = findProgram(name);
    const argv0 = name === 'redis-check-rdb' ? 'redis-server' : name;
    const said = path === undefined ? undefined : output(path, ['--version'], argv0);
    const [, called, version] = /^(\w+) server v=(\d+\.\d+\.\d+)/.exec(said ?? '') ?? [];
    if (path !== undefined && called !== undefined)
      return { command: path, argv0, product: `${called} ${version}` };
  }
  return undefined;
}

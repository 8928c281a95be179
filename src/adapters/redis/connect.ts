/**
 * From an address to a client that never does anything twice. By itself ioredis sends commands again after a cut
 * connection, and keeps commands for later while there is none; both would make an answer untrue.
 */

import type { RedisOptions } from 'ioredis';
import { Cluster, Redis } from 'ioredis';
import type { System } from '../../ports/system.ts';
import { lastingFault, RedisFault, silenceFault } from './fault.ts';

export type RedisClient = Redis | Cluster;
/** Replies keep the shapes of ioredis' default mapping. */
type Options = Omit<RedisOptions, 'replyMapping'>;

interface Login {
  username: string | null;
  password: string | null;
  tls: boolean;
}

export interface HostPort {
  host: string;
  port: number;
}

export type RedisAddress = Login &
  (
    | { kind: 'single'; host: string; port: number; db: number }
    | { kind: 'sentinel'; sentinels: HostPort[]; name: string; db: number }
    | { kind: 'cluster'; nodes: HostPort[] }
  );

export type ParsedRedisUrl = RedisAddress | { kind: 'invalid'; why: string };

const FORMS =
  'redis://host:port/db, rediss://… (TLS), redis+sentinel://host:port,host:port/name or redis+cluster://host:port,host:port, with user:password@ before the host where one is needed';
const PORT = 6379;
const SENTINEL_PORT = 26_379;

const invalid = (why: string): ParsedRedisUrl => ({ kind: 'invalid', why: `${why} Allowed: ${FORMS}.` });

/** Reads an address. What is wrong with it is told without the password. */
export function parseRedisUrl(text: string): ParsedRedisUrl {
  const parts = /^([a-z0-9+.-]+):\/\/(?:([^@]*)@)?([^/?#]*)(?:\/([^?#]*))?$/i.exec(text.trim());
  if (!parts) return invalid('That is no address of a Redis.');
  const [, scheme = '', login, hosts = '', path = ''] = parts;
  const form = /^redis(s?)(?:\+(sentinel|cluster))?$/i.exec(scheme);
  if (!form) return invalid(`"${scheme}://" is no form of a Redis address.`);
  const kind = form[2]?.toLowerCase() ?? 'single';
  const who = credentials(login);
  if (who === null) return invalid('The user or the password is not percent-encoded as it must be.');
  const common: Login = { ...who, tls: form[1] !== '' };
  const nodes: HostPort[] = [];
  for (const one of hosts.split(',')) {
    const place = hostPort(one, kind === 'sentinel' ? SENTINEL_PORT : PORT);
    if (place === null) return invalid(`"${one}" is no host and port.`);
    nodes.push(place);
  }
  if (kind === 'sentinel') return sentinel(nodes, path, common);
  if (kind === 'single') return single(nodes, path, common);
  return path === ''
    ? { kind: 'cluster', nodes, ...common }
    : invalid('A cluster has no numbered databases.');
}

function single(nodes: HostPort[], path: string, common: Login): ParsedRedisUrl {
  const [node] = nodes;
  if (node === undefined || nodes.length > 1)
    return invalid('Several hosts need redis+sentinel:// or redis+cluster://.');
  const db = database(path);
  return db === null
    ? invalid(`"/${path}" is no number of a database.`)
    : { kind: 'single', ...node, db, ...common };
}

function sentinel(sentinels: HostPort[], path: string, common: Login): ParsedRedisUrl {
  const [name = '', number = ''] = path.split('/');
  const db = database(number);
  if (name === '') return invalid('The name under which the sentinels know the Redis is missing: …/name.');
  return db === null
    ? invalid(`"${number}" is no number of a database.`)
    : { kind: 'sentinel', sentinels, name: decodeURIComponent(name), db, ...common };
}

function hostPort(text: string, portByDefault: number): HostPort | null {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-f:]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = digits === undefined ? portByDefault : Number(digits);
  return host === undefined || port < 1 || port > 65_535 ? null : { host, port };
}

function database(text: string): number | null {
  if (text === '') return 0;
  return /^\d{1,4}$/.test(text) ? Number(text) : null;
}

function credentials(login = ''): Pick<Login, 'username' | 'password'> | null {
  const colon = login.indexOf(':');
  const [user, secret] = colon === -1 ? [login, ''] : [login.slice(0, colon), login.slice(colon + 1)];
  try {
    return { username: decodeURIComponent(user) || null, password: decodeURIComponent(secret) || null };
  } catch {
    return null;
  }
}

export interface ConnectOptions {
  /** how long a call may take before its outcome counts as unknown */
  callMaxMs: number;
  /** told of each fault of the connection; it is tried again by itself */
  onFault?: (error: Error) => void;
  /** further settings of TLS: `ca` as PEM */
  tls?: { ca?: string };
}

const CONNECT_MAX_MS = 2_000;
const RETRY_MAX_MS = 500;

/** A client for `address`, on its way to being connected. `disconnect()` ends it. */
export function connectRedis(address: RedisAddress, options: ConnectOptions): RedisClient {
  const common = optionsOf(address, options);
  const client =
    address.kind === 'cluster' ? cluster(address.nodes, common) : new Redis(placed(address, common));
  // Without a listener ioredis writes to the console.
  client.on('error', (error: Error) => options.onFault?.(error));
  return client;
}

/** How long a start waits for a Redis that may still be starting itself. */
export interface Patience {
  system: Pick<System, 'after'>;
  maxMs: number;
}

/**
 * Resolves when commands go through; of a cluster, to every master: ioredis connects to a node on the first command for
 * it, and refuses those that follow until it has. Rejects with a RedisFault at once when what is wrong will not pass by
 * itself (password, rights, database, kind of address), and when the patience is over; also when the client was ended.
 */
export async function untilReady(client: RedisClient, patience?: Patience): Promise<void> {
  let last: Error | null = null;
  let stopWaiting = () => {};
  const waited = new Promise<never>((_, reject) => {
    const onError = (error: Error): void => {
      last = error;
      const fault = lastingFault(error);
      if (fault !== null) reject(fault);
    };
    const onEnd = (): void => reject(new RedisFault('the connection to Redis was given up'));
    const timer = patience?.system.after(patience.maxMs, () => reject(silenceFault(last, patience.maxMs)));
    client.on('error', onError).once('end', onEnd);
    stopWaiting = () => {
      timer?.stop();
      client.off('error', onError).off('end', onEnd);
    };
  });
  try {
    await Promise.race([waited, becomesReady(client)]);
  } catch (error) {
    throw error instanceof RedisFault ? error : (lastingFault(error) ?? error);
  } finally {
    stopWaiting();
  }
}

async function becomesReady(client: RedisClient): Promise<void> {
  if (client.status !== 'ready') await new Promise<void>((resolve) => client.once('ready', () => resolve()));
  if (client instanceof Cluster) await Promise.all(client.nodes('master').map((node) => node.ping()));
  // Without being asked again, ioredis goes on in database 0 when the one that was meant is not there.
  else if (client.options.db) await client.select(client.options.db);
}

function optionsOf(address: RedisAddress, { callMaxMs, tls }: ConnectOptions): Options {
  return {
    ...(address.username === null ? {} : { username: address.username }),
    ...(address.password === null ? {} : { password: address.password }),
    ...(address.tls ? { tls: { ...tls } } : {}),
    // Nothing is sent again, nothing waits for a connection, nothing is bundled behind our back.
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    commandTimeout: callMaxMs,
    // A connection on which nothing comes back is given up, and tried anew until somebody answers.
    socketTimeout: 2 * callMaxMs,
    connectTimeout: CONNECT_MAX_MS,
    retryStrategy: (times) => Math.min(25 * times, RETRY_MAX_MS),
  };
}

function placed(address: Exclude<RedisAddress, { kind: 'cluster' }>, common: Options): Options {
  if (address.kind === 'single') return { ...common, host: address.host, port: address.port, db: address.db };
  return {
    ...common,
    sentinels: address.sentinels,
    name: address.name,
    db: address.db,
    ...(address.tls ? { enableTLSForSentinelMode: true, sentinelTLS: common.tls } : {}),
    sentinelRetryStrategy: (times) => Math.min(25 * times, RETRY_MAX_MS),
  } as Options;
}

function cluster(nodes: HostPort[], common: Options): Cluster {
  const { retryStrategy: _, enableOfflineQueue: __, ...redisOptions } = common;
  return new Cluster(nodes, {
    redisOptions,
    enableOfflineQueue: false,
    enableAutoPipelining: false,
    // A redirection means that the node did nothing. A lost connection does not, so no second try after one.
    maxRedirections: 4,
    retryDelayOnFailover: 0,
    retryDelayOnClusterDown: 0,
    retryDelayOnTryAgain: 0,
    clusterRetryStrategy: (times) => Math.min(25 * times, RETRY_MAX_MS),
    slotsRefreshTimeout: CONNECT_MAX_MS,
  });
}

/**
 * The composition: configuration → parts → flows → a listening server. Ready means ready: the record has caught up with
 * the journal, the gate holds every winner, and the path of a claim has run often enough to be fast.
 */

import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import { makeSystem } from '../adapters/system/system.ts';
import type { Config } from '../config/load.ts';
import { describeConfigErrors, loadConfig } from '../config/load.ts';
import { isDistributed } from '../config/rules.ts';
import type { Catalog } from '../flow/catalog.ts';
import type { ClaimFlow } from '../flow/claim.ts';
import { makeClaimFlow } from '../flow/claim.ts';
import type { GaugeReading, HttpConfig, HttpParts } from '../http/parts.ts';
import { buildServer } from '../http/server.ts';
import type { System } from '../ports/system.ts';
import { startAfterWin } from './after-win.ts';
import { isWorker, reportReady, startWorkers, WORKER_FLAGS } from './api-processes.ts';
import { startEmbedded } from './embedded.ts';
import { trimWhenIdle } from './idle-memory.ts';
import { makeLogger } from './logger.ts';
import type { Parts } from './parts.ts';
import { firstOperatorKey, masterSecret } from './secrets.ts';
import { warmUp } from './warm-up.ts';

/** For the command: one of several processes on one port says nothing to people. */
export { isWorker, reportReady };

export interface RunningServer {
  url: string;
  /** the first operator key, when this start made it */
  adminKey: string | null;
  /** what it runs on, for people */
  parts: string;
  dataDir: string;
  log: Logger;
  /** Answers what was taken, writes what was told, lets go of everything. */
  stop(): Promise<void>;
}

/** Why a start was refused, in words for whoever started it: no stack, exit code 1. */
export class StartRefused extends Error {
  override name = 'StartRefused';
}

/** Faults of parts whose message says what to change. */
const REFUSALS = ['StorageFault', 'PartFault', 'DatabaseFault', 'RedisFault', 'KafkaFault', 'RecorderFault'];

/** Starts a server by environment and flags (by option key). Throws {@link StartRefused} with what to change. */
export async function serve(
  env: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Record<string, unknown>>,
): Promise<RunningServer> {
  const own = isWorker() ? { ...flags, ...WORKER_FLAGS } : flags;
  const loaded = loadConfig(env, own, (path) => readFileSync(path, 'utf8'));
  if (!loaded.ok) throw new StartRefused(describeConfigErrors(loaded.errors));
  try {
    const ground = prepare(loaded.config);
    return loaded.config.workers > 1 ? await startMany(ground) : await start(ground);
  } catch (error) {
    if (REFUSALS.includes((error as Error).name))
      throw new StartRefused((error as Error).message, { cause: error });
    throw error;
  }
}

/** What every start begins with. */
interface Ground {
  config: Config;
  system: System;
  log: Logger;
  master: Buffer;
}

function prepare(config: Config): Ground {
  const system = makeSystem();
  const log = makeLogger(config);
  makeFolder(config.dataDir);
  return { config, system, log, master: masterSecret(config.masterSecret ?? null, config.dataDir, system) };
}

async function start(ground: Ground): Promise<RunningServer> {
  const { config, system, log, master } = ground;
  // Side by side: the parts start in threads of their own or elsewhere, and this one warms up meanwhile.
  const [{ parts, adminKey, claims, afterWin, stop }] = await Promise.all([
    startAll(ground),
    config.role.includes('api') ? warmUp(httpConfig(config), system) : null,
  ]);
  try {
    const state = { ready: false };
    const served = httpParts(config, parts, master, log, state, claims);
    const gauges = (): readonly GaugeReading[] => [...(parts.gauges?.() ?? []), ...afterWin.gauges()];
    const app = await buildServer({ ...served, ...afterWin.served, gauges });
    const url = await listen(app, config);
    state.ready = true;
    watchFaults(parts, log);
    trimWhenIdle(system, () => toldInAll(parts.catalog));
    return {
      url,
      adminKey,
      parts: parts.runsOn,
      dataDir: config.dataDir,
      log,
      async stop() {
        state.ready = false;
        await app.close();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** This process does what is to be done once, its workers serve people. */
async function startMany(ground: Ground): Promise<RunningServer> {
  const { config, system, log } = ground;
  const role = config.role.filter((one) => one !== 'api');
  const { parts, adminKey, stop } = await startAll({ ...ground, config: { ...config, role } });
  try {
    const workers = await startWorkers(config.workers, config.shutdownMs, system, log);
    watchFaults(parts, log);
    return {
      url: workers.url,
      adminKey,
      parts: `${parts.runsOn}, ${config.workers} API processes`,
      dataDir: config.dataDir,
      log,
      async stop() {
        await workers.stop();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The parts, and what goes on beside the drop. */
async function startAll(ground: Ground) {
  const { config, log: logger, master } = ground;
  const { parts, adminKey } = await startParts(ground);
  try {
    const claims = makeClaims(config, parts);
    const afterWin = await startAfterWin({ ...parts, config, logger, master, claims });
    const stop = async (): Promise<void> => {
      await afterWin.stop();
      await parts.stop();
    };
    return { parts, adminKey, claims, afterWin, stop };
  } catch (error) {
    await parts.stop();
    throw error;
  }
}

/** The parts that the configuration asks for, and the first operator key if this start made it. */
async function startParts({
  config,
  system,
  log: logger,
  master,
}: Ground): Promise<{ parts: Parts; adminKey: string | null }> {
  const { dataDir, databaseUrl, recorderBatch, recorderRatePerSecond } = config;
  const keyOf = ({ operators }: Parts): Promise<string | null> =>
    config.adminKey === undefined ? firstOperatorKey(operators, dataDir, system) : Promise.resolve(null);
  if (isDistributed(config)) {
    const { startDistributed, aloneWithKeys } = await import('./distributed.ts');
    const parts = await startDistributed({ config, master, logger }, system);
    return { parts, adminKey: await aloneWithKeys(parts, () => keyOf(parts)) };
  }
  const recordPath = databaseUrl?.replace(/^sqlite:(\/\/)?/, '') ?? null;
  const parts = await startEmbedded(
    { dataDir, recordPath, master, recorderBatch, recorderRatePerSecond, logger },
    system,
  );
  return { parts, adminKey: await keyOf(parts) };
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StartRefused(
      `The data folder ${path} cannot be used (${(error as Error).message}). ` +
        'Make it writable for this user, or choose another with DIBS_DATA_DIR.',
    );
  }
}

function httpConfig(config: Config): HttpConfig {
  return {
    auth: config.auth,
    jwt: {
      secret: config.jwtSecret ?? null,
      jwksUrl: config.jwksUrl ?? null,
      issuer: config.jwtIssuer ?? null,
      audience: config.jwtAudience ?? null,
    },
    rateLimit: { user: config.rateLimit.user ?? null, ip: config.rateLimit.ip ?? null },
    trustProxy: config.trustProxy,
    corsOrigins: config.corsOrigins,
    pressSpreadMs: config.pressSpreadMs,
    adminKey: config.adminKey ?? null,
    connectionsMax: config.maxConnections,
    streamsPerUserMax: config.ssePerUser,
    streamsMax: config.sseMax,
    fileBytesMax: config.fileMaxMib * 1_048_576,
    drainMs: config.shutdownMs,
  };
}

function makeClaims(config: Config, parts: Parts): ClaimFlow {
  return makeClaimFlow({
    ...parts,
    inFlightMax: config.maxInFlight,
    logWaitingMax: config.journalQueueMax,
  });
}

function httpParts(
  config: Config,
  parts: Parts,
  master: Buffer,
  log: Logger,
  state: { ready: boolean },
  claims: ClaimFlow,
): HttpParts {
  const logState = parts.log.state();
  return {
    ...parts,
    serviceOnly: !config.role.includes('api'),
    config: httpConfig(config),
    claims,
    master,
    ready: () => {
      const roles = parts.roles();
      const needed = neededParts(config, parts.hasGate ?? true).every(
        (part) => (roles[part] ?? 'ready') === 'ready',
      );
      return { ready: state.ready && needed, roles };
    },
    depths: () => ({ journal: logState.waiting, claims: claims.waiting() }),
    onFault: (error, requestId) => log.error({ err: error, requestId }, 'a request failed'),
    version: readVersion(),
  };
}

/** What must work for this process to be of use. Who serves people can do without the record for a while. */
function neededParts({ role }: Config, hasGate: boolean): string[] {
  if (role.includes('api')) return ['gate', 'log', ...(hasGate ? [] : ['requests'])];
  return [
    'record',
    ...(role.includes('decider') ? ['decider'] : []),
    ...(role.includes('relay') ? ['gate', 'relay'] : []),
    ...(role.includes('recorder') ? ['recorder'] : []),
  ];
}

function readVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}

async function listen(app: FastifyInstance, config: Config): Promise<string> {
  try {
    await app.listen({ host: config.host, port: config.port, backlog: 4096 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new StartRefused(
        `Port ${config.port} of ${config.host} is in use. Stop what runs there, or choose another with DIBS_PORT (0 takes a free one).`,
      );
    }
    if (code === 'EADDRNOTAVAIL' || code === 'EACCES') {
      throw new StartRefused(
        `Cannot listen on ${config.host}:${config.port} (${code}). Choose another DIBS_HOST or DIBS_PORT.`,
      );
    }
    throw error;
  }
  const { address, port, family } = app.server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** Answers given to presses since the start. */
function toldInAll(catalog: Catalog): number {
  let all = 0;
  for (const { told } of catalog.all()) for (const count of told.values()) all += count;
  return all;
}

/** Says once when a part begins to fail and once when it is well again. */
function watchFaults({ system, roles }: Parts, log: Logger): void {
  const said = new Map<string, string | null>();
  const look = (part: string, fault: string | null): void => {
    if ((said.get(part) ?? null) === fault) return;
    said.set(part, fault);
    if (fault === null) log.info({ part }, 'well again');
    else log.error({ part, fault }, 'cannot write; trying again');
  };
  system.every(1000, () => {
    for (const [part, state] of Object.entries(roles())) look(part, state === 'ready' ? null : state);
  });
}

/**
 * The connections to a database of MySQL or MariaDB: each with the settings that the record counts on, and none kept
 * that the server has gone quiet on. How long a caller waits is limited where he asks, see steady.
 */

import { readFileSync } from 'node:fs';
import { connect as connectSocket, isIP, type Socket } from 'node:net';
import { createPool, type Pool, type PoolOptions, type SslOptions } from 'mysql2';
import type { MysqlAddress } from './address.ts';
import { DatabaseFault } from './faults.ts';

export interface MysqlOptions {
  connectionsMax?: number;
  /** how long a statement waits for somebody else's lock before it fails and is tried again */
  lockWaitSeconds?: number;
  /** a connection on which a statement has not been answered for so long is given up */
  silenceMaxMs?: number;
  /**
   * The database lets go of what was under way on a connection that asks nothing for so long. Whoever is stopped in the
   * middle of a transaction, or is cut off, holds nobody up for longer by what he has locked. Absent: for hours.
   */
  quietMaxSeconds?: number;
}

const CONNECT_MAX_MS = 2_000;
/** Longer than any statement of ours takes: a count over ten million rows, a batch that waits for a lock. */
const SILENCE_MAX_MS = 30_000;
/** Calls that wait for a connection. Those beyond are told at once that there is none. */
const WAITING_MAX = 2_000;

/**
 * READ COMMITTED: what another recorder has just committed must be seen when a duplicate is looked at, which a snapshot
 * would hide; and nobody locks gaps. Strict: what does not fit is refused, never cut. No mode may change how a
 * backslash is read.
 */
function settings({ lockWaitSeconds = 3, quietMaxSeconds }: MysqlOptions): string[] {
  const modes = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION';
  return [
    'SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED',
    `SET SESSION sql_mode = '${modes}', SESSION autocommit = 1, SESSION innodb_lock_wait_timeout = ${lockWaitSeconds}, SESSION lock_wait_timeout = 30`,
    ...(quietMaxSeconds === undefined ? [] : [`SET SESSION wait_timeout = ${quietMaxSeconds}`]),
  ];
}

/** Throws DatabaseFault when the certificate of the authority cannot be read. Nothing is connected yet. */
export function makePool(address: MysqlAddress, options: MysqlOptions = {}): Pool {
  const { host, port, user, password, database } = address;
  const pool = createPool({
    host,
    port,
    user,
    password,
    database,
    ...(address.tls ? { ssl: tlsOf(address) } : {}),
    ...spares(options),
    queueLimit: WAITING_MAX,
    connectTimeout: CONNECT_MAX_MS,
    charset: 'utf8mb4_bin',
    supportBigNumbers: true,
    stream: () => socketTo(host, port),
  });
  pool.on('connection', (connection) => {
    // Sent before whatever the connection was wanted for.
    for (const setting of settings(options)) {
      connection.query(setting, (error: unknown) => {
        if (error) connection.destroy();
      });
    }
  });
  limitSilence(pool, options.silenceMaxMs ?? SILENCE_MAX_MS);
  return pool;
}

/** What nobody needs goes before the database closes it, so that nobody is given a connection that is being closed. */
function spares({ connectionsMax = 10, quietMaxSeconds }: MysqlOptions): PoolOptions {
  if (quietMaxSeconds === undefined) return { connectionLimit: connectionsMax };
  const maxIdle = Math.max(0, connectionsMax - 1);
  return { connectionLimit: connectionsMax, maxIdle, idleTimeout: (quietMaxSeconds * 1000) / 3 };
}

function tlsOf({ caPath }: MysqlAddress): SslOptions {
  const checked: SslOptions = { rejectUnauthorized: true, verifyIdentity: true, minVersion: 'TLSv1.2' };
  if (caPath === null) return checked;
  try {
    return { ...checked, ca: readFileSync(caPath, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new DatabaseFault(
      `The certificate of the authority, ${caPath}, cannot be read (${code}). Check tls-ca in DIBS_DATABASE_URL.`,
    );
  }
}

function socketTo(host: string, port: number): Socket {
  const socket = connectSocket({ host, port, keepAlive: true, keepAliveInitialDelay: 10_000, noDelay: true });
  // What a certificate is held against; for an address without a name Node would take `localhost`.
  return isIP(host) === 0 ? socket : Object.assign(socket, { _host: host });
}

/** While somebody has a connection, its socket must not be quiet for too long. What was under way fails as cut. */
function limitSilence(pool: Pool, silenceMaxMs: number): void {
  const inUse = new WeakSet<object>();
  pool.on('acquire', (connection) => inUse.add(connection));
  pool.on('release', (connection) => inUse.delete(connection));
  pool.on('connection', (connection) => {
    const socket = (connection as unknown as { stream: Socket }).stream;
    socket.setTimeout(silenceMaxMs, () => {
      if (!inUse.has(connection)) return;
      const message = `no answer for ${silenceMaxMs / 1000} s`;
      socket.destroy(Object.assign(new Error(message), { code: 'PROTOCOL_SEQUENCE_TIMEOUT' }));
    });
  });
}

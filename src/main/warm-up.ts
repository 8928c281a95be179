/**
 * Runs the path of a claim before anybody needs it. A drop happens right after a start, and JavaScript is slow until it
 * has run for a while: measured, an unprepared process answers its first second at a fraction of its later pace.
 * The presses go through the real HTTP layer on a private loopback port, with a gate, log and record that forget.
 */

import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { makeMemoryGate } from '../adapters/memory/gate.ts';
import type { Campaign } from '../core/campaign.ts';
import { newCampaign } from '../core/campaign.ts';
import { makeCatalog } from '../flow/catalog.ts';
import { makeClaimFlow } from '../flow/claim.ts';
import { makeCodes } from '../flow/codes.ts';
import type { HttpConfig } from '../http/parts.ts';
import { buildClaimServer } from '../http/server.ts';
import type { Log } from '../ports/log.ts';
import type { RecordStore } from '../ports/record.ts';
import type { System } from '../ports/system.ts';

const PRESSES = 4000;
const WINNERS = 2000;
const CONNECTIONS = 32;
const DEADLINE_MS = 1500;

export async function warmUp(config: HttpConfig, system: System): Promise<void> {
  const catalog = makeCatalog();
  const gate = makeMemoryGate(system);
  const codes = makeCodes(system.randomBytes(32));
  const log = forgetfulLog(system);
  const record = absent<RecordStore>();
  const campaign = warmCampaign(system.now(), codes.keyId);
  await gate.configure(campaign);
  catalog.put(campaign).atGate = true;
  const claims = makeClaimFlow({
    catalog,
    gate,
    log,
    record,
    codes,
    system,
    shared: false,
    inFlightMax: PRESSES,
    logWaitingMax: PRESSES,
  });
  const server = buildClaimServer({
    config: { ...config, auth: 'open', rateLimit: { user: null, ip: null }, adminKey: null, drainMs: 100 },
    system,
    catalog,
    claims,
    codes,
    gate,
    log,
    record,
    campaigns: absent(),
    operators: absent(),
    stored: absent(),
    master: system.randomBytes(32),
    durabilities: [],
    ready: () => ({ ready: true, roles: {} }),
    caughtUp: async () => true,
    bring: async () => undefined,
    recorderState: () => ({ next: 0, end: 0, lagMs: 0 }),
    version: 'warm-up',
  });
  // Exclusive: the port must not be shared with other workers of this process.
  server.listen({ port: 0, host: '127.0.0.1', exclusive: true });
  await once(server, 'listening');
  await pressAll((server.address() as AddressInfo).port, system);
  server.close();
  server.closeAllConnections();
}

/** Everything is durable at once: nothing of the warm-up is kept. */
function forgetfulLog(system: System): Log {
  return {
    append: (_fact, done) => system.afterTurn(() => done(null)),
    state: () => ({ waiting: 0, end: 0, fault: null }),
    flush: async () => 0,
    onDurable: () => undefined,
    trim: async () => undefined,
    close: async () => undefined,
  };
}

/** A port that the warm-up has no use for: every call of it fails. */
function absent<T extends object>(): T {
  return new Proxy({} as T, { get: () => () => Promise.reject(new Error('not there in the warm-up')) });
}

function warmCampaign(now: number, codeKeyId: string): Campaign {
  const draft = { name: 'warm-up', quantity: WINNERS, opensAt: now - 1 };
  return newCampaign(draft, { id: 'warm-up', durability: 'disk', codeKeyId, now });
}

/**
 * Presses from raw sockets. Node's own HTTP client would serve as well, but it runs through the same stream code as the
 * server with objects of other shapes, and what V8 learned from both is slower for ever than what it learns from one.
 */
async function pressAll(port: number, system: System): Promise<void> {
  const until = system.monotonic() + DEADLINE_MS;
  let next = 0;
  const person = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true });
      const press = (): void => {
        if (next >= PRESSES || system.monotonic() >= until) {
          socket.end();
          resolve();
          return;
        }
        next += 1;
        const body = `{"userId":"warm-${next}"}`;
        socket.write(
          `POST /v1/campaigns/warm-up/claims HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: warm-up\r\n` +
            `Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
      };
      socket.on('connect', press);
      // An answer is small: it comes in one piece.
      socket.on('data', press);
      socket.on('error', reject);
    });
  await Promise.all(Array.from({ length: CONNECTIONS }, person));
}

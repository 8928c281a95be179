/**
 * A receiver of webhooks: checks the signature with a library that knows nothing of Dibs, stores the fact, answers. The
 * same fact twice is stored once, by its id. It answers only when the fact is on disk: until then Dibs sends it again.
 *
 * WEBHOOK_SECRET (`whsec_…`), PORT (9000), STORE (facts.db).
 */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import Database from 'better-sqlite3';
import { Webhook } from 'standardwebhooks';

export interface Fact {
  type: string;
  timestamp: string;
  data: { campaignId?: string; claimId?: string; userId?: string; seq?: number };
}

export interface Receiver {
  url: string;
  stop(): void;
}

const TABLE = `CREATE TABLE IF NOT EXISTS facts (
  no INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, claim_id TEXT, body TEXT NOT NULL,
  mailed INTEGER NOT NULL DEFAULT 0)`;

export function openStore(path: string): Database.Database {
  const store = new Database(path);
  store.pragma('journal_mode = WAL');
  store.exec(TABLE);
  return store;
}

/** @param secret `whsec_…` */
export async function startReceiver(secret: string, storePath: string, port = 0): Promise<Receiver> {
  const webhook = new Webhook(secret);
  const store = openStore(storePath);
  const add = store.prepare(
    'INSERT INTO facts (id, type, claim_id, body) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // The bytes as they came: what is parsed and written again may not be what was signed.
    const body = await text(request);
    try {
      webhook.verify(body, request.headers as Record<string, string>);
    } catch {
      response.writeHead(401).end('wrong signature');
      return;
    }
    const { type, data } = JSON.parse(body) as Fact;
    add.run(request.headers['webhook-id'], type, data.claimId ?? null, body);
    response.writeHead(204).end();
  }

  const server = createServer((request, response) => {
    take(request, response).catch(() => response.writeHead(500).end());
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/dibs`,
    stop() {
      server.closeAllConnections();
      server.close();
      store.close();
    },
  };
}

if (import.meta.main) {
  const { WEBHOOK_SECRET, PORT = '9000', STORE = 'facts.db' } = process.env;
  if (WEBHOOK_SECRET === undefined)
    throw new Error('Set WEBHOOK_SECRET to what `dibs webhooks add` has shown.');
  const { url } = await startReceiver(WEBHOOK_SECRET, STORE, Number(PORT));
  console.log(`Taking facts at ${url}, into ${STORE}.`);
}

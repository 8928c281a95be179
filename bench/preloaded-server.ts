/** See cases/preloaded.ts: the embedded parts, a full gate, and the real HTTP layer, sold out. */

import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeSystem } from '../src/adapters/system/system.ts';
import { newCampaign } from '../src/core/campaign.ts';
import { makeClaimFlow } from '../src/flow/claim.ts';
import { buildServer } from '../src/http/server.ts';
import { startEmbedded } from '../src/main/embedded.ts';

const HOLDERS = Number(process.argv[2]);
const PAGE = 100_000;

const system = makeSystem();
const dataDir = mkdtempSync(join(tmpdir(), 'dibs-bench-'));
const master = system.randomBytes(32);
const parts = await startEmbedded({ dataDir, master, recorderBatch: 1000, recorderRatePerSecond: 0 }, system);
const now = system.now();
const campaign = newCampaign(
  { name: 'crowd', quantity: HOLDERS, opensAt: now },
  { id: 'crowd', durability: 'disk', codeKeyId: parts.codes.keyId, now },
);
await parts.gate.configure(campaign);
for (let first = 0; first < HOLDERS; first += PAGE) {
  const count = Math.min(PAGE, HOLDERS - first);
  await parts.gate.load(campaign.id, {
    seqs: Float64Array.from({ length: count }, (_, i) => first + i + 1),
    wonAt: new Float64Array(count).fill(campaign.createdAt),
    userIds: Array.from({ length: count }, (_, i) => `holder-${String(first + i).padStart(10, '0')}`),
    keys: null,
  });
}
const live = parts.catalog.put(campaign);
live.atGate = true;
live.issued = HOLDERS;
const claims = makeClaimFlow({ ...parts, inFlightMax: 10_000, logWaitingMax: 20_000 });
const app = await buildServer({
  config: {
    auth: 'open',
    jwt: { secret: null, jwksUrl: null, issuer: null, audience: null },
    rateLimit: { user: null, ip: null },
    trustProxy: [],
    corsOrigins: [],
    adminKey: null,
    connectionsMax: 1000,
    streamsPerUserMax: 5,
    streamsMax: 100,
    drainMs: 1000,
  },
  ...parts,
  claims,
  master,
  ready: () => ({ ready: true, roles: {} }),
  recorderState: () => ({ next: 0, end: 0, lagMs: 0 }),
  version: 'bench',
});
await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${JSON.stringify({ port: (app.server.address() as AddressInfo).port })}\n`);
process.on('SIGTERM', () => {
  void app
    .close()
    .then(() => parts.stop())
    .finally(() => {
      rmSync(dataDir, { recursive: true, force: true });
      process.exit(0);
    });
});

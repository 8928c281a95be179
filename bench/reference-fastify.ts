/** The reference of polls and pages: fastify returning a constant, as small as a place in line or as large as the page. */

import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import fastify from 'fastify';

const CONSTANT = {
  verdict: 'pending',
  ticket: 'AQIt6gs6jFV5neDvYmr1PTlJ',
  position: 120_400,
  servingNumber: 31_000,
  ahead: 87_100,
  estimatedWaitMs: 17_000,
  waitReason: null,
  retryAfterMs: 1700,
};

/** As many bytes as the page of a campaign has, which do not get smaller on the way. */
const LARGE = randomBytes(12_000);

const app = fastify({ logger: false });
app.get('/v1/campaigns/:id/claims/:ticket', () => CONSTANT);
app.get('/large', () => LARGE);
await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${JSON.stringify({ port: (app.server.address() as AddressInfo).port })}\n`);

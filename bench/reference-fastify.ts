/** The reference of polls: fastify returning a constant of the size of a place in line. */

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

const app = fastify({ logger: false });
app.get('/v1/campaigns/:id/claims/:ticket', () => CONSTANT);
await app.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`${JSON.stringify({ port: (app.server.address() as AddressInfo).port })}\n`);

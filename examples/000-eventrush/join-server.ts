/** `POST /event/join {"userId": 3}` to the letter, in front of Dibs: what a service that has this API would put here. */

import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { claim } from '../client.ts';

export type JoinResult = 'SUCCESS' | 'DUPLICATE' | 'LIMIT_EXCEEDED';

const RESULTS: Readonly<Record<string, JoinResult>> = {
  won: 'SUCCESS',
  already_won: 'DUPLICATE',
  sold_out: 'LIMIT_EXCEEDED',
};

async function userOf(request: IncomingMessage): Promise<string | null> {
  let text = '';
  for await (const part of request.setEncoding('utf8')) text += part as string;
  const { userId } = JSON.parse(text) as { userId?: unknown };
  // The document's user is a Long. Dibs compares ids as text, so 3 and "3" are the same person here, and only here.
  return typeof userId === 'number' || typeof userId === 'string' ? String(userId) : null;
}

async function join(campaignId: string, request: IncomingMessage): Promise<[number, unknown]> {
  if (request.method !== 'POST' || request.url !== '/event/join') return [404, { error: 'POST /event/join' }];
  const userId = await userOf(request).catch(() => null);
  if (userId === null) return [400, { error: 'userId is missing' }];
  const { verdict, seq } = await claim(campaignId, userId);
  const result = RESULTS[verdict];
  return result ? [200, { result, ...(seq === null ? {} : { seq }) }] : [409, { error: verdict }];
}

/** Listens on a free port of 127.0.0.1. @returns the server and its address */
export async function joinServer(campaignId: string): Promise<{ server: Server; url: string }> {
  const server = createServer((request, response) => {
    const answer = ([status, body]: [number, unknown]) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    join(campaignId, request).then(answer, (error: unknown) => answer([502, { error: String(error) }]));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

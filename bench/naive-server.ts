/**
 * What everybody writes first, on bare node:http: SADD tells whether somebody has been here, INCR whether there is
 * something left, and each win is sent to Kafka by itself and waited for. Nobody records it here, which flatters it.
 *
 *   node bench/naive-server.ts redis://127.0.0.1:6379 127.0.0.1:9092 topic
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { ProduceAcks, Producer } from '@platformatic/kafka';
import { Redis } from 'ioredis';

const [redisUrl = '', broker = '', topic = ''] = process.argv.slice(2);
const redis = new Redis(redisUrl);
const producer = new Producer({
  clientId: 'naive',
  bootstrapBrokers: [broker],
  acks: ProduceAcks.ALL,
  autocreateTopics: true,
});
const path = /^\/v1\/campaigns\/(losing|winning)[^/]*\/claims$/;

/** Losing campaigns are sold out from the first press on. */
async function claim(campaign: string, userId: string): Promise<[status: number, verdict: string]> {
  if ((await redis.sadd(`${campaign}:users`, userId)) === 0) return [409, 'duplicate'];
  const count = await redis.incr(`${campaign}:count`);
  if (campaign.startsWith('losing')) return [409, 'sold_out'];
  const value = Buffer.from(JSON.stringify({ userId, requestTime: new Date().toISOString() }));
  await producer.send({ messages: [{ topic, key: Buffer.from(userId), value }] });
  return [201, `won ${count}`];
}

function answer(response: ServerResponse, status: number, verdict: string): void {
  const body = JSON.stringify({ verdict });
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

function handle(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { userId } = JSON.parse(Buffer.concat(chunks).toString()) as { userId: string };
    const campaign = request.url?.split('/')[3] ?? '';
    if (!path.test(request.url ?? '')) return answer(response, 404, 'no campaign');
    claim(campaign, userId).then(
      ([status, verdict]) => answer(response, status, verdict),
      (error: Error) => answer(response, 503, error.message),
    );
  });
}

const server = createServer(handle);
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as { port: number }).port })}\n`);
});
process.on('SIGTERM', () => process.exit(0));

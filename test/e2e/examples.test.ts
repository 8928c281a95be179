// Protects: the scenarios of the documents behind the project, played as their READMEs say against a server as a user
// would start it, come out as the documents say.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestServer } from '../support/server.ts';
import { newDataDir, removeDataDir, startServer } from '../support/server.ts';

const root = join(import.meta.dirname, '..', '..');
const dataDir = newDataDir();
let server: TestServer;

beforeAll(async () => {
  server = await startServer(dataDir, { DIBS_WEBHOOK_PRIVATE_TARGETS: 'yes' });
});

afterAll(async () => {
  await server.stop();
  removeDataDir(dataDir);
});

interface Played {
  code: number | null;
  /** what it found right, each with its figure */
  right: string[];
  wrong: string[];
  said: string;
}

function play(example: string, env: Record<string, string> = {}, ...args: string[]): Promise<Played> {
  const child = spawn(process.execPath, ['scripts/launch.mjs', `examples/${example}/run.ts`, ...args], {
    cwd: root,
    env: { PATH: process.env['PATH'], DIBS_URL: server.url, DIBS_ADMIN_KEY: server.adminKey, ...env },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
  }
  const marked = (mark: string) =>
    said.split('\n').flatMap((line) => (line.startsWith(`  ${mark} `) ? [line.slice(4)] : []));
  return new Promise((resolve) =>
    child.once('close', (code) => resolve({ code, right: marked('✓'), wrong: marked('✕'), said })),
  );
}

/** The same server, in front of which somebody presses as soon as a campaign is open. */
async function withSomebodyFaster({ url }: TestServer): Promise<{ url: string; close(): void }> {
  const pass = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = 'GET', url: path = '/', headers } = request;
    const send = (to: string, body: string) =>
      fetch(url + to, {
        method,
        headers: { authorization: headers.authorization ?? '', 'content-type': 'application/json' },
        ...(body === '' ? {} : { body }),
      });
    const answer = await send(path, await text(request));
    const [, id] = /\/campaigns\/([^/]+)\/open$/.exec(path) ?? [];
    if (id) await send(`/v1/campaigns/${id}/claims`, '{"userId":"faster"}');
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
  };
  const front = createServer((request, response) => void pass(request, response)).listen(0, '127.0.0.1');
  await once(front, 'listening');
  return { url: `http://127.0.0.1:${(front.address() as AddressInfo).port}`, close: () => front.close() };
}

test('000 EventRush: 1,000 join, 100 are in, who is in and presses again is a DUPLICATE', async () => {
  const { code, right, wrong, said } = await play('000-eventrush');
  expect({ code, wrong }, said).toEqual({ code: 0, wrong: [] });
  expect(right).toEqual([
    'SUCCESS: 100',
    'LIMIT_EXCEEDED: 900',
    expect.stringMatching(/^user \d+ pressing again: DUPLICATE$/),
    expect.stringMatching(/^with the same seq: \d+$/),
    'rows in the record (event_join): 100',
    'invariants broken: none',
  ]);
  expect(said).toMatch(/Partition: 0, Offset: 99, UserId: \d+, Time: \d{4}-/);
});

test('001 a line for gifticons: 150 people, 10 a second let in, 100 win in their order, the rest is told', async () => {
  const { code, right, wrong, said } = await play('001-gifticon-line');
  expect({ code, wrong }, said).toEqual({ code: 0, wrong: [] });
  expect(right).toEqual([
    'numbers, one each from 1: true',
    expect.stringMatching(/^'people-\d+' pressing again has the same number: 150$/),
    expect.stringMatching(/^'people-\d+', number 51, leaves: left$/),
    "'N명 남았습니다' never grew: true",
    'gifticons: 100',
    'to the first in line, in their order: true',
    'codes, all different: 100',
    'told sold_out: 49',
    '10 a second, within 5 %: true',
    'never more than 11 in a second: true',
    'isEventEnded: sold_out',
    'gifticons in the record: 100',
    'invariants broken: none',
  ]);
  expect(said).toMatch(/'people-\d+'님의 현재 대기열은 \d+명 남았습니다\./);
  expect(said).toMatch(/'people-\d+'님의 치킨 기프티콘이 발급되었습니다 \([0-9A-Z-]+\)/);
}, 30_000);

test('001 gifticons from a batch: 250 win, are collected, issued in chunks of 100, and nothing is issued twice', async () => {
  const { code, right, wrong, said } = await play('001-gifticon-batch');
  expect({ code, wrong }, said).toEqual({ code: 0, wrong: [] });
  expect(right).toEqual([
    'winners: 250',
    'isEventEnded: told sold_out: 350',
    'gifticons before the batch: 0',
    'winners collected: 250',
    'gifticons issued: 250',
    'chunks: 3',
    'cleaned up: 1',
    'gifticons with a code: 250',
    'codes, all different: 250',
    expect.stringMatching(/^people-\d+ asks and sees his: true$/),
    'issued again: 0',
    'already_issued: 250',
    'gifticons as they were: true',
    'invariants broken: none',
  ]);
  expect(said).toMatch(/'people-\d+'님의 치킨 기프티콘이 발급되었습니다 \([0-9A-Z-]+\)/);
}, 30_000);

test('002 coupon for the first 100: 1,000 on 32 → exactly 100; one person 1,000 times → 1; a FailedEvent → 1', async () => {
  const { code, right, wrong, said } = await play('002-coupon-100', { DIBS_DATA_DIR: dataDir });
  expect({ code, wrong }, said).toEqual({ code: 0, wrong: [] });
  expect(right).toEqual([
    'won: 100',
    'sold_out: 900',
    'coupons in the record: 100',
    'invariants broken: none',
    'won: 1',
    'already_won: 999',
    'different seqs told: 1',
    'coupons in the record: 1',
    'invariants broken: none',
    'won: 100',
    'failures kept: 1',
    expect.stringMatching(/^whose it is: user-\d+$/),
    'issued by the job: 1',
    'issued by the job when it runs again: 0',
    'coupons in the record: 100',
    'coupons with No. 17: 1',
    'invariants broken: none',
  ]);
  expect(said).toContain('the record refuses it: failed to create coupon');
});

test('003 coupon for 1,000: on Redis, Kafka and MariaDB, recorded at a pace, each delivery reported', async (context) => {
  const { code, right, wrong, said } = await play('003-coupon-1000', { HOME: process.env['HOME'] ?? '' });
  context.skip(process.env['CI'] !== 'true' && said.includes('Or name a running one in'), said);
  expect({ code, wrong }, said).toEqual({ code: 0, wrong: [] });
  expect(right).toEqual([
    'won: 1000',
    'sold_out: 4000',
    'coupons in the database: 1000',
    'no more than 100 stored in a second: true',
    'wins in the delivery reports: 1000',
    'invariants broken: none',
  ]);
  expect(said).toMatch(/Sent message=\[\d+ wins to dibs\.claims\.won\.v1-\d\] with offset=\[0\]/);
  expect(said).toMatch(/partition \d, offset \d+, user [0-9a-f]{12}…, No\. \d+/);
  expect(said).toMatch(/ {4}✓ {2}dibs\.claims\.won\.v1 +6 +1 +\d+/);
});

const RIGHT_004 = [
  'request accepted: 202 pending',
  'verdict: won',
  'coupon in the record: 1',
  '이미 발급된 쿠폰, asked again: 200 already_won',
  'invariants broken: none',
  'request accepted: 202 pending',
  'verdict: won',
  'coupon in the record: 1',
  'status for everybody: sold_out',
  'refused at once: 20',
  'invariants broken: none',
];

test('004 a coupon end to end: requested, there within 30 s, and the last one is sold out everywhere', async () => {
  const { code, right, wrong, said } = await play('004-coupon-e2e');
  expect({ code, wrong }, said).toEqual({ code: 0, wrong: [] });
  expect(right).toEqual(RIGHT_004);
});

test('004 the same on Kafka and MariaDB, in two processes', async (context) => {
  const env = { HOME: process.env['HOME'] ?? '' };
  const { code, right, wrong, said } = await play('004-coupon-e2e', env, '--services');
  context.skip(process.env['CI'] !== 'true' && said.includes('Or name a running one in'), said);
  expect({ code, wrong }, said).toEqual({ code: 0, wrong: [] });
  expect(right).toEqual(RIGHT_004);
});

test('webhook receiver: away while people press, then it has each fact once, in order, and mails go out', async () => {
  const { code, right, wrong, said } = await play('webhook-receiver');
  expect({ code, wrong }, said).toEqual({ code: 0, wrong: [] });
  expect(right).toEqual([
    'the test is taken: true',
    'won: 20',
    'coupon.issued, each once: 20',
    'coupon.redeemed: 1',
    'facts of the first claim, in order: coupon.issued coupon.redeemed',
    'mails: 20',
    'mails when run again: 0',
    'a forged fact is answered: 401',
  ]);
  expect(said).toMatch(/To: person-\d+@people\.example/);
  expect(said).not.toMatch(/[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}-/);
}, 40_000);

test('a result that is not the document’s ends with 1 and says what was wrong', async () => {
  const hasty = await withSomebodyFaster(server);
  const { code, wrong } = await play('002-coupon-100', { DIBS_URL: hasty.url });
  hasty.close();
  expect(code).toBe(1);
  expect(wrong.slice(0, 2)).toEqual(['won: 99, expected 100', 'sold_out: 901, expected 900']);
});

test('a server that is not there is one sentence and exit code 1', async () => {
  const { code, said } = await play('002-coupon-100', { DIBS_URL: 'http://127.0.0.1:9' });
  expect(code).toBe(1);
  expect(said).toContain('http://127.0.0.1:9: fetch failed');
  expect(said).not.toContain('    at ');
});

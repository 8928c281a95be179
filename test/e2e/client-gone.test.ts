// Protects: a client that goes before its answer loses the answer and nothing else. Its win stays its own under the same
// seq, a request that was never whole takes nothing, and many requests in one breath are answered in their order.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RawConnection } from '../support/raw-connection.ts';
import { connectRaw, pressText } from '../support/raw-connection.ts';
import type { Crowd, TestServer, Told } from '../support/server.ts';
import {
  makeCrowd,
  newDataDir,
  openCampaign,
  operator,
  removeDataDir,
  startServer,
  winnersCsv,
} from '../support/server.ts';

const TIMES = 100;
const dataDir = newDataDir();
let server: TestServer;
let crowd: Crowd;

beforeAll(async () => {
  server = await startServer(dataDir);
  crowd = makeCrowd(server, 4);
});

afterAll(async () => {
  await crowd.close();
  await server.stop();
  removeDataDir(dataDir);
});

const seqOf = ({ body }: Told): number => (body['claim'] as { seq: number }).seq;
const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

/** Nothing is lost or given twice, and the record says what people were told. */
async function allIsWell(campaignId: string, told: ReadonlyMap<string, number>): Promise<void> {
  const { body } = await operator(server, 'GET', `/v1/admin/campaigns/${campaignId}/integrity`);
  expect(body, JSON.stringify(body)).toMatchObject({ ok: true });
  const rows = await winnersCsv(server, campaignId);
  expect(new Map(rows.map((row) => [row['userId'], Number(row['seq'])]))).toEqual(told);
}

/** Sends `text` on a connection that the server has accepted, and leaves by `leave` without waiting for an answer. */
async function sendAndLeave(text: string, leave: (connection: RawConnection) => void): Promise<void> {
  const connection = await connectRaw(server.url);
  await connection.write('GET /v1/time HTTP/1.1\r\nHost: x\r\n\r\n');
  await connection.answers(1);
  await connection.write(text);
  leave(connection);
}

test(`cut right after the press, ${TIMES} times: the win stays, asking again shows it`, async () => {
  await openCampaign(server, 'cut', TIMES);
  const told = new Map<string, number>();
  for (let i = 0; i < TIMES; i++) {
    const user = `cut-${i}`;
    await sendAndLeave(pressText('cut', user), ({ socket }) => socket.destroy());
    const again = await crowd.press('cut', user);
    expect([again.status, again.body['verdict'], seqOf(again)]).toEqual([200, 'already_won', i + 1]);
    expect((await crowd.press('cut', user)).body).toEqual(again.body);
    told.set(user, seqOf(again));
  }
  expect((await crowd.press('cut', 'late')).body['verdict']).toBe('sold_out');
  await allIsWell('cut', told);
});

test(`reset (RST) right after the press, ${TIMES} times: taken or not, never half`, async () => {
  await openCampaign(server, 'reset', TIMES);
  const told = new Map<string, number>();
  const resets = upTo(TIMES).map(async (i) => {
    const user = `reset-${i}`;
    await sendAndLeave(pressText('reset', user), ({ socket }) => socket.resetAndDestroy());
    const first = await crowd.press('reset', user);
    // A reset may throw away what had not been read yet: then this was his first press.
    expect(['won', 'already_won']).toContain(first.body['verdict']);
    const again = await crowd.press('reset', user);
    expect([again.body['verdict'], seqOf(again)]).toEqual(['already_won', seqOf(first)]);
    told.set(user, seqOf(again));
  });
  await Promise.all(resets);
  expect([...told.values()].sort((a, b) => a - b)).toEqual(upTo(TIMES));
  await allIsWell('reset', told);
});

test('a request that was never whole takes nothing', async () => {
  await openCampaign(server, 'half', 3);
  const whole = pressText('half', 'faltering');
  for (let length = 1; length < whole.length; length += 5) {
    await sendAndLeave(whole.slice(0, length), ({ socket }) =>
      length % 2 ? socket.destroy() : socket.resetAndDestroy(),
    );
  }
  const others = [await crowd.press('half', 'a'), await crowd.press('half', 'b')];
  expect(others.map(seqOf)).toEqual([1, 2]);
  const own = await crowd.press('half', 'faltering');
  expect([own.status, seqOf(own)]).toEqual([201, 3]);
  await allIsWell('half', new Map(Object.entries({ a: 1, b: 2, faltering: 3 })));
});

test('a press in many small pieces is one press', async () => {
  await openCampaign(server, 'slow', 1);
  const connection = await connectRaw(server.url);
  connection.socket.setNoDelay(true);
  for (const letter of pressText('slow', 'patient')) await connection.write(letter);
  const [answer] = await connection.answers(1);
  expect([answer?.status, answer?.body['verdict']]).toEqual([201, 'won']);
  connection.socket.destroy();
});

test('1,000 presses in one breath on one connection are answered in their order', async () => {
  await openCampaign(server, 'pipeline', 500);
  const connection = await connectRaw(server.url);
  // Each third is somebody who has pressed before, perhaps while his win is still on its way to the disk.
  const users = upTo(1000).map((i) => `p-${i % 3 === 0 ? i - 1 : i}`);
  await connection.write(users.map((user, i) => pressText('pipeline', user, `r-${i}`)).join(''));
  const answers = await connection.answers(users.length);
  expect(answers.map(({ headers }) => headers['x-request-id'])).toEqual(users.map((_, i) => `r-${i}`));

  const told = new Map<string, number>();
  for (const [i, { status, body }] of answers.entries()) {
    const user = users[i] as string;
    const claim = body['claim'] as { seq: number; userId: string } | undefined;
    const had = told.get(user);
    if (had !== undefined) expect([status, claim?.seq]).toEqual([200, had]);
    else if (told.size < 500) {
      expect([status, claim]).toEqual([201, expect.objectContaining({ seq: told.size + 1, userId: user })]);
      told.set(user, told.size + 1);
    } else expect([status, body['code']]).toEqual([409, 'sold_out']);
  }
  expect(told.size).toBe(500);
  connection.socket.destroy();
  await allIsWell('pipeline', told);
});

test('1,000 presses in one breath and gone: each was taken in order or not at all', async () => {
  await openCampaign(server, 'breath', 2000);
  const users = upTo(1000).map((i) => `b-${i}`);
  const text = users.map((user) => pressText('breath', user)).join('');
  await sendAndLeave(text, ({ socket }) => socket.destroy());
  const told = new Map<string, number>();
  for (const user of users) {
    const { body } = await crowd.press('breath', user);
    const seq = (body['claim'] as { seq: number }).seq;
    // Those that were taken were taken in order; those that never came are pressed for the first time here.
    expect([['already_won', 'won'].includes(String(body['verdict'])), seq]).toEqual([true, told.size + 1]);
    told.set(user, seq);
  }
  await allIsWell('breath', told);
});

test('presses and other requests on one connection keep their order too', async () => {
  await openCampaign(server, 'mixed', 1);
  const connection = await connectRaw(server.url);
  const get = (path: string, id: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\n\r\n`;
  const breath = [
    get('/v1/campaigns/mixed', 'a'),
    pressText('mixed', 'm-1', 'b'),
    get('/v1/time', 'c'),
    pressText('mixed', 'm-2', 'd'),
    get('/nowhere', 'e'),
    pressText('mixed', 'm-1', 'f'),
  ];
  await connection.write(breath.join(''));
  const answers = await connection.answers(breath.length);
  expect(answers.map(({ headers, status }) => [headers['x-request-id'], status])).toEqual([
    ['a', 200],
    ['b', 201],
    ['c', 200],
    ['d', 409],
    ['e', 404],
    ['f', 200],
  ]);
  connection.socket.destroy();
});

test('after all of that nothing waits for those who left', async () => {
  const depths = async (): Promise<string[]> =>
    (await (await fetch(`${server.url}/metrics`)).text())
      .split('\n')
      .filter((line) => line.startsWith('dibs_queue_depth{'));
  expect(await depths()).not.toEqual([]);
  await expect.poll(async () => (await depths()).filter((line) => !line.endsWith(' 0'))).toEqual([]);
});

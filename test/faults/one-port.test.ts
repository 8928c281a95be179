// Protects: `dibs serve --workers n` is n processes at one gate on one port. What one of them made is there at the others,
// exactly the quantity is given, one that dies is replaced, and a stop ends them all.

import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DibsProcess, Services, Site } from '../support/distributed.ts';
import { makeSite, startServices, stopServices } from '../support/distributed.ts';

let services: Services | null;
let site: Site;

beforeAll(async () => {
  services = await startServices();
  if (services) site = makeSite(services, services.redis.url);
});

afterAll(async () => {
  await site?.close();
  await stopServices(services);
});

/** The API processes beside a Dibs, by process id. */
function childrenOf(one: DibsProcess): number[] {
  const list = readFileSync(`/proc/${one.pid}/task/${one.pid}/children`, 'utf8');
  return list.trim().split(' ').filter(Boolean).map(Number);
}

/** A new connection each, so that they arrive at one process or another. */
async function press(url: string, userId: string): Promise<{ status: number; seq: number | null }> {
  const answer = await fetch(`${url}/v1/campaigns/drop/claims`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: JSON.stringify({ userId }),
    signal: AbortSignal.timeout(10_000),
  });
  const body = (await answer.json()) as { claim?: { seq: number } };
  return { status: answer.status, seq: body.claim?.seq ?? null };
}

it('gives exactly the quantity, replaces a process that died, and stops as one', async ({ skip }) => {
  if (services === null) skip('no services');
  const dibs = await site.start('one port', { roles: 'all', env: { DIBS_WORKERS: '2' } });
  const [first] = childrenOf(dibs);
  expect(childrenOf(dibs)).toHaveLength(2);
  await site.open('drop', 50);
  const users = Array.from({ length: 120 }, (_, i) => `u-${i}`);
  const told = await Promise.all(users.map((user) => press(dibs.url, user)));
  const seqs = told.flatMap(({ seq }) => (seq === null ? [] : [seq]));
  expect(seqs.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  expect(told.filter(({ status }) => status === 409)).toHaveLength(70);

  process.kill(first as number, 'SIGKILL');
  await expect
    .poll(() => childrenOf(dibs).filter((pid) => pid !== first).length, { timeout: 20_000 })
    .toBe(2);
  for (const [i, { seq }] of told.slice(0, 20).entries()) {
    const again = await pressUntilAnswered(dibs.url, `u-${i}`);
    expect(again).toBe(seq);
  }

  const children = childrenOf(dibs);
  expect(await dibs.stop()).toBe(0);
  for (const pid of children) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
});

/** A process that is only starting refuses nobody for long. */
async function pressUntilAnswered(url: string, userId: string): Promise<number | null> {
  for (;;) {
    const told = await press(url, userId).catch(() => null);
    if (told !== null && told.status < 500) return told.seq;
    await wait(50);
  }
}

// Protects: the log of requests of one process is made when there is something to put on it and not before, keeps the
// order of those who came while it was being opened, and tells them when it cannot be.

import { once } from 'node:events';
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { Request } from '../../src/core/request.ts';
import { offsetOf } from '../../src/core/request.ts';
import type { DeciderProgress } from '../../src/main/record-thread.ts';
import type { RequestLog } from '../../src/main/request-log.ts';
import { openRequestLog } from '../../src/main/request-log.ts';
import { dataFolder } from '../support/data-folder.ts';
import { noteSqlite } from '../support/note-sqlite.ts';

const system = makeSystem();
const tried = (user: number): Request => ({
  type: 'claim.requested',
  campaignId: 'drop',
  userId: `u-${user}`,
  key: null,
});

let path: string;
beforeEach(() => {
  path = join(dataFolder(), 'requests.db');
});

/** `decider` is the other end of its channel. */
async function open(next = 0): Promise<{ log: RequestLog; decider: MessagePort }> {
  const { port1, port2 } = new MessageChannel();
  const log = await openRequestLog({ path, system, channel: port1, next });
  onTestFinished(async () => {
    await log.close();
    port2.close();
  });
  return { log, decider: port2 };
}

/** The place it was given. */
function append(log: RequestLog, request: Request): Promise<number> {
  return new Promise((resolve, reject) => {
    log.append(request, (error, at) => (error === null && at ? resolve(at.place) : reject(error as Error)));
  });
}

describe('the log of requests of one process', () => {
  it('is no file until somebody asks, and then the decider hears of it', async () => {
    const { log, decider } = await open();
    expect(existsSync(path)).toBe(false);
    expect(log.state()).toEqual({ waiting: 0, end: 0, fault: null });
    const heard = once(decider, 'message');
    const first = append(log, tried(1));
    expect(log.state()).toEqual({ waiting: 1, end: 0, fault: null });
    await first;
    noteSqlite();
    expect(existsSync(path)).toBe(true);
    expect((await heard)[0]).toEqual({ commits: expect.anything() });
    expect(log.state()).toEqual({ waiting: 0, end: 2, fault: null });
  });

  it('keeps the order of those who came while it was being opened', async () => {
    const { log } = await open();
    const places = await Promise.all(Array.from({ length: 2500 }, (_, user) => append(log, tried(user))));
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(new Set(places).size).toBe(2500);
  });

  it('refuses more than may wait for it to be opened', async () => {
    const { log } = await open();
    const all = Array.from({ length: 10_001 }, (_, user) => append(log, tried(user)));
    const settled = await Promise.allSettled(all);
    expect(settled.filter(({ status }) => status === 'rejected').length).toBe(1);
    expect(settled.at(-1)?.status).toBe('rejected');
  });

  it('goes on behind what is decided, in a new file and in one that is there', async () => {
    const { log } = await open(7);
    expect(offsetOf(await append(log, tried(1)))).toBe(7);
    await log.close();
    const again = await open(7);
    expect(again.log.state().end).toBe(8);
    expect(offsetOf(await append(again.log, tried(2)))).toBe(8);
  });

  it('tells whoever asks that it cannot be opened, and is opened when it can', async () => {
    mkdirSync(path);
    await expect(
      openRequestLog({ path, system, channel: new MessageChannel().port1, next: 0 }),
    ).rejects.toThrow('requests.db');
    rmdirSync(path);
    const { log } = await open();
    mkdirSync(path);
    const refused = await Promise.allSettled([append(log, tried(1)), append(log, tried(2))]);
    expect(refused.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(log.state().fault).toContain('requests.db');
    rmdirSync(path);
    await expect.poll(() => log.state().fault).toBeNull();
    await append(log, tried(3));
    expect(log.state()).toMatchObject({ waiting: 0, fault: null });
  });

  it('refuses the start with a file that is none', async () => {
    writeFileSync(path, 'no database at all, and long enough to be sure of it'.repeat(10));
    await expect(open()).rejects.toThrow('requests.db');
  });

  it('says how far the decider is, and tells on its steps', async () => {
    const { log, decider } = await open();
    const told: number[] = [];
    expect(log.decider()).toEqual({ lag: 0, fault: null, decided: 0 });
    await append(log, tried(1));
    await append(log, tried(2));
    log.onDecided(() => told.push(log.decider().lag));
    const progress: DeciderProgress = { next: 2, safe: 0, conflicts: 0, fault: null, requests: 1, wins: 1 };
    decider.postMessage(progress);
    decider.postMessage({ ...progress, next: 3, requests: 2 });
    await expect.poll(() => told).toEqual([1, 0]);
    expect(log.decider()).toEqual({ lag: 0, fault: null, decided: 2 });
  });
});

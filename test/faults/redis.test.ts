// Protects: whatever becomes of Redis in the middle of a rush, exactly the quantity is given, and no told win is lost.
// People press at two processes; a third one relays, supervises and records.

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, describe, it } from 'vitest';
import { askRedis } from '../../scripts/services/ask-redis.ts';
import type { LocalService } from '../../scripts/services/local.ts';
import { type Installation, install, uninstall } from '../support/distributed.ts';
import { survive } from '../support/distributed-rush.ts';

const installed = await install();
afterAll(() => uninstall(installed));

const THIRD = 1 / 3;
/** Of a Redis with an append-only file. */
const DATA = 'appendonlydir';

async function tell({ port }: LocalService, command: string): Promise<string> {
  const answer = await askRedis({ port }, command);
  if (answer === null || answer.startsWith('-')) throw new Error(`${command}: ${answer}`);
  return answer;
}

describe.skipIf(installed === null)('Redis', () => {
  const { redis, site } = installed as Installation;

  it('is killed with -9 and started again', async () => {
    await survive(site, { fault: 'Redis killed with -9 and started again' }, async (crowd) => {
      await crowd.at(THIRD);
      await redis.kill();
      await wait(300);
      await redis.restart();
    });
  });

  it('is emptied: FLUSHALL', async () => {
    await survive(site, { fault: 'Redis emptied (FLUSHALL)' }, async (crowd) => {
      await crowd.at(THIRD);
      await tell(redis, 'FLUSHALL');
    });
  });

  it('forgets its scripts: SCRIPT FLUSH', async () => {
    await survive(site, { fault: 'Redis forgets its scripts (SCRIPT FLUSH)' }, async (crowd) => {
      await crowd.at(THIRD);
      await tell(redis, 'SCRIPT FLUSH');
    });
  });

  it('comes back with what it knew before', async () => {
    const older = mkdtempSync(join(tmpdir(), 'dibs-older-'));
    await survive(site, { fault: 'Redis replaced by an older copy of itself' }, async (crowd) => {
      await crowd.at(0.1);
      cpSync(join(redis.folder, DATA), join(older, DATA), { recursive: true });
      await crowd.at(THIRD);
      await redis.kill();
      rmSync(join(redis.folder, DATA), { recursive: true });
      cpSync(join(older, DATA), join(redis.folder, DATA), { recursive: true });
      await redis.restart();
    });
    rmSync(older, { recursive: true });
  });

  it('stops for 5 s: SIGSTOP', async () => {
    await survive(site, { fault: 'Redis silent for 5 s (SIGSTOP)' }, async (crowd) => {
      await crowd.at(THIRD);
      redis.pause();
      await wait(5000);
      redis.resume();
    });
  });

  it('has no memory left', async () => {
    await survive(site, { fault: 'Redis out of memory for 3 s (noeviction)' }, async (crowd) => {
      await crowd.at(THIRD);
      await tell(redis, 'CONFIG SET maxmemory 1mb');
      await wait(3000);
      await tell(redis, 'CONFIG SET maxmemory 0');
    });
  });
});

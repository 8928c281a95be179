/**
 * Anybody can check a place that was drawn by lot from what is published alone, by one command, and is told which place
 * is the first that is wrong.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lotsInOrder, shuffleCommitment, shuffled } from '../../src/core/shuffle.ts';
import { cleanEnv } from '../support/clean-env.ts';
import { type FakeServer, startFakeServer } from './cli-fake-server.ts';

const dibsFile = join(import.meta.dirname, '../../src/cli/dibs.ts');
const seed = 'ab'.repeat(32);
const people = Array.from({ length: 50 }, (_, i) => `u-${i}`);
const order = shuffled(seed, 'c', people);
const published = {
  campaignId: 'c',
  commitment: shuffleCommitment(seed),
  seed,
  lots: lotsInOrder(seed, 'c', order),
};

let server: FakeServer;
let folder: string;

beforeAll(async () => {
  server = await startFakeServer();
  server.addCampaign('c', 20);
  Object.assign(server.campaigns.get('c')?.fields ?? {}, { published });
  folder = mkdtempSync(join(tmpdir(), 'dibs-line-'));
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

interface Ended {
  code: number;
  out: string;
  err: string;
}

function verify(...args: string[]): Promise<Ended> {
  const env = cleanEnv({ DIBS_URL: server.url });
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [dibsFile, 'line', 'verify', ...args],
      { cwd: folder, env },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

function saved(changes: object): string {
  const path = join(folder, 'published.json');
  writeFileSync(path, JSON.stringify({ ...published, ...changes }));
  return path;
}

describe('dibs line verify', () => {
  it('says what was checked, of a server and of a file, without a key', async () => {
    const place = order.indexOf('u-7') + 1;
    const asked = await verify('--campaign', 'c', '--user', 'u-7', '--place', String(place));
    expect(asked).toMatchObject({ code: 0, out: expect.stringContaining(`u-7 stands at place ${place}`) });
    expect(asked.out.split('\n').filter((line) => line.trimStart().startsWith('✓'))).toHaveLength(4);
    const file = await verify('--file', saved({}), '--json');
    expect(JSON.parse(file.out)).toMatchObject({ ok: true, places: 50, campaignId: 'c' });
  });

  it('finds a place that was changed, and names the first', async () => {
    const lots = published.lots.with(11, published.lots[30] ?? '').with(30, published.lots[11] ?? '');
    const { code, out } = await verify('--file', saved({ lots }));
    expect(code).toBe(1);
    expect(out).toContain('The lot of place 13');
    expect(out).toMatch(/✓ +the seed has the hash[\s\S]*✗ +50 lots rise/);
  });

  it('finds another seed than the one that was promised', async () => {
    const other = 'cd'.repeat(32);
    const lots = lotsInOrder(other, 'c', shuffled(other, 'c', people));
    const swapped = { seed: other, lots };
    expect(await verify('--file', saved(swapped))).toMatchObject({
      code: 1,
      out: expect.stringContaining(`The seed's hash is ${shuffleCommitment(other)}`),
    });
    // Whoever changes the hash as well is found by who noted it before.
    const path = saved({ ...swapped, commitment: shuffleCommitment(other) });
    expect((await verify('--file', path)).code).toBe(0);
    expect((await verify('--file', path, '--commitment', published.commitment)).code).toBe(1);
  });

  it('finds a person elsewhere than he was told, and one who is not there', async () => {
    const place = order.indexOf('u-7') + 1;
    const told = place === 1 ? 2 : place - 1;
    const elsewhere = await verify('--campaign', 'c', '--user', 'u-7', '--place', String(told));
    expect(elsewhere).toMatchObject({
      code: 1,
      out: expect.stringContaining(`stands at place ${place}, not at ${told}`),
    });
    const absent = await verify('--campaign', 'c', '--user', 'nobody', '--place', '1');
    expect(absent).toMatchObject({ code: 1, out: expect.stringContaining('no lot of that person') });
  });

  it('says which hash to note when nothing is drawn yet, and what is wrong with its arguments', async () => {
    const early = await verify('--file', saved({ seed: null, lots: null }));
    expect(early).toMatchObject({ code: 1, out: expect.stringContaining(published.commitment) });
    expect((await verify('--user', 'u-7', '--campaign', 'c')).code).toBe(2);
    expect((await verify()).code).toBe(2);
    expect((await verify('--file', join(folder, 'nothing.json'))).code).toBe(2);
    writeFileSync(join(folder, 'other.json'), '{"items":[]}');
    const other = await verify('--file', join(folder, 'other.json'));
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining('not a published line') });
  });
});

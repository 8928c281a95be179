// Protects: the job `import-codes` takes a whole file into a pool or nothing of it, whatever chunk it is broken off in,
// and counts each code once; doubles and lines that are no codes are told by their lines.

import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeImportCodesJob } from '../../src/jobs/import-codes.ts';
import type { Job } from '../../src/jobs/job.ts';
import type { CodeImports } from '../../src/ports/code-pool.ts';
import type { Site } from '../support/http-site.ts';
import { startSite } from '../support/http-site.ts';
import type { RunOptions } from '../support/run-job.ts';
import { runToEnd } from '../support/run-job.ts';

let site: Site;
let job: Job;
const master = Buffer.alloc(32, 3);
const EVERY_CHUNK = Array.from({ length: 50 }, (_, i) => i);
const codesOf = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `PIN-${String(from + i).padStart(6, '0')}`);

beforeAll(async () => {
  site = await startSite();
  job = makeImportCodesJob({ ...site.parts, ...site.parts.stored, master });
});
afterAll(() => site.stop());

const run = (params: Record<string, unknown>, more: Partial<RunOptions> = {}) =>
  runToEnd(job, { params, system: site.parts.system, ...more });

async function fileOf(body: string | Uint8Array, type = 'text/csv'): Promise<string> {
  const made = await site.admin('/v1/admin/files', { body, headers: { 'content-type': type } });
  return String(made.json['id']);
}

async function pool(id: string): Promise<void> {
  const body = { id, name: id, quantity: 10, codes: { source: 'pool' } };
  expect((await site.admin('/v1/admin/campaigns', { body })).status).toBe(201);
}

const imported = async (id: string) => (await site.parts.stored.codePool.counts(id)).imported;

/** Imports that were begun and are neither taken in nor forgotten. */
const leftOver = () => site.parts.stored.codeImports.stale(Number.MAX_SAFE_INTEGER);

describe('import-codes', () => {
  it.each([
    ['plain', (text: string) => text, 'text/csv'],
    ['gzipped', (text: string) => gzipSync(text), 'application/gzip'],
  ] as const)('takes a file in, in its order, %s', async (name, pack, type) => {
    await pool(`p-${name}`);
    const text = `\ufeffcode\r\n${codesOf(1, 4500).join('\r\n')}\r\n\r\n`;
    const file = await fileOf(pack(text), type);
    const { steps, totals, result } = await run({ campaign: `p-${name}`, file, header: true });
    expect(totals).toEqual({ import: steps['import']?.read });
    expect(steps['import']).toMatchObject({ written: 4500, skips: {} });
    expect(result).toEqual({ imported: 4500, total: 4500 });
    expect(await imported(`p-${name}`)).toBe(4500);
    expect(await leftOver()).toEqual([]);
  });

  it('broken off in every chunk ends and counts as if it had not been', async () => {
    await pool('broken');
    const first = await fileOf(codesOf(1, 5000).join('\n'));
    const more = { brokenOff: EVERY_CHUNK, size: 700 };
    const { steps } = await run({ campaign: 'broken', file: first }, more);
    expect(steps['import']).toMatchObject({ read: 5001, written: 5000 });
    const second = await fileOf([...codesOf(4001, 7000), 'PIN-006000'].join('\n'));
    const skipping = await run({ campaign: 'broken', file: second, skipDuplicates: true }, more);
    expect(skipping.steps['import']).toMatchObject({ written: 2000, skips: { duplicate: 1001 } });
    expect(skipping.totals).toEqual({ import: skipping.steps['import']?.read });
    expect(skipping.result).toEqual({ imported: 2000, total: 7000 });
    const rows = await site.parts.stored.codePool.rows('broken', 1, 10_000);
    expect(rows.ends).toHaveLength(7000);
    const lines = (await site.admin('/v1/admin/audit?limit=50')).json['items'] as {
      action: string;
      target: string;
    }[];
    const imports = lines.filter(({ action, target }) => action === 'codes.import' && target === 'broken');
    expect(imports).toHaveLength(2);
  });

  it('takes nothing of a file with doubles, and says where they are', async () => {
    await pool('doubles');
    await run({ campaign: 'doubles', file: await fileOf('a-1\na-2\n') });
    const inFile = await fileOf('b-1\nb-2\nb-1\n');
    await expect(run({ campaign: 'doubles', file: inFile })).rejects.toThrow(/line 3 is the same as line 1/);
    const inPool = await fileOf('c-1\na-2\n');
    await expect(run({ campaign: 'doubles', file: inPool })).rejects.toThrow(/line 2 is in the pool already/);
    expect(await imported('doubles')).toBe(2);
    const all = await run({ campaign: 'doubles', file: await fileOf('a-2\n'), skipDuplicates: true });
    expect(all.result).toEqual({ imported: 0, total: 2 });
  });

  it('takes in the rest that others have brought in between only when nothing is there twice', async () => {
    await pool('between');
    const file = await fileOf(codesOf(1, 10).join('\n'));
    const at: RunOptions['at'] = new Map();
    const { codeImports } = site.parts.stored;
    const other = { codes: ['PIN-000003'] };
    const take: CodeImports['take'] = async (...args) => {
      const codes = other.codes.splice(0);
      if (codes.length > 0) await run({ campaign: 'between', file: await fileOf(codes.join('\n')) });
      return codeImports.take(...args);
    };
    const hasty = new Proxy(codeImports, {
      get: (of, name) => (name === 'take' ? take : (Reflect.get(of, name) as unknown)),
    });
    const stubborn = makeImportCodesJob({
      ...site.parts,
      ...site.parts.stored,
      master,
      codeImports: hasty,
    });
    const given = { params: { campaign: 'between', file }, system: site.parts.system, at };
    await expect(runToEnd(stubborn, given)).rejects.toThrow(/line 3 is in the pool already/);
    expect(await imported('between')).toBe(1);
  });

  it.each([
    ['two columns', 'a-1\nb,2\n', /^Line 2: more than one column/],
    ['binary', gzipSync(Buffer.from([0x61, 0x0a, 1, 2, 3])), /^Line 2: a control character/],
    ['too long', `a\n${'x'.repeat(1000)}\n`, /^Line 2: more than 256 bytes/],
    ['empty', '\n\n', /There is no code in the file/],
    ['half a gzip', gzipSync(codesOf(1, 100).join('\n')).subarray(0, 60), /no whole gzip/],
  ] as const)('takes nothing of a file that is wrong: %s', async (what, body, why) => {
    const id = `wrong-${what.replaceAll(' ', '-')}`;
    await pool(id);
    const file = await fileOf(body, typeof body === 'string' ? 'text/csv' : 'application/gzip');
    await expect(run({ campaign: id, file })).rejects.toThrow(why);
    expect(await imported(id)).toBe(0);
  });

  it('is refused for what is not there', async () => {
    await site.campaign('no-pool', 5);
    const file = await fileOf('a\n');
    const refused = async (params: object) => (await job.refuses?.(params as never))?.code;
    expect(await refused({ campaign: 'nope', file })).toBe('campaign_not_found');
    expect(await refused({ campaign: 'no-pool', file })).toBe('not_a_pool');
    expect(await refused({ campaign: 'doubles', file: 'nope' })).toBe('file_not_found');
  });
});

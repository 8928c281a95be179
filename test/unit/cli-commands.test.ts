/**
 * Every command says what it did, prints JSON when asked, ends with the promised exit code, and explains what went
 * wrong in words that say what to do. Run as people run them: as processes.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { changesOf, readCampaignFile } from '../../src/cli/campaign-file.ts';
import { renderCampaignSchema } from '../../src/cli/campaign-schema.ts';
import { cleanEnv } from '../support/clean-env.ts';
import { type FakeServer, startFakeServer } from './cli-fake-server.ts';

const dibsFile = join(import.meta.dirname, '../../src/cli/dibs.ts');
let server: FakeServer;
let folder: string;

beforeAll(async () => {
  server = await startFakeServer();
  folder = mkdtempSync(join(tmpdir(), 'dibs-cli-'));
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});
beforeEach(() => {
  server.campaigns.clear();
  server.addCampaign('c', 20);
});

interface Ended {
  code: number;
  out: string;
  err: string;
}

function dibs(args: string[], env: Record<string, string> = {}): Promise<Ended> {
  const own = { DIBS_URL: server.url, DIBS_ADMIN_KEY: server.key };
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [dibsFile, ...args],
      { cwd: folder, env: cleanEnv({ ...own, ...env }) },
      (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err });
      },
    );
  });
}

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};

describe('dibs', () => {
  it('names all commands, the environment and the exit codes', async () => {
    const { code, out } = await dibs(['--help']);
    expect(code).toBe(0);
    for (const word of ['serve', 'rush', 'compare', 'line', 'verify', 'DIBS_URL', 'Exit codes', 'Examples'])
      expect(out).toContain(word);
  });

  it('ends with 2 when it is used wrongly, and says where the help is', async () => {
    for (const args of [['bogus'], ['winners'], ['rush', '--campaign', 'c', '--users', 'many'], ['token']]) {
      const { code, err } = await dibs(args);
      expect(code, args.join(' ')).toBe(2);
      expect(err).toContain('--help');
    }
    const noKey = await dibs(['verify', '--campaign', 'c'], { DIBS_ADMIN_KEY: '' });
    expect(noKey).toMatchObject({ code: 2, err: expect.stringContaining('DIBS_ADMIN_KEY_FILE') });
  });

  it('ends with 3 when no server answers, as JSON too', async () => {
    const nowhere = { DIBS_URL: 'http://127.0.0.1:1' };
    const plain = await dibs(['verify', '--campaign', 'c'], nowhere);
    expect(plain).toMatchObject({ code: 3, err: expect.stringMatching(/no answer from .*npm start/s) });
    const json = await dibs(['rush', '--campaign', 'c', '--json'], nowhere);
    expect(json.code).toBe(3);
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, error: { code: 'unreachable' } });
  });

  it('tells a problem by its code and what to do about it', async () => {
    const { code, err } = await dibs(['verify', '--campaign', 'nothing']);
    expect(code).toBe(1);
    expect(err).toMatch(/campaign_not_found.*404/);
    expect(err).toContain('What to do about campaign_not_found.');
  });

  it('finds the key in the file that the server wrote', async () => {
    file('admin.key', `${server.key}\n`);
    const { code } = await dibs(['verify', '--campaign', 'c'], { DIBS_ADMIN_KEY: '', DIBS_DATA_DIR: folder });
    expect(code).toBe(0);
  });
});

describe('dibs campaign', () => {
  const chicken = 'id: chicken\nname: Chicken\nquantity: 100\nopensAt: 2026-12-01T10:00:00+09:00\n';

  it('apply creates, changes what differs, and leaves the rest', async () => {
    const path = file('a.yaml', `${chicken}---\nid: pizza\nquantity: 5\n`);
    const dry = await dibs(['campaign', 'apply', '-f', path, '--dry-run']);
    expect(dry).toMatchObject({ code: 0, out: expect.stringContaining('dry run') });
    expect(server.campaigns.has('chicken')).toBe(false);

    const created = await dibs(['campaign', 'apply', '-f', path]);
    expect(created.out).toMatch(/chicken created[\s\S]*pizza created/);

    // The same moment in another zone is no change.
    const same = `id: chicken\nquantity: 200\nopensAt: 2026-12-01T01:00:00Z\n`;
    const changed = await dibs(['campaign', 'apply', '-f', file('b.yaml', same), '--json']);
    expect(JSON.parse(changed.out)).toEqual([
      {
        id: 'chicken',
        result: 'changed',
        dryRun: false,
        changes: [{ field: 'quantity', before: 100, after: 200 }],
      },
    ]);
    expect(server.campaigns.get('chicken')?.fields).toMatchObject({ name: 'Chicken', quantity: 200 });
    const again = await dibs(['campaign', 'apply', '-f', file('b.yaml', same)]);
    expect(again.out).toContain('chicken unchanged');
  });

  const mistakes: [string, string, RegExp][] = [
    [
      'a time without an offset',
      'id: a\nquantity: 1\nopensAt: 2026-12-01T10:00:00\n',
      /line 3.*opensAt.*offset/,
    ],
    ['an unknown field', 'id: a\nquantity: 1\nquantty: 2\n', /line 3.*unknown field quantty/],
    ['a wrong value', 'id: a\nquantity: 1\nmode: fast\n', /line 3.*mode.*instant, ordered, queued/],
    ['no quantity', 'id: a\n', /quantity/],
    ['broken YAML', 'id: [a\n', /mistake\.yaml/],
    ['one id twice', 'id: a\nquantity: 1\n---\nid: a\nquantity: 2\n', /a twice/],
  ];
  it.each(mistakes)('apply names %s', (_what, text, expected) => {
    const path = file('mistake.yaml', text);
    expect(() => readCampaignFile(path)).toThrow(expect.objectContaining({ exitCode: 2 }));
    expect(() => readCampaignFile(path)).toThrow(expected);
  });

  it('apply knows what a line and a confirmation say, and compares them as the server tells them', () => {
    const text =
      'id: a\nquantity: 9\nmode: queued\nrelease: { perSecond: 5 }\nline: { maxLength: 50 }\nconfirm: { withinSeconds: 30 }\n';
    const [wanted] = readCampaignFile(file('line.yaml', text));
    if (!wanted) throw new Error('no campaign');
    const line = { maxLength: 50, cutAt: null, shuffleBeforeOpen: false };
    const current = { ...wanted, line };
    expect(changesOf(wanted, current)).toEqual([]);
    expect(changesOf(wanted, { ...current, line: { ...line, cutAt: 3 } })).toHaveLength(1);
    expect(() => readCampaignFile(file('line.yaml', `${text}pace: 3\n`))).toThrow(/unknown field pace/);
  });

  it('apply sends nothing when any document of the file is wrong', async () => {
    server.seen.length = 0;
    const path = file('half.yaml', `${chicken}---\nid: pizza\n`);
    expect(await dibs(['campaign', 'apply', '-f', path])).toMatchObject({ code: 2 });
    expect(server.seen).toEqual([]);
  });

  it('runs the life cycle, lists and shows', async () => {
    expect(await dibs(['campaign', 'pause', 'c'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/c is paused/),
    });
    expect(server.campaigns.get('c')?.status).toBe('paused');
    expect((await dibs(['campaign', 'list'])).out).toMatch(/c +paused +instant +disk +20/);
    expect(JSON.parse((await dibs(['campaign', 'show', 'c', '--json'])).out)).toMatchObject({
      id: 'c',
      quantity: 20,
    });
  });

  it('has a schema for editors that is what apply checks by', () => {
    const path = join(import.meta.dirname, '../../docs/reference/campaign.schema.json');
    expect(readFileSync(path, 'utf8')).toBe(renderCampaignSchema());
  });
});

describe('dibs rush, winners, verify', () => {
  it('shows a rush to people, and as JSON to programs', async () => {
    const shown = await dibs([
      'rush',
      '--campaign',
      'c',
      '--users',
      '300',
      '--double-press',
      '--retries',
      '30',
    ]);
    expect(shown.code).toBe(0);
    for (const part of [/won +20 /, /sold_out/, /p99/, /first winner +No. 1 /, /✓ +I9/, /Everything holds/]) {
      expect(shown.out).toMatch(part);
    }
    const json = await dibs(['rush', '--campaign', 'c', '--users', '300', '--json', '--processes', '2']);
    expect(JSON.parse(json.out)).toMatchObject({
      ok: true,
      summary: { users: 300, recorded: 20, unresolved: 0 },
    });
    expect(json.err).toBe('');
  });

  it('ends with 1 and says what is wrong when the server lies', async () => {
    server.lie = 'oversell';
    const { code, out } = await dibs(['rush', '--campaign', 'c', '--users', '100']);
    server.lie = null;
    expect(code).toBe(1);
    expect(out).toMatch(/✗ I1 .*\n.*21 wins were told, the quantity is 20/);
  });

  it('sends tokens instead of names when people sign in', async () => {
    const env = { DIBS_AUTH: 'jwt', DIBS_JWT_SECRET: 'a'.repeat(32) };
    const { code } = await dibs(['rush', '--campaign', 'c', '--users', '10', '--json'], env);
    expect(code).toBe(0);
  });

  it('lists winners in order, as rows, CSV and JSON lines', async () => {
    await dibs(['rush', '--campaign', 'c', '--users', '50']);
    const rows = (await dibs(['winners', '--campaign', 'c'])).out.trim().split('\n');
    expect(rows).toHaveLength(20);
    expect(rows[0]).toMatch(/^1 +u-\d+ +c-1 /);
    const csv = await dibs(['winners', '--campaign', 'c', '--csv']);
    expect(csv.out.split('\n')[0]).toBe('seq,userId,code,id,status,wonAt');
    const json = (await dibs(['winners', '--campaign', 'c', '--json'])).out.trim().split('\n');
    expect(JSON.parse(json[19] ?? '')).toMatchObject({ seq: 20, code: 'c-20' });
  });

  it('verifies, and ends with 1 when an invariant does not hold', async () => {
    const good = await dibs(['verify', '--campaign', 'c']);
    expect(good).toMatchObject({
      code: 0,
      out: expect.stringMatching(/✓ +I1 +No more issued\. +recorded 0/),
    });
    server.lie = 'oversell';
    await dibs(['rush', '--campaign', 'c', '--users', '50']);
    server.lie = null;
    const bad = await dibs(['verify', '--campaign', 'c']);
    expect(bad).toMatchObject({ code: 1, out: expect.stringContaining('dibs reconcile --campaign c') });
  });

  it('says what a report leaves open: wins on their way, a gate that does not answer', async () => {
    const { out } = await dibs(['verify', '--campaign', 'c']);
    expect(out).toMatch(/on their way to the record[\s\S]*gate does not answer[\s\S]*Every invariant holds/);
  });
});

describe('dibs reconcile', () => {
  const run = (...args: string[]) => dibs(['reconcile', '--campaign', 'c', ...args]);

  it('only looks, and says what it would do', async () => {
    const { code, out } = await run();
    expect(code).toBe(1);
    expect(out).toMatch(/looked only[\s\S]*gate not compared, record 0, dead letters 0/);
    expect(out).toMatch(
      /✗ +left behind +30 +Decided, and left\.\n +No\. 7, 8 …\n +→ with --apply: send it on/,
    );
    expect(out).toMatch(/– +reserved +1 /);
    expect(JSON.parse((await run('--dry-run', '--json')).out)).toMatchObject({ applied: false });
  });

  it('applies, and releases with a reason', async () => {
    const applied = await run('--apply');
    expect(applied).toMatchObject({
      code: 0,
      out: expect.stringMatching(/✓ +left behind[\s\S]*→ give it back/),
    });
    const released = await run('--apply', '--release-reserved', '--reason', 'a day is over');
    expect(released.out).toMatch(/✓ +reserved +1 +Waits\. a day is over/);
  });

  it('is used wrongly without a reason, or with both ways at once', async () => {
    expect(await run('--apply', '--release-reserved')).toMatchObject({ code: 2 });
    expect(await run('--apply', '--dry-run')).toMatchObject({ code: 2 });
  });
});

describe('dibs token, key, doctor', () => {
  it('makes a token that the secret proves', async () => {
    const secret = 'b'.repeat(32);
    const args = [
      'token',
      '--sub',
      'u-17',
      '--expires',
      '1h',
      '--audience',
      'shop',
      '--claim',
      'tier=["gold"]',
    ];
    const { out } = await dibs(args, { DIBS_JWT_SECRET: secret });
    const { payload } = await jwtVerify(out.trim(), new TextEncoder().encode(secret), { audience: 'shop' });
    expect(payload).toMatchObject({ sub: 'u-17', tier: ['gold'] });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
    expect((await dibs(['token', '--sub', 'u'])).code).toBe(2);
  });

  it('adds a key and prints it alone on stdout, lists and revokes', async () => {
    const added = await dibs(['key', 'add', '--role', 'read', '--name', 'grafana']);
    expect(added).toMatchObject({ code: 0, out: 'dibs_secret\n', err: expect.stringContaining('this once') });
    expect((await dibs(['key', 'list'])).out).toMatch(/k1 +read +grafana/);
    expect(await dibs(['key', 'revoke', 'k1'])).toMatchObject({ code: 0 });
    expect(await dibs(['key', 'revoke', 'k9'])).toMatchObject({ code: 1 });
    expect(await dibs(['key', 'add', '--role', 'boss', '--name', 'x'])).toMatchObject({ code: 2 });
  });

  it('looks at machine, settings, levels and server', async () => {
    const { code, out } = await dibs(['doctor', '--json']);
    expect(code).toBe(0);
    const report = JSON.parse(out) as Record<string, { name: string; finding: string }[]>;
    expect(report['machine']?.map(({ name }) => name)).toEqual([
      'Node',
      'settings',
      'data folder',
      'free disk',
      'fsync',
    ]);
    expect(report['server']?.map(({ finding }) => finding)).toEqual(['ok', 'ok', 'ok']);
    expect(report['levels']?.map(({ finding }) => finding)).toEqual(['ok', 'ok', 'warn', 'warn']);
  });

  it('asks the parts that the settings name, and says which level has what it needs', async () => {
    const nowhere = {
      DIBS_REDIS_URL: 'redis://:secret-word@127.0.0.1:1',
      DIBS_KAFKA_BROKERS: '127.0.0.1:1',
      DIBS_DATABASE_URL: 'mysql://dibs:secret-word@127.0.0.1:1/dibs',
    };
    const { code, out } = await dibs(['doctor', '--offline', '--json'], nowhere);
    expect(code).toBe(1);
    const report = JSON.parse(out) as {
      parts: { part: string; findings: { finding: string }[] }[];
      levels: { name: string; found: string }[];
    };
    expect(report.parts.map(({ part, findings }) => [part, findings.map(({ finding }) => finding)])).toEqual([
      ['Redis', ['fail']],
      ['Kafka', ['fail']],
      ['MySQL', ['fail']],
    ]);
    expect(report.levels.map(({ found }) => found)).toEqual(Array(4).fill('does not hold'));
    expect(out).not.toContain('secret-word');
  });

  it('says what is wrong and what to do', async () => {
    const unwritable = await dibs(['doctor', '--offline', '--data-dir', '/proc/nowhere']);
    expect(unwritable).toMatchObject({
      code: 1,
      out: expect.stringMatching(/not writable[\s\S]*DIBS_DATA_DIR/),
    });
    const misspelt = await dibs(['doctor', '--offline'], { DIBS_PROT: '1' });
    expect(misspelt).toMatchObject({ code: 1, out: expect.stringContaining('DIBS_PORT') });
    expect((await dibs(['doctor'], { DIBS_URL: 'http://127.0.0.1:1' })).code).toBe(3);
    expect((await dibs(['doctor'], { DIBS_ADMIN_KEY: 'wrong' })).code).toBe(1);
  });
});

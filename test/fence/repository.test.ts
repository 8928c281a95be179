// Protects: what a newcomer gets is what we tested. Every test file really runs, the lock file installs anywhere, and
// nothing that is true only on one person's machine is committed.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { missingEntries } from '../../scripts/complete-lock.ts';
import { root } from './source.ts';

/** Files of the project: tracked, and new ones that git does not ignore. */
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(root, path)));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

/** Files that look like tests to a reader, wherever they are. */
function testFiles(paths: string[]): string[] {
  return paths.filter(
    (path) => /[.](test|spec)[.][cm]?[jt]sx?$/.test(path) || /(^|\/)__tests__\//.test(path),
  );
}

describe('tests', () => {
  it('are all run by some project of vitest', () => {
    expect(testFiles(files).filter((path) => !filesOfVitest().includes(path))).toEqual([]);
  });

  it('would be found missing anywhere', () => {
    const strays = ['src/core/gate.test.ts', 'test/gate.spec.ts', 'src/__tests__/gate.ts', 'web/a.test.tsx'];
    expect(testFiles(strays)).toEqual(strays);
    for (const stray of strays) expect(filesOfVitest()).not.toContain(stray);
  });
});

let listed: string[] | undefined;

/** What `vitest list` says that it would run. */
function filesOfVitest(): string[] {
  if (listed !== undefined) return listed;
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const json = execFileSync(process.execPath, [vitest, 'list', '--filesOnly', '--json'], {
    cwd: root,
    encoding: 'utf8',
  });
  const found = JSON.parse(json) as { file: string }[];
  listed = found.map(({ file }) => relative(root, file).split(sep).join('/'));
  return listed;
}

describe('package-lock.json', () => {
  const lock = JSON.parse(read('package-lock.json')) as Parameters<typeof missingEntries>[0];
  const packageJson = JSON.parse(read('package.json')) as Record<string, unknown>;

  it('names no registry addresses', () => {
    expect(read('package-lock.json')).not.toContain('"resolved"');
  });

  it('holds the packages of all platforms (else: npm run lock)', () => {
    expect(Object.keys(missingEntries(lock))).toEqual([]);
    const withHole = {
      packages: { 'node_modules/a': { optionalDependencies: { 'a-linux-arm64-musl': '1.0.0' } } },
    };
    expect(missingEntries(withHole)).toEqual({
      'node_modules/a-linux-arm64-musl': {
        version: '1.0.0',
        cpu: ['arm64'],
        libc: ['musl'],
        os: ['linux'],
        optional: true,
      },
    });
  });

  it('agrees with package.json on every dependency', () => {
    const locked = lock.packages[''] as Record<string, unknown>;
    for (const kind of ['dependencies', 'devDependencies']) expect(locked[kind]).toEqual(packageJson[kind]);
  });
});

describe('committed files', () => {
  it('name no path, registry or login of one machine', () => {
    expect(files.flatMap((path) => machineTraces(path, read(path)))).toEqual([]);
  });

  it('would be found out', () => {
    const bad = [
      `see ${sep}home${sep}ann/dibs`,
      `"${sep}root${sep}dibs"`,
      `${sep}work${sep}dibs`,
      `C:${'\\'}Users${'\\'}ann`,
      `${'registry'}=https://npm.example.org/`,
      `//npm.example.org/:${'_auth'}Token=x`,
      `cd ${root}`,
    ];
    for (const text of bad) expect(machineTraces('a.md', text)).toHaveLength(1);
    expect(machineTraces('a.md', 'GET /v1/work/1, https://example.org/home/page, ./root/a')).toEqual([]);
  });
});

function machineTraces(path: string, text: string): string[] {
  const patterns = [
    /(?<![\w./:-])\/(?:home\/\w+|root|work|Users\/\w+)\//,
    /\b[A-Z]:\\Users\\/,
    /\bregistry\s*=\s*https?:/,
    /_auth(?:Token)?\s*=/,
  ];
  const literals = [root, homedir()].filter((literal) => literal.length > 5);
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const found =
      patterns.some((pattern) => pattern.test(line)) || literals.some((literal) => line.includes(literal));
    return found ? [`${path}:${index + 1}: ${line.slice(0, 120)}`] : [];
  });
}

describe('continuous integration', () => {
  it("runs the README's own test command and nothing else", () => {
    const commands = read('.ci/run')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(commands).toHaveLength(3);
    expect(commands[0]).toBe('set -euo pipefail');
    expect(commands[2]).toBe('CI=true npm test');
    expect(read('.github/workflows/ci.yml')).toContain('- run: .ci/run');
  });
});

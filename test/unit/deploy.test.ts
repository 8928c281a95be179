// Protects: what deploy/ says fits what Dibs reads. Its settings pass the check that a start makes, no secret is baked
// in, everything is waited for until it serves, and the image holds what it copies and runs.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string) => readFileSync(join(root, path), 'utf8');

interface Container {
  image: string;
  environment?: Record<string, string | number>;
  command?: string[];
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition: string }>;
  volumes?: string[];
}

const compose = parse(read('deploy/compose.yaml'), { merge: true }) as {
  services: Record<string, Container>;
  volumes: Record<string, unknown>;
};
const services = Object.entries(compose.services);
const ours = services.filter(([, { image }]) => image === 'dibs');
const parts = services.filter(([, { image }]) => image !== 'dibs');
/** Names that must be set, each with a value that looks like `openssl rand -hex 32`. */
const secrets = Object.fromEntries(
  [...read('deploy/.env.example').matchAll(/^([A-Z_]+)=$/gm)].map(([, name], i) => [
    name,
    `${i}f`.repeat(32),
  ]),
);

/** As Compose does it; what is missing is an error there, and here. */
function filledIn(text: string): string {
  return text.replaceAll(
    /\$\{(\w+)(?::([?-])([^}]*))?\}/g,
    (_, name: string, mark?: string, rest?: string) => {
      const value = secrets[name];
      if (value !== undefined) return value;
      if (mark === '-') return rest ?? '';
      throw new Error(`${name} is not in .env.example`);
    },
  );
}

describe('compose.yaml', () => {
  it.each(ours)('%s would start with these settings', (_, { environment = {} }) => {
    const env = Object.fromEntries(
      Object.entries(environment).map(([name, text]) => [name, filledIn(`${text}`)]),
    );
    expect(Object.keys(env)).toContain('DIBS_ROLE');
    const loaded = loadConfig({ ...imageSettings(), ...env }, {}, () => '');
    expect(loaded.ok ? [] : loaded.errors).toEqual([]);
  });

  it('bakes no secret in, and asks for each by name', () => {
    const asked = [...read('deploy/compose.yaml').matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name);
    expect(new Set(asked)).toEqual(new Set(Object.keys(secrets)));
    const settings = services.flatMap(([, { environment = {} }]) => Object.entries(environment));
    const secret = settings.filter(
      ([name]) => /PASSWORD|SECRET|_AUTH$|ADMIN_KEY|_URL$/.test(name) && name !== 'DIBS_AUTH',
    );
    expect(secret.length).toBeGreaterThan(6);
    for (const [name, value] of secret) expect(`${name}: ${value}`).toMatch(/\$\{\w+:\?/);
  });

  it('waits for every part until it serves, and keeps its data', () => {
    expect(parts.map(([name]) => name).sort()).toEqual(['kafka', 'mysql', 'redis']);
    for (const [name, { healthcheck, volumes = [] }] of parts) {
      expect(healthcheck?.test[0]).toBe('CMD-SHELL');
      expect(volumes.map((volume) => volume.split(':')[0])).toEqual([name]);
      expect(Object.keys(compose.volumes)).toContain(name);
      for (const [, { depends_on = {} }] of ours) expect(depends_on[name]?.condition).toBe('service_healthy');
    }
  });

  it('lets Redis throw nothing away', () => {
    const command = compose.services['redis']?.command?.join(' ');
    expect(command).toContain('--maxmemory-policy noeviction');
    expect(command).toContain('--appendonly yes');
  });
});

const dockerfile = read('deploy/Dockerfile').replaceAll('\\\n', ' ');
const lines = (word: string) =>
  dockerfile
    .split('\n')
    .flatMap((line) => (line.startsWith(`${word} `) ? [line.slice(word.length + 1)] : []));

/** What the image sets by itself. */
function imageSettings(): Record<string, string> {
  return Object.fromEntries(
    lines('ENV').flatMap((line) =>
      [...line.matchAll(/(DIBS_\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
    ),
  );
}

describe('the image', () => {
  it('copies what is there, and is sent it', () => {
    const sent = read('deploy/Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line.startsWith('!'));
    const fromCheckout = lines('COPY').filter((line) => !line.startsWith('--from='));
    const copied = [...new Set(fromCheckout.flatMap((line) => line.trim().split(/\s+/).slice(0, -1)))];
    expect(copied.map((path) => `!${path}`).sort()).toEqual(sent.sort());
    for (const path of copied) expect(existsSync(join(root, path)), path).toBe(true);
  });

  it('runs Dibs on the Node that it needs, not as root, and asks /readyz how it is', () => {
    const { engines } = JSON.parse(read('package.json')) as { engines: { node: string } };
    const node = `node:${engines.node.replace('>=', '')}-slim`;
    expect(lines('FROM')).toEqual([`${node} AS console`, node]);
    expect(lines('USER')).toEqual(['node']);
    expect(JSON.parse(lines('ENTRYPOINT')[0] ?? '')).toEqual(['node', 'src/cli/dibs.ts']);
    const [, check = ''] = /CMD (\[.*\])$/.exec(lines('HEALTHCHECK')[0] ?? '') ?? [];
    expect((JSON.parse(check) as string[])[2]).toContain("process.env.DIBS_PORT + '/readyz'");
  });

  it('brings the console built, where the server looks for it', () => {
    expect(lines('COPY').filter((line) => line.startsWith('--from='))).toEqual([
      '--from=console /app/web/dist ./web/dist',
    ]);
    expect(lines('RUN')).toContain('node scripts/build-pages.ts');
  });

  it('alone, with a secret for tokens, would start too', () => {
    const env = { ...imageSettings(), DIBS_AUTH: 'jwt', DIBS_JWT_SECRET: 'x'.repeat(32) };
    expect(loadConfig(env, {}, () => '')).toMatchObject({ ok: true });
  });
});

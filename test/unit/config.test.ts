// Protects: a server starts only with a configuration that was understood, and a mistake in it is told by name, value
// and what is allowed, without giving a secret away.

import { describe, expect, it } from 'vitest';
import { type Config, describeConfigErrors, loadConfig } from '../../src/config/load.ts';
import { isLoopback } from '../../src/config/loopback.ts';
import { optionRows } from '../../src/config/options.ts';
import { optionsHelp, shownConfig } from '../../src/config/show.ts';

const longSecret = 'a-secret-of-thirty-two-bytes-or-more';

function load(
  env: Record<string, string>,
  flags: Record<string, unknown> = {},
  files: Record<string, string> = {},
) {
  return loadConfig(env, flags, (path) => {
    const text = files[path];
    if (text === undefined) throw new Error(`ENOENT: ${path}`);
    return text;
  });
}

function good(...args: Parameters<typeof load>): Config {
  const loaded = load(...args);
  if (!loaded.ok) throw new Error(describeConfigErrors(loaded.errors));
  return loaded.config;
}

function errorsOf(...args: Parameters<typeof load>): string {
  const loaded = load(...args);
  expect(loaded.ok).toBe(false);
  return loaded.ok ? '' : describeConfigErrors(loaded.errors);
}

describe('the table', () => {
  it('has one row for a name, a key and a flag, and they say the same', () => {
    for (const { name, key, flag, secret } of optionRows) {
      const kebab = name.slice('DIBS_'.length).toLowerCase().replaceAll('_', '-');
      expect(flag).toBe(`--${kebab}${secret ? '-file' : ''}`);
      expect(key).toBe(kebab.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase()));
    }
    expect(new Set(optionRows.map(({ name }) => name)).size).toBe(optionRows.length);
  });

  it('holds the names and defaults that others rely on', () => {
    const defaults = Object.fromEntries(optionRows.map(({ name, default: value }) => [name, value]));
    expect(defaults).toMatchObject({
      DIBS_HOST: '127.0.0.1',
      DIBS_PORT: '8080',
      DIBS_DATA_DIR: './data',
      DIBS_DATABASE_URL: null,
      DIBS_REDIS_URL: null,
      DIBS_KAFKA_BROKERS: null,
      DIBS_ADMIN_KEY: null,
      DIBS_AUTH: 'open',
      DIBS_AUTH_OPEN_ANYWHERE: 'no',
      DIBS_JWT_SECRET: null,
      DIBS_JWKS_URL: null,
      DIBS_JWT_ISSUER: null,
      DIBS_JWT_AUDIENCE: null,
      DIBS_MASTER_SECRET: null,
      DIBS_RATE_LIMIT: 'auto',
      DIBS_TRUST_PROXY: 'no',
      DIBS_CORS_ORIGINS: null,
      DIBS_LOG_LEVEL: 'info',
    });
  });

  it('has defaults that its own readers accept', () => {
    expect(good({})).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      auth: 'open',
      rateLimit: {},
      trustProxy: [],
      corsOrigins: [],
    });
  });

  it('is all in the help', () => {
    for (const { name, flag } of optionRows) {
      expect(optionsHelp()).toContain(name);
      expect(optionsHelp()).toContain(`${flag} <`);
    }
  });
});

describe('where a value comes from', () => {
  it('a flag wins over the environment, the environment over the default', () => {
    expect(good({ DIBS_PORT: '9000' }).port).toBe(9000);
    expect(good({ DIBS_PORT: '9000' }, { port: '9001' }).port).toBe(9001);
    expect(good({}, { authOpenAnywhere: true, json: true }).authOpenAnywhere).toBe(true);
  });

  it('an empty value counts as none', () => {
    expect(good({ DIBS_PORT: '', DIBS_ADMIN_KEY: ' ' })).toMatchObject({ port: 8080, adminKey: undefined });
  });

  it('a secret comes from its file too, without the newline at the end', () => {
    const files = { key: 'from-file\n', other: 'from-flag' };
    expect(good({ DIBS_ADMIN_KEY_FILE: 'key' }, {}, files).adminKey).toBe('from-file');
    expect(good({ DIBS_ADMIN_KEY_FILE: 'key' }, { adminKeyFile: 'other' }, files).adminKey).toBe('from-flag');
    expect(errorsOf({ DIBS_ADMIN_KEY_FILE: 'key', DIBS_ADMIN_KEY: 'k' }, {}, files)).toContain('not both');
    expect(errorsOf({ DIBS_ADMIN_KEY_FILE: 'nowhere' })).toMatch(/DIBS_ADMIN_KEY_FILE=nowhere .*ENOENT/);
    expect(errorsOf({ DIBS_ADMIN_KEY_FILE: 'empty' }, {}, { empty: '\n' })).toContain('not empty');
  });

  it('is not the link that Kubernetes makes for a service called dibs', () => {
    const links = {
      DIBS_PORT: 'tcp://10.0.0.1:8080',
      DIBS_SERVICE_HOST: '10.0.0.1',
      DIBS_PORT_8080_TCP: 'tcp://…',
    };
    expect(good(links).port).toBe(8080);
  });
});

describe('a wrong value', () => {
  it.each([
    ['DIBS_PORT', '80a', 'a whole number from 0 to 65535'],
    ['DIBS_PORT', '65536', 'a whole number from 0 to 65535'],
    ['DIBS_PORT', '-1', 'a whole number from 0 to 65535'],
    ['DIBS_PORT', '1e3', 'a whole number from 0 to 65535'],
    ['DIBS_AUTH', 'none', 'one of open, jwt'],
    ['DIBS_AUTH_OPEN_ANYWHERE', 'maybe', 'yes or no'],
    ['DIBS_LOG_LEVEL', 'loud', 'one of trace, debug'],
    ['DIBS_RATE_LIMIT', '10/s', 'user=10/s,ip=200/s'],
    ['DIBS_RATE_LIMIT', 'user=0/s', 'at least 1'],
    ['DIBS_RATE_LIMIT', 'user=1/s,user=2/s', 'either part'],
    ['DIBS_RATE_LIMIT', 'user=1/h', 'per s or m'],
    ['DIBS_JWKS_URL', 'http://keys.example/jwks', 'an https:// address'],
    ['DIBS_PUBLIC_URL', 'dibs.example', 'an http:// or https:// address'],
    ['DIBS_CORS_ORIGINS', 'https://a.example/path', 'origins like'],
    ['DIBS_TRUST_PROXY', '10.0.0.0/33', 'addresses and networks'],
    ['DIBS_TRUST_PROXY', 'proxy.example', 'addresses and networks'],
    ['DIBS_KAFKA_BROKERS', 'localhost:9092', 'only together with DIBS_DATABASE_URL=mysql'],
    ['DIBS_ROLE', 'api', 'all without DIBS_REDIS_URL'],
    ['DIBS_ROLE', 'apis', 'api, decider, relay, recorder, jobs'],
    ['DIBS_WORKERS', '2', '1 without DIBS_REDIS_URL'],
    ['DIBS_MAX_IN_FLIGHT', '0', 'from 1 to 1000000'],
  ])('%s=%s is told with what is allowed', (name, value, allowed) => {
    const text = errorsOf({ [name]: value });
    expect(text).toContain(`${name}="${value}"`);
    expect(text).toContain(allowed);
  });

  it('is told together with all others', () => {
    expect(errorsOf({ DIBS_PORT: 'x', DIBS_AUTH: 'y' }).split('\n')).toHaveLength(2);
  });

  it.each(['DIBS_JWT_SECRET', 'DIBS_REDIS_URL', 'DIBS_DATABASE_URL'])('of %s is not shown', (name) => {
    const text = errorsOf({ [name]: 'pg://:hunter2@db' });
    expect(text).toContain(`${name}=(secret, 16 bytes)`);
    expect(text).not.toContain('hunter2');
  });

  it('in a name is answered with the nearest one', () => {
    expect(errorsOf({ DIBS_PROT: '1' })).toContain('did you mean DIBS_PORT?');
    expect(errorsOf({ DIBS_RATELIMIT: 'off' })).toContain('did you mean DIBS_RATE_LIMIT?');
    expect(errorsOf({ DIBS_SOMETHING_ELSE: '1' })).not.toContain('did you mean');
    expect(good({ DIBS_TEST_REDIS_URL: 'redis://…', PORT: '1' }).port).toBe(8080);
  });
});

describe('between options', () => {
  it('open claims are refused on an address that others can reach, unless that is said twice', () => {
    expect(errorsOf({ DIBS_HOST: '0.0.0.0' })).toContain('DIBS_AUTH_OPEN_ANYWHERE=yes');
    expect(good({ DIBS_HOST: '0.0.0.0', DIBS_AUTH_OPEN_ANYWHERE: 'yes' }).auth).toBe('open');
    for (const host of ['localhost', '127.0.0.2', '::1', '[::1]'])
      expect(good({ DIBS_HOST: host }).host).toBe(host);
  });

  it('jwt needs a secret of 32 bytes or the address of keys, and not both', () => {
    expect(errorsOf({ DIBS_AUTH: 'jwt' })).toContain('DIBS_JWT_SECRET or DIBS_JWKS_URL');
    expect(errorsOf({ DIBS_AUTH: 'jwt', DIBS_JWT_SECRET: 'short' })).toContain('at least 32 bytes');
    const jwksUrl = 'http://127.0.0.1:9000/jwks';
    expect(good({ DIBS_AUTH: 'jwt', DIBS_JWT_SECRET: longSecret }).jwtSecret).toBe(longSecret);
    expect(good({ DIBS_AUTH: 'jwt', DIBS_JWKS_URL: jwksUrl }).jwksUrl).toBe(jwksUrl);
    expect(errorsOf({ DIBS_AUTH: 'jwt', DIBS_JWT_SECRET: longSecret, DIBS_JWKS_URL: jwksUrl })).toContain(
      'one of the two',
    );
  });

  it('short keys are for the own machine only', () => {
    expect(good({ DIBS_ADMIN_KEY: 'k', DIBS_MASTER_SECRET: 'm' }).adminKey).toBe('k');
    const elsewhere = { DIBS_HOST: '::', DIBS_AUTH: 'jwt', DIBS_JWT_SECRET: longSecret };
    expect(errorsOf({ ...elsewhere, DIBS_ADMIN_KEY: 'k' })).toMatch(
      /DIBS_ADMIN_KEY=\(secret, 1 bytes\).*at least 16/,
    );
  });

  it('the rate limit `auto` is off on a loopback address and on elsewhere', () => {
    const elsewhere = { DIBS_HOST: '0.0.0.0', DIBS_AUTH_OPEN_ANYWHERE: 'yes' };
    const limits = { user: { tries: 10, periodMs: 1000 }, ip: { tries: 200, periodMs: 1000 } };
    expect(good({}).rateLimit).toEqual({});
    expect(good(elsewhere).rateLimit).toEqual(limits);
    expect(good({ ...elsewhere, DIBS_RATE_LIMIT: 'off' }).rateLimit).toEqual({});
    expect(good({ DIBS_RATE_LIMIT: 'ip=30/m' }).rateLimit).toEqual({ ip: { tries: 30, periodMs: 60_000 } });
  });
});

describe('values of several forms', () => {
  it('proxies', () => {
    const proxies = (text: string) => good({ DIBS_TRUST_PROXY: text }).trustProxy;
    expect(proxies('no')).toEqual([]);
    expect(proxies('yes')).toContain('10.0.0.0/8');
    expect(proxies('203.0.113.0/24, loopback,::1')).toEqual([
      '203.0.113.0/24',
      '127.0.0.0/8',
      '::1/128',
      '::1',
    ]);
  });

  it('origins and addresses lose the slash at the end', () => {
    expect(good({ DIBS_CORS_ORIGINS: 'https://a.example/, *' }).corsOrigins).toEqual([
      'https://a.example',
      '*',
    ]);
    expect(good({ DIBS_PUBLIC_URL: 'https://dibs.example/' }).publicUrl).toBe('https://dibs.example');
  });

  it('loopback addresses', () => {
    expect(['127.0.0.1', '127.9.9.9', 'LOCALHOST', '::ffff:127.0.0.1'].filter(isLoopback)).toHaveLength(4);
    expect(['0.0.0.0', '::', '10.0.0.1', 'localhost.example', '128.0.0.1', ''].filter(isLoopback)).toEqual(
      [],
    );
  });
});

it('a shown configuration has no secret in it', () => {
  const shown = shownConfig(good({ DIBS_ADMIN_KEY: 'hunter2', DIBS_RATE_LIMIT: 'user=3/m' }));
  expect(JSON.stringify(shown)).not.toContain('hunter2');
  expect(shown).toMatchObject({
    DIBS_ADMIN_KEY: '(set)',
    DIBS_RATE_LIMIT: 'user=3/m',
    DIBS_JWT_SECRET: '(none)',
  });
});

describe('parts that several processes share', () => {
  const shared = {
    DIBS_REDIS_URL: 'redis://r',
    DIBS_DATABASE_URL: 'mysql://a:b@h/d',
    DIBS_KAFKA_BROKERS: 'k:9092,k2:9092',
  };
  const without = (name: keyof typeof shared) => ({ ...shared, [name]: undefined });

  it.each([
    ['Redis alone', { DIBS_REDIS_URL: 'redis://r' }, 'DIBS_DATABASE_URL=mysql'],
    ['a database alone', { DIBS_DATABASE_URL: 'mysql://a:b@h/d' }, 'would give every unit twice'],
    ['Kafka alone', { DIBS_KAFKA_BROKERS: 'k:9092' }, 'only together with DIBS_DATABASE_URL=mysql'],
    ['another database', { ...shared, DIBS_DATABASE_URL: 'postgres://h/d' }, 'sqlite:<path> or mysql://'],
    ['a login without its user', { ...shared, DIBS_KAFKA_SASL: 'plain' }, 'DIBS_KAFKA_PASSWORD'],
    ['many that serve nobody', { ...shared, DIBS_ROLE: 'relay', DIBS_WORKERS: '2' }, 'without the role api'],
  ])('%s is refused', (_, env, allowed) => {
    expect(errorsOf(env)).toContain(allowed);
  });

  it.each([
    ['all of them', shared],
    ['no Kafka', without('DIBS_KAFKA_BROKERS')],
    ['no Redis', without('DIBS_REDIS_URL')],
    ['a role and several processes', { ...shared, DIBS_ROLE: 'api,recorder', DIBS_WORKERS: '4' }],
  ])('%s will do', (_, env) => {
    const loaded = loadConfig(env, {}, () => '');
    expect(loaded).toMatchObject({ ok: true });
  });
});

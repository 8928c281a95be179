/** From the environment and the flags to a checked configuration, or to everything that is wrong with them at once. */

import type { Config } from './config.ts';
import { isLoopback } from './loopback.ts';
import { nearest } from './nearest.ts';
import { type Option, optionRows } from './options.ts';
import { parseOption, type Value } from './parse.ts';
import { parseRateLimit, publicRateLimit } from './rate-limit.ts';
import { type ConfigError, crossErrors, mask } from './rules.ts';

export type { Config } from './config.ts';
export type { ConfigError } from './rules.ts';

export type LoadedConfig = { ok: true; config: Config } | { ok: false; errors: ConfigError[] };

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Flags by the key of their option (`{ port: '9000', jwtSecretFile: './secret' }`), as commander hands them over.
 * What is no option here is left to the command.
 */
type Flags = Readonly<Record<string, unknown>>;

const listTypes = ['list', 'origins', 'proxies'];

type Found = { value: Value | undefined } | { error: ConfigError };

/**
 * Reads all options. A flag wins over the environment, which wins over the default; an empty value counts as absent.
 * @param readFile reads a secret's file as text; it may throw
 */
export function loadConfig(env: Environment, flags: Flags, readFile: (path: string) => string): LoadedConfig {
  const errors: ConfigError[] = unknownNames(env);
  const values: Record<string, Value | undefined> = {};
  for (const option of optionRows) {
    const found = findValue(option, env, flags, readFile);
    if ('error' in found) errors.push(found.error);
    else values[option.key] = found.value;
  }
  if (errors.length > 0) return { ok: false, errors };
  settleRateLimit(values);
  // Every key of the table is set by now, each to what its own reader returned: that is what Config says.
  const config = values as unknown as Config;
  const wrong = crossErrors(config);
  return wrong.length > 0 ? { ok: false, errors: wrong } : { ok: true, config };
}

/** The errors as text for a terminal, one a line. */
export function describeConfigErrors(errors: readonly ConfigError[]): string {
  return errors.map(({ name, value, allowed }) => `${name}=${value} is not allowed: ${allowed}.`).join('\n');
}

function findValue(
  option: Option,
  env: Environment,
  flags: Flags,
  readFile: (path: string) => string,
): Found {
  const given = findText(option, env, flags, readFile);
  if (given !== undefined && typeof given !== 'string') return { error: given };
  const text = given ?? option.default ?? undefined;
  if (text === undefined) return { value: listTypes.includes(option.type) ? [] : undefined };
  const wrong = (allowed: string) => ({
    error: { name: option.name, value: option.secret ? mask(text) : JSON.stringify(text), allowed },
  });
  const parsed = parseOption(option, text);
  return parsed.ok ? { value: parsed.value } : wrong(parsed.allowed);
}

/** The text as given, undefined when nothing is given, or what is wrong with how it is given. */
function findText(
  option: Option,
  env: Environment,
  flags: Flags,
  readFile: (path: string) => string,
): string | ConfigError | undefined {
  const direct = isKubernetesLink(option.name, env[option.name]) ? undefined : env[option.name];
  if (!option.secret) return textOf(flags[option.key]) ?? textOf(direct);
  const fileName = `${option.name}_FILE`;
  const flagFile = textOf(flags[`${option.key}File`]);
  const envFile = textOf(env[fileName]);
  if (flagFile === undefined && envFile !== undefined && textOf(direct) !== undefined) {
    return { name: fileName, value: envFile, allowed: `one of ${option.name} and ${fileName}, not both` };
  }
  const path = flagFile ?? envFile;
  // Not trimmed: a space may belong to a secret.
  if (path === undefined) return textOf(direct) === undefined ? undefined : direct;
  try {
    const secret = readFile(path).replace(/\r?\n$/, '');
    return secret === '' ? { name: fileName, value: path, allowed: 'a file that is not empty' } : secret;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { name: fileName, value: path, allowed: `a file that can be read (${reason})` };
  }
}

function textOf(value: unknown): string | undefined {
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const text = String(value).trim();
  return text === '' ? undefined : text;
}

/** `auto` depends on the address: nobody limits himself on his own machine, and nobody should forget it elsewhere. */
function settleRateLimit(values: Record<string, Value | undefined>): void {
  if (values['rateLimit'] !== 'auto') return;
  const host = values['host'];
  const atHome = typeof host === 'string' && isLoopback(host);
  values['rateLimit'] = atHome ? {} : parseRateLimit(publicRateLimit);
}

// --- names that nobody knows ---------------------------------------------------------------------------------------

const knownNames = optionRows.flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]));

/** A misspelt name would silently leave its default in force, so it is an error. DIBS_TEST_ names are the tests'. */
function unknownNames(env: Environment): ConfigError[] {
  return Object.entries(env)
    .filter(
      ([name]) => name.startsWith('DIBS_') && !name.startsWith('DIBS_TEST_') && !knownNames.includes(name),
    )
    .filter(([name, value]) => !isKubernetesLink(name, value))
    .map(([name]) => {
      const hint = nearest(name, knownNames);
      const allowed = `there is no such option${hint ? `; did you mean ${hint}?` : ''} See dibs serve --help`;
      return { name, value: '…', allowed };
    });
}

/** Kubernetes puts DIBS_PORT=tcp://… and its like into every pod next to a service that is called dibs. */
function isKubernetesLink(name: string, value: string | undefined): boolean {
  return (
    /^DIBS_(SERVICE_(HOST|PORT)|PORT_\d+_)/.test(name) ||
    (name === 'DIBS_PORT' && /^(tcp|udp):/.test(value ?? ''))
  );
}

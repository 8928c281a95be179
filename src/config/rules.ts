/** What must hold between options: combinations that would start a server that is open to everybody by mistake. */

import type { Config } from './config.ts';
import { isLoopback } from './loopback.ts';

/** A value that stops the start. `value` is as it may be shown: secrets are masked. */
export interface ConfigError {
  name: string;
  value: string;
  /** What would be right, as the end of a sentence. */
  allowed: string;
}

const JWT_SECRET_BYTES_MIN = 32;
const KEY_BYTES_MIN = 16;

/** All that is wrong with a configuration whose single values are each right. */
export function crossErrors(config: Config): ConfigError[] {
  return [
    ...openAuthErrors(config),
    ...jwtErrors(config),
    ...weakSecretErrors(config),
    ...partErrors(config),
    ...processErrors(config),
  ];
}

function openAuthErrors({ auth, host, authOpenAnywhere }: Config): ConfigError[] {
  if (auth !== 'open' || authOpenAnywhere || isLoopback(host)) return [];
  const allowed = `only on a loopback address, and DIBS_HOST is ${host}: anybody could claim as anybody. Use DIBS_AUTH=jwt, or say DIBS_AUTH_OPEN_ANYWHERE=yes`;
  return [{ name: 'DIBS_AUTH', value: 'open', allowed }];
}

function jwtErrors({ auth, jwtSecret, jwksUrl }: Config): ConfigError[] {
  const errors: ConfigError[] = [];
  if (auth === 'jwt' && jwtSecret === undefined && jwksUrl === undefined) {
    errors.push({
      name: 'DIBS_AUTH',
      value: 'jwt',
      allowed: 'together with DIBS_JWT_SECRET or DIBS_JWKS_URL',
    });
  }
  if (jwtSecret !== undefined && jwksUrl !== undefined) {
    const allowed = 'only without DIBS_JWT_SECRET: tokens are checked by one of the two';
    errors.push({ name: 'DIBS_JWKS_URL', value: jwksUrl, allowed });
  }
  if (jwtSecret !== undefined && Buffer.byteLength(jwtSecret) < JWT_SECRET_BYTES_MIN) {
    const allowed = `at least ${JWT_SECRET_BYTES_MIN} bytes (RFC 7518), e.g. from: openssl rand -base64 48`;
    errors.push({ name: 'DIBS_JWT_SECRET', value: mask(jwtSecret), allowed });
  }
  return errors;
}

/** Which parts go together. A gate in this process allows no second process at the same record. */
function partErrors(config: Config): ConfigError[] {
  const { databaseUrl, redisUrl, kafkaBrokers, kafkaSasl, kafkaUser, kafkaPassword } = config;
  const isShared = databaseUrl?.startsWith('mysql') === true;
  const hasKafka = kafkaBrokers.length > 0;
  const errors: ConfigError[] = [];
  if (redisUrl !== undefined && !isShared) {
    const allowed =
      'only together with DIBS_DATABASE_URL=mysql://…: the processes at one Redis share one record';
    errors.push({ name: 'DIBS_REDIS_URL', value: mask(redisUrl), allowed });
  }
  if (redisUrl === undefined && !hasKafka && isShared) {
    const allowed =
      'only together with DIBS_REDIS_URL (or DIBS_KAFKA_BROKERS, for ordered campaigns): with the gate in this process a second one at this database would give every unit twice';
    errors.push({ name: 'DIBS_DATABASE_URL', value: mask(databaseUrl ?? ''), allowed });
  }
  if (hasKafka && !isShared) {
    const value = JSON.stringify(kafkaBrokers.join(','));
    const allowed = 'only together with DIBS_DATABASE_URL=mysql://…: what is on the log is recorded there';
    errors.push({ name: 'DIBS_KAFKA_BROKERS', value, allowed });
  }
  if (kafkaSasl !== 'none' && (kafkaUser === undefined || kafkaPassword === undefined)) {
    const allowed = 'together with DIBS_KAFKA_USER and DIBS_KAFKA_PASSWORD';
    errors.push({ name: 'DIBS_KAFKA_SASL', value: kafkaSasl, allowed });
  }
  return errors;
}

const ALL_ROLES = 5;

/** Whether other processes may work at the same campaigns. Without it everything is in this one. */
export function isDistributed({
  redisUrl,
  kafkaBrokers,
}: Pick<Config, 'redisUrl' | 'kafkaBrokers'>): boolean {
  return redisUrl !== undefined || kafkaBrokers.length > 0;
}

function processErrors(config: Config): ConfigError[] {
  const { role, workers } = config;
  const errors: ConfigError[] = [];
  if (!isDistributed(config) && workers > 1) {
    const allowed =
      '1 without DIBS_REDIS_URL or DIBS_KAFKA_BROKERS: the gate is in this process, and nowhere else';
    errors.push({ name: 'DIBS_WORKERS', value: JSON.stringify(String(workers)), allowed });
  }
  if (!isDistributed(config) && role.length < ALL_ROLES) {
    const allowed = 'all without DIBS_REDIS_URL or DIBS_KAFKA_BROKERS: everything is in this process';
    errors.push({ name: 'DIBS_ROLE', value: JSON.stringify(role.join(',')), allowed });
  }
  if (workers > 1 && !role.includes('api')) {
    const allowed = '1 for a process without the role api';
    errors.push({ name: 'DIBS_WORKERS', value: String(workers), allowed });
  }
  return errors;
}

/** Short keys are fine for a trial on one's own machine, and nowhere else. */
function weakSecretErrors({ host, adminKey, masterSecret }: Config): ConfigError[] {
  if (isLoopback(host)) return [];
  const allowed = `at least ${KEY_BYTES_MIN} bytes on an address that others can reach`;
  return Object.entries({ DIBS_ADMIN_KEY: adminKey, DIBS_MASTER_SECRET: masterSecret }).flatMap(
    ([name, value]) =>
      value !== undefined && Buffer.byteLength(value) < KEY_BYTES_MIN
        ? [{ name, value: mask(value), allowed }]
        : [],
  );
}

/** A secret as it may be shown. */
export function mask(secret: string): string {
  return `(secret, ${Buffer.byteLength(secret)} bytes)`;
}

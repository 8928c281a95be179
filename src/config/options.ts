/**
 * The one table of options. The environment, the flags, `--help`, docs/reference/configuration.md and the check at
 * start all come from here, so none of them can say something else than the others.
 */

/** How the text of a value is read; parse.ts has one reader for each. */
export type OptionType =
  | 'text'
  | 'integer'
  | 'yes-no'
  | 'choice'
  | 'list'
  | 'url'
  | 'origins'
  | 'database'
  | 'rate-limit'
  | 'proxies';

export interface Option {
  /** The environment variable. Secrets may also be given as `<name>_FILE`, the path of a file that holds the value. */
  name: `DIBS_${string}`;
  /** The property of `Config`, and of the parsed flags. */
  key: string;
  /** The flag of the same meaning; it wins over the environment. Secrets have only `--…-file`: argv is public. */
  flag: `--${string}`;
  type: OptionType;
  /** As one would write it; null: nothing. */
  default: string | null;
  description: string;
  group: 'Server' | 'Storage' | 'People' | 'Operators and secrets' | 'Limits' | 'Log' | 'Commands';
  /** Never shown, neither in messages nor in dumps. */
  secret?: true;
  /** For `choice`. */
  values?: readonly string[];
  /** For `integer`, both included. */
  min?: number;
  max?: number;
  /** Named by the contract but not built yet: setting it stops the start, because ignoring it would be a lie. */
  notYet?: true;
}

export const options = [
  {
    name: 'DIBS_HOST',
    key: 'host',
    flag: '--host',
    type: 'text',
    default: '127.0.0.1',
    description: 'Address to listen on. 0.0.0.0 or :: is every address of the machine.',
    group: 'Server',
  },
  {
    name: 'DIBS_PORT',
    key: 'port',
    flag: '--port',
    type: 'integer',
    default: '8080',
    min: 0,
    max: 65535,
    description: 'Port to listen on. 0 takes a free one; the address is printed at start.',
    group: 'Server',
  },
  {
    name: 'DIBS_PUBLIC_URL',
    key: 'publicUrl',
    flag: '--public-url',
    type: 'url',
    default: null,
    description:
      'The address under which people reach this server, for links. Without it: the address listened on.',
    group: 'Server',
  },
  {
    name: 'DIBS_TRUST_PROXY',
    key: 'trustProxy',
    flag: '--trust-proxy',
    type: 'proxies',
    default: 'no',
    description:
      'Proxies whose X-Forwarded-For is believed, for the rate limit per address. `no`: none; `yes`: those on private addresses; else addresses, networks, or the names loopback, private, linklocal, e.g. `203.0.113.7,10.0.0.0/8`.',
    group: 'Server',
  },
  {
    name: 'DIBS_CORS_ORIGINS',
    key: 'corsOrigins',
    flag: '--cors-origins',
    type: 'origins',
    default: null,
    description:
      'Web origins whose pages may call the API from a browser, e.g. `https://shop.example`; `*` for all.',
    group: 'Server',
  },
  {
    name: 'DIBS_SHUTDOWN_MS',
    key: 'shutdownMs',
    flag: '--shutdown-ms',
    type: 'integer',
    default: '10000',
    min: 0,
    max: 600_000,
    description: 'After SIGTERM: how long requests that were taken may still be finished.',
    group: 'Server',
  },
  {
    name: 'DIBS_DATA_DIR',
    key: 'dataDir',
    flag: '--data-dir',
    type: 'text',
    default: './data',
    description: 'Folder of the journal and the record. One process at a time may own it.',
    group: 'Storage',
  },
  {
    name: 'DIBS_DATABASE_URL',
    key: 'databaseUrl',
    flag: '--database-url-file',
    type: 'database',
    default: null,
    description: 'Where the record is kept: `sqlite:<path>`. Without it: record.db in the data folder.',
    group: 'Storage',
    secret: true,
  },
  {
    name: 'DIBS_REDIS_URL',
    key: 'redisUrl',
    flag: '--redis-url-file',
    type: 'text',
    default: null,
    description: 'Redis for the gate. Without it the gate is in this process.',
    group: 'Storage',
    secret: true,
    notYet: true,
  },
  {
    name: 'DIBS_KAFKA_BROKERS',
    key: 'kafkaBrokers',
    flag: '--kafka-brokers',
    type: 'list',
    default: null,
    description: 'Kafka for the log, `host:port,…`. Without it the log is a journal in the data folder.',
    group: 'Storage',
    notYet: true,
  },
  {
    name: 'DIBS_AUTH',
    key: 'auth',
    flag: '--auth',
    type: 'choice',
    values: ['open', 'jwt'],
    default: 'open',
    description:
      'How people say who they are. `open`: userId in the body, for trusted callers and trials; refused on an address that others can reach. `jwt`: bearer token whose `sub` is the user.',
    group: 'People',
  },
  {
    name: 'DIBS_AUTH_OPEN_ANYWHERE',
    key: 'authOpenAnywhere',
    flag: '--auth-open-anywhere',
    type: 'yes-no',
    default: 'no',
    description:
      'Allow DIBS_AUTH=open on an address that others can reach: then anybody can claim as anybody.',
    group: 'People',
  },
  {
    name: 'DIBS_JWT_SECRET',
    key: 'jwtSecret',
    flag: '--jwt-secret-file',
    type: 'text',
    default: null,
    description: 'Shared secret of HS256 tokens, at least 32 bytes.',
    group: 'People',
    secret: true,
  },
  {
    name: 'DIBS_JWKS_URL',
    key: 'jwksUrl',
    flag: '--jwks-url',
    type: 'url',
    default: null,
    description:
      'Where the public keys of RS256, ES256 and EdDSA tokens are published. https, or http on a loopback address.',
    group: 'People',
  },
  {
    name: 'DIBS_JWT_ISSUER',
    key: 'jwtIssuer',
    flag: '--jwt-issuer',
    type: 'text',
    default: null,
    description: 'Only tokens with this `iss` are accepted.',
    group: 'People',
  },
  {
    name: 'DIBS_JWT_AUDIENCE',
    key: 'jwtAudience',
    flag: '--jwt-audience',
    type: 'text',
    default: null,
    description: 'Only tokens with this `aud` are accepted.',
    group: 'People',
  },
  {
    name: 'DIBS_RATE_LIMIT',
    key: 'rateLimit',
    flag: '--rate-limit',
    type: 'rate-limit',
    default: 'auto',
    description:
      'Tries allowed before the gate: `user=10/s,ip=200/s` (per s or m), `off`, or `auto`: off when listening on a loopback address, else user=10/s,ip=200/s.',
    group: 'People',
  },
  {
    name: 'DIBS_ADMIN_KEY',
    key: 'adminKey',
    flag: '--admin-key-file',
    type: 'text',
    default: null,
    description:
      'An operator key. Without it one is made at the first start, printed once and kept in the data folder.',
    group: 'Operators and secrets',
    secret: true,
  },
  {
    name: 'DIBS_MASTER_SECRET',
    key: 'masterSecret',
    flag: '--master-secret-file',
    type: 'text',
    default: null,
    description:
      'What coupon codes, tickets and cursors are derived from. Without it one is made at the first start and kept in the data folder. Never change it while a campaign runs.',
    group: 'Operators and secrets',
    secret: true,
  },
  {
    name: 'DIBS_MAX_IN_FLIGHT',
    key: 'maxInFlight',
    flag: '--max-in-flight',
    type: 'integer',
    default: '10000',
    min: 1,
    max: 1_000_000,
    description: 'Claims being decided at once. Past it the answer is 503 `overloaded`, at once.',
    group: 'Limits',
  },
  {
    name: 'DIBS_JOURNAL_QUEUE_MAX',
    key: 'journalQueueMax',
    flag: '--journal-queue-max',
    type: 'integer',
    default: '20000',
    min: 1,
    max: 1_000_000,
    description:
      'Wins waiting to be written to the journal. Past it the answer is 503 `overloaded`, at once.',
    group: 'Limits',
  },
  {
    name: 'DIBS_MAX_CONNECTIONS',
    key: 'maxConnections',
    flag: '--max-connections',
    type: 'integer',
    default: '20000',
    min: 1,
    max: 1_000_000,
    description: 'Open connections. More are closed as they come.',
    group: 'Limits',
  },
  {
    name: 'DIBS_SSE_PER_USER',
    key: 'ssePerUser',
    flag: '--sse-per-user',
    type: 'integer',
    default: '5',
    min: 1,
    max: 1000,
    description: 'Event streams that one user (one address when the user is not known) may hold open.',
    group: 'Limits',
  },
  {
    name: 'DIBS_SSE_MAX',
    key: 'sseMax',
    flag: '--sse-max',
    type: 'integer',
    default: '20000',
    min: 0,
    max: 1_000_000,
    description: 'Event streams open at once.',
    group: 'Limits',
  },
  {
    name: 'DIBS_RECORDER_BATCH',
    key: 'recorderBatch',
    flag: '--recorder-batch',
    type: 'integer',
    default: '1000',
    min: 1,
    max: 10_000,
    description: 'Facts that the recorder stores in one transaction, at most.',
    group: 'Limits',
  },
  {
    name: 'DIBS_RECORDER_RATE_PER_SECOND',
    key: 'recorderRatePerSecond',
    flag: '--recorder-rate-per-second',
    type: 'integer',
    default: '0',
    min: 0,
    max: 1_000_000,
    description: 'Pace of the recorder, so that a shared database is not drowned. 0: as fast as it can.',
    group: 'Limits',
  },
  {
    name: 'DIBS_LOG_LEVEL',
    key: 'logLevel',
    flag: '--log-level',
    type: 'choice',
    values: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    default: 'info',
    description: 'The least that is logged.',
    group: 'Log',
  },
  {
    name: 'DIBS_LOG_FORMAT',
    key: 'logFormat',
    flag: '--log-format',
    type: 'choice',
    values: ['auto', 'json', 'pretty'],
    default: 'auto',
    description: '`auto`: for people on a terminal, JSON lines elsewhere.',
    group: 'Log',
  },
  {
    name: 'DIBS_URL',
    key: 'url',
    flag: '--url',
    type: 'url',
    default: 'http://127.0.0.1:8080',
    description:
      'The server that commands like `dibs campaign` and `dibs rush` talk to. The server itself ignores it.',
    group: 'Commands',
  },
] as const satisfies readonly Option[];

/** One of the rows above, with the common shape: for code that goes through all of them. */
export const optionRows: readonly Option[] = [...options];

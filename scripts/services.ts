// `npm run services [-- redis|replica|cluster|mysql|kafka …] [--fsync always]`: real services for tests and for trying
// things out. Prints their addresses as `NAME=value` lines on stdout when all are up, and keeps them until Ctrl-C.

import { isKind, type Kind, provide } from './services/provide.ts';
import { ServiceProblem, say } from './services/say.ts';

const USAGE = `usage: npm run services -- [redis] [replica] [cluster] [mysql] [kafka] [--fsync always|everysec|no]
  redis    one Redis (DIBS_REDIS_URL)                        replica  a replica of it (DIBS_TEST_REDIS_REPLICA)
  cluster  three Redis masters (DIBS_TEST_REDIS_CLUSTER)     mysql    MariaDB (DIBS_DATABASE_URL)
  kafka    one Kafka broker (DIBS_KAFKA_BROKERS)
Without a name: redis, mysql and kafka. Already running ones are used when DIBS_TEST_REDIS_URL, DIBS_TEST_MYSQL_URL
or DIBS_TEST_KAFKA name them.`;

interface Asked {
  kinds: Kind[];
  appendfsync: 'always' | 'everysec' | 'no';
}

function parse(args: string[]): Asked {
  const kinds = new Set<Kind>();
  let appendfsync: Asked['appendfsync'] = 'everysec';
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (isKind(word)) kinds.add(word);
    else if (word === '--fsync') {
      const value = rest.shift();
      if (value !== 'always' && value !== 'everysec' && value !== 'no') throw new ServiceProblem(USAGE);
      appendfsync = value;
    } else throw new ServiceProblem(USAGE);
  }
  if (kinds.size === 0) return { kinds: ['redis', 'mysql', 'kafka'], appendfsync };
  if (kinds.has('replica')) kinds.add('redis');
  return { kinds: [...kinds], appendfsync };
}

/** Resolves when somebody wants this process to end. Listens from the start: a start can be broken off. */
function untilAskedToEnd(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
  });
}

async function main(): Promise<number> {
  const end = untilAskedToEnd().then(() => 'end' as const);
  const { kinds, appendfsync } = parse(process.argv.slice(2));
  const started = performance.now();
  const provided = await Promise.race([provide(kinds, { appendfsync }), end]);
  if (provided === 'end') return 130;
  for (const { variables } of provided) {
    for (const [name, value] of Object.entries(variables)) process.stdout.write(`${name}=${value}\n`);
  }
  say(`all up after ${((performance.now() - started) / 1000).toFixed(1)} s; Ctrl-C ends them`);
  const alive = setInterval(() => undefined, 1 << 30);
  await end;
  clearInterval(alive);
  await Promise.all(provided.map((one) => one.stop()));
  return 0;
}

try {
  // What is still starting is ended by its guard as soon as this process is gone.
  process.exit(await main());
} catch (error) {
  if (!(error instanceof ServiceProblem)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

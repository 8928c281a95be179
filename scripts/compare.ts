// `npm run compare [-- --services]`: `dibs compare`, with --services on a Redis, a Kafka and a MariaDB of its own. Their
// CPU counts as that of the server does, so it is told their processes.

import type { Provided } from './services/provide.ts';
import { runOnServices } from './services/run-command.ts';

/** Those that were given by their address may run anywhere. */
function pidsOf(services: readonly Provided[]): string[] {
  const pids = services.flatMap(({ name }) => /, pid (\d+)\)$/.exec(name)?.[1] ?? []);
  return pids.length < services.length ? [] : ['--service-pids', pids.join(',')];
}

await runOnServices({ name: 'compare', about: pidsOf });

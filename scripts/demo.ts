// `npm run demo [-- --services]`: the demo of `dibs demo`, with --services on a Redis, a Kafka and a MariaDB of its own.

import { runOnServices } from './services/run-command.ts';

await runOnServices({ name: 'demo' });

// A decider as a process of its own, for tests that kill it: the settings as JSON come as the first argument, the state
// goes to the parent, SIGTERM stops it gently.

import { makeSystem } from '../../src/adapters/system/system.ts';
import { type DeciderSettings, startDecider } from '../../src/main/decider/start.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as DeciderSettings & { master: string };
const decider = await startDecider(
  { ...settings, master: Buffer.from(settings.master, 'hex') },
  makeSystem(),
);
process.send?.('ready');
setInterval(() => process.send?.(decider.state()), 50);
process.on('SIGTERM', () => void decider.stop().then(() => process.exit(0)));

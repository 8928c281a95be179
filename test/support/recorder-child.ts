// A recorder as a process of its own, for tests that kill it: the settings as JSON come as the first argument, the
// state goes to the parent, SIGTERM stops it gently.

import { makeSystem } from '../../src/adapters/system/system.ts';
import { type RecorderSettings, startRecorder } from '../../src/main/recorder/start.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as RecorderSettings & { master: string };
const recorder = await startRecorder(
  { ...settings, master: Buffer.from(settings.master, 'hex') },
  makeSystem(),
);
process.send?.('ready');
setInterval(() => process.send?.(recorder.state()), 50);
process.on('SIGTERM', () => void recorder.stop().then(() => process.exit(0)));

// A process that takes a data folder, says so, and keeps it until it is killed: the other Dibs in tests of the lock.
// It throws the lock's handle away and collects garbage (--expose-gc): the folder must stay taken all the same.

import { setImmediate } from 'node:timers/promises';
import { lockFolder } from '../../src/adapters/sqlite/lock.ts';

lockFolder(process.argv[2] as string);
for (let i = 0; i < 3; i++) {
  globalThis.gc?.();
  await setImmediate();
}
process.stdout.write('held\n');
process.stdin.resume();

// A process that takes a data folder, says so, and keeps it until it is killed: the other Dibs in tests of the lock.

import { lockFolder } from '../../src/adapters/sqlite/lock.ts';

lockFolder(process.argv[2] as string);
process.stdout.write('held\n');
process.stdin.resume();

// Protects: the memory line keeps the promises of ports/line.

import { makeMemoryLine } from '../../src/adapters/memory/line.ts';
import { lineContract } from '../support/contract/line.ts';

lineContract('memory', async (clock) => ({ line: makeMemoryLine(clock), close: async () => undefined }));

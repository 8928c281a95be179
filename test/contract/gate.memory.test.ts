// Protects: the memory gate keeps the promises of ports/gate.

import { makeMemoryGate } from '../../src/adapters/memory/gate.ts';
import { gateContract } from '../support/contract/gate.ts';

gateContract('memory', async (clock) => ({ gate: makeMemoryGate(clock), close: async () => undefined }));

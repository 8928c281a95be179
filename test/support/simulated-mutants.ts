// Protections of the real flows, taken out of a simulated world on purpose: a simulation that misses none of them proves
// nothing.

import type { Catalog } from '../../src/flow/catalog.ts';
import type { GateKeeper } from '../../src/ports/shared-gate.ts';
import type { SimulatedGate } from './simulated-gate.ts';
import type { SimulatedProcess } from './simulated-time.ts';

/** A protection that is taken out on purpose, to see that it is missed. */
export type Mutant =
  | 'drain'
  | 'salvage'
  | 'arming'
  | 'tell bound'
  | 'wait'
  | 'late rule'
  | 'freeze'
  | 'lease'
  | 'comparing'
  | 'again on the log'
  | 'relay';

/** What looks after the gate, without salvaging, relaying or freezing. */
export function keeperWithout(
  without: Mutant | undefined,
  keeper: GateKeeper,
  gate: () => SimulatedGate,
): GateKeeper {
  const isFrozen = (id: string): boolean => gate().inForce(id)?.epoch === 0;
  const leftBehindWhen = (wanted: boolean): GateKeeper => ({
    ...keeper,
    leftBehind: async (id, after, limit) =>
      isFrozen(id) === wanted ? keeper.leftBehind(id, after, limit) : [],
  });
  if (without === 'salvage') return leftBehindWhen(false);
  if (without === 'relay') return leftBehindWhen(true);
  return without === 'freeze' ? { ...keeper, freeze: async () => undefined } : keeper;
}

/** As if everything were known to be on the log. */
export function forgetCare(catalog: Catalog): void {
  for (const live of catalog.all()) live.onLog.has = () => true;
}

/** Waits of a second and more, but for the patience with which others are waited for, are over at once. */
export function withoutWait(process: SimulatedProcess): SimulatedProcess {
  const hasty = Object.create(process) as SimulatedProcess;
  hasty.after = (ms, run) => process.after(ms >= 1_000 && ms < 4_000 ? 0 : ms, run);
  return hasty;
}

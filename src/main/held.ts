/** A right to act alone, as one that goes on for long holds it: renewed while it acts, doubted in time. */

import { hostname } from 'node:os';
import type { Leases } from '../ports/leases.ts';
import type { System } from '../ports/system.ts';

export interface Held {
  /** Takes or renews it; false when somebody else has it, or it was given back. */
  take(): Promise<boolean>;
  /** Whether it is surely held still. */
  isHeld(): boolean;
  /** Gives it back for good. */
  release(): Promise<void>;
}

export interface HeldParts {
  system: System;
  /** absent: this process is alone */
  leases?: Leases;
}

const LEASE_MS = 5_000;

export function makeHeld({ system, leases }: HeldParts, name: string): Held {
  const holder = `${hostname()}-${process.pid}-${system.randomBytes(3).toString('hex')}`;
  let heldUntil = Number.NEGATIVE_INFINITY;
  let released = false;
  return {
    async take() {
      if (released) return false;
      const asked = system.monotonic();
      if (leases !== undefined && !(await leases.take(name, holder, LEASE_MS))) return false;
      heldUntil = leases === undefined ? Number.POSITIVE_INFINITY : asked + LEASE_MS / 2;
      return true;
    },
    isHeld: () => !released && system.monotonic() < heldUntil,
    async release() {
      released = true;
      await leases?.release(name, holder).catch(() => undefined);
    },
  };
}

// Leases in an array, by a clock of the test's, for those who share something.

import type { Leases } from '../../src/ports/leases.ts';

export interface HandLeases extends Leases {
  /** while this is set, nothing can be asked */
  fault: string | null;
}

export function makeHandLeases(now: () => number): HandLeases {
  const rows = new Map<string, { holder: string; until: number }>();
  const inForce = (name: string) => {
    const row = rows.get(name);
    return row !== undefined && row.until > now() ? row : undefined;
  };
  const leases: HandLeases = {
    fault: null,
    async take(name, holder, ms) {
      if (leases.fault !== null) throw new Error(leases.fault);
      if ((inForce(name)?.holder ?? holder) !== holder) return false;
      rows.set(name, { holder, until: now() + ms });
      return true;
    },
    async release(name, holder) {
      if (leases.fault !== null) throw new Error(leases.fault);
      if (rows.get(name)?.holder === holder) rows.delete(name);
    },
    async held(prefix) {
      if (leases.fault !== null) throw new Error(leases.fault);
      return [...rows.keys()]
        .filter((name) => name.startsWith(prefix) && inForce(name))
        .map((name) => ({ name, holder: rows.get(name)?.holder ?? '' }));
    },
  };
  return leases;
}

// Protects: "the record has everything" is said when it is so for what the log had at the call, whoever records, and
// never when it is only not known.

import { describe, expect, it } from 'vitest';
import { makeSystem } from '../../src/adapters/system/system.ts';
import { caughtUp } from '../../src/main/recorder/caught-up.ts';

const system = makeSystem();

/** A log that ends at `ends`, and a record that moves on by one each time it is asked. */
function parts(ends: Record<string, number>, over: { from?: number; failing?: number } = {}) {
  const at = new Map(Object.keys(ends).map((source) => [source, over.from ?? 0]));
  let failing = over.failing ?? 0;
  let asked = 0;
  const fail = () => {
    failing -= 1;
    if (failing >= 0) throw new Error('away');
  };
  return {
    system,
    kafka: {
      async ends() {
        fail();
        asked += 1;
        // Facts keep coming; those after the call do not count.
        return new Map(Object.entries(ends).map(([source, end]) => [source, end + 1000 * (asked - 1)]));
      },
    },
    record: {
      async next(source: string) {
        fail();
        const next = at.get(source) ?? 0;
        at.set(source, next + 1);
        return next;
      },
    },
  };
}

describe('caught up', () => {
  it('is said when every partition is where the log was at the call', async () => {
    expect(await caughtUp(parts({ 't/0': 0, 't/1': 0 }), 200)).toBe(true);
    expect(await caughtUp(parts({ 't/0': 2, 't/1': 3 }), 2_000)).toBe(true);
    expect(await caughtUp(parts({ 't/0': 2, 't/1': 3 }, { from: 9 }), 200)).toBe(true);
  });

  it('is not said when one is behind, not even by one', async () => {
    expect(await caughtUp(parts({ 't/0': 0, 't/1': 1 }), 20)).toBe(false);
    expect(await caughtUp(parts({ 't/0': 900, 't/1': 0 }), 200)).toBe(false);
  });

  it('is not said when it cannot be known, and asked again while there is patience', async () => {
    expect(await caughtUp(parts({ 't/0': 0 }, { failing: 1 }), 20)).toBe(false);
    expect(await caughtUp(parts({ 't/0': 1 }, { failing: 3 }), 2_000)).toBe(true);
    const silent = { ...parts({ 't/0': 0 }), kafka: { ends: () => new Promise<never>(() => {}) } };
    const began = performance.now();
    expect(await caughtUp(silent, 100)).toBe(false);
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});

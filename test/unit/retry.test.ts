// Protects: what may pass is tried again, as often as was said and no more; what does not pass is told at once.

import { describe, expect, it } from 'vitest';
import { makeRetry } from '../../src/jobs/retry.ts';

const fault = (name: string): Error => Object.assign(new Error('not now'), { name });

describe('a retry', () => {
  const failing = (times: number, name = 'RecordFault') => {
    const seen = { tries: 0 };
    return {
      seen,
      async run(): Promise<string> {
        seen.tries += 1;
        if (seen.tries <= times) throw fault(name);
        return 'done';
      },
    };
  };

  it('goes on until it is done, and tells of each fault', async () => {
    const told: [string, number][] = [];
    const retry = makeRetry({ max: 5, baseMs: 1, onRetry: (error, tries) => told.push([error.name, tries]) });
    const { run, seen } = failing(2);
    expect([await retry(run), seen.tries]).toEqual(['done', 3]);
    expect(told).toEqual([
      ['RecordFault', 1],
      ['RecordFault', 2],
    ]);
  });

  it('gives up after as many tries as were said, with the last fault', async () => {
    const { run, seen } = failing(10);
    await expect(makeRetry({ max: 3, baseMs: 1 })(run)).rejects.toThrow('not now');
    expect(seen.tries).toBe(4);
  });

  it('does not try again what does not pass by itself', async () => {
    const { run, seen } = failing(10, 'TypeError');
    await expect(makeRetry({ max: 3, baseMs: 1 })(run)).rejects.toThrow('not now');
    expect(seen.tries).toBe(1);
  });

  it('ends when it is aborted', async () => {
    const stop = new AbortController();
    const { run, seen } = failing(10);
    const going = makeRetry({ max: 9, baseMs: 60_000 })(run, stop.signal);
    stop.abort();
    await expect(going).rejects.toThrow();
    expect(seen.tries).toBe(1);
  });
});

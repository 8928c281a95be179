// Protects: whoever waits for news is woken when there may be some for him and by nothing else, and how far a line has come
// is said only when no crash can take it back.

import { describe, expect, it } from 'vitest';
import type { LineCounts } from '../../src/ports/line.ts';
import type { QueuedBench } from '../support/queued-bench.ts';
import { makeQueuedBench, settled } from '../support/queued-bench.ts';

/** Who of these numbers has been woken, so far. */
function watching({ flow, live }: QueuedBench, numbers: readonly number[], maxMs = 60_000): number[] {
  const woken: number[] = [];
  for (const number of numbers) {
    void flow.changed(live, { kind: 'queued', number }, maxMs).then(() => woken.push(number));
  }
  return woken;
}

describe('who waits for news', () => {
  it('is woken when his turn comes, when he has left, and when the line is over', async () => {
    const bench = await makeQueuedBench();
    await bench.joinAll('a', 'b', 'c', 'd', 'e', 'f');
    const woken = watching(bench, [1, 2, 3, 5, 6]);
    await bench.steps(1);
    expect(woken).toEqual([1]);
    await bench.leave('e');
    expect(woken).toEqual([1, 5]);
    await bench.steps(1);
    expect(woken).toEqual([1, 5, 2]);
    await bench.steps(1);
    expect(woken).toEqual([1, 5, 2, 3, 6]);
  });

  it('is not woken before that is on the log', async () => {
    const bench = await makeQueuedBench();
    await bench.joinAll('a', 'b');
    const woken = watching(bench, [1]);
    await bench.steps(1, false);
    expect(woken).toEqual([]);
    bench.log.letThrough();
    await settled();
    expect(woken).toEqual([1]);
  });

  it('is woken after his time in any case, and then by nothing', async () => {
    const bench = await makeQueuedBench();
    const woken = watching(bench, [9], 100);
    await bench.steps(1);
    expect(woken).toEqual([]);
    await bench.steps(1);
    expect(woken).toEqual([9]);
    expect(bench.lineUp.of(bench.live).watchers.size).toBe(0);
  });

  it('is woken when he loses what he did not take up in time', async () => {
    const bench = await makeQueuedBench({ campaign: { confirm: { withinSeconds: 1 }, quantity: 2 } });
    await bench.joinAll('a', 'b');
    await bench.steps(2);
    const woken = watching(bench, [1]);
    await bench.steps(18);
    expect(woken).toEqual([]);
    await bench.steps(2);
    expect(woken).toEqual([1]);
  });
});

describe('how far a line has come', () => {
  it('is said when it is on the log', async () => {
    const { joinAll, steps, lineUp, live, log } = await makeQueuedBench({ campaign: { quantity: 9 } });
    await joinAll('a', 'b', 'c');
    await steps(1);
    await steps(1, false);
    expect(lineUp.of(live).counts?.serving).toBe(1);
    log.fail('no space left');
    await settled();
    expect(lineUp.of(live).counts?.serving).toBe(1);
    log.letThrough();
    await steps(1, false);
    expect(lineUp.of(live).counts?.serving).toBe(1);
    log.letThrough();
    await settled();
    expect(lineUp.of(live).counts?.serving).toBe(3);
  });

  it('is said at once at level memory', async () => {
    const { join, steps, lineUp, live } = await makeQueuedBench({ campaign: { durability: 'memory' } });
    await join('a');
    await steps(1, false);
    expect(lineUp.of(live).counts?.serving).toBe(1);
  });

  it('is never less than it was, whatever answer comes late', async () => {
    const { joinAll, steps, lineUp, live } = await makeQueuedBench();
    await joinAll('a', 'b');
    await steps(2);
    const late = { ...(lineUp.of(live).counts as LineCounts), serving: 1 };
    lineUp.note(live, late);
    expect(lineUp.of(live).counts?.serving).toBe(2);
  });
});

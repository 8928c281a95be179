// Protects: what a process decided and died with gets onto the log; what others still bring there is left to them; and
// nothing leaves the outbox before the record has it.

import { describe, expect, it } from 'vitest';
import type { ClaimWon } from '../../src/core/event.ts';
import { relay, sendAll } from '../../src/flow/relay.ts';
import { SeqMarks } from '../../src/flow/seq-marks.ts';
import type { LeftBehind } from '../../src/ports/shared-gate.ts';
import { makeHandLog } from '../support/hand-log.ts';
import { sampleWin, T0 } from '../support/samples.ts';

interface Batch {
  seqs: number[];
  at?: number;
}

function makeOutbox(batches: Batch[], recorded: number[]) {
  const log = makeHandLog();
  const asked: [after: number, limit: number][] = [];
  const letGo: number[] = [];
  const out: LeftBehind[] = batches.map(({ seqs, at = T0 }) => ({
    facts: seqs.map((seq) => sampleWin(seq)),
    decidedAt: at,
  }));
  const parts = {
    log,
    keeper: {
      async leftBehind(_id: string, after: number, limit: number) {
        asked.push([after, limit]);
        return out.filter(({ facts }) => (facts.at(-1)?.seq ?? 0) > after).slice(0, limit);
      },
      async letGo(_id: string, seq: number) {
        letGo.push(seq);
      },
    },
    record: {
      async holders(_id: string, after: number, limit: number) {
        const seqs = recorded.filter((seq) => seq > after).slice(0, limit);
        const wonAt = Float64Array.from(seqs);
        return { seqs: Float64Array.from(seqs), wonAt, userIds: seqs.map(String), keys: null };
      },
    },
  };
  const sent = (): number[] => log.durable.map(({ seq }) => seq);
  async function round(upTo = T0, onLog?: SeqMarks) {
    const going = relay({ ...parts, ...(onLog ? { onLog } : {}) }, 'chicken-100', upTo);
    for (let turn = 0; turn < 5; turn++) {
      await new Promise((resume) => setImmediate(resume));
      log.letThrough();
    }
    return going;
  }
  return { parts, log, sent, letGo, asked, round };
}

describe('a round', () => {
  it('sends what is old and not recorded, and leaves the rest to those who decided it', async () => {
    const { round, sent } = makeOutbox([{ seqs: [1] }, { seqs: [2, 3] }, { seqs: [4], at: T0 + 1 }], [1]);
    expect(await round()).toEqual({ batches: 3, sent: 2 });
    expect(sent()).toEqual([2, 3]);
  });

  it('sends a batch whole when the record has a part of it', async () => {
    const { round, sent } = makeOutbox([{ seqs: [1, 2, 3] }], [1, 3]);
    expect(await round()).toEqual({ batches: 1, sent: 3 });
    expect(sent()).toEqual([1, 2, 3]);
  });

  it.each<[string, number[], number[]]>([
    ['all', [1, 2, 3, 4, 5], [5]],
    ['up to the first that is missing', [1, 2, 4, 5], [2]],
    ['whole batches only', [1, 2, 3, 5], [2]],
    ['nothing when the first is missing', [2, 3, 4, 5], []],
  ])('lets go of what the record has: %s', async (_, recorded, letGo) => {
    const outbox = makeOutbox([{ seqs: [1, 2] }, { seqs: [3, 4] }, { seqs: [5] }], recorded);
    await outbox.round();
    expect(outbox.letGo).toEqual(letGo);
  });

  it('does not look at what is young', async () => {
    const outbox = makeOutbox([{ seqs: [1, 2] }, { seqs: [3] }], [1, 2]);
    expect(await outbox.round(T0 - 1)).toEqual({ batches: 2, sent: 0 });
    expect(outbox.letGo).toEqual([]);
  });

  it('knows numbers with gaps between them, and rows of others among them', async () => {
    const outbox = makeOutbox([{ seqs: [3] }, { seqs: [90, 91] }], [1, 2, 3, 40, 90]);
    expect(await outbox.round()).toEqual({ batches: 2, sent: 2 });
    expect(outbox.letGo).toEqual([3]);
    expect(outbox.sent()).toEqual([90, 91]);
  });

  it('goes through all of it, page after page', async () => {
    const outbox = makeOutbox(
      Array.from({ length: 500 }, (_, i) => ({ seqs: [i + 1] })),
      [1, 2, 3],
    );
    expect(await outbox.round()).toEqual({ batches: 500, sent: 497 });
    expect(outbox.asked).toEqual([
      [0, 200],
      [200, 200],
      [400, 200],
    ]);
    expect(outbox.letGo).toEqual([3]);
  });

  it('finds nothing in an empty one', async () => {
    const outbox = makeOutbox([], []);
    expect(await outbox.round()).toEqual({ batches: 0, sent: 0 });
  });
});

describe('a record that is behind', () => {
  it('is not sent the same again in each round', async () => {
    const outbox = makeOutbox([{ seqs: [1, 2] }, { seqs: [3] }], []);
    const onLog = new SeqMarks();
    expect(await outbox.round(T0, onLog)).toEqual({ batches: 2, sent: 3 });
    expect(await outbox.round(T0, onLog)).toEqual({ batches: 2, sent: 0 });
    expect(outbox.sent()).toEqual([1, 2, 3]);
    // Another relay knows nothing of that, which does no harm.
    expect((await outbox.round()).sent).toBe(3);
  });
});

describe('a log that cannot write', () => {
  it('rejects, and what was not acknowledged is sent again', async () => {
    const { parts, log, round } = makeOutbox([{ seqs: [1] }], []);
    const onLog = new SeqMarks();
    const failing = relay({ ...parts, onLog }, 'chicken-100', T0);
    await new Promise((resume) => setImmediate(resume));
    log.fail('no answer');
    await expect(failing).rejects.toThrow('no answer');
    expect(onLog.has(1)).toBe(false);
    log.letThrough();
    expect((await round(T0, onLog)).sent).toBe(1);
  });

  it('is not given more of the same while it is away, and what is recorded goes all the same', async () => {
    const { parts, log, letGo } = makeOutbox([{ seqs: [1] }, { seqs: [2] }], [1]);
    log.append(sampleWin(7), () => undefined);
    log.fail('Kafka is away');
    await expect(relay(parts, 'chicken-100', T0)).rejects.toThrow('Kafka is away');
    expect(log.state().waiting).toBe(1);
    expect(letGo).toEqual([1]);
  });

  it('is told of the first fault when all have settled, and not before', async () => {
    const waiting: ((error: Error | null) => void)[] = [];
    const log = {
      ...makeHandLog(),
      append: (_: ClaimWon, done: (error: Error | null) => void) => waiting.push(done),
    };
    let settled = false;
    const sending = sendAll(log as never, [sampleWin(1), sampleWin(2), sampleWin(3)]).finally(() => {
      settled = true;
    });
    waiting[0]?.(null);
    waiting[1]?.(new Error('first'));
    await new Promise((resume) => setImmediate(resume));
    expect(settled).toBe(false);
    waiting[2]?.(new Error('second'));
    await expect(sending).rejects.toThrow('first');
  });
});

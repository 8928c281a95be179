// Protects: where the record itself is the log, an append is answered when its fact is stored, and never before; a
// record that is away or refuses is told to those it concerns, and nothing that was taken is forgotten.

import { describe, expect, it } from 'vitest';
import type { ClaimWon } from '../../src/core/event.ts';
import { makeRecordLog } from '../../src/flow/record-log.ts';
import type { RecordBatch, StoreResult } from '../../src/ports/record.ts';
import { makeHandClock } from '../support/hand-clock.ts';
import { sampleCampaign, sampleWin } from '../support/samples.ts';
import { askRecord, SimulatedRecord } from '../support/simulated-record.ts';
import { noWire } from '../support/simulated-time.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function makeBench({ next = 0, quantity = 100_000 } = {}) {
  const clock = makeHandClock();
  const sql = new SimulatedRecord(() => clock.now());
  sql.create(sampleCampaign({ quantity }));
  const ports = askRecord(sql, noWire);
  if (next > 0) sql.store({ source: 'direct/me', from: 0, next, wins: [], unreadable: [], now: 0 });
  const batches: RecordBatch[] = [];
  /** what the record does with the next batches: how it fails, or after what it is stored */
  const trouble: (Error | 'lost answer' | Promise<void>)[] = [];
  const record = {
    next: ports.record.next,
    find: ports.record.find,
    async store(batch: RecordBatch): Promise<StoreResult> {
      batches.push(batch);
      const one = trouble.shift();
      if (one instanceof Error) throw one;
      if (one instanceof Promise) await one;
      const result = await ports.record.store(batch);
      if (one === 'lost answer') throw new Error('connection lost');
      return result;
    },
  };
  const winsOf = async (facts: readonly ClaimWon[]) => facts.map((fact) => ({ fact, codeLookup: null }));
  const log = await makeRecordLog({ record, system: clock, source: 'direct/me', winsOf });
  const told: string[] = [];
  const append = (seq: number, over: Partial<ClaimWon> = {}): void =>
    log.append(sampleWin(seq, over), (error) => told.push(`${seq} ${error?.message ?? 'stored'}`));
  async function turn(ms = 0): Promise<void> {
    clock.turn();
    await settled();
    if (ms > 0) clock.move(ms);
    await settled();
  }
  const stored = (): number[] => sql.claims('chicken-100').map(({ seq }) => seq);
  return { clock, sql, log, batches, trouble, told, append, turn, stored };
}

describe('an append', () => {
  it('is answered when its fact is stored, and with it what came in the same turn', async () => {
    const { append, told, turn, stored, batches, log } = await makeBench({ next: 40 });
    append(1);
    append(2);
    expect(told).toEqual([]);
    expect(log.state()).toEqual({ waiting: 2, end: 40, fault: null });
    await turn();
    expect(told).toEqual(['1 stored', '2 stored']);
    expect(stored()).toEqual([1, 2]);
    expect(batches.map(({ from, next, source }) => [source, from, next])).toEqual([['direct/me', 40, 42]]);
    expect(log.state()).toEqual({ waiting: 0, end: 42, fault: null });
  });

  it('travels with the next batch while one is being stored', async () => {
    const { append, told, turn, batches, trouble } = await makeBench();
    let go: () => void = () => undefined;
    trouble.push(new Promise((resolve) => (go = resolve)));
    append(1);
    await turn();
    append(2);
    append(3);
    expect(batches).toHaveLength(1);
    go();
    await settled();
    expect(told).toEqual(['1 stored', '2 stored', '3 stored']);
    expect(batches.map(({ wins }) => wins.length)).toEqual([1, 2]);
  });

  it('comes in batches of 2,000 at most', async () => {
    const { append, turn, batches, told } = await makeBench();
    for (let seq = 1; seq <= 4_500; seq++) append(seq);
    await turn();
    expect(batches.map(({ wins }) => wins.length)).toEqual([2_000, 2_000, 500]);
    expect(told).toHaveLength(4_500);
  });

  it('is heard by those who listen', async () => {
    const { append, turn, log } = await makeBench();
    const ends: number[] = [];
    log.onDurable((end) => ends.push(end));
    append(1);
    await turn();
    append(2);
    append(3);
    await turn();
    expect(ends).toEqual([1, 3]);
  });
});

describe('a record that fails', () => {
  it('is told to all who wait, and what it did not take is stored later', async () => {
    const { append, told, turn, stored, trouble, log, clock } = await makeBench();
    trouble.push(new Error('MySQL is away'), new Error('still away'));
    append(1);
    append(2);
    await turn();
    expect(told).toEqual(['1 MySQL is away', '2 MySQL is away']);
    expect(log.state()).toEqual({ waiting: 2, end: 0, fault: 'MySQL is away' });
    clock.move(200);
    await settled();
    expect(log.state().fault).toBe('still away');
    clock.move(200);
    await settled();
    expect(stored()).toEqual([1, 2]);
    expect(log.state()).toEqual({ waiting: 0, end: 2, fault: null });
    // Nobody is told twice.
    expect(told).toHaveLength(2);
  });

  it('whose answer was lost has it once', async () => {
    const { append, told, turn, stored, trouble, log, clock, sql } = await makeBench();
    trouble.push('lost answer');
    append(1);
    await turn();
    append(2);
    for (let i = 0; i < 5; i++) {
      clock.move(200);
      await settled();
    }
    expect(stored()).toEqual([1, 2]);
    expect(sql.letters).toEqual([]);
    expect(told[0]).toBe('1 connection lost');
    expect(log.state().fault).toBeNull();
    expect(log.state().waiting).toBe(0);
  });

  it('that does not answer is told in time, also to those who come meanwhile', async () => {
    const { append, told, turn, trouble, log, clock, stored } = await makeBench();
    let go: () => void = () => undefined;
    trouble.push(new Promise((resolve) => (go = resolve)));
    append(1);
    await turn();
    clock.move(799);
    expect(told).toEqual([]);
    clock.move(1);
    expect(told).toEqual(['1 the record has not answered in time']);
    append(2);
    clock.move(800);
    expect(told).toHaveLength(2);
    expect(log.state().fault).toContain('in time');
    go();
    await settled();
    expect(stored()).toEqual([1, 2]);
    expect(log.state()).toEqual({ waiting: 0, end: 2, fault: null });
  });

  it('another process under the same name: both go on, and each fact is there once', async () => {
    const { append, turn, sql, stored, clock, log } = await makeBench();
    sql.store({
      source: 'direct/me',
      from: 0,
      next: 5,
      wins: [{ fact: sampleWin(9), codeLookup: null }],
      unreadable: [],
      now: 0,
    });
    append(1);
    await turn();
    clock.move(200);
    await settled();
    expect(stored()).toEqual([1, 9]);
    expect(log.state()).toEqual({ waiting: 0, end: 6, fault: null });
  });
});

describe('facts that the record refuses', () => {
  it('are errors, and only they', async () => {
    const { append, told, turn, sql } = await makeBench();
    append(2, { userId: 'eve' });
    await turn();
    append(1);
    append(2);
    append(3, { userId: 'eve' });
    append(4);
    await turn();
    expect(told).toEqual([
      '2 stored',
      '1 stored',
      '2 the record has refused it',
      '3 the record has refused it',
      '4 stored',
    ]);
    expect(sql.letters).toHaveLength(2);
  });

  it('late ones too', async () => {
    const { append, told, turn, sql } = await makeBench();
    sql.begin('chicken-100', 1);
    sql.open({ ...(sql.epochOf('chicken-100') as never as object) } as never);
    append(1, { epoch: 1 });
    append(2, { epoch: 2 });
    await turn();
    expect(told).toEqual(['1 the record has refused it', '2 stored']);
  });

  it('a repeat is not one', async () => {
    const { append, told, turn } = await makeBench();
    append(1);
    await turn();
    append(1);
    await turn();
    expect(told).toEqual(['1 stored', '1 stored']);
  });
});

describe('what happens in a waiting line', () => {
  it('is stored with the wins, as few facts as say it, each line in its order', async () => {
    const { log, append, batches, told, turn } = await makeBench();
    const join = (campaignId: string, first: number): void => {
      const fact = { type: 'line.joined', campaignId, epoch: 1, at: 5, first, keys: null } as const;
      log.append({ ...fact, userIds: [`u-${first}`] }, (error) => told.push(error?.message ?? 'line stored'));
    };
    join('a', 1);
    join('b', 1);
    append(1);
    join('a', 2);
    await turn();
    const joined = { type: 'line.joined', epoch: 1, at: 5, first: 1, keys: null };
    expect(batches.map(({ lines }) => lines)).toEqual([
      [
        { ...joined, campaignId: 'a', userIds: ['u-1', 'u-2'] },
        { ...joined, campaignId: 'b', userIds: ['u-1'] },
      ],
    ]);
    expect(batches.map(({ from, next, wins }) => [from, next, wins.length])).toEqual([[0, 4, 1]]);
    expect(told.toSorted()).toEqual(['1 stored', 'line stored', 'line stored', 'line stored']);
    append(2);
    await turn();
    expect(batches.at(-1)).not.toHaveProperty('lines');
  });
});

describe('the bound', () => {
  it('facts past it are refused at once, and not kept', async () => {
    const { append, told, log } = await makeBench();
    for (let seq = 1; seq <= 100_001; seq++) append(seq);
    expect(told).toEqual(['100001 the log takes nothing now']);
    expect(log.state().waiting).toBe(100_000);
  });
});

describe('flush and close', () => {
  it('resolve when what waited is stored', async () => {
    const { append, log, turn, stored } = await makeBench();
    append(1);
    append(2);
    const flushed = log.flush();
    const closed = log.close();
    await turn();
    expect(await flushed).toBe(2);
    await closed;
    expect(stored()).toEqual([1, 2]);
  });

  it('take nothing afterwards', async () => {
    const { append, log, told } = await makeBench();
    await log.close();
    append(1);
    expect(told).toEqual(['1 the log takes nothing now']);
  });

  it('do not wait for a record that is away', async () => {
    const { append, log, turn, trouble, batches, clock } = await makeBench();
    trouble.push(...Array.from({ length: 9 }, () => new Error('MySQL is away')));
    append(1);
    await turn();
    await expect(log.flush()).rejects.toThrow('MySQL is away');
    await log.close();
    for (let i = 0; i < 5; i++) {
      clock.move(200);
      await settled();
    }
    // The try that was planned is the last.
    expect(batches.length).toBeLessThanOrEqual(2);
  });
});

// Protects: one partition's way into the record. Whoever was overtaken reads on from where the record stands, nothing is
// stored without a lease, what was read before a stop is stored, and trouble is told, waited out and not doubled.

import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { KafkaReader, KafkaSlice } from '../../src/adapters/kafka/reader.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import { makePace, makeTurns } from '../../src/main/recorder/pace.ts';
import { PartitionLoop } from '../../src/main/recorder/partition-loop.ts';
import { recording } from '../../src/main/recorder/recording.ts';
import type { Campaigns } from '../../src/ports/campaigns.ts';
import type { DeadLetter } from '../../src/ports/dead-letters.ts';
import type { RecordBatch, RecordStore, StoreResult } from '../../src/ports/record.ts';
import { makeHandClock } from '../support/hand-clock.ts';
import { sampleCampaign, sampleWin } from '../support/samples.ts';

/** A partition of `end` messages, each with one fact; `bad` ones cannot be read. */
function loopOver(end: number, over: { ratePerSecond?: number; gatherMs?: number; bad?: number[] } = {}) {
  const clock = makeHandClock();
  const state = {
    holds: true,
    clock,
    stored: [] as RecordBatch[],
    letters: [] as number[],
    /** what the record has set aside and nobody was told of, and what was told */
    unsent: [] as DeadLetter[],
    told: [] as string[],
    dlqFails: [] as boolean[],
    reads: [] as number[],
    next: 0,
    /** what the record does with the next batches, before it stores again as it should */
    answers: [] as (StoreResult | Error)[],
  };
  const reader: KafkaReader = {
    source: 't/0',
    async read(offset) {
      await turn();
      state.reads.push(offset);
      const slice: KafkaSlice = { facts: [], unreadable: [], next: offset };
      if (offset >= end) return slice;
      if (over.bad?.includes(offset)) {
        const entry = { topic: 't', partition: 0, offset, at: 0, key: null, value: null, headers: [] };
        slice.unreadable.push({ at: `t/0:${offset}`, reason: 'odd', payload: '', entry });
      } else slice.facts.push(sampleWin(offset + 1));
      return { ...slice, next: offset + 1 };
    },
    lag: (offset) => Math.max(0, end - offset),
    close: async () => undefined,
  };
  const record = {
    next: async () => state.next,
    async store(batch: RecordBatch): Promise<StoreResult> {
      const answer = state.answers.shift();
      if (answer instanceof Error) throw answer;
      if (answer !== undefined) return answer;
      state.stored.push(batch);
      return { kind: 'stored', inserted: batch.wins.length, repeated: 0, conflicts: batch.unreadable.length };
    },
  } as Partial<RecordStore> as RecordStore;
  const campaigns = { get: async () => sampleCampaign() } as Partial<Campaigns> as Campaigns;
  const loop = new PartitionLoop({
    reader,
    letters: {
      deadLetter: async ({ offset }) => void state.letters.push(offset),
      async setAside(topic, partition, letters) {
        const fail = state.dlqFails.shift();
        if (fail) throw new Error('no broker');
        state.told.push(...letters.map(({ id }) => `${topic}/${partition} ${id}`));
      },
      close: async () => undefined,
    },
    unsentLetters: {
      unsent: async (source, limit) => (source === 't/0' ? state.unsent.slice(0, limit) : []),
      async markSent(ids) {
        state.unsent = state.unsent.filter(({ id }) => !ids.includes(id));
      },
    },
    taking: recording({
      record,
      campaigns,
      codes: makeCodes(Buffer.from('master')),
      batchMax: 10,
      system: clock,
    }),
    system: clock,
    turns: makeTurns(1),
    pace: makePace(over.ratePerSecond ?? 0, clock),
    gatherMs: over.gatherMs ?? 0,
    holds: () => state.holds,
    tell: () => undefined,
    onTaken: () => undefined,
  });
  onTestFinished(() => loop.stop());
  return { ...state, state, loop };
}

const settle = async () => {
  for (let i = 0; i < 60; i++) await turn();
};

describe('what the record has set aside', () => {
  const letter = (id: number): DeadLetter => ({ id }) as Partial<DeadLetter> as DeadLetter;

  it('is told of once it is written, also of a life before', async () => {
    const { state, clock } = loopOver(3);
    state.unsent.push(letter(1));
    state.answers.push({ kind: 'stored', inserted: 0, repeated: 0, conflicts: 1 });
    await settle();
    expect([state.told, state.unsent]).toEqual([['t/0 1'], []]);
    state.unsent.push(letter(2));
    clock.move(1_000);
    await settle();
    expect(state.told).toEqual(['t/0 1']);
  });

  it('holds nothing up while nobody can be told, and is told later', async () => {
    const { state, clock, loop } = loopOver(3);
    state.dlqFails.push(true);
    state.unsent.push(letter(1));
    await settle();
    expect([state.told, loop.progress.next]).toEqual([[], 3]);
    clock.move(2_100);
    await settle();
    expect(state.told).toEqual(['t/0 1']);
  });
});

describe('a partition on its way', () => {
  it('is stored message by message, with what is known of it', async () => {
    const { loop, stored, clock } = loopOver(3);
    await settle();
    expect(stored.map(({ from, next }) => [from, next])).toEqual([
      [0, 1],
      [1, 2],
      [2, 3],
    ]);
    expect(loop.progress).toEqual({
      source: 't/0',
      next: 3,
      end: 3,
      lag: 0,
      facts: 3,
      wins: 3,
      conflicts: 0,
      dead: 0,
      overtaken: 0,
      fault: null,
      caughtUpAt: clock.now(),
    });
  });

  it('lets a batch gather after one that was not full', async () => {
    const { stored, clock } = loopOver(2, { gatherMs: 200 });
    await settle();
    expect(stored).toHaveLength(1);
    clock.move(200);
    await settle();
    expect(stored).toHaveLength(2);
  });

  it('goes on where the record stands when somebody else was there', async () => {
    const { loop, state, stored } = loopOver(6);
    state.answers.push({ kind: 'zombie', next: 4 });
    await settle();
    expect(stored.map(({ from }) => from)).toEqual([4, 5]);
    expect(loop.progress).toMatchObject({ next: 6, overtaken: 1, facts: 2 });
  });

  it('does nothing without its lease, and goes on when it is back', async () => {
    const { state, stored, clock } = loopOver(5, { ratePerSecond: 1 });
    await settle();
    expect(stored).toHaveLength(1);
    state.holds = false;
    clock.move(1_000);
    await settle();
    expect(stored).toHaveLength(1);
    state.holds = true;
    for (let i = 0; i < 5; i++) {
      clock.move(1_000);
      await settle();
    }
    expect(stored.map(({ from }) => from)).toEqual([0, 1, 2, 3, 4]);
  });

  it('stores what it has read before it stops, without waiting for the pace', async () => {
    const { loop, stored } = loopOver(5, { ratePerSecond: 1 });
    await settle();
    expect(stored).toHaveLength(1);
    await loop.stop();
    expect(stored.map(({ from }) => from)).toEqual([0, 1]);
  });

  it('tells trouble, waits longer each time, and sends no dead letter again', async () => {
    const { loop, state, stored, letters, reads, clock } = loopOver(1, { bad: [0] });
    state.answers.push(new Error('no database'), new Error('no database'), new Error('no database'));
    await settle();
    expect(loop.progress.fault).toBe('no database');
    const tries: number[] = [];
    for (let passed = 0; passed < 2_000; passed += 100) {
      clock.move(100);
      await settle();
      tries.push(reads.filter((offset) => offset === 0).length);
    }
    // 0.2 s, 0.4 s, 0.8 s
    expect([tries[0], tries[1], tries[4], tries[5], tries[12], tries[13]]).toEqual([1, 2, 2, 3, 3, 4]);
    expect(stored).toHaveLength(1);
    expect(letters).toEqual([0]);
    expect(loop.progress).toMatchObject({ next: 1, dead: 1, conflicts: 1, fault: null });
  });
});

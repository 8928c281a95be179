// Protects: from the log into the record exactly once. A step that fails is taken again with the same facts, a recorder
// that was overtaken goes on where the record stands, and what is stored can be found by its code.

import { beforeEach, describe, expect, it } from 'vitest';
import type { ClaimWon } from '../../src/core/event.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import type { Recorder } from '../../src/flow/record.ts';
import { makeRecorder } from '../../src/flow/record.ts';
import type { Campaigns } from '../../src/ports/campaigns.ts';
import type { LogReader, LogSlice } from '../../src/ports/log.ts';
import type { RecordBatch } from '../../src/ports/record.ts';
import type { RecordPlace } from '../support/contract/record-bench.ts';
import { makeHandClock } from '../support/hand-clock.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../support/samples.ts';
import { makeSqlitePlace } from '../support/sqlite-place.ts';

const codes = makeCodes(Buffer.from('a master secret for tests only'));

/** A log in an array: one entry a fact, null where an entry cannot be read. */
function readerOf(entries: (ClaimWon | null)[]): LogReader {
  return {
    async read(offset, max) {
      const slice: LogSlice = { facts: [], unreadable: [], next: offset };
      for (let at = offset; at < entries.length && slice.facts.length < max; at++) {
        const fact = entries[at];
        if (fact) slice.facts.push(fact);
        else slice.unreadable.push({ at: `test:${at}`, reason: 'not a fact', payload: 'x' });
        slice.next = at + 1;
      }
      return slice;
    },
  };
}

describe('a recorder', () => {
  let place: RecordPlace;
  let entries: (ClaimWon | null)[];
  beforeEach(async () => {
    place = await makeSqlitePlace();
    entries = [];
    await place.campaigns.create(sampleCampaign({ codes: { source: 'generated' } }), sampleAudit());
  });

  function recorder(
    over: { record?: Partial<RecordPlace['record']>; campaigns?: Campaigns } = {},
  ): Promise<Recorder> {
    return makeRecorder({
      source: 'journal',
      reader: readerOf(entries),
      record: { ...place.record, ...over.record },
      campaigns: over.campaigns ?? place.campaigns,
      codes,
      system: makeHandClock(),
      batchMax: 10,
    });
  }
  const seqs = async () => (await place.record.page('chicken-100', 0, 1000)).map(({ seq }) => seq);
  const fill = (count: number) => {
    for (let seq = 1; seq <= count; seq++) entries.push(sampleWin(seq));
  };

  it('takes the log batch by batch, and says when there is nothing', async () => {
    fill(25);
    const run = await recorder();
    expect(await run.step()).toEqual({ facts: 10, conflicts: 0, next: 10 });
    expect(await run.step()).toEqual({ facts: 10, conflicts: 0, next: 20 });
    expect(await run.step()).toEqual({ facts: 5, conflicts: 0, next: 25 });
    expect(await run.step()).toEqual({ facts: 0, conflicts: 0, next: 25 });
    expect(run.next()).toBe(25);
    expect(await seqs()).toHaveLength(25);
    entries.push(sampleWin(26));
    expect(await run.step()).toEqual({ facts: 1, conflicts: 0, next: 26 });
  });

  it('goes on where the record stands after a restart', async () => {
    fill(15);
    await (await recorder()).step();
    const again = await recorder();
    expect(again.next()).toBe(10);
    expect(await again.step()).toEqual({ facts: 5, conflicts: 0, next: 15 });
    expect(await seqs()).toHaveLength(15);
  });

  it('takes the same facts again after a step that failed', async () => {
    fill(5);
    let away = true;
    const run = await recorder({
      record: {
        store: async (batch: RecordBatch) => {
          if (away) throw new Error('the disk is full');
          return place.record.store(batch);
        },
      },
    });
    await expect(run.step()).rejects.toThrow('the disk is full');
    await expect(run.step()).rejects.toThrow('the disk is full');
    expect(run.next()).toBe(0);
    away = false;
    expect(await run.step()).toEqual({ facts: 5, conflicts: 0, next: 5 });
    expect(await seqs()).toEqual([1, 2, 3, 4, 5]);
  });

  it('does not store twice what was stored but not confirmed', async () => {
    fill(5);
    let cut = true;
    const run = await recorder({
      record: {
        store: async (batch: RecordBatch) => {
          const result = await place.record.store(batch);
          if (cut) throw new Error('the answer was lost');
          return result;
        },
      },
    });
    await expect(run.step()).rejects.toThrow('the answer was lost');
    cut = false;
    await run.step();
    expect(await run.step()).toEqual({ facts: 0, conflicts: 0, next: 5 });
    expect(await seqs()).toEqual([1, 2, 3, 4, 5]);
    expect(await place.letters.list({}, null, 10)).toEqual([]);
  });

  it('two recorders of one log store everything once', async () => {
    fill(40);
    const [one, two] = [await recorder(), await recorder()];
    for (let i = 0; i < 6; i++) await Promise.all([one.step(), two.step()]);
    expect(await seqs()).toHaveLength(40);
    expect([one.next(), two.next()]).toEqual([40, 40]);
    expect(await place.letters.list({}, null, 10)).toEqual([]);
  });

  it('sets aside what it cannot read, counts it, and goes on', async () => {
    entries.push(sampleWin(1), null, sampleWin(2), sampleWin(2, { userId: 'else' }));
    const run = await recorder();
    expect(await run.step()).toEqual({ facts: 4, conflicts: 2, next: 4 });
    expect(await seqs()).toEqual([1, 2]);
    expect(await place.letters.list({}, null, 10)).toHaveLength(2);
  });

  it('stores what happened in lines with the wins, when something did, and counts it', async () => {
    const left = { type: 'line.left', campaignId: 'chicken-100', epoch: 1, at: T0, numbers: [3] } as const;
    const stored: (RecordBatch['lines'] | 'none')[] = [];
    const run = await makeRecorder({
      source: 'journal',
      reader: {
        read: async (offset) => {
          const facts = [sampleWin(offset + 1)];
          const lines = offset === 0 ? { lines: [{ ...left, numbers: [3] }] } : {};
          return { facts, ...lines, unreadable: [], next: offset + 1 };
        },
      },
      record: {
        ...place.record,
        store: async (batch) => {
          stored.push('lines' in batch ? batch.lines : 'none');
          return { kind: 'stored', inserted: 1, repeated: 0, conflicts: 0 };
        },
      },
      campaigns: place.campaigns,
      codes,
      system: makeHandClock(),
      batchMax: 10,
    });
    expect((await run.step()).facts).toBe(2);
    expect((await run.step()).facts).toBe(1);
    expect(stored).toEqual([[left], 'none']);
  });

  it('stores what each code is found by, for those campaigns that have codes', async () => {
    const plain = sampleCampaign({ id: 'plain' });
    await place.campaigns.create(plain, sampleAudit());
    entries.push(sampleWin(1), sampleWin(1, { campaignId: 'plain' }));
    await (await recorder()).step();
    const lookup = codes.lookupOf(
      codes.codeOf({ id: 'chicken-100', codes: { source: 'generated' } }, 1) as string,
    );
    expect((await place.record.find(null, { codeLookup: lookup })).map(({ id }) => id)).toEqual([
      'chicken-100.1',
    ]);
    expect((await place.record.find('plain', { seq: 1 }))[0]?.codeLookup).toBeNull();
  });

  it('asks for a campaign again when it was not there the first time', async () => {
    entries.push(sampleWin(1, { campaignId: 'late' }));
    const run = await recorder();
    expect(await run.step()).toMatchObject({ facts: 1, conflicts: 1 });
    await place.campaigns.create(sampleCampaign({ id: 'late', createdAt: T0 + 5 }), sampleAudit());
    entries.push(sampleWin(2, { campaignId: 'late' }));
    expect(await run.step()).toMatchObject({ facts: 1, conflicts: 0 });
  });

  it('asks for a campaign once a batch, remembers those that are there, and not without end', async () => {
    const asked: string[] = [];
    const campaigns: Campaigns = {
      ...place.campaigns,
      get: async (id) => {
        asked.push(id);
        return id === 'none' ? null : sampleCampaign({ id });
      },
    };
    const run = await recorder({ campaigns });
    const step = async (...ids: string[]) => {
      for (const campaignId of ids) entries.push(sampleWin(1, { campaignId }));
      await run.step();
    };
    await step('none', 'a', 'none', 'a');
    expect(asked).toEqual(['none', 'a']);
    await step('a', 'none');
    expect(asked).toEqual(['none', 'a', 'none']);
    for (let at = 0; at < 1000; at += 10) {
      await step(...Array.from({ length: 10 }, (_, i) => `more-${at + i}`));
    }
    asked.length = 0;
    await step('a', 'more-999');
    expect(asked).toEqual(['a']);
  });
});

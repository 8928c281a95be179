// What every log promises (ports/log): told durable is durable, in order, once; what cannot be read is set aside and not
// skipped; what was let go of is gone and its offsets are never given again.

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { ClaimWon, Fact } from '../../../src/core/event.ts';
import type { LineFact, LineJoined } from '../../../src/core/line-fact.ts';
import { packLineFacts } from '../../../src/core/line-fact.ts';
import type { Log, LogReader, LogSlice } from '../../../src/ports/log.ts';
import { sampleWin, T0 } from '../samples.ts';

/** A log and somebody who reads it. */
export interface OpenLog {
  log: Log;
  reader: LogReader;
  close(): Promise<void>;
}

/** A place that keeps a log: what was opened and closed can be opened again. */
export interface LogPlace {
  open(): Promise<OpenLog>;
  /** Leaves an entry that no log of ours has written. */
  spoil(payload: string): Promise<void>;
  /** Entries without one fact in them, by what is wrong with each. */
  unreadable: Readonly<Record<string, string>>;
}

/** Resolves when the log says that the fact is durable. */
function appended(log: Log, fact: Fact): Promise<void> {
  return new Promise((resolve, reject) =>
    log.append(fact, (error) => (error === null ? resolve() : reject(error))),
  );
}

async function readAll(reader: LogReader, from = 0, max = 1000): Promise<LogSlice> {
  const all: LogSlice = { facts: [], unreadable: [], next: from };
  for (;;) {
    const slice = await reader.read(all.next, max);
    if (slice.next === all.next) return all;
    all.facts.push(...slice.facts);
    if (slice.lines !== undefined) all.lines = [...(all.lines ?? []), ...slice.lines];
    all.unreadable.push(...slice.unreadable);
    all.next = slice.next;
  }
}

const wins = (first: number, last: number): ClaimWon[] =>
  Array.from({ length: last - first + 1 }, (_, i) => sampleWin(first + i));
const sampleJoin = (first: number, over: Partial<LineJoined> = {}): LineJoined => ({
  type: 'line.joined',
  campaignId: 'chicken-100',
  epoch: 1,
  at: T0 + first,
  first,
  userIds: [`u-${first}`],
  keys: null,
  ...over,
});
/** One of each kind that there is, in an order that means something. */
const aLineOf = (campaignId: string): LineFact[] => {
  const about = { campaignId, epoch: 1, at: T0 + 9 };
  return [
    sampleJoin(-1, { campaignId, userIds: ['김철수 🐔', 'b'], keys: [null, 'k "1"'] }),
    { ...about, type: 'line.shuffled', seed: 'ab'.repeat(32), count: 2 },
    sampleJoin(3, { campaignId }),
    { ...about, type: 'line.left', numbers: [3] },
    { ...about, type: 'line.released', to: 2, confirmBy: T0 + 99 },
    { ...about, type: 'line.stretched', byMs: 5 },
    { ...about, type: 'line.confirmed', numbers: [1] },
    { ...about, type: 'line.expired', numbers: [2] },
    { ...about, type: 'line.won', numbers: [1], seqs: [7] },
    { ...about, type: 'line.refused', numbers: [4], why: 'sold_out' },
  ];
};
const seqs = (slice: LogSlice): number[] => slice.facts.map((fact) => fact.seq);

export function logContract(name: string, makePlace: () => Promise<LogPlace>): void {
  describe(`${name} log`, () => {
    let place: LogPlace;
    beforeEach(async () => {
      place = await makePlace();
    });

    async function open(): Promise<OpenLog> {
      const opened = await place.open();
      onTestFinished(() => opened.close());
      return opened;
    }

    /** Closes and opens again, as a restart does. */
    async function reopen({ close }: OpenLog): Promise<OpenLog> {
      await close();
      return open();
    }

    appending();
    waitingLines();
    readingBack();
    lettingGo();

    function appending(): void {
      it('begins empty', async () => {
        const { log, reader } = await open();
        expect(log.state()).toEqual({ waiting: 0, end: 0, fault: null });
        expect(await reader.read(0, 10)).toEqual({ facts: [], unreadable: [], next: 0 });
        expect(await log.flush()).toBe(0);
      });

      it('has a fact the moment it says that it is durable', async () => {
        const { log, reader } = await open();
        const fact = sampleWin(1, { userId: '김철수 🐔', key: 'k "1"', nth: 2, epoch: 3 });
        await appended(log, fact);
        expect((await reader.read(0, 10)).facts).toEqual([fact]);
      });

      it('keeps the order, whatever the pace', async () => {
        const { log, reader } = await open();
        const told: number[] = [];
        const all: Promise<void>[] = [];
        for (let seq = 1; seq <= 500; seq++) {
          all.push(appended(log, sampleWin(seq)).then(() => void told.push(seq)));
          if (seq % 50 === 0) await all[seq - 25];
        }
        await Promise.all(all);
        const expected = wins(1, 500).map((fact) => fact.seq);
        expect(told).toEqual(expected);
        expect(seqs(await readAll(reader))).toEqual(expected);
      });

      it('writes those who come together together, and those who come meanwhile next', async () => {
        const { log } = await open();
        let writes = 0;
        log.onDurable(() => {
          writes += 1;
        });
        const crowd = wins(1, 1000).map((fact) => appended(log, fact));
        expect(log.state().waiting).toBe(1000);
        const meanwhile = (crowd[0] as Promise<void>).then(() => appended(log, sampleWin(1001)));
        await Promise.all([...crowd, meanwhile]);
        expect(log.state().waiting).toBe(0);
        expect(writes).toBeLessThanOrEqual(3);
      });

      it('tells its end after each write, and a flush when all that came before it is durable', async () => {
        const { log, reader } = await open();
        const ends: number[] = [];
        log.onDurable((end) => ends.push(end));
        const first = appended(log, sampleWin(1));
        const flushed = log.flush();
        await first;
        const end = await flushed;
        expect(ends.at(-1)).toBe(end);
        expect(log.state().end).toBe(end);
        expect((await readAll(reader)).next).toBe(end);
      });

      it('closes only when everything it has taken is durable', async () => {
        const opened = await open();
        const told = wins(1, 300).map((fact) => appended(opened.log, fact));
        const again = await reopen(opened);
        await Promise.all(told);
        expect(seqs(await readAll(again.reader))).toHaveLength(300);
        await opened.log.close();
      });
    }

    function waitingLines(): void {
      it('keeps what happens in lines, of every kind, beside the wins and each line in its order', async () => {
        const opened = await open();
        const lines = ['a', 'b'].map(aLineOf);
        const mixed: Fact[] =
          lines[0]?.flatMap((fact, i) => [fact, sampleWin(i + 1), lines[1]?.[i] ?? fact]) ?? [];
        await Promise.all(mixed.map((fact) => appended(opened.log, fact)));
        const again = await reopen(opened);
        const all = await readAll(again.reader);
        expect(seqs(all)).toEqual(seqs({ ...all, facts: wins(1, 10) }));
        for (const [i, campaignId] of ['a', 'b'].entries()) {
          expect(all.lines?.filter((fact) => fact.campaignId === campaignId)).toEqual(lines[i]);
        }
        expect(all.unreadable).toEqual([]);
        expect(all.next).toBe(again.log.state().end);
      });

      it('says a crowd that joins together in few facts', async () => {
        const { log, reader } = await open();
        const joins = Array.from({ length: 2000 }, (_, i) => sampleJoin(i + 1));
        await Promise.all(joins.map((fact) => appended(log, fact)));
        const { lines = [] } = await readAll(reader);
        expect(lines.length).toBeLessThanOrEqual(6);
        expect(packLineFacts(lines)).toEqual(packLineFacts(joins));
      });

      it('is read in bites with them too', async () => {
        const { log, reader } = await open();
        for (let first = 1; first <= 20; first++) await appended(log, sampleJoin(first));
        const bite = await reader.read(0, 7);
        expect(bite.lines).toHaveLength(7);
        expect((await readAll(reader, bite.next, 7)).lines).toHaveLength(13);
      });
    }

    function readingBack(): void {
      it('is the same after it was opened again, and goes on behind', async () => {
        const opened = await open();
        await Promise.all(wins(1, 20).map((fact) => appended(opened.log, fact)));
        const { end } = opened.log.state();
        const again = await reopen(opened);
        expect(again.log.state()).toEqual({ waiting: 0, end, fault: null });
        await appended(again.log, sampleWin(21));
        const all = await readAll(again.reader);
        expect(all.facts).toEqual(wins(1, 21));
        expect(seqs(await readAll(again.reader, end))).toEqual([21]);
      });

      it('is read in bites of about the size asked for, none lost between', async () => {
        const { log, reader } = await open();
        for (const fact of wins(1, 60)) await appended(log, fact);
        const bite = await reader.read(0, 7);
        expect(seqs(bite)).toEqual([1, 2, 3, 4, 5, 6, 7]);
        expect(seqs(await reader.read(bite.next, 7))).toEqual([8, 9, 10, 11, 12, 13, 14]);
        expect(seqs(await readAll(reader, 0, 7))).toEqual(wins(1, 60).map((fact) => fact.seq));
        expect(await reader.read(bite.next, 7)).toEqual(await reader.read(bite.next, 7));
      });

      it('sets aside what it cannot read, says why, and loses nothing around it', async () => {
        const opened = await open();
        await appended(opened.log, sampleWin(1));
        await opened.close();
        const faults = Object.values(place.unreadable);
        for (const payload of faults) await place.spoil(payload);
        const again = await open();
        await appended(again.log, sampleWin(2));
        const all = await readAll(again.reader);
        expect(seqs(all)).toEqual([1, 2]);
        expect(all.unreadable).toHaveLength(faults.length);
        for (const { at, reason } of all.unreadable) {
          expect(at).toMatch(/.:\d+$/);
          expect(reason).not.toBe('');
        }
        expect(all.next).toBe(again.log.state().end);
      });
    }

    function lettingGo(): void {
      it('lets go of what is recorded and of nothing else', async () => {
        const { log, reader } = await open();
        for (const fact of wins(1, 10)) await appended(log, fact);
        const { next } = await reader.read(0, 4);
        await log.trim(next);
        await appended(log, sampleWin(11));
        expect(seqs(await readAll(reader, next))).toEqual([5, 6, 7, 8, 9, 10, 11]);
        expect(seqs(await readAll(reader))).not.toContain(1);
      });

      it('never gives an offset again, not even when everything was let go of', async () => {
        const opened = await open();
        for (const fact of wins(1, 10)) await appended(opened.log, fact);
        const { end } = opened.log.state();
        await opened.log.trim(end);
        const again = await reopen(opened);
        expect(again.log.state().end).toBe(end);
        await appended(again.log, sampleWin(11));
        const { facts, next } = await readAll(again.reader, end);
        expect(facts).toEqual([sampleWin(11)]);
        expect(next).toBeGreaterThan(end);
      });

      it('bears being told to let go of what is not there', async () => {
        const { log, reader } = await open();
        await log.trim(1000);
        await appended(log, sampleWin(1));
        await log.trim(0);
        await appended(log, sampleWin(2));
        expect(seqs(await readAll(reader))).toEqual([1, 2]);
      });
    }
  });
}

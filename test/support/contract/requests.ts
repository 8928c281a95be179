// What every log of requests promises (ports/requests): told durable is durable and stands where it was said, in order,
// packed or split; what cannot be read is set aside with its place; time never runs back.

import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { GateRule } from '../../../src/core/gate.ts';
import { gateRule } from '../../../src/core/gate.ts';
import type { PlacedRequest, Request, RuleChanged } from '../../../src/core/request.ts';
import { offsetOf, PACK_MAX, placeOf } from '../../../src/core/request.ts';
import type { RequestPlace, RequestReader, RequestSlice, Requests } from '../../../src/ports/requests.ts';
import { sampleCampaign } from '../samples.ts';

/** A log and somebody who reads it: one partition. */
export interface OpenRequests {
  requests: Requests;
  reader: RequestReader;
  close(): Promise<void>;
}

/** A place that keeps a log: what was opened and closed can be opened again. */
export interface RequestsPlace {
  open(): Promise<OpenRequests>;
  /** Leaves an entry that no log of ours has written. */
  spoil(payload: string): Promise<void>;
  /** Entries that are not requests, by what is wrong with each. */
  unreadable: Readonly<Record<string, string>>;
}

export const sampleTry = (
  userId: string,
  campaignId = 'chicken-100',
  key: string | null = null,
): Request => ({
  type: 'claim.requested',
  campaignId,
  userId,
  key,
});

export function sampleRule(over: Partial<GateRule> = {}): RuleChanged {
  const rule = { ...gateRule(sampleCampaign()), ...over };
  return { type: 'campaign.changed', campaignId: rule.campaignId, rule };
}

/** Resolves with where it is when the log says that the request is durable. */
export function asked(requests: Requests, request: Request): Promise<RequestPlace> {
  return new Promise((resolve, reject) =>
    requests.append(request, (error, at) =>
      at === null ? reject(error ?? new Error('no place was told')) : resolve(at),
    ),
  );
}

export async function readAllRequests(reader: RequestReader, from = 0, max = 1000): Promise<RequestSlice> {
  const all: RequestSlice = { requests: [], unreadable: [], next: from };
  for (;;) {
    const slice = await reader.read(all.next, max);
    if (slice.next === all.next) return all;
    all.requests.push(...slice.requests);
    all.unreadable.push(...slice.unreadable);
    all.next = slice.next;
  }
}

const crowd = (first: number, last: number, campaignId?: string): Request[] =>
  Array.from({ length: last - first + 1 }, (_, i) => sampleTry(`u-${first + i}`, campaignId));
const requestsOf = ({ requests }: RequestSlice): Request[] => requests.map(({ request }) => request);
const rises = (numbers: number[]): boolean =>
  numbers.every((one, i) => i === 0 || one > (numbers[i - 1] ?? 0));
const neverFalls = (read: PlacedRequest[]): boolean =>
  read.every(({ at }, i) => i === 0 || at >= (read[i - 1]?.at ?? 0));

export function requestsContract(name: string, makePlace: () => Promise<RequestsPlace>): void {
  describe(`${name} log of requests`, () => {
    let place: RequestsPlace;
    beforeEach(async () => {
      place = await makePlace();
    });

    async function open(): Promise<OpenRequests> {
      const opened = await place.open();
      onTestFinished(() => opened.close());
      return opened;
    }

    /** Closes and opens again, as a restart does. */
    async function reopen({ close }: OpenRequests): Promise<OpenRequests> {
      await close();
      return open();
    }

    it('begins empty', async () => {
      const { requests, reader } = await open();
      expect(requests.state()).toEqual({ waiting: 0, end: 0, fault: null });
      expect(await reader.read(0, 10)).toEqual({ requests: [], unreadable: [], next: 0 });
    });

    it('has a request the moment it says so, where it says, with when it was', async () => {
      const { requests, reader } = await open();
      const before = Date.now();
      const request = sampleTry('김철수 🐔', 'chicken-100', 'k "1"');
      const at = await asked(requests, request);
      const [read, ...others] = (await readAllRequests(reader)).requests;
      expect(others).toEqual([]);
      expect(read).toMatchObject({ request, place: at.place });
      expect(read?.at).toBeGreaterThanOrEqual(before);
      expect(read?.at).toBeLessThanOrEqual(Date.now());
    });

    it('keeps the order, whatever the pace, and each place is behind the one before', async () => {
      const { requests, reader } = await open();
      const told: number[] = [];
      const all: Promise<void>[] = [];
      for (const [i, request] of crowd(1, 500).entries()) {
        all.push(asked(requests, request).then(({ place: at }) => void told.push(at)));
        if (i % 50 === 49) await all[i - 25];
      }
      await Promise.all(all);
      const read = await readAllRequests(reader);
      expect(requestsOf(read)).toEqual(crowd(1, 500));
      expect(rises(told)).toBe(true);
      expect(read.requests.map((one) => one.place)).toEqual(told);
      expect(neverFalls(read.requests)).toBe(true);
    });

    it('writes those who come together together, never more than are allowed in one entry', async () => {
      const { requests, reader } = await open();
      const count = 2 * PACK_MAX + 500;
      const told = await Promise.all(crowd(1, count).map((request) => asked(requests, request)));
      const read = await readAllRequests(reader);
      expect(requestsOf(read)).toEqual(crowd(1, count));
      expect(read.requests.map((one) => one.place)).toEqual(told.map((one) => one.place));
      const perEntry = Map.groupBy(read.requests, (one) => offsetOf(one.place));
      expect(perEntry.size).toBeLessThanOrEqual(6);
      for (const inIt of perEntry.values()) expect(inIt.length).toBeLessThanOrEqual(PACK_MAX);
      expect(read.next).toBe(requests.state().end);
    });

    it('keeps changed rules among the tries where they came, campaign by campaign', async () => {
      const { requests, reader } = await open();
      const appended: Request[] = [];
      for (let round = 1; round <= 20; round++) {
        for (const campaignId of ['a', 'b']) {
          appended.push(...crowd(round * 10, round * 10 + 4, campaignId));
          if (round % 3 === 0) appended.push(sampleRule({ campaignId, version: round, closesAt: round }));
        }
      }
      const told = await Promise.all(appended.map((request) => asked(requests, request)));
      const read = await readAllRequests(reader);
      expect(rises(read.requests.map((one) => one.place))).toBe(true);
      for (const campaignId of ['a', 'b']) {
        const ours = (request: Request) => request.campaignId === campaignId;
        expect(requestsOf(read).filter(ours)).toEqual(appended.filter(ours));
      }
      const byPlace = new Map(read.requests.map((one) => [one.place, one.request]));
      expect(told.map((one) => byPlace.get(one.place))).toEqual(appended);
    });

    it('is the same after it was opened again, and goes on behind', async () => {
      const opened = await open();
      const told = Promise.all(crowd(1, 300).map((request) => asked(opened.requests, request)));
      const again = await reopen(opened);
      const last = (await told).at(-1)?.place ?? 0;
      const { end } = again.requests.state();
      expect(again.requests.state()).toEqual({ waiting: 0, end, fault: null });
      const { place: behind } = await asked(again.requests, sampleTry('late'));
      expect(behind).toBeGreaterThan(last);
      expect(behind).toBe(placeOf(end, 0));
      const read = await readAllRequests(again.reader);
      expect(requestsOf(read)).toEqual([...crowd(1, 300), sampleTry('late')]);
      expect(neverFalls(read.requests)).toBe(true);
      expect(requestsOf(await readAllRequests(again.reader, end))).toEqual([sampleTry('late')]);
    });

    it('is read in bites, the same each time, none lost between', async () => {
      const { requests, reader } = await open();
      for (const request of crowd(1, 30)) await asked(requests, request);
      const bite = await reader.read(0, 7);
      expect(requestsOf(bite)).toEqual(crowd(1, 7));
      expect(requestsOf(await reader.read(bite.next, 7))).toEqual(crowd(8, 14));
      expect(await reader.read(bite.next, 7)).toEqual(await reader.read(bite.next, 7));
      expect(requestsOf(await readAllRequests(reader, 0, 7))).toEqual(crowd(1, 30));
    });

    it('sets aside what it cannot read, with its place and why, and loses nothing around it', async () => {
      const opened = await open();
      const first = await asked(opened.requests, sampleTry('first'));
      await opened.close();
      const faults = Object.values(place.unreadable);
      for (const payload of faults) await place.spoil(payload);
      const again = await open();
      const last = await asked(again.requests, sampleTry('last'));
      const read = await readAllRequests(again.reader);
      expect(requestsOf(read)).toEqual([sampleTry('first'), sampleTry('last')]);
      expect(read.unreadable.map(({ payload }) => payload)).toEqual(faults);
      const places = read.unreadable.map((one) => one.place);
      expect(rises([first.place, ...places, last.place])).toBe(true);
      for (const { at, reason, place: spoilt } of read.unreadable) {
        expect(at).toMatch(new RegExp(`.:${offsetOf(spoilt)}$`));
        expect(reason).not.toBe('');
      }
      expect(neverFalls(read.requests)).toBe(true);
    });
  });
}

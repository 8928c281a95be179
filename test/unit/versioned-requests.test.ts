// Protects: whoever was told that his request is on the log is decided, whatever version it went to: a version is closed
// behind everything that was told to be in it, however slow its writers, its database and its answers are.

import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { offsetOf } from '../../src/core/request.ts';
import type { TopicVersion } from '../../src/core/topic-version.ts';
import { CLOSED_AT, decidedOf, FIRST_VERSION, versionsProblem } from '../../src/core/topic-version.ts';
import type { Drain } from '../../src/flow/drain-version.ts';
import { drainVersion } from '../../src/flow/drain-version.ts';
import { openVersionedRequests, WRITE_LEASE_MS } from '../../src/flow/versioned-requests.ts';
import type { RequestPlace } from '../../src/ports/requests.ts';
import { type HandClock, makeHandClock } from '../support/hand-clock.ts';
import { type HandLeases, makeHandLeases } from '../support/hand-leases.ts';
import {
  type HandLog,
  type HandVersions,
  makeHandLog,
  makeHandVersions,
  sourceOf,
} from '../support/hand-versions.ts';
import { breathe } from '../support/ordered-world.ts';

const asked = { type: 'claim.requested', campaignId: 'c', userId: 'u', key: null } as const;
const atOnce = (run: () => void): void => run();

describe('versions as they are stored', () => {
  const one = (over: Partial<TopicVersion>): TopicVersion => ({ ...FIRST_VERSION, ...over });
  const two = one({ version: 2, partitions: 5 });

  it('can be one, or one after the other', () => {
    expect(versionsProblem([FIRST_VERSION])).toBeNull();
    expect(versionsProblem([one({ state: 'draining' }), two])).toBeNull();
    const three = [one({ state: 'drained' }), one({ version: 2, state: 'draining' }), one({ version: 3 })];
    expect(versionsProblem(three)).toBeNull();
    expect(decidedOf(three).version).toBe(2);
    expect(Number.isSafeInteger(CLOSED_AT * 4096)).toBe(true);
  });

  it('cannot be with a gap, without a current one, with two, or with two that drain', () => {
    expect(versionsProblem([])).toMatch(/none/);
    expect(versionsProblem([two])).toMatch(/version 1 is missing/);
    expect(versionsProblem([one({ state: 'draining' })])).toMatch(/none is current/);
    expect(versionsProblem([FIRST_VERSION, two])).toMatch(/there is version 2/);
    const draining = one({ state: 'draining' });
    expect(versionsProblem([draining, { ...draining, version: 2 }, one({ version: 3 })])).toMatch(
      /not the last/,
    );
    expect(versionsProblem([one({ partitions: 0 })])).toMatch(/0 partitions/);
    expect(versionsProblem([one({ state: 'new' as TopicVersion['state'] })])).toMatch(/"new"/);
  });
});

describe('whoever writes', () => {
  let clock: HandClock;
  let leases: HandLeases;
  let versions: HandVersions;
  let logs: HandLog[];
  /** tells what is on the log */
  let acks: (() => void)[];

  beforeEach(() => {
    clock = makeHandClock();
    leases = makeHandLeases(clock.now);
    versions = makeHandVersions();
    logs = [];
    acks = [];
  });

  const open = (instanceId = 'me') =>
    openVersionedRequests({
      versions,
      leases,
      system: clock,
      instanceId,
      async open({ version }) {
        const log = makeHandLog(versions, version, atOnce, (run) => void acks.push(run));
        logs.push(log);
        return log;
      },
    });
  async function pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 100) {
      clock.move(100);
      await breathe();
    }
  }
  const told = () => {
    const heard: (RequestPlace | string)[] = [];
    const done = (error: Error | null, at: RequestPlace | null): void =>
      void heard.push(at ?? String(error?.message));
    return { heard, done };
  };
  const drain = (): Promise<Drain> =>
    drainVersion(
      {
        versions,
        leases,
        system: clock,
        record: { next: async (source) => (source === sourceOf(1) ? (versions.nexts.get(1) ?? 0) : 0) },
        ends: async ({ version }) => new Map([[sourceOf(version), versions.ends.get(version) ?? 0]]),
      },
      versions.stored,
    );

  it('goes over to the next version, and the one before is closed when it is decided', async () => {
    const requests = await open();
    const { heard, done } = told();
    requests.append(asked, done);
    for (const ack of acks.splice(0)) ack();
    expect(await drain()).toEqual({ kind: 'none' });
    await versions.begin({ version: 2, partitions: 5 }, clock.now());
    expect(await drain()).toEqual({ kind: 'written', version: 1, writers: 1 });
    await pass(1_500);
    expect(logs.map(({ version, closed }) => [version, closed])).toEqual([
      [1, true],
      [2, false],
    ]);
    requests.append(asked, done);
    for (const ack of acks.splice(0)) ack();
    expect(heard).toMatchObject([{ topicVersion: 1 }, { topicVersion: 2 }]);
    expect(await drain()).toEqual({ kind: 'undecided', version: 1, messages: 1 });
    versions.nexts.set(1, 1);
    expect(await drain()).toEqual({ kind: 'closed', version: 1 });
    expect(await drain()).toEqual({ kind: 'none' });
    await requests.close();
    expect(await leases.held('writes/')).toEqual([]);
  });

  it('takes nothing and tells nothing when his lease is not renewed, and does again when it is', async () => {
    const requests = await open();
    const { heard, done } = told();
    requests.append(asked, done);
    leases.fault = 'the database is away';
    await pass(WRITE_LEASE_MS - 1_000);
    expect(requests.state().fault).toBeNull();
    await pass(1_100);
    expect(requests.state().fault).toBe('the database is away');
    requests.append(asked, done);
    for (const ack of acks.splice(0)) ack();
    expect(heard).toEqual(['the database is away', 'the database is away']);
    leases.fault = null;
    await pass(1_500);
    expect(requests.state().fault).toBeNull();
    await requests.close();
  });

  it('does not write a version that begins to drain while he begins to write it', async () => {
    const begin = leases.take;
    leases.take = async (...args) => {
      leases.take = begin;
      await versions.begin({ version: 2, partitions: 5 }, clock.now());
      return leases.take(...args);
    };
    await expect(open()).rejects.toThrow('version 2 of the topic has just begun');
    expect(logs.map(({ closed }) => closed)).toEqual([true]);
    const requests = await open('other');
    expect(requests.log()?.version).toBe(2);
    await requests.close();
  });

  it('stops when the versions go back, and when somebody else has his name', async () => {
    await versions.begin({ version: 2, partitions: 5 }, clock.now());
    const requests = await open();
    versions.stored = [FIRST_VERSION];
    await pass(WRITE_LEASE_MS + 1_500);
    expect(requests.state().fault).toMatch(/version 2 .* was current, and now version 1 is/);
    await leases.take('writes/requests/1/you', 'somebody else', 60_000);
    await expect(open('you')).rejects.toThrow('DIBS_INSTANCE_ID');
    await requests.close();
  });

  it('is never told of a place behind the end at which its version was closed', async () => {
    const delay = fc.oneof(fc.nat(300), fc.nat(300), fc.nat(20_000));
    const script = fc.array(
      fc.record({ writer: fc.nat(2), sentMs: delay, toldMs: delay, asksMs: delay, thenMs: fc.nat(700) }),
      { minLength: 20, maxLength: 60 },
    );
    await fc.assert(fc.asyncProperty(script, play), { numRuns: 60 });
  });

  type Step = { writer: number; sentMs: number; toldMs: number; asksMs: number; thenMs: number };

  /** Three writers, each with slow answers of his own; a migration in the middle; and one who drains it. */
  async function play(steps: readonly Step[]): Promise<void> {
    const time = makeHandClock();
    const shared = { leases: makeHandLeases(time.now), versions: makeHandVersions() };
    const slow = [0, 0, 0];
    let sentMs = 0;
    let toldMs = 0;
    const places: RequestPlace[] = [];
    const later = (ms: number) => new Promise<void>((resolve) => void time.after(ms, resolve));
    const writers = await Promise.all(
      slow
        .map((_, me) =>
          openVersionedRequests({
            leases: {
              ...shared.leases,
              // It takes as long to get there as to hear of it.
              async take(...args) {
                await later(slow[me] as number);
                const taken = await shared.leases.take(...args);
                await later(slow[me] as number);
                return taken;
              },
            },
            versions: {
              async all() {
                const all = await shared.versions.all();
                await later(slow[me] as number);
                return all;
              },
            },
            system: time,
            instanceId: `w-${me}`,
            open: async ({ version }) =>
              makeHandLog(
                shared.versions,
                version,
                (run) => void time.after(sentMs, run),
                (run) => void time.after(toldMs, run),
              ),
          }).catch(() => null),
        )
        .map(async (opening) => {
          for (let i = 0; i < 3; i++) await breathe(1).then(() => time.move(1));
          return opening;
        }),
    );
    const drained = async (): Promise<void> => {
      const parts = {
        ...shared,
        system: time,
        record: { next: async () => shared.versions.nexts.get(1) ?? 0 },
        ends: async () => {
          const end = shared.versions.ends.get(1) ?? 0;
          shared.versions.nexts.set(1, end);
          return new Map([[sourceOf(1), end]]);
        },
      };
      await drainVersion(parts, shared.versions.stored);
    };
    for (const [at, step] of steps.entries()) {
      if (at === 8) await shared.versions.begin({ version: 2, partitions: 5 }, time.now());
      slow[step.writer] = step.asksMs;
      ({ sentMs, toldMs } = step);
      writers[step.writer]?.append(asked, (_, place) => void (place && places.push(place)));
      for (let left = step.thenMs; left > 0; left -= 100) {
        time.move(Math.min(100, left));
        await breathe(3);
      }
      await drained();
    }
    for (let i = 0; i < 60; i++) {
      time.move(1_000);
      await breathe(3);
      await drained();
    }
    const end = shared.versions.closed.get(1);
    expect(end).toBeDefined();
    for (const { topicVersion, place } of places) {
      if (topicVersion === 1) expect(offsetOf(place)).toBeLessThan(end as number);
    }
  }
});

// Protects: whoever watches a stream here and wins at another process is told once, not before his win is as durable as
// promised, and finding him costs the gate a bounded number of questions a second.

import { beforeEach, describe, expect, it } from 'vitest';
import type { Campaign } from '../../src/core/campaign.ts';
import type { LiveCampaign } from '../../src/flow/catalog.ts';
import { makeCatalog } from '../../src/flow/catalog.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import { FarVerdicts } from '../../src/http/far-verdicts.ts';
import type { Streams } from '../../src/http/sse.ts';
import { makeStreams } from '../../src/http/sse.ts';
import type { Holding } from '../../src/ports/gate.ts';
import type { Holders } from '../../src/ports/record.ts';
import { openStream } from '../support/fake-streams.ts';
import { makeHandClock } from '../support/hand-clock.ts';
import { sampleCampaign, T0 } from '../support/samples.ts';

let streams: Streams;
let live: LiveCampaign;
let far: FarVerdicts;
/** what the gate holds, and whom it was asked for */
let held: Map<string, Holding[]>;
let asked: string[];
let gateAway: boolean;
let recorded: { seq: number; userId: string }[];

function setUp(over: Partial<Campaign>): void {
  const catalog = makeCatalog();
  const system = makeHandClock();
  held = new Map();
  asked = [];
  gateAway = false;
  recorded = [];
  streams = makeStreams(
    { system, catalog, adminState: () => '' },
    { streamsMax: 5000, streamsPerUserMax: 9 },
  );
  live = catalog.put(sampleCampaign(over));
  live.atGate = true;
  const gate = {
    async holdings(_id: string, userId: string) {
      asked.push(userId);
      if (gateAway) throw new Error('away');
      return held.get(userId) ?? [];
    },
  };
  const record = {
    async holders(_id: string, after: number, limit: number): Promise<Holders> {
      const rows = recorded.filter(({ seq }) => seq > after).slice(0, limit);
      const seqs = Float64Array.from(rows, ({ seq }) => seq);
      return { seqs, wonAt: seqs, userIds: rows.map(({ userId }) => userId), keys: null };
    },
  };
  const codes = makeCodes(Buffer.alloc(32, 1));
  far = new FarVerdicts({ system, catalog, gate, record, codes, streams });
}

/** `userId` wins at another process. */
function winElsewhere(userId: string, seq: number): void {
  held.set(userId, [...(held.get(userId) ?? []), { seq, wonAt: T0 + seq, key: null }]);
  live.issued += 1;
}

async function rounds(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await far.round();
}

beforeEach(() => setUp({}));

describe('a win at another process', () => {
  it('is told once, on every stream of the winner, and to nobody else', async () => {
    const [ann, annToo, bob] = ['ann', 'ann', 'bob'].map((user) => openStream(streams, live, user));
    winElsewhere('ann', 7);
    await rounds(3);
    expect([ann?.seqs(), annToo?.seqs(), bob?.seqs()]).toEqual([[7], [7], []]);
    expect(ann?.text()).toContain(
      '"verdict":"won","claim":{"id":"chicken-100.7","campaignId":"chicken-100","userId":"ann"',
    );
  });

  it('is not told again to who heard of it by his press, or with the first words of his stream', async () => {
    const ann = openStream(streams, live, 'ann');
    const bob = openStream(streams, live, 'bob', 2);
    winElsewhere('ann', 1);
    winElsewhere('bob', 2);
    streams.verdict('chicken-100', 'ann', { toldSeq: 1, settledAt: 0 }, () => '{"seq":1}');
    await rounds(2);
    expect([ann.seqs(), bob.seqs(), asked]).toEqual([[1], [], []]);
  });

  it('is left to the press that is still on its way here', async () => {
    const ann = openStream(streams, live, 'ann');
    winElsewhere('ann', 1);
    live.inFlight.set(1, []);
    await rounds(1);
    expect(ann.seqs()).toEqual([]);
  });

  it('is told for each unit where there may be several', async () => {
    setUp({ perUserLimit: 3 });
    const ann = openStream(streams, live, 'ann');
    winElsewhere('ann', 4);
    await rounds(1);
    winElsewhere('ann', 9);
    await rounds(2);
    expect(ann.seqs()).toEqual([4, 9]);
  });
});

describe('a win that the log must have first', () => {
  beforeEach(() => setUp({ durability: 'logged' }));

  it('is told when the record has it, and not before', async () => {
    const ann = openStream(streams, live, 'ann');
    winElsewhere('ann', 7);
    await rounds(3);
    expect(ann.seqs()).toEqual([]);
    recorded.push({ seq: 3, userId: 'zoe' }, { seq: 7, userId: 'ann' });
    await rounds(2);
    expect([ann.seqs(), asked]).toEqual([[7], ['ann']]);
  });

  it('is told at once when it is known to be on the log', async () => {
    live.baseSeq = 5;
    live.onLog.add(6);
    const [ann, bob] = ['ann', 'bob'].map((user) => openStream(streams, live, user));
    winElsewhere('ann', 5);
    winElsewhere('bob', 6);
    await rounds(1);
    expect([ann?.seqs(), bob?.seqs()]).toEqual([[5], [6]]);
  });

  it('is never told to whom the record does not name', async () => {
    const ann = openStream(streams, live, 'ann');
    winElsewhere('ann', 7);
    await rounds(1);
    recorded.push({ seq: 7, userId: 'zoe' });
    await rounds(2);
    expect(ann.seqs()).toEqual([]);
  });

  it('is found among thousands that the record got meanwhile', async () => {
    const ann = openStream(streams, live, 'ann');
    winElsewhere('ann', 1);
    const bob = openStream(streams, live, 'bob');
    winElsewhere('bob', 2500);
    await rounds(1);
    for (let seq = 1; seq <= 2600; seq++) {
      recorded.push({ seq, userId: seq === 2500 ? 'bob' : seq === 1 ? 'ann' : `u-${seq}` });
    }
    await rounds(1);
    expect([ann.seqs(), bob.seqs()]).toEqual([[1], [2500]]);
  });
});

describe('the questions', () => {
  it('are not asked while nothing moves, nor of those who did not say who they are', async () => {
    openStream(streams, live, 'ann');
    openStream(streams, live, '');
    await rounds(3);
    expect(asked).toEqual(['ann']);
    live.issued += 1;
    await rounds(3);
    expect(asked).toEqual(['ann', 'ann']);
  });

  it('are at most 500 a second, the newest streams first, until all were asked', async () => {
    for (let i = 0; i < 1200; i++) openStream(streams, live, `u-${i}`);
    const first = openStream(streams, live, 'last-to-come');
    winElsewhere('last-to-come', 1);
    winElsewhere('u-0', 2);
    await rounds(1);
    expect([asked.length, asked[0], first.seqs()]).toEqual([500, 'last-to-come', [1]]);
    await rounds(1);
    expect(asked).toHaveLength(1000);
    await rounds(1);
    expect([asked.length, asked.at(-1)]).toEqual([1201, 'u-0']);
    await rounds(1);
    expect(asked).toHaveLength(1201);
  });

  it('stop for the second when the gate does not answer, and are asked again', async () => {
    for (let i = 0; i < 200; i++) openStream(streams, live, `u-${i}`);
    const ann = openStream(streams, live, 'ann');
    winElsewhere('ann', 1);
    gateAway = true;
    await rounds(1);
    expect(asked).toHaveLength(50);
    gateAway = false;
    await rounds(2);
    expect(ann.seqs()).toEqual([1]);
  });

  it('wait while the gate is made good', async () => {
    const ann = openStream(streams, live, 'ann');
    winElsewhere('ann', 1);
    live.rebuilding = true;
    await rounds(2);
    expect(asked).toEqual([]);
    live.rebuilding = false;
    await rounds(1);
    expect(ann.seqs()).toEqual([1]);
  });

  it('end with the last stream', async () => {
    const ann = openStream(streams, live, 'ann');
    winElsewhere('ann', 1);
    ann.leave();
    await rounds(2);
    expect(asked).toEqual([]);
  });
});

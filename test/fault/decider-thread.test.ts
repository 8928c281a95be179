// Protects: requests of one process are decided in the record's thread, whenever their log is opened, and decided once,
// also by a thread that is ended in the middle and one that begins where it stood.

import { once } from 'node:events';
import { join } from 'node:path';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openJournal } from '../../src/adapters/sqlite/journal.ts';
import { callThread } from '../../src/adapters/sqlite/remote-calls.ts';
import type { RequestJournal } from '../../src/adapters/sqlite/requests.ts';
import { openRequestJournal } from '../../src/adapters/sqlite/requests.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { Campaign } from '../../src/core/campaign.ts';
import { gateRule } from '../../src/core/gate.ts';
import type { Request } from '../../src/core/request.ts';
import { ruleChange } from '../../src/core/request.ts';
import type {
  DeciderControl,
  DeciderProgress,
  RecorderControl,
  RecordThreadData,
  RequestsOpened,
} from '../../src/main/record-thread.ts';
import type { Campaigns } from '../../src/ports/campaigns.ts';
import type { RecordStore } from '../../src/ports/record.ts';
import type { Requests } from '../../src/ports/requests.ts';
import type { Rulings } from '../../src/ports/rulings.ts';
import { dataFolder } from '../support/data-folder.ts';
import { noteSqlite } from '../support/note-sqlite.ts';
import { sampleAudit, sampleCampaign } from '../support/samples.ts';

const system = makeSystem();
const campaign = sampleCampaign({ mode: 'ordered', quantity: 500, openedAt: 1 });
const { id } = campaign;

interface Thread {
  record: RecordStore;
  rulings: Rulings;
  campaigns: Campaigns;
  recorder: RecorderControl;
  decider: DeciderControl;
  progress(): DeciderProgress | null;
  hear(commits: MessagePort): void;
  /** as a crash would */
  end(): Promise<void>;
}

async function startThread(folder: string): Promise<Thread> {
  const journal = await openJournal(join(folder, 'journal.db'), system);
  const { port1, port2 } = new MessageChannel();
  const channel = new MessageChannel();
  const data: RecordThreadData = {
    recordPath: join(folder, 'record.db'),
    journalPath: join(folder, 'journal.db'),
    master: Buffer.from('a master secret for tests only'),
    batchMax: 1000,
    ratePerSecond: 0,
    commits: journal.commits,
    progress: port1,
    requests: { path: join(folder, 'requests.db'), batchMax: 100, channel: channel.port1 },
  };
  const thread = new Worker(new URL('../../src/main/record-thread.ts', import.meta.url), {
    workerData: data,
    transferList: [journal.commits, port1, channel.port1],
  });
  noteSqlite();
  let progress: DeciderProgress | null = null;
  channel.port2.on('message', (told: DeciderProgress) => {
    progress = told;
  });
  expect(await once(thread, 'message')).toEqual([{ ready: true }]);
  const calls = callThread(thread, system);
  const end = async () => {
    calls.stop();
    port2.close();
    channel.port2.close();
    await Promise.all([thread.terminate(), journal.close()]);
  };
  onTestFinished(end);
  return {
    record: calls.port('record', 5_000),
    rulings: calls.port('rulings', 5_000),
    campaigns: calls.port('campaigns', 5_000),
    recorder: calls.port('recorder', 30_000),
    decider: calls.port('decider', 30_000),
    progress: () => progress,
    hear: (commits) => channel.port2.postMessage({ commits } satisfies RequestsOpened, [commits]),
    end,
  };
}

function ask(requests: Requests, request: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    requests.append(request, (error) => (error === null ? resolve() : reject(error)));
  });
}
const tried = (user: number): Request => {
  return { type: 'claim.requested', campaignId: id, userId: `u-${user}`, key: null };
};

describe('the decider in the thread of the record', () => {
  let folder: string;
  beforeEach(() => {
    folder = dataFolder();
  });

  async function openRequests(): Promise<RequestJournal> {
    const requests = await openRequestJournal(join(folder, 'requests.db'), system);
    onTestFinished(() => requests.close());
    return requests;
  }
  /** The units were given in the order of the requests, from number 1. */
  async function expectFirst(record: RecordStore, count: number): Promise<void> {
    const told = (await record.page(id, 0, 1000)).map(({ seq, userId }) => [seq, userId]);
    expect(told).toEqual(Array.from({ length: count }, (_, at) => [at + 1, `u-${at + 1}`]));
  }

  it('has nothing to do where there is no log of requests', async () => {
    const thread = await startThread(folder);
    expect(await thread.decider.drain()).toBe(0);
    expect(await thread.rulings.deciders()).toEqual([]);
    expect(thread.progress()).toBeNull();
    await thread.recorder.stop();
  });

  it('decides as soon as a log of requests is there, and says how far it is', async () => {
    const thread = await startThread(folder);
    await thread.campaigns.create(campaign, sampleAudit());
    const requests = await openRequests();
    thread.hear(requests.commits);
    await Promise.all([ask(requests, ruleChange(null, gateRule(campaign))), ask(requests, tried(1))]);
    await expect.poll(async () => (await thread.record.counts(id, 0)).issued).toBe(1);
    await Promise.all([ask(requests, tried(2)), ask(requests, tried(1))]);
    await requests.flush();
    await expect.poll(() => thread.progress()?.next).toBe(requests.state().end);
    await expectFirst(thread.record, 2);
    const end = requests.state().end;
    // It is safe from a power cut a moment later.
    await expect
      .poll(() => thread.progress())
      .toEqual({
        next: end,
        safe: end,
        conflicts: 0,
        fault: null,
        requests: 4,
        wins: 2,
      });
    await thread.recorder.stop();
  });

  it('catches up at a start before anybody is heard', async () => {
    const first = await startThread(folder);
    await first.campaigns.create(campaign, sampleAudit());
    await first.end();
    const requests = await openRequests();
    for (let user = 1; user <= 700; user++) void ask(requests, tried(user));
    const end = await requests.flush();
    const thread = await startThread(folder);
    expect(await thread.decider.drain()).toBe(end);
    await expectFirst(thread.record, 500);
    expect(thread.progress()).toMatchObject({ next: end, safe: end, requests: 700, wins: 500 });
    await thread.recorder.stop();
  });

  it('decides everything once, however often its thread ends in the middle', async () => {
    let thread = await startThread(folder);
    await thread.campaigns.create({ ...campaign, quantity: 4000 } satisfies Campaign, sampleAudit());
    const requests = await openRequests();
    let user = 0;
    for (let life = 0; life < 2; life++) {
      for (let at = 0; at < 2500; at++) {
        user += 1;
        void ask(requests, tried(user));
      }
      await requests.flush();
      thread.decider.drain().catch(() => undefined);
      await expect.poll(() => thread.progress()?.wins ?? 0, { interval: 1 }).toBeGreaterThan(0);
      await thread.end();
      thread = await startThread(folder);
    }
    expect(await thread.decider.drain()).toBe(requests.state().end);
    const counts = await thread.record.counts(id, 0);
    expect(counts).toMatchObject({ issued: 4000, lastSeq: 4000, distinctUsers: 4000 });
    await expect(thread.rulings.of(id)).resolves.toMatchObject({ issued: 4000, lastSeq: 4000 });
    await thread.recorder.stop();
  });
});

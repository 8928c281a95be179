// Protects: a shadow has the rules of its campaign except where it says so; people come first, before a rehearsal and in
// the middle of one; and one that was broken off is never taken up again as if it had shown something.

import { describe, expect, it } from 'vitest';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { Campaign } from '../../src/core/campaign.ts';
import type { RehearsalResult, RehearsalWish } from '../../src/core/rehearsal.ts';
import { planRehearsal, shadowId, whyNotNow, wishFault } from '../../src/core/rehearsal.ts';
import { makeRehearseJob, type RehearseJobParts } from '../../src/jobs/rehearse.ts';
import type { JobRun } from '../../src/ports/job-runs.ts';
import { runToEnd } from '../support/run-job.ts';
import { sampleCampaign } from '../support/samples.ts';

const wish: RehearsalWish = { users: 1000, concurrency: 50, kill: null, overSeconds: null };
const now = Date.UTC(2026, 10, 21);
const minute = 60_000;

describe('the shadow', () => {
  it('has the rules of its campaign, and says what is otherwise', () => {
    const campaign = sampleCampaign({
      id: 'drop',
      mode: 'queued',
      quantity: 900,
      release: { perSecond: 2 },
      line: { maxLength: 5000, cutAt: null, shuffleBeforeOpen: true },
      durability: 'logged',
      codes: { source: 'pool', issue: 'by_job' },
      returnUnits: 'to_next_in_line',
      eligibility: { allowUsers: [] },
      opensAt: now,
    });
    const { shadow, changed } = planRehearsal(campaign, 3, wish);
    expect(shadow).toMatchObject({
      ...{ id: 'drop-rehearsal-3', quantity: 900, mode: 'queued', durability: 'disk', returnUnits: 'no' },
      codes: { source: 'generated', issue: 'by_job' },
      release: { perSecond: 20 },
      line: { maxLength: 5000, shuffleBeforeOpen: false },
    });
    expect(shadow).not.toHaveProperty('eligibility');
    expect(shadow).not.toHaveProperty('opensAt');
    expect(changed.map(({ field }) => field)).toEqual([
      ...['durability', 'codes.source', 'returnUnits', 'release.perSecond', 'line.shuffleBeforeOpen'],
      ...['eligibility', 'window'],
    ]);
    expect(planRehearsal(sampleCampaign({ durability: 'disk' }), 1, wish).changed).toEqual([]);
  });

  it('has an id that a campaign may have, however long that of its campaign is', () => {
    expect(shadowId('a'.repeat(64), 12)).toMatch(/^a{51}-rehearsal-12$/);
  });

  it('is killed while people still come', () => {
    const killed = { ...wish, kill: { part: 'server', atSecond: 2 } } as const;
    expect(planRehearsal(sampleCampaign(), 1, killed)).toMatchObject({ killAtMs: 2000, overMs: 5000 });
    expect(wishFault(killed)).toBeNull();
    expect(wishFault({ ...killed, overSeconds: 2 })?.pointer).toBe('/kill/atSecond');
  });
});

it('is refused while a drop is hot, and shortly before an opening', () => {
  const opens = (opensAt: number, over: Partial<Campaign> = {}) => [
    sampleCampaign({ id: 'x', openedAt: null, opensAt, ...over }),
  ];
  expect(whyNotNow([], true, now)).toContain('hot');
  expect(whyNotNow(opens(now + 10 * minute), false, now)).toContain('x opens in 10 min');
  expect(whyNotNow(opens(now + 11 * minute), false, now)).toBeNull();
  expect(whyNotNow(opens(now - 1), false, now)).toBeNull();
  expect(whyNotNow(opens(now + minute, { closedAt: now - minute }), false, now)).toBeNull();
});

describe('the job', () => {
  const system = makeSystem();
  const running = { id: 'run-0', job: 'rehearse', status: 'running' } as JobRun;

  function bench(over: Partial<RehearseJobParts> = {}) {
    const campaign = sampleCampaign({ id: 'drop', opensAt: null });
    const live = { campaign };
    const stopped: string[] = [];
    const catalog = { get: () => live, all: () => [live] } as unknown as RehearseJobParts['catalog'];
    const stage: RehearseJobParts['stage'] = {
      begin: () => ({
        ended: Promise.resolve({ ok: true } as RehearsalResult),
        progress: () => ({ stage: 'over', presses: 1, finished: 1, words: {} }),
        stop: () => void stopped.push('stopped'),
      }),
    };
    const parts = { system, catalog, stage, heat: { hot: () => false }, jobRuns: { list: async () => [] } };
    return { job: makeRehearseJob({ ...parts, ...over }), stopped, stage };
  }
  const params = { campaign: 'drop', users: 1 };

  it('keeps what came of it', async () => {
    const { result } = await runToEnd(bench().job, { params, system });
    expect(result).toMatchObject({ progress: { stage: 'over' }, rehearsal: { ok: true } });
  });

  it('breaks off when a drop becomes hot', async () => {
    const { stage, stopped } = bench();
    let looks = 0;
    const never = { ...stage.begin({} as never), ended: new Promise<never>(() => undefined) };
    const { job } = bench({ heat: { hot: () => looks++ > 1 }, stage: { begin: () => never } });
    await expect(runToEnd(job, { params, system })).rejects.toThrow('people come first');
    expect(stopped).toEqual(['stopped']);
  });

  it('is one at a time, and is not taken up in its middle', async () => {
    const { job } = bench({ jobRuns: { list: async () => [running] } });
    expect(await job.refuses?.(params)).toMatchObject({ code: 'rehearsal_refused' });
    await expect(runToEnd(job, { params, system })).rejects.toThrow('Another rehearsal');
    const counts = { read: 1, written: 1, chunks: 1, skips: {} };
    const at = new Map([['play', { position: 1, done: false, counts }]]);
    await expect(runToEnd(bench().job, { params, system, at })).rejects.toThrow('Ask for another one');
  });
});

// What the job `issue` promises on every database: each winner gets his coupon once, however often chunks are done and
// however they were broken off, with counts as of an unbroken run; and nothing is issued while anything is in doubt.

import { describe, expect, it } from 'vitest';
import { makeSystem } from '../../../src/adapters/system/system.ts';
import type { Campaign } from '../../../src/core/campaign.ts';
import { makeCodes } from '../../../src/flow/codes.ts';
import type { IntegrityReport } from '../../../src/flow/integrity.ts';
import type { IssueParts } from '../../../src/jobs/issue.ts';
import { makeIssueJob } from '../../../src/jobs/issue.ts';
import type { Coupons } from '../../../src/ports/coupons.ts';
import { runToEnd } from '../run-job.ts';
import { sampleAudit, sampleCampaign, T0 } from '../samples.ts';
import type { RecordPlace } from './record-bench.ts';
import { ID, wins } from './record-bench.ts';

export type IssuePlace = Pick<RecordPlace, 'record' | 'campaigns' | 'outbox'> & { coupons: Coupons };

const system = makeSystem();
const codes = makeCodes(Buffer.alloc(32, 7));
const BY_JOB: Partial<Campaign> = {
  quantity: 1000,
  codes: { source: 'generated', issue: 'by_job' },
  closedAt: T0 + 1,
};

function jobOn({ record, campaigns, coupons }: IssuePlace, over: Partial<IssueParts> = {}) {
  const report: IntegrityReport = {
    ok: true,
    campaignId: ID,
    checkedAt: T0,
    drained: true,
    gate: 'over',
    checks: [],
  };
  const nobody = async () => undefined as never;
  return makeIssueJob({
    ...{ record, campaigns, coupons, codes, system },
    ...{ caughtUp: async () => true, integrity: async () => report },
    codeImports: { stale: async () => [], drop: async () => false },
    catalog: { get: () => undefined } as never,
    gate: { unload: nobody },
    log: {} as never,
    unloadLine: nobody,
    ...over,
  });
}

async function withWinners(
  place: IssuePlace,
  count: number,
  over: Partial<Campaign> = BY_JOB,
): Promise<void> {
  await place.campaigns.create(sampleCampaign(over), sampleAudit());
  const isByJob = over.codes?.issue === 'by_job';
  await place.record.store({
    ...{ source: 'journal', from: 0, next: 1, unreadable: [], now: T0 },
    wins: wins(1, count).map((fact) => ({
      fact,
      codeLookup: null,
      ...(isByJob && { byJob: true as const }),
    })),
  });
}

const issuedIn = async (place: IssuePlace) =>
  (await place.outbox(ID))
    .filter(({ type }) => type === 'coupon.issued')
    .map((row) => [row.seqFirst, row.seqLast]);

const revoke = (place: IssuePlace, seq: number) =>
  place.record.change(
    { campaignId: ID, seq },
    { act: 'revoke', by: 'env', reason: 'r', key: null, now: T0, requestId: null },
  );

export function issueJobContract(name: string, makePlace: () => Promise<IssuePlace>): void {
  describe(`the job issue on ${name}`, () => {
    it('gives each winner his coupon, in chunks of 100', async () => {
      const place = await makePlace();
      await withWinners(place, 250);
      expect((await place.record.counts(ID, T0)).unissued).toBe(250);
      const { steps } = await runToEnd(jobOn(place), { params: { campaign: ID }, system });
      expect(steps['collect']).toEqual({ read: 250, written: 250, chunks: 1, skips: {} });
      expect(steps['issue']).toEqual({ read: 250, written: 250, chunks: 4, skips: {} });
      expect(steps['clean-up']).toMatchObject({ written: 1 });
      expect(await issuedIn(place)).toEqual([
        [1, 100],
        [101, 200],
        [201, 250],
      ]);
      const code = codes.codeOf(sampleCampaign(BY_JOB), 117) as string;
      const [found] = await place.record.find(null, { codeLookup: codes.lookupOf(code) });
      expect(found).toMatchObject({ seq: 117, status: 'issued' });
      expect(await place.record.counts(ID, T0)).toMatchObject({
        unissued: 0,
        withCode: 250,
        distinctCodes: 250,
      });
    });

    it('again issues nothing', async () => {
      const place = await makePlace();
      await withWinners(place, 150);
      await runToEnd(jobOn(place), { params: { campaign: ID }, system });
      const before = await place.record.page(ID, 0, 1000);
      const { steps } = await runToEnd(jobOn(place), { params: { campaign: ID }, system, runId: 'run-2' });
      expect(steps['issue']).toMatchObject({ read: 150, written: 0, skips: { already_issued: 150 } });
      expect(await place.record.page(ID, 0, 1000)).toEqual(before);
      expect(await issuedIn(place)).toHaveLength(2);
    });

    it('broken off in every chunk ends as if it had not been, counts too', async () => {
      const place = await makePlace();
      await withWinners(place, 250);
      await revoke(place, 7);
      const chunks = [0, 1, 2, 3, 4, 5, 6];
      const given = { params: { campaign: ID, chunkSize: 50 }, system, brokenOff: chunks };
      const { steps } = await runToEnd(jobOn(place), given);
      expect(steps['collect']).toMatchObject({ read: 250, written: 249, skips: { revoked: 1 } });
      expect(steps['issue']).toEqual({ read: 250, written: 249, chunks: 7, skips: { revoked: 1 } });
      const runs = await issuedIn(place);
      expect(runs.reduce((sum, [first, last]) => sum + (last as number) - (first as number) + 1, 0)).toBe(
        249,
      );
    });

    it('is small while a drop is hot', async () => {
      const place = await makePlace();
      await withWinners(place, 30);
      const given = { params: { campaign: ID, chunkSize: 1000 }, system, size: 10 };
      const { steps } = await runToEnd(jobOn(place), given);
      expect(steps['issue']).toEqual({ read: 30, written: 30, chunks: 5, skips: {} });
    });

    it('of a campaign that issues with the win has nothing to do', async () => {
      const place = await makePlace();
      await withWinners(place, 20, { ...BY_JOB, codes: { source: 'generated' } });
      const { steps } = await runToEnd(jobOn(place), { params: { campaign: ID }, system });
      expect(steps['issue']).toMatchObject({ read: 20, written: 0, skips: { already_issued: 20 } });
      expect(await issuedIn(place)).toEqual([[1, 20]]);
    });

    it('is refused for what is not there, and for what goes on unless it is said', async () => {
      const place = await makePlace();
      const job = jobOn(place);
      expect(await job.refuses?.({ campaign: ID })).toMatchObject({ code: 'campaign_not_found' });
      await withWinners(place, 20, { ...BY_JOB, closedAt: null });
      expect(await job.refuses?.({ campaign: ID })).toMatchObject({ code: 'campaign_live' });
      expect(await job.refuses?.({ campaign: ID, soFar: true })).toBeNull();
      const { steps } = await runToEnd(job, { params: { campaign: ID, soFar: true }, system });
      expect(steps['issue']).toMatchObject({ written: 20 });
    });

    it('issues nothing while the record is behind, or an invariant is broken', async () => {
      const place = await makePlace();
      await withWinners(place, 20);
      const behind = jobOn(place, { caughtUp: async () => false });
      const given = { params: { campaign: ID }, system };
      await expect(runToEnd(behind, given)).rejects.toMatchObject({ name: 'RecordBehind' });
      const checks = [{ id: 'I3', ok: false }] as unknown as IntegrityReport['checks'];
      const red = { ok: false, campaignId: ID, checkedAt: T0, drained: true, gate: 'over', checks } as const;
      const broken = jobOn(place, { integrity: async () => red });
      await expect(runToEnd(broken, given)).rejects.toThrow('are broken (I3): nothing is issued');
      expect(await issuedIn(place)).toEqual([]);
    });
  });
}

/**
 * Winners → gifticons → clean-up, in three steps: `collect` makes sure that the record has every winner who was told,
 * `issue` gives out the coupons of campaigns that issue by job, `clean-up` takes away what the drop has left behind. Run
 * again, it issues nothing twice: whoever has his coupon is `already_issued`.
 */

import { Type } from 'typebox';
import type { Campaign } from '../core/campaign.ts';
import { isIssuedByJob, statusOf } from '../core/campaign.ts';
import { said } from '../core/said.ts';
import type { Codes } from '../flow/codes.ts';
import { isOver } from '../flow/fill-gate.ts';
import type { IntegrityReport } from '../flow/integrity.ts';
import type { Coupons } from '../ports/coupons.ts';
import type { RecordStore, StoredClaim } from '../ports/record.ts';
import type { System } from '../ports/system.ts';
import type { CleanUpParts } from './clean-up.ts';
import { cleanUpStep } from './clean-up.ts';
import type { Job, Position, Step, StepContext, Written } from './job.ts';
import { CAMPAIGN_PARAM } from './job.ts';
import { RecordBehind } from './record-behind.ts';

export interface IssueParts extends CleanUpParts {
  record: Pick<RecordStore, 'page' | 'counts' | 'holders'>;
  coupons: Pick<Coupons, 'issue'>;
  codes: Codes;
  integrity(campaignId: string): Promise<IntegrityReport | null>;
  system: Pick<System, 'now'>;
}

const CHUNK_SIZE = 100;
/** ports/coupons takes no more at once. */
const CHUNK_SIZE_MAX = 1000;
const PATIENCE_MS = 10_000;

const params = Type.Object(
  {
    [CAMPAIGN_PARAM]: Type.String({ description: 'whose winners' }),
    soFar: Type.Optional(
      Type.Boolean({ description: 'also while the campaign goes on: those who have won until now' }),
    ),
    chunkSize: Type.Optional(
      Type.Integer({ minimum: 1, maximum: CHUNK_SIZE_MAX, description: `coupons in a chunk; ${CHUNK_SIZE}` }),
    ),
  },
  { additionalProperties: false },
);

export function makeIssueJob(parts: IssueParts): Job {
  return {
    name: 'issue',
    summary: 'Gives the winners of a campaign their coupons, and cleans up after it',
    params,
    loose: ['chunkSize'],
    refuses: (given) => refuses(parts, given),
    steps: [collectStep(parts), issueStep(parts), cleanUpStep(parts)],
  };
}

async function refuses(
  { campaigns, record, system }: IssueParts,
  given: Readonly<Record<string, unknown>>,
): Promise<{ code: string; detail: string } | null> {
  const id = campaignOf(given);
  const campaign = await campaigns.get(id);
  if (campaign === null) return { code: 'campaign_not_found', detail: said('no_campaign', { campaign: id }) };
  // Counting a large campaign takes its time: only whether it is sold out needs it.
  if (given['soFar'] === true || isOver(campaign, system.now())) return null;
  const { issued } = await record.counts(id, system.now());
  const status = statusOf(campaign, issued, system.now());
  if (status === 'sold_out') return null;
  const detail = `The campaign is ${status}: somebody may still win. Close it first, or say soFar.`;
  return { code: 'campaign_live', detail };
}

const campaignOf = (given: Readonly<Record<string, unknown>>): string => String(given[CAMPAIGN_PARAM]);

async function campaignIn({ campaigns }: Pick<IssueParts, 'campaigns'>, id: string): Promise<Campaign> {
  const campaign = await campaigns.get(id);
  if (campaign === null) throw new Error(said('no_campaign', { campaign: id }));
  return campaign;
}

/** Everybody who was told `won` is in the record, and nobody else: else no coupon is issued. */
async function makeSure(parts: IssueParts, { params: given }: StepContext): Promise<void> {
  const id = campaignOf(given);
  const soFar = given['soFar'] === true;
  if (!(await parts.caughtUp(PATIENCE_MS)) && !soFar) throw new RecordBehind(id);
  const report = await parts.integrity(id);
  if (report === null) throw new Error(said('no_campaign', { campaign: id }));
  if (!report.drained && !soFar) throw new RecordBehind(id);
  const red = report.checks.filter((check) => !check.ok).map((check) => check.id);
  if (red.length > 0) {
    throw new Error(said('invariants_broken', { campaign: id, ids: red.join(', ') }));
  }
}

function collectStep(parts: IssueParts): Step<StoredClaim> {
  const { record, system } = parts;
  return {
    name: 'collect',
    chunkSize: CHUNK_SIZE_MAX,
    total: async ({ params: given }) => (await record.counts(campaignOf(given), system.now())).issued,
    async read(context, position, size) {
      if (position === null) await makeSure(parts, context);
      const items = await record.page(campaignOf(context.params), Number(position ?? 0), size);
      return { items, position: items.at(-1)?.seq ?? position ?? 0, done: items.length < size };
    },
    async write(_context, winners) {
      return counted(winners.map((unit) => (unit.status === 'revoked' ? 'revoked' : null)));
    },
  };
}

/** Where the step stands, and when it began: what was issued since then was issued by it. */
type IssuePosition = { after: number; since: number };

interface Due {
  unit: StoredClaim;
  since: number;
}

/** Its first chunk is empty: it writes down when it began, before anything is issued. */
function issueStep(parts: IssueParts): Step<Due> {
  const { record } = parts;
  return {
    name: 'issue',
    chunkSize: CHUNK_SIZE_MAX,
    total: async ({ params: given, system }) => (await record.counts(campaignOf(given), system.now())).issued,
    async read({ params: given, system }, position: Position | null, most) {
      if (position === null) return { items: [], position: { after: 0, since: system.now() }, done: false };
      const { after, since } = position as IssuePosition;
      const size = Math.min(most, Number(given['chunkSize'] ?? CHUNK_SIZE));
      const page = await record.page(campaignOf(given), after, size);
      return {
        items: page.map((unit) => ({ unit, since })),
        position: { after: page.at(-1)?.seq ?? after, since },
        done: page.length < size,
      };
    },
    write: (context, due) => issue(parts, context, due),
  };
}

async function issue(
  parts: IssueParts,
  { params: given, system }: StepContext,
  due: Due[],
): Promise<Written> {
  const campaign = await campaignIn(parts, campaignOf(given));
  if (!isIssuedByJob(campaign)) return counted(due.map(({ unit }) => reasonOf(unit)));
  const waiting = due.flatMap(({ unit }) => (unit.status === 'won' ? [unit.seq] : []));
  const issued = new Set(await giveOut(parts, campaign, waiting, system.now()));
  return counted(
    due.map(({ unit, since }) => {
      const isOurs = issued.has(unit.seq) || (unit.issuedAt !== null && unit.issuedAt >= since);
      return isOurs ? null : reasonOf(unit);
    }),
  );
}

async function giveOut(
  { codes, coupons }: IssueParts,
  campaign: Campaign,
  seqs: readonly number[],
  now: number,
): Promise<number[]> {
  if (seqs.length === 0) return [];
  await codes.ensure(campaign, seqs);
  const units = seqs.map((seq) => {
    const code = codes.codeOf(campaign, seq);
    if (code === null && campaign.codes.source !== 'none') throw new Error(said('no_code', { seq }));
    return { seq, codeLookup: code === null ? null : codes.lookupOf(code) };
  });
  return coupons.issue(campaign.id, units, now);
}

const reasonOf = ({ status }: StoredClaim): string => (status === 'revoked' ? 'revoked' : 'already_issued');

/** null: written */
function counted(reasons: readonly (string | null)[]): Written {
  const skipped: Record<string, number> = {};
  let written = 0;
  for (const reason of reasons) {
    if (reason === null) written += 1;
    else skipped[reason] = (skipped[reason] ?? 0) + 1;
  }
  return { written, skipped };
}

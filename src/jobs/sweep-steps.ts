/** The steps of `sweep` that let go of rows and of what stands at the gate. */

import type { Campaign } from '../core/campaign.ts';
import type { OldKind } from '../core/kept.ts';
import { isOver } from '../flow/fill-gate.ts';
import { clearGate } from '../flow/sweep-gate.ts';
import type { RowKey } from '../ports/retention.ts';
import type { Position, Step, StepContext } from './job.ts';
import { CAMPAIGN_PARAM } from './job.ts';
import { asTheyAre, type Packing, planned } from './planned.ts';
import { ERASE_PARAM, type SweepParts } from './sweep-parts.ts';

/** Where a page of campaigns ended: newest first. */
export interface After {
  createdAt: number;
  id: string;
}

const PAGE = 100;
/** Whoever is on his way back from a checkout is not looked for so soon. */
const HOLD_GRACE_MS = 24 * 3_600_000;
const STAGING_KEEP_MS = 24 * 3_600_000;

export const afterOf = ({ createdAt, id }: Campaign): After => ({ createdAt, id });

/** Campaigns that the run is about, a page of them: one when it names one, else all, newest first. */
export async function pageOf(
  { campaigns }: SweepParts,
  { params }: StepContext,
  after: After | null,
  limit: number,
): Promise<Campaign[]> {
  const named = params[CAMPAIGN_PARAM];
  if (params[ERASE_PARAM] !== undefined) return [];
  if (typeof named !== 'string') return campaigns.list(after, limit);
  const campaign = after === null ? await campaigns.get(named) : null;
  return campaign === null ? [] : [campaign];
}

const NOTHING = { items: [], position: 0, done: true };

/** Holders and lines of campaigns that are over. */
export function gatesStep(parts: SweepParts): Step<Campaign> {
  return {
    name: 'gates',
    async read(context, position) {
      const page = await pageOf(parts, context, (position as { after: After } | null)?.after ?? null, PAGE);
      const last = page.at(-1);
      if (last === undefined) return NOTHING;
      const now = context.system.now();
      const items = page.filter((campaign) => hasLeftGate(campaign, parts.keep.gateMs, now));
      return { items, position: { after: afterOf(last) }, done: false };
    },
    async write({ system }, items) {
      const skipped: Record<string, number> = {};
      let written = 0;
      for (const campaign of items) {
        const cleared = await clearGate(parts, campaign, system.now());
        if (cleared === 'cleared') written += 1;
        else skipped[cleared] = (skipped[cleared] ?? 0) + 1;
      }
      return { written, skipped };
    },
  };
}

function hasLeftGate(campaign: Campaign, keepMs: number, now: number): boolean {
  if (campaign.archivedAt !== null) return true;
  const { closedAt, closesAt } = campaign;
  const never = Number.POSITIVE_INFINITY;
  return isOver(campaign, now) && Math.min(closedAt ?? never, closesAt ?? never) < now - keepMs;
}

interface Untidy {
  campaignId: string;
  /** when it was found so: what was done then counts, whoever asks once more */
  at: number;
  kind: 'expired' | 'held';
  seq: number;
}

/** The units of a chunk are of one campaign. */
interface UntidyPlan {
  campaignId: string;
  at: number;
  expired: number[];
  held: number[];
}

const seqsOf = (items: readonly Untidy[], kind: Untidy['kind']): number[] =>
  items.filter((item) => item.kind === kind).map(({ seq }) => seq);

const UNTIDY: Packing<Untidy> = {
  pack(items): UntidyPlan {
    const [{ campaignId, at }] = items as [Untidy];
    return { campaignId, at, expired: seqsOf(items, 'expired'), held: seqsOf(items, 'held') };
  },
  unpack(packed) {
    const { campaignId, at, ...units } = packed as UntidyPlan;
    const kinds = ['expired', 'held'] as const;
    return kinds.flatMap((kind) => units[kind].map((seq) => ({ campaignId, at, kind, seq })));
  },
};

interface UnitsAt extends Record<string, unknown> {
  after: After | null;
  seq: number;
}

/** Campaigns looked at before the position is committed, when there is nothing to do in them. */
const LOOKS = 50;

/** Expired coupons, each told of once, and holds that ended without a word. */
export function unitsStep(parts: SweepParts): Step<Untidy> {
  const { retention } = parts;
  const step: Step<Untidy> = {
    name: 'units',
    chunkSize: 1_000,
    async read(context, position, size) {
      let { after, seq } = (position as UnitsAt | null) ?? { after: null, seq: 0 };
      const now = context.system.now();
      for (let looks = 0; looks < LOOKS; looks++) {
        const [campaign] = await pageOf(parts, context, after, 1);
        if (campaign === undefined) return NOTHING;
        const { id } = campaign;
        const found = await retention.untidy(id, seq, size, { now, heldBefore: now - HOLD_GRACE_MS });
        if (found.last === null) [after, seq] = [afterOf(campaign), 0];
        else seq = found.last;
        const items = UNTIDY.unpack({ campaignId: id, at: now, ...found });
        if (items.length > 0) return { items, position: { after, seq }, done: false };
      }
      return { items: [], position: { after, seq }, done: false };
    },
    async write(_context, items) {
      const [{ campaignId, at }] = items as [Untidy];
      const units = { expired: seqsOf(items, 'expired'), held: seqsOf(items, 'held') };
      const { expired, held } = await retention.tidy(campaignId, units, at);
      const left = items.length - expired - held;
      return { written: expired + held, ...(left > 0 && { skipped: { changed_meanwhile: left } }) };
    },
  };
  return planned(step, UNTIDY);
}

/** A run about one campaign leaves what is of no campaign alone. */
const isAboutOne = ({ params }: StepContext): boolean =>
  params[CAMPAIGN_PARAM] !== undefined || params[ERASE_PARAM] !== undefined;

/** Rows past their time; `keepMs` null: they are kept for ever. */
export function oldStep({ retention }: SweepParts, kind: OldKind, keepMs: number | null): Step<RowKey> {
  const step: Step<RowKey> = {
    name: `old-${kind}`,
    chunkSize: 500,
    async read(context, position, size) {
      if (keepMs === null || isAboutOne(context)) return NOTHING;
      const before = context.system.now() - keepMs;
      const items = await retention.old(kind, before, position as RowKey | null, size);
      return { items, position: (items.at(-1) ?? position ?? '') as Position, done: items.length < size };
    },
    async write(_context, items) {
      await retention.drop(kind, items);
      return { written: items.length };
    },
  };
  return planned(step, asTheyAre());
}

type Staging = { importNo: number } | { fileId: string };

/** Codes that somebody began to import and left, and files that nobody finished. */
export function stagingsStep({ codeImports, files }: SweepParts): Step<Staging> {
  const step: Step<Staging> = {
    name: 'old-stagings',
    async read(context) {
      if (isAboutOne(context)) return NOTHING;
      const before = context.system.now() - STAGING_KEEP_MS;
      const imports = await codeImports.stale(before);
      const left = await files.list({ before: null, untouchedSince: before }, PAGE);
      const items = [...imports.map((importNo) => ({ importNo })), ...left.map(({ id }) => ({ fileId: id }))];
      return { items, position: 0, done: left.length < PAGE };
    },
    async write({ signal }, items) {
      for (const item of items) {
        if ('fileId' in item) await files.remove(item.fileId, null);
        else while (!signal.aborted && (await codeImports.drop(item.importNo)));
      }
      return { written: items.length };
    },
  };
  return planned(step, asTheyAre());
}

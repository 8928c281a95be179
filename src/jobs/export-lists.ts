/** The lists that `export` writes: where their rows come from, page by page, and what is in them. */

import { isIssuedByJob } from '../core/campaign.ts';
import type { Role } from '../core/role.ts';
import type { Codes } from '../flow/codes.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { AuditLine, Operators } from '../ports/operators.ts';
import type { RecordStore, StoredClaim } from '../ports/record.ts';

export interface ListParts {
  campaigns: Pick<Campaigns, 'get'>;
  record: Pick<RecordStore, 'page' | 'counts'>;
  operators: Pick<Operators, 'listAudit'>;
  codes: Codes;
}

export type ListRow = readonly (string | number)[];

export interface ListPage<Unit> {
  units: Unit[];
  /** where the next page begins */
  next: unknown;
  done: boolean;
}

export interface Listed<Unit = never> {
  name: string;
  columns: ListRow;
  needsCampaign: boolean;
  /** the least role that may read it */
  role: Role;
  /** rows of a page at most, where they may be large */
  pageMax?: number;
  total?(parts: ListParts, campaignId: string, now: number): Promise<number>;
  page(parts: ListParts, campaignId: string | null, after: unknown, size: number): Promise<ListPage<unknown>>;
  /** In order; those that do not belong in it are left out. */
  rows(
    parts: ListParts,
    campaignId: string | null,
    units: readonly Unit[],
    withCodes: boolean,
  ): Promise<ListRow[]>;
}

const WINNERS = ['seq', 'userId', 'code', 'id', 'status', 'wonAt'];
const AUDIT = ['id', 'at', 'actor', 'action', 'target', 'requestId', 'before', 'after'];
/** A line may hold a whole campaign, before and after. */
const AUDIT_PAGE = 50;

const timeText = (ms: number | null): string => (ms === null ? '' : new Date(ms).toISOString());

const units: Pick<Listed<StoredClaim>, 'needsCampaign' | 'total' | 'page'> = {
  needsCampaign: true,
  total: async ({ record }, campaignId, now) => (await record.counts(campaignId, now)).issued,
  async page({ record }, campaignId, after, size) {
    const page = await record.page(campaignId as string, Number(after ?? 0), size);
    return { units: page, next: page.at(-1)?.seq ?? after, done: page.length < size };
  },
};

/** Codes by seq of those who have theirs. */
async function codesOf(
  { campaigns, codes }: ListParts,
  id: string,
  some: readonly StoredClaim[],
): Promise<Map<number, string>> {
  const campaign = await campaigns.get(id);
  if (campaign === null) return new Map();
  const seqs = some.flatMap(({ seq, issuedAt }) =>
    isIssuedByJob(campaign) && issuedAt === null ? [] : [seq],
  );
  await codes.ensure(campaign, seqs);
  return new Map(seqs.map((seq) => [seq, codes.codeOf(campaign, seq) ?? '']));
}

async function claimRows(
  parts: ListParts,
  campaignId: string | null,
  some: readonly StoredClaim[],
  withCodes: boolean,
): Promise<ListRow[]> {
  const codes = withCodes ? await codesOf(parts, campaignId as string, some) : null;
  return some.map(({ seq, userId, id, status, wonAt }) => [
    ...[seq, userId, codes?.get(seq) ?? '', id, status],
    timeText(wonAt),
  ]);
}

const winners: Listed<StoredClaim> = {
  ...units,
  name: 'winners',
  columns: WINNERS,
  role: 'read',
  rows: claimRows,
};

const redeemed: Listed<StoredClaim> = {
  ...units,
  name: 'redeemed',
  columns: [...WINNERS, 'redeemedAt', 'redeemedBy'],
  role: 'read',
  async rows(parts, campaignId, some, withCodes) {
    const used = some.filter(({ redeemedAt }) => redeemedAt !== null);
    const rows = await claimRows(parts, campaignId, used, withCodes);
    return rows.map((row, i) => [...row, timeText(used[i]?.redeemedAt ?? null), used[i]?.redeemedBy ?? '']);
  },
};

/** Newest first. The log itself is the role admin's. */
const audit: Listed<AuditLine & { id: number }> = {
  name: 'audit',
  columns: AUDIT,
  needsCampaign: false,
  role: 'admin',
  pageMax: AUDIT_PAGE,
  async page({ operators }, _campaignId, after, size) {
    const lines = await operators.listAudit(after as number | null, size);
    return { units: lines, next: lines.at(-1)?.id ?? after, done: lines.length < size };
  },
  async rows(_parts, campaignId, lines) {
    const isOf = ({ target }: AuditLine): boolean =>
      campaignId === null || target === campaignId || target.startsWith(`${campaignId}.`);
    return lines
      .filter(isOf)
      .map(({ id, at, actor, action, target, requestId, before, after }) => [
        ...[id, timeText(at), actor, action, target, requestId ?? ''],
        ...[before, after].map((value) => (value === null ? '' : JSON.stringify(value))),
      ]);
  },
};

export const LISTS = { winners, redeemed, audit };

export function listNamed(name: unknown): Listed {
  return LISTS[name as keyof typeof LISTS] as unknown as Listed;
}

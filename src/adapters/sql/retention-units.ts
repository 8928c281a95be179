/** ports/retention on SQL: units that have expired, and holds of checkouts that ended without a word. */

import type { Kysely, Selectable, Transaction } from 'kysely';
import type { Campaign } from '../../core/campaign.ts';
import { expiryOf, isIssuedByJob, storedCampaign } from '../../core/campaign.ts';
import type { Retention } from '../../ports/retention.ts';
import type { ClaimsTable, RecordTables } from './schema.ts';

interface Found {
  no: number;
  campaign: Campaign;
}

async function campaignOf(db: Kysely<RecordTables>, campaignId: string): Promise<Found | null> {
  const row = await db
    .selectFrom('campaigns')
    .select(['no', 'body'])
    .where('id', '=', campaignId)
    .executeTakeFirst();
  return row ? { no: row.no, campaign: storedCampaign(row.body) } : null;
}

type Unit = Pick<Selectable<ClaimsTable>, 'won_at' | 'issued_at'>;

/** Whether its coupon is past its time. One that a job has still to issue has none. */
function isExpired(campaign: Campaign, { won_at, issued_at }: Unit, now: number): boolean {
  if (issued_at === null && isIssuedByJob(campaign)) return false;
  const until = expiryOf(campaign, Number(issued_at ?? won_at));
  return until !== null && now >= until;
}

/** Numbers that follow each other, as runs. */
function runsOf(seqs: readonly number[]): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = [];
  for (const seq of seqs.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run?.last === seq - 1) run.last = seq;
    else runs.push({ first: seq, last: seq });
  }
  return runs;
}

export function makeSqlTidying(db: Kysely<RecordTables>): Pick<Retention, 'untidy' | 'tidy'> {
  return {
    async untidy(campaignId, afterSeq, limit, { now, heldBefore }) {
      const found = await campaignOf(db, campaignId);
      const rows = await db
        .selectFrom('claims')
        .select(['seq', 'won_at', 'issued_at', 'expired_at', 'redeemed_at', 'revoked_at', 'held_until'])
        .where('campaign_no', '=', found?.no ?? -1)
        .where('seq', '>', afterSeq)
        .orderBy('seq')
        .limit(limit)
        .execute();
      if (found === null || rows.length === 0) return { expired: [], held: [], last: null };
      const seqs = (some: typeof rows): number[] => some.map(({ seq }) => Number(seq));
      return {
        expired: seqs(
          rows.filter(
            (row) =>
              row.expired_at === null &&
              row.redeemed_at === null &&
              row.revoked_at === null &&
              // In a checkout it may still be used.
              (row.held_until === null || Number(row.held_until) <= now) &&
              isExpired(found.campaign, row, now),
          ),
        ),
        held: seqs(rows.filter(({ held_until }) => held_until !== null && Number(held_until) < heldBefore)),
        last: Number(rows.at(-1)?.seq),
      };
    },
    async tidy(campaignId, { expired, held }, now) {
      const found = await campaignOf(db, campaignId);
      if (found === null) return { expired: 0, held: 0 };
      return db.transaction().execute(async (tx) => ({
        expired: expired.length === 0 ? 0 : await tellExpired(tx, found, expired, now),
        held: held.length === 0 ? 0 : await clearHolds(tx, found.no, held, now),
      }));
    },
  };
}

/**
 * Who uses one of them meanwhile is before this or after it: what is told of is what the statement has marked. Resolves
 * with how many of them have been told of at this moment, also by a call before this one.
 */
async function tellExpired(
  tx: Transaction<RecordTables>,
  { no, campaign }: Found,
  seqs: readonly number[],
  now: number,
): Promise<number> {
  const among = tx
    .selectFrom('claims')
    .where('campaign_no', '=', no)
    .where('seq', 'in', [...seqs]);
  const there = await among.select(['seq', 'won_at', 'issued_at', 'expired_at']).execute();
  const untold = there
    .filter((row) => row.expired_at === null && isExpired(campaign, row, now))
    .map(({ seq }) => Number(seq));
  const before = there.filter(({ expired_at }) => Number(expired_at) === now).length;
  if (untold.length === 0) return before;
  await tx
    .updateTable('claims')
    .set({ expired_at: now })
    .where('campaign_no', '=', no)
    .where('seq', 'in', untold)
    .where('expired_at', 'is', null)
    .where('redeemed_at', 'is', null)
    .where('revoked_at', 'is', null)
    .execute();
  const marked = await among.select('seq').where('seq', 'in', untold).where('expired_at', '=', now).execute();
  const facts = runsOf(marked.map(({ seq }) => Number(seq))).map(({ first, last }) => ({
    type: 'coupon.expired',
    campaign_no: no,
    seq_first: first,
    seq_last: last,
    data: null,
    created_at: now,
    sent_at: null,
  }));
  if (facts.length > 0) await tx.insertInto('outbox').values(facts).execute();
  return before + marked.length;
}

/** Resolves with how many of them nobody holds any more, whoever saw to that. */
async function clearHolds(
  tx: Transaction<RecordTables>,
  no: number,
  seqs: readonly number[],
  now: number,
): Promise<number> {
  await tx
    .updateTable('claims')
    .set({ held_until: null, held_by: null, held_key: null })
    .where('campaign_no', '=', no)
    .where('seq', 'in', [...seqs])
    .where('held_until', '<', now)
    .execute();
  const { free } = await tx
    .selectFrom('claims')
    .select((at) => at.fn.countAll<number>().as('free'))
    .where('campaign_no', '=', no)
    .where('seq', 'in', [...seqs])
    .where('held_until', 'is', null)
    .executeTakeFirstOrThrow();
  return Number(free);
}

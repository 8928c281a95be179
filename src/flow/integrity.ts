/**
 * Collects the figures of a campaign from gate, log and record, and asks the invariants. Where several processes decide,
 * the three are read one after the other while they move: what differs only by that is looked at again, and what is
 * still on its way then is said to be on its way.
 */

import type { AuditFigures, Check, RemadeFigures } from '../core/audit.ts';
import { audit, setAsideOf } from '../core/audit.ts';
import { startsAt } from '../core/campaign.ts';
import type { DeadLetters } from '../ports/dead-letters.ts';
import type { Epoch } from '../ports/epochs.ts';
import type { Gate } from '../ports/gate.ts';
import type { RecordCounts, RecordStore } from '../ports/record.ts';
import type { GateKeeper } from '../ports/shared-gate.ts';
import { type System, wait } from '../ports/system.ts';
import type { Catalog, LiveCampaign } from './catalog.ts';
import type { CatchUp } from './catch-up.ts';
import { unrecorded } from './left-behind.ts';
import type { Sights } from './sight.ts';

export interface IntegrityReport {
  ok: boolean;
  campaignId: string;
  /** epoch ms */
  checkedAt: number;
  /** false: wins were on their way to the record when the figures were taken; that is no fault */
  drained: boolean;
  gate: GateSeen;
  checks: Check[];
}

/**
 * What became of the question to the gate: `compared` with the record; `rebuilding` or `away`, and then the record speaks
 * alone until it is back; `over`: its campaign is, and the record is all that is left.
 */
export type GateSeen = 'compared' | 'rebuilding' | 'away' | 'over';

export interface IntegrityParts {
  catalog: Pick<Catalog, 'get'>;
  gate: Pick<Gate, 'counts'>;
  record: Pick<RecordStore, 'counts' | 'page' | 'holders'>;
  stored: { letters: Pick<DeadLetters, 'counts'> };
  sights: Sights;
  system: Pick<System, 'now' | 'monotonic' | 'after'>;
  caughtUp: CatchUp;
  /** those of L1–L6 that can be asked of a queued campaign (flow/line-checks); absent: none here */
  lineChecks?: ((campaignId: string) => Promise<Check[]>) | undefined;
  /** what a shared gate has, and what it decided and nobody brought to the log; absent: the gate is in this process */
  keeper?: Pick<GateKeeper, 'inForce' | 'leftBehind'> | undefined;
  /** which gate is the right one; absent: there is only one */
  epochOf?: ((campaignId: string) => Promise<Epoch | null>) | undefined;
}

const PATIENCE_MS = 5000;
const AGAIN_MS = 250;
const ROWS_PAGE = 1000;
const HOLDERS_PAGE = 10_000;

/** Null when there is no such campaign. */
export function makeIntegrity(
  parts: IntegrityParts,
): (campaignId: string) => Promise<IntegrityReport | null> {
  const { catalog, system, keeper } = parts;
  return async (campaignId) => {
    const until = system.monotonic() + PATIENCE_MS;
    for (;;) {
      const live = catalog.get(campaignId);
      if (!live) return null;
      const seen = await collect(parts, live, until - system.monotonic());
      const { ok } = audit(seen.figures);
      const isLast = ok || keeper === undefined || system.monotonic() >= until;
      if (isLast) return tell(parts, live, ok ? seen : await withLag(parts, live, seen));
      await wait(system, AGAIN_MS);
    }
  };
}

interface Seen {
  gate: GateSeen;
  figures: AuditFigures;
}

async function tell(
  { system, lineChecks }: IntegrityParts,
  { campaign: { id, mode } }: LiveCampaign,
  { gate, figures }: Seen,
): Promise<IntegrityReport> {
  const ofLine = mode === 'queued' && lineChecks ? await lineChecks(id) : [];
  const checks = [...audit(figures).checks, ...ofLine];
  const ok = checks.every((check) => check.ok);
  return { ok, campaignId: id, checkedAt: system.now(), drained: figures.drained, gate, checks };
}

async function collect(parts: IntegrityParts, live: LiveCampaign, patienceMs: number): Promise<Seen> {
  const { record, stored, sights, system, caughtUp, epochOf } = parts;
  const { campaign } = live;
  const { id } = campaign;
  // The gate before and after the record: what is decided in between is neither missing nor too much.
  const epoch = (await epochOf?.(id)) ?? null;
  const before = await askGate(parts, live, epoch);
  const drained = await caughtUp(Math.max(AGAIN_MS, patienceMs));
  const counts = await record.counts(id, system.now());
  const letters = await stored.letters.counts(id);
  const remade = epoch && (await remadeFigures(parts, live, epoch, counts, letters.units));
  const after = await askGate(parts, live, epoch);
  const [first, last] = [before.figures, after.figures];
  if (last) sights.settle(id, last.issued);
  const sight = sights.of(id);
  const figures: AuditFigures = {
    quantity: campaign.quantity,
    returned: campaign.returned,
    perUserLimit: campaign.perUserLimit,
    everyUnitHasCode: campaign.codes.source !== 'none',
    startsAt: startsAt(campaign),
    closesAt: campaign.closesAt,
    gate: first && last && { issued: last.issued, lastSeq: last.lastSeq, issuedBefore: first.issued },
    ...(remade ? { remade } : {}),
    record: counts,
    deadLetters: letters.dead,
    setAside: letters.units,
    drained,
    toldSoldOut: sight.soldOutVersion === campaign.version,
    seen: sight,
  };
  return { gate: first ? after.gate : before.gate, figures };
}

interface Asked {
  gate: GateSeen;
  figures: Pick<NonNullable<AuditFigures['gate']>, 'issued' | 'lastSeq'> | null;
}

async function askGate(
  { gate, keeper }: IntegrityParts,
  live: LiveCampaign,
  epoch: Epoch | null,
): Promise<Asked> {
  const { id } = live.campaign;
  if (epoch?.state === 'rebuilding' || live.rebuilding) return { gate: 'rebuilding', figures: null };
  if (!live.atGate || epoch?.state === 'retired') return { gate: 'over', figures: null };
  const away = (): 'away' => 'away';
  if (keeper === undefined || epoch === null || live.campaign.mode === 'ordered') {
    const counts = await gate.counts(id).catch(away);
    return counts === 'away' ? { gate: 'away', figures: null } : { gate: 'compared', figures: counts };
  }
  const inForce = await keeper.inForce(id).catch(away);
  if (inForce === 'away') return { gate: 'away', figures: null };
  // What is there without being armed in this epoch is what a gate remembers that has not been made good yet.
  if (!inForce?.armed || inForce.epoch !== epoch.epoch) return { gate: 'rebuilding', figures: null };
  return { gate: 'compared', figures: inForce };
}

/** Null: its gate was never made good, and nothing may be missing. */
async function remadeFigures(
  { record }: IntegrityParts,
  { campaign }: LiveCampaign,
  epoch: Epoch,
  counts: RecordCounts,
  setAside: number,
): Promise<RemadeFigures | null> {
  if (epoch.epoch === 1) return null;
  const hasGaps = counts.lastSeq - counts.distinctSeqs - setAside > 0;
  const isLogged = campaign.durability === 'logged';
  const gapsSince = hasGaps ? await countGaps(record, epoch, isLogged, counts.lastSeq) : 0;
  return { epoch: epoch.epoch, baseSeq: epoch.baseSeq, reserved: epoch.reserved, gapsSince };
}

/**
 * Numbers that are missing among those that the present epoch gave. It gave them without a gap, from the first above
 * all that may have been given before: at `logged` that is the record's last; else its first row tells.
 */
async function countGaps(
  record: IntegrityParts['record'],
  { campaignId, epoch, baseSeq }: Epoch,
  isLogged: boolean,
  lastSeq: number,
): Promise<number> {
  const first = isLogged ? baseSeq + 1 : await firstOf(record, campaignId, baseSeq, epoch);
  if (first === null) return 0;
  let rows = 0;
  for (let after = first - 1; after < lastSeq; ) {
    const { seqs } = await record.holders(campaignId, after, HOLDERS_PAGE);
    const upTo = seqs.findIndex((seq) => seq > lastSeq);
    rows += upTo === -1 ? seqs.length : upTo;
    if (seqs.length < HOLDERS_PAGE) break;
    after = seqs.at(-1) as number;
  }
  return Math.max(0, lastSeq - first + 1 - rows);
}

async function firstOf(
  record: IntegrityParts['record'],
  campaignId: string,
  baseSeq: number,
  epoch: number,
): Promise<number | null> {
  for (let after = baseSeq; ; ) {
    const rows = await record.page(campaignId, after, ROWS_PAGE);
    const first = rows.find((row) => row.epoch === epoch);
    if (first) return first.seq;
    if (rows.length < ROWS_PAGE) return null;
    after = (rows.at(-1) as { seq: number }).seq;
  }
}

/** Wins that the gate's outbox still holds are late, not lost: they are on their way as long as they are there. */
async function withLag(parts: IntegrityParts, live: LiveCampaign, { gate, figures }: Seen): Promise<Seen> {
  const { keeper, record, system } = parts;
  if (keeper === undefined || figures.gate === null) return { gate, figures };
  const { id } = live.campaign;
  // The outbox before the record: what it has let go of by then is recorded.
  const left = await unrecorded({ keeper, record }, id, 0).catch(() => null);
  const now = { ...figures, record: await record.counts(id, system.now()) };
  const reserved = figures.remade?.reserved ?? 0;
  const missing = figures.gate.issuedBefore - reserved - now.record.issued - setAsideOf(figures);
  const onTheWay = left === null ? 0 : left.young.length + left.due.length;
  return { gate, figures: missing > 0 && onTheWay >= missing ? { ...now, drained: false } : now };
}

// The record's side as one database would do it, in memory: rows, offsets, epochs, leases, dead letters, each change at
// one moment. The rules of what is late are those of adapters/mysql.

import type { Campaign } from '../../src/core/campaign.ts';
import type { ClaimWon } from '../../src/core/event.ts';
import type { Campaigns } from '../../src/ports/campaigns.ts';
import type { Epoch, EpochState, Epochs } from '../../src/ports/epochs.ts';
import type { Leases } from '../../src/ports/leases.ts';
import type {
  Holders,
  RecordBatch,
  RecordStore,
  SettledSeqs,
  StoredClaim,
  StoreResult,
} from '../../src/ports/record.ts';
import type { Wire } from './simulated-time.ts';

export interface SimulatedRow {
  campaign: Campaign;
  epoch: number;
  state: EpochState;
  /** the newest that was opened: wins of older ones are late */
  openedEpoch: number;
  baseSeq: number;
  leasedSeq: number;
  floorSeq: number;
  reserved: number;
  reservedUntil: number | null;
  issued: number;
  claims: Map<number, ClaimWon>;
  units: Set<string>;
}

export interface SimulatedLetter {
  campaignId: string | null;
  reason: string;
  fact: ClaimWon;
}

export class SimulatedRecord {
  readonly rows = new Map<string, SimulatedRow>();
  readonly letters: SimulatedLetter[] = [];
  readonly #offsets = new Map<string, number>();
  readonly #leases = new Map<string, { holder: string; until: number }>();
  readonly #now: () => number;
  /** false: late wins are taken in as if they were not */
  lateRule = true;
  /** false: an epoch is opened whatever the record has taken in since its gate was filled */
  comparesHeld = true;

  constructor(now: () => number) {
    this.#now = now;
  }

  create(campaign: Campaign): SimulatedRow {
    const row: SimulatedRow = {
      campaign,
      epoch: campaign.epoch,
      state: 'open',
      openedEpoch: campaign.epoch,
      baseSeq: 0,
      leasedSeq: 0,
      floorSeq: 0,
      reserved: 0,
      reservedUntil: null,
      issued: 0,
      claims: new Map(),
      units: new Set(),
    };
    this.rows.set(campaign.id, row);
    return row;
  }

  row(campaignId: string): SimulatedRow {
    return this.rows.get(campaignId) as SimulatedRow;
  }

  store({ source, from, next, wins }: RecordBatch): StoreResult {
    const stands = this.#offsets.get(source) ?? 0;
    if (stands !== from) return { kind: 'zombie', next: stands };
    this.#offsets.set(source, next);
    const result = { kind: 'stored' as const, inserted: 0, repeated: 0, conflicts: 0 };
    for (const { fact } of wins) {
      const became = this.#take(fact);
      if (became === 'inserted' || became === 'repeated') result[became] += 1;
      else {
        this.letters.push({ ...became, fact });
        result.conflicts += 1;
      }
    }
    return result;
  }

  #take(fact: ClaimWon): 'inserted' | 'repeated' | Omit<SimulatedLetter, 'fact'> {
    const { campaignId, seq, epoch } = fact;
    const row = this.rows.get(campaignId);
    if (row === undefined) return { campaignId, reason: 'no such campaign' };
    const there = row.claims.get(seq);
    const late = { campaignId: null, reason: `late: decided in epoch ${epoch}` };
    if (there !== undefined) {
      if (isSame(there, fact)) return 'repeated';
      return epoch < there.epoch ? late : { campaignId, reason: 'another claim has this seq' };
    }
    if (epoch > row.epoch) return { campaignId, reason: `epoch ${epoch} has not begun` };
    const isLate = this.lateRule && epoch < row.openedEpoch;
    if (isLate && (row.reserved < 1 || row.reservedUntil === null || row.floorSeq < seq)) return late;
    const unit = `${fact.userId}/${fact.nth}`;
    const refused = isLate ? late : null;
    if (row.issued >= row.campaign.quantity) return refused ?? { campaignId, reason: 'over the quantity' };
    if (row.units.has(unit)) return refused ?? { campaignId, reason: 'the user has this unit already' };
    if (isLate) row.reserved -= 1;
    if (row.reserved === 0) row.reservedUntil = null;
    row.issued += 1;
    row.units.add(unit);
    row.claims.set(seq, fact);
    return 'inserted';
  }

  next(source: string): number {
    return this.#offsets.get(source) ?? 0;
  }

  /** in order of seq */
  claims(campaignId: string): ClaimWon[] {
    return [...(this.rows.get(campaignId)?.claims.values() ?? [])].sort((a, b) => a.seq - b.seq);
  }

  holders(campaignId: string, afterSeq: number, limit: number): Holders {
    const aside = new Set(this.#setAside(campaignId));
    const some = [...this.claims(campaignId), ...aside]
      .sort((a, b) => a.seq - b.seq)
      .filter(({ seq }) => seq > afterSeq)
      .slice(0, limit);
    return {
      setAside: some.filter((fact) => aside.has(fact)).length,
      seqs: Float64Array.from(some, ({ seq }) => seq),
      wonAt: Float64Array.from(some, ({ wonAt }) => wonAt),
      userIds: some.map(({ userId }) => userId),
      keys: some.some(({ key }) => key !== null) ? some.map(({ key }) => key) : null,
    };
  }

  epochOf(campaignId: string): Epoch | null {
    const row = this.rows.get(campaignId);
    if (row === undefined) return null;
    const { campaign, epoch, state, baseSeq, leasedSeq, reserved, reservedUntil } = row;
    return {
      campaignId,
      version: campaign.version,
      epoch,
      state,
      baseSeq,
      leasedSeq,
      reserved,
      reservedUntil,
    };
  }

  begin(campaignId: string, from: number): Epoch | null {
    const row = this.row(campaignId);
    if (row.epoch !== from) return null;
    row.epoch += 1;
    row.state = 'rebuilding';
    return this.epochOf(campaignId);
  }

  open({ campaignId, epoch, baseSeq, leasedSeq, reserved, reservedUntil }: Epoch, held?: number): boolean {
    const row = this.row(campaignId);
    if (row.epoch !== epoch || row.state !== 'rebuilding') return false;
    if (held !== undefined && this.comparesHeld && row.issued !== held) return false;
    const floorSeq = Math.max(baseSeq, leasedSeq);
    Object.assign(row, {
      state: 'open',
      openedEpoch: epoch,
      baseSeq,
      leasedSeq,
      floorSeq,
      reserved,
      reservedUntil,
    });
    return true;
  }

  lease(campaignId: string, epoch: number, seq: number): boolean {
    const row = this.row(campaignId);
    if (row.epoch !== epoch || row.state !== 'open') return false;
    row.leasedSeq = Math.max(row.leasedSeq, seq);
    return true;
  }

  unreserve(campaignId: string, epoch: number, count: number): boolean {
    const row = this.row(campaignId);
    if (row.epoch !== epoch || row.state !== 'open' || row.reserved < count) return false;
    row.reserved -= count;
    if (row.reserved === 0) row.reservedUntil = null;
    return true;
  }

  retire(campaignId: string, epoch: number): boolean {
    const row = this.row(campaignId);
    if (row.epoch !== epoch || row.state !== 'open') return false;
    row.state = 'retired';
    return true;
  }

  take(name: string, holder: string, ms: number): boolean {
    const lease = this.#leases.get(name);
    if (lease && lease.until > this.#now() && lease.holder !== holder) return false;
    this.#leases.set(name, { holder, until: this.#now() + ms });
    return true;
  }

  release(name: string, holder: string): void {
    if (this.#leases.get(name)?.holder === holder) this.#leases.delete(name);
  }

  /** As adapters/sql/settled: what is recorded, and what was set aside. */
  settled(id: string, first: number, last: number): Set<number> {
    const isHere = ({ campaignId, reason, fact }: SimulatedLetter): boolean =>
      campaignId === id || (campaignId === null && reason.startsWith('late: ') && fact.campaignId === id);
    const aside = this.letters.filter(isHere).map(({ fact }) => fact.seq);
    const all = [...this.claims(id).map(({ seq }) => seq), ...aside];
    return new Set(all.filter((seq) => seq >= first && seq <= last));
  }

  /** of letters that count as issued, those whose number nobody has in the record; in order of seq */
  #setAside(id: string): ClaimWon[] {
    const { claims } = this.row(id);
    const standing = this.letters.filter(
      ({ campaignId, fact }) => campaignId === id && !claims.has(fact.seq),
    );
    return [...new Map(standing.map(({ fact }) => [fact.seq, fact])).values()];
  }
}

const isSame = (a: ClaimWon, b: ClaimWon): boolean =>
  a.userId === b.userId && a.nth === b.nth && a.key === b.key && a.wonAt === b.wonAt;

export interface RecordPorts {
  record: RecordStore;
  epochs: Epochs;
  leases: Leases;
  campaigns: Campaigns;
  settled: SettledSeqs;
}

/** The record as one process asks it. */
export function askRecord(sql: SimulatedRecord, wire: Wire): RecordPorts {
  const record = {
    store: (batch: RecordBatch) => wire(() => sql.store(batch)),
    next: (source: string) => wire(() => sql.next(source)),
    holders: (id: string, after: number, limit: number) => wire(() => sql.holders(id, after, limit)),
    counts: (id: string) =>
      wire(() => ({ issued: sql.claims(id).length, firstWonAt: null, lastWonAt: null })),
    find: (id: string | null, by: { seq: number } | { userId: string }) =>
      wire(() =>
        sql
          .claims(id ?? '')
          .filter((claim) => ('seq' in by ? claim.seq === by.seq : claim.userId === by.userId))
          .map((claim) => claim as unknown as StoredClaim),
      ),
  };
  const epochs: Epochs = {
    all: () =>
      wire(() =>
        [...sql.rows.keys()].map((id) => sql.epochOf(id) as Epoch).filter((one) => !isArchived(sql, one)),
      ),
    of: (id) => wire(() => sql.epochOf(id)),
    begin: (id, from) => wire(() => sql.begin(id, from)),
    open: (epoch, held) => wire(() => sql.open(epoch, held)),
    lease: (id, epoch, seq) => wire(() => sql.lease(id, epoch, seq)),
    unreserve: (id, epoch, count) => wire(() => sql.unreserve(id, epoch, count)),
    retire: (id, epoch) => wire(() => sql.retire(id, epoch)),
  };
  const leases: Leases = {
    take: (name, holder, ms) => wire(() => sql.take(name, holder, ms)),
    release: (name, holder) => wire(() => sql.release(name, holder)),
    held: async () => [],
  };
  return {
    record: record as unknown as RecordStore,
    epochs,
    leases,
    settled: { settled: (id, first, last) => wire(() => sql.settled(id, first, last)) },
    campaigns: {
      get: (id: string) => wire(() => sql.rows.get(id)?.campaign ?? null),
    } as unknown as Campaigns,
  };
}

const isArchived = (sql: SimulatedRecord, { campaignId }: Epoch): boolean =>
  sql.row(campaignId).campaign.archivedAt !== null;

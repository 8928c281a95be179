// A shared gate, its epochs and the record as plain tables that a test fills in, for the flows that compare them.

import type { Campaign } from '../../src/core/campaign.ts';
import type { ClaimWon } from '../../src/core/event.ts';
import type { LiveCampaign } from '../../src/flow/catalog.ts';
import { makeCatalog } from '../../src/flow/catalog.ts';
import type { Epoch } from '../../src/ports/epochs.ts';
import type { AuditLine } from '../../src/ports/operators.ts';
import type { Holders, RecordCounts, StoredClaim } from '../../src/ports/record.ts';
import type { InForce, LeftBehind } from '../../src/ports/shared-gate.ts';
import { sampleCampaign, sampleWin, T0 } from './samples.ts';

export interface SharedTables {
  live: LiveCampaign;
  epoch: Epoch;
  /** null: nothing is there */
  inForce: InForce | null;
  gateAway: boolean;
  /** the gate answers, until units are to be given back */
  unreserveFails: boolean;
  /** somebody else has changed what is reserved */
  refusesUnreserve: boolean;
  left: LeftBehind[];
  rows: StoredClaim[];
  deadLetters: number;
  audit: AuditLine[];
}

/** Recorded wins `first` … `last` of an epoch. */
export function rowsOf(first: number, last: number, epoch = 1): StoredClaim[] {
  return Array.from({ length: last - first + 1 }, (_, i) => rowOf(sampleWin(first + i, { epoch })));
}

function rowOf({ campaignId, epoch, seq, userId, key, wonAt }: ClaimWon): StoredClaim {
  const untouched = {
    redeemedAt: null,
    redeemedBy: null,
    revokedAt: null,
    revokedReason: null,
    issuedAt: wonAt,
    expiresAt: null,
    heldUntil: null,
    returnedAt: null,
  };
  const told = { id: `${campaignId}.${seq}`, campaignId, userId, seq, wonAt, durability: 'disk' as const };
  return { ...told, status: 'issued', epoch, codeLookup: null, key, ...untouched };
}

/** Wins that the gate has left behind, decided together `agoMs` before now. */
export function leftBehind(seqs: number[], agoMs: number, over: Partial<ClaimWon> = {}): LeftBehind {
  return { facts: seqs.map((seq) => sampleWin(seq, over)), decidedAt: T0 + 10_000 - agoMs };
}

export function sharedTables(over: Partial<Campaign> = {}): SharedTables {
  const campaign = sampleCampaign({ durability: 'logged', ...over });
  const live = makeCatalog().put(campaign);
  live.atGate = true;
  const { id, version, epoch, quantity } = campaign;
  const none = { issued: 0, lastSeq: 0, reserved: 0, blockEnd: null };
  return {
    live,
    epoch: {
      campaignId: id,
      version,
      epoch,
      state: 'open',
      baseSeq: 0,
      leasedSeq: 0,
      reserved: 0,
      reservedUntil: null,
    },
    inForce: { epoch, version, armed: true, quantity, ...none, now: T0 + 10_000 },
    gateAway: false,
    unreserveFails: false,
    refusesUnreserve: false,
    left: [],
    rows: [],
    deadLetters: 0,
    audit: [],
  };
}

/** What the flows ask, answered from the tables as they are at that moment. */
export function sharedPorts(tables: SharedTables) {
  const rowsAfter = (after: number, limit: number): StoredClaim[] =>
    tables.rows
      .filter(({ seq }) => seq > after)
      .sort((a, b) => a.seq - b.seq)
      .slice(0, limit);
  return {
    catalog: { get: (id: string) => (id === tables.live.campaign.id ? tables.live : undefined) },
    gate: {
      async counts() {
        if (tables.gateAway) throw new Error('away');
        const { issued = 0, lastSeq = 0, quantity = 0 } = tables.inForce ?? {};
        return { issued, lastSeq, quantity, holders: issued };
      },
    },
    keeper: {
      async inForce() {
        if (tables.gateAway) throw new Error('away');
        return tables.inForce && { ...tables.inForce };
      },
      async leftBehind(_id: string, after: number, limit: number) {
        return tables.left.filter(({ facts }) => (facts.at(-1)?.seq ?? 0) > after).slice(0, limit);
      },
      async letGo(_id: string, seq: number) {
        tables.left = tables.left.filter(({ facts }) => (facts.at(-1)?.seq ?? 0) > seq);
      },
      async unreserve(_id: string, _epoch: number, count: number) {
        if (tables.unreserveFails) throw new Error('away');
        if (!tables.inForce) return;
        tables.inForce.reserved -= count;
        tables.inForce.issued -= count;
      },
    },
    epochs: {
      of: async () => ({ ...tables.epoch }),
      async unreserve(_id: string, epoch: number, count: number) {
        if (tables.refusesUnreserve || epoch !== tables.epoch.epoch || tables.epoch.reserved < count)
          return false;
        tables.epoch.reserved -= count;
        return true;
      },
    },
    record: {
      counts: async () => countsOf(tables.rows),
      page: async (_id: string, after: number, limit: number) => rowsAfter(after, limit),
      async holders(_id: string, after: number, limit: number): Promise<Holders> {
        const rows = rowsAfter(after, limit);
        const seqs = Float64Array.from(rows, ({ seq }) => seq);
        return { seqs, wonAt: seqs, userIds: rows.map(({ userId }) => userId), keys: null };
      },
    },
    stored: {
      letters: {
        counts: async () => ({
          dead: tables.deadLetters,
          replayed: 0,
          discarded: 0,
          units: tables.deadLetters,
        }),
      },
    },
    operators: {
      async writeAudit(line: AuditLine) {
        tables.audit.push(line);
      },
    },
  };
}

function countsOf(rows: StoredClaim[]): RecordCounts {
  const perUser = new Map<string, number>();
  for (const { userId } of rows) perUser.set(userId, (perUser.get(userId) ?? 0) + 1);
  const wonAt = rows.map((row) => row.wonAt);
  return {
    issued: rows.length,
    redeemed: 0,
    revoked: 0,
    expired: 0,
    returned: 0,
    unissued: 0,
    lastSeq: Math.max(0, ...rows.map(({ seq }) => seq)),
    distinctUsers: perUser.size,
    perUserMax: Math.max(0, ...perUser.values()),
    distinctSeqs: new Set(rows.map(({ seq }) => seq)).size,
    withCode: 0,
    distinctCodes: 0,
    firstWonAt: wonAt.length === 0 ? null : Math.min(...wonAt),
    lastWonAt: wonAt.length === 0 ? null : Math.max(...wonAt),
  };
}

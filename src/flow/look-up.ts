/**
 * What somebody holds, asked after the fact. A told win is found at once: the gate is asked first, the record then adds
 * what has happened to the unit since.
 */

import type { Claim } from '../core/claim.ts';
import { parseClaimId } from '../core/claim.ts';
import type { Gate } from '../ports/gate.ts';
import type { Log } from '../ports/log.ts';
import type { RecordStore, StoredClaim } from '../ports/record.ts';
import type { Catalog, LiveCampaign } from './catalog.ts';
import type { CatchUp } from './catch-up.ts';
import type { Codes } from './codes.ts';
import { toldClaim } from './codes.ts';

/** A claim with what has happened to it since. */
export interface ClaimLife extends Claim {
  redeemedAt: number | null;
  revokedAt: number | null;
  expiresAt: number | null;
}

export type Found =
  | { kind: 'claim'; claim: ClaimLife }
  | { kind: 'none' }
  | { kind: 'no_campaign' }
  /** won by the gate, and not known to be durable */
  | { kind: 'unknown' }
  /** decided, not recorded yet, and asked for without naming its holder */
  | { kind: 'pending' }
  /** another's, or another campaign's */
  | { kind: 'mismatch' };

export interface LookUpParts {
  catalog: Catalog;
  gate: Gate;
  log: Log;
  record: RecordStore;
  codes: Codes;
  caughtUp: CatchUp;
}

export interface LookUp {
  /** The latest unit of a user in a campaign. */
  mine(campaignId: string, userId: string): Promise<Found>;
  /** The unit behind a claim's id. `userId` null: whoever holds it, and then without its code. */
  byTicket(campaignId: string, ticket: string, userId: string | null): Promise<Found>;
  /** Everything a user holds, newest first. */
  all(userId: string): Promise<ClaimLife[]>;
  /** A stored unit with its code. */
  withCode(stored: StoredClaim): ClaimLife;
}

const PATIENCE_MS = 1000;

export function makeLookUp(parts: LookUpParts): LookUp {
  return new LookingUp(parts);
}

class LookingUp implements LookUp {
  readonly #parts: LookUpParts;

  constructor(parts: LookUpParts) {
    this.#parts = parts;
  }

  withCode(stored: StoredClaim): ClaimLife {
    const { id, campaignId, userId, seq, status, wonAt, durability, redeemedAt, revokedAt, expiresAt } =
      stored;
    const campaign = this.#parts.catalog.get(campaignId)?.campaign;
    const code = campaign ? this.#parts.codes.codeOf(campaign, seq) : null;
    return { id, campaignId, userId, seq, status, code, wonAt, durability, redeemedAt, revokedAt, expiresAt };
  }

  #asTold(live: LiveCampaign, userId: string, seq: number, wonAt: number): ClaimLife {
    const claim = toldClaim(this.#parts.codes, live.campaign, { userId, seq, wonAt });
    return { ...claim, redeemedAt: null, revokedAt: null, expiresAt: live.campaign.couponExpiresAt };
  }

  /** Waits until a win on its way is durable; false when that failed. */
  #durable(live: LiveCampaign, seq: number): Promise<boolean> {
    const waiters = live.inFlight.get(seq);
    if (!waiters) return Promise.resolve(true);
    return new Promise((resolve) => {
      waiters.push((error) => resolve(error === null));
    });
  }

  async #unit(live: LiveCampaign, userId: string, seq: number, wonAt: number): Promise<Found> {
    if (!(await this.#durable(live, seq))) return { kind: 'unknown' };
    const [stored] = await this.#parts.record.find(live.campaign.id, { seq }).catch(() => []);
    const same = stored !== undefined && stored.userId === userId;
    // While the log has a fault, what it failed to take is decided and not durable: the record alone can tell.
    if (!same && this.#parts.log.state().fault !== null) return { kind: 'unknown' };
    return { kind: 'claim', claim: same ? this.withCode(stored) : this.#asTold(live, userId, seq, wonAt) };
  }

  async mine(campaignId: string, userId: string): Promise<Found> {
    const live = this.#parts.catalog.get(campaignId);
    if (!live) return { kind: 'no_campaign' };
    if (!live.atGate) {
      const stored = (await this.#parts.record.find(campaignId, { userId })).at(-1);
      return stored ? { kind: 'claim', claim: this.withCode(stored) } : { kind: 'none' };
    }
    const held = (await this.#parts.gate.holdings(campaignId, userId)).at(-1);
    return held ? this.#unit(live, userId, held.seq, held.wonAt) : { kind: 'none' };
  }

  async byTicket(campaignId: string, ticket: string, userId: string | null): Promise<Found> {
    const live = this.#parts.catalog.get(campaignId);
    if (!live) return { kind: 'no_campaign' };
    const place = parseClaimId(ticket);
    if (!place) return { kind: 'none' };
    if (place.campaignId !== campaignId) return { kind: 'mismatch' };
    if (userId !== null && live.atGate) {
      const held = (await this.#parts.gate.holdings(campaignId, userId)).find((one) => one.seq === place.seq);
      if (held) return this.#unit(live, userId, held.seq, held.wonAt);
    }
    const stored = await this.#recorded(live, place.seq);
    if (!stored) return { kind: 'none' };
    if (stored === 'late') return { kind: userId === null ? 'pending' : 'mismatch' };
    if (userId === null) return { kind: 'claim', claim: { ...this.withCode(stored), code: null } };
    return stored.userId === userId ? { kind: 'claim', claim: this.withCode(stored) } : { kind: 'mismatch' };
  }

  /** A unit as recorded; `late`: given, and not recorded in time; null: never given. */
  async #recorded(live: LiveCampaign, seq: number): Promise<StoredClaim | 'late' | null> {
    const { gate, record, caughtUp } = this.#parts;
    const { id } = live.campaign;
    let [stored] = await record.find(id, { seq });
    if (!stored && live.atGate) {
      if (seq > ((await gate.counts(id))?.lastSeq ?? 0)) return null;
      if (!(await caughtUp(PATIENCE_MS))) return 'late';
      [stored] = await record.find(id, { seq });
    }
    return stored ?? null;
  }

  async all(userId: string): Promise<ClaimLife[]> {
    const complete = await this.#parts.caughtUp(PATIENCE_MS);
    const stored = (await this.#parts.record.find(null, { userId })).map((stored) => this.withCode(stored));
    if (complete || this.#parts.log.state().fault !== null) return newestFirst(stored);
    const known = new Set(stored.map((claim) => claim.id));
    for (const live of this.#parts.catalog.all()) {
      if (!live.atGate) continue;
      for (const { seq, wonAt } of await this.#parts.gate.holdings(live.campaign.id, userId)) {
        const claim = this.#asTold(live, userId, seq, wonAt);
        if (!known.has(claim.id) && !live.inFlight.has(seq)) stored.push(claim);
      }
    }
    return newestFirst(stored);
  }
}

function newestFirst(claims: ClaimLife[]): ClaimLife[] {
  return claims.sort((a, b) => b.wonAt - a.wonAt || b.seq - a.seq);
}

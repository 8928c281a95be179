/**
 * What somebody holds, asked after the fact. A told win is found at once: the gate is asked first, the record then adds
 * what has happened to the unit since.
 */

import { expiryOf, isIssuedByJob } from '../core/campaign.ts';
import { parseClaimId } from '../core/claim.ts';
import { isTicketLike } from '../core/ticket.ts';
import type { Gate, Holding } from '../ports/gate.ts';
import type { Log } from '../ports/log.ts';
import type { RecordStore, StoredClaim } from '../ports/record.ts';
import type { Catalog, LiveCampaign } from './catalog.ts';
import type { CatchUp } from './catch-up.ts';
import type { Codes } from './codes.ts';
import { ensureCodes, toldClaim } from './codes.ts';
import type { ModeFlow, ModeFlows, UnitFound } from './mode.ts';
import type { ClaimLife, Found } from './outcome.ts';
import type { StoredUnits } from './stored-units.ts';
import { makeStoredUnits } from './stored-units.ts';
import type { Tickets } from './tickets.ts';

export interface LookUpParts {
  /** other processes decide at the same gate */
  shared?: boolean;
  catalog: Catalog;
  gate: Gate;
  log: Log;
  record: RecordStore;
  codes: Codes;
  caughtUp: CatchUp;
  /** of the modes in which people wait for their verdict */
  modes?: ModeFlows;
  tickets?: Tickets;
  /** see flow/campaign */
  refresh?(campaignId: string): Promise<void>;
}

export interface LookUp {
  /** The latest unit of a user in a campaign. */
  mine(campaignId: string, userId: string): Promise<Found>;
  /** The unit behind a claim's id. `userId` null: whoever holds it, and then without its code. */
  byTicket(campaignId: string, ticket: string, userId: string | null): Promise<Found>;
  /** Everything a user holds, newest first. */
  all(userId: string): Promise<ClaimLife[]>;
  /** A stored unit with its code, as far as that is here: see `withCodes`. */
  withCode(stored: StoredClaim): ClaimLife;
  /** Stored units with their codes, also those that have to be brought. Rejects when the record does not answer. */
  withCodes(stored: readonly StoredClaim[]): Promise<ClaimLife[]>;
}

const PATIENCE_MS = 1000;

export function makeLookUp(parts: LookUpParts): LookUp {
  return new LookingUp(parts);
}

class LookingUp implements LookUp {
  readonly #parts: LookUpParts;
  readonly #units: StoredUnits;

  constructor(parts: LookUpParts) {
    this.#parts = parts;
    this.#units = makeStoredUnits(parts.record);
  }

  withCode(stored: StoredClaim): ClaimLife {
    const { id, campaignId, userId, seq, status, wonAt, durability } = stored;
    const { redeemedAt, redeemedBy, revokedAt, expiresAt, heldUntil } = stored;
    const campaign = this.#parts.catalog.get(campaignId)?.campaign;
    const isOut = stored.issuedAt !== null || !campaign || !isIssuedByJob(campaign);
    const code = campaign && isOut ? this.#parts.codes.codeOf(campaign, seq) : null;
    const told = { id, campaignId, userId, seq, status, code, wonAt, durability };
    return { ...told, redeemedAt, redeemedBy, revokedAt, expiresAt, heldUntil };
  }

  async withCodes(stored: readonly StoredClaim[]): Promise<ClaimLife[]> {
    const { codes, catalog } = this.#parts;
    await ensureCodes(codes, stored, (id) => catalog.get(id)?.campaign);
    return stored.map((one) => this.withCode(one));
  }

  /** What can be told without the record is told without the code of a pool, when that does not come. */
  async #broughtCode({ campaign }: LiveCampaign, seq: number): Promise<void> {
    const { codes } = this.#parts;
    if (codes.missing(campaign, seq)) await codes.ensure(campaign, [seq]).catch(() => undefined);
  }

  #asTold(live: LiveCampaign, userId: string, seq: number, wonAt: number): ClaimLife {
    const claim = toldClaim(this.#parts.codes, live.campaign, { userId, seq, wonAt });
    const untouched = { redeemedAt: null, redeemedBy: null, revokedAt: null, heldUntil: null };
    const { campaign } = live;
    const expiresAt = isIssuedByJob(campaign) ? campaign.couponExpiresAt : expiryOf(campaign, wonAt);
    return { ...claim, ...untouched, expiresAt };
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
    let same = await this.#stored(live, userId, seq);
    // In ordered mode what is known here comes from the record.
    const isKept = !this.#parts.shared || live.campaign.mode === 'ordered' || isKeptAtGate(live, seq);
    // Another process may have decided it a moment ago: until the record has it, nobody here knows that it will stay.
    if (!same && !isKept && (await this.#parts.caughtUp(PATIENCE_MS))) {
      same = await this.#stored(live, userId, seq);
    }
    // While the log has a fault, what it failed to take is decided and not durable: the record alone can tell.
    const mayGo = live.campaign.mode !== 'ordered' && this.#parts.log.state().fault !== null;
    if (!same && (!isKept || mayGo)) return { kind: 'unknown' };
    await this.#broughtCode(live, seq);
    return { kind: 'claim', claim: same ? this.withCode(same) : this.#asTold(live, userId, seq, wonAt) };
  }

  async #stored({ campaign }: LiveCampaign, userId: string, seq: number): Promise<StoredClaim | null> {
    const stored = await this.#units.get(campaign.id, seq).catch(() => null);
    return stored?.userId === userId ? stored : null;
  }

  /** Null: the gate cannot say now, or what it has is not to be trusted until it is made good. */
  #held({ campaign, rebuilding }: LiveCampaign, userId: string): Promise<Holding[] | null> {
    if (rebuilding) return Promise.resolve(null);
    return this.#parts.gate.holdings(campaign.id, userId).catch(() => null);
  }

  async mine(campaignId: string, userId: string): Promise<Found> {
    const live = this.#parts.catalog.get(campaignId);
    if (!live) return { kind: 'no_campaign' };
    if (await this.#isErased(live)) return { kind: 'none' };
    const held = live.atGate ? await this.#held(live, userId) : null;
    const latest = held?.at(-1);
    if (latest) return this.#unit(live, userId, latest.seq, latest.wonAt);
    const flow = this.#modeOf(live);
    if (flow !== null && live.atGate && held !== null) {
      const found = await flow.mine(live, userId);
      if (found.kind !== 'unknown' || !isOver(live)) return this.#told(live, found, userId);
    }
    if (held !== null && !(live.atGate && this.#parts.shared)) return { kind: 'none' };
    // A gate that has just lost its memory says of everybody that he holds nothing; the record knows better.
    const asked = this.#parts.record.find(campaignId, { userId });
    const stored = (await (held === null ? asked : asked.catch(() => []))).at(-1);
    if (stored) return this.#claim(stored);
    if (flow !== null && isOver(live)) {
      const found = await flow.mine(live, userId);
      return found.kind === 'unknown' ? lostHere(live) : this.#told(live, found, userId);
    }
    return { kind: live.atGate && held === null ? 'unknown' : 'none' };
  }

  /** Nobody is known by his name in it any more. Only what is archived is erased, and others may have done it. */
  async #isErased({ campaign: { id, archivedAt } }: LiveCampaign): Promise<boolean> {
    if (archivedAt === null) return false;
    await this.#parts.refresh?.(id).catch(() => undefined);
    return (this.#parts.catalog.get(id)?.campaign.erasingAt ?? null) !== null;
  }

  #modeOf({ campaign: { mode } }: LiveCampaign): ModeFlow | null {
    return (mode === 'instant' ? undefined : this.#parts.modes?.[mode]) ?? null;
  }

  /** What a mode has found, as everybody is told it; who does not say that a unit is his is not told its code. */
  async #told(live: LiveCampaign, found: Found | UnitFound, userId: string | null): Promise<Found> {
    if (found.kind !== 'unit') return found;
    const unit = await this.#unit(live, found.userId, found.seq, found.wonAt);
    if (unit.kind !== 'claim' || userId !== null) return unit;
    return { kind: 'claim', claim: { ...unit.claim, code: null } };
  }

  async #byModeTicket(live: LiveCampaign, text: string, userId: string | null): Promise<Found> {
    const flow = this.#modeOf(live);
    const { tickets } = this.#parts;
    if (flow === null || tickets === undefined || !isTicketLike(text)) return { kind: 'none' };
    const ticket = tickets.read(live.campaign.id, text, userId);
    if (ticket === null || ticket.kind !== live.campaign.mode) return { kind: 'mismatch' };
    if (live.rebuilding) return { kind: 'unknown' };
    const found = await flow.byTicket(live, ticket, text, userId);
    if (found.kind === 'unknown' && isOver(live)) return this.#overWithout(live, userId);
    return this.#told(live, found, userId);
  }

  /** A ticket of a campaign that is over, whose mode remembers nothing of it any more: the record knows who has won. */
  async #overWithout(live: LiveCampaign, userId: string | null): Promise<Found> {
    if (userId === null) return { kind: 'unnamed' };
    const stored = (await this.#parts.record.find(live.campaign.id, { userId })).at(-1);
    return stored ? this.#claim(stored) : lostHere(live);
  }

  async #claim(stored: StoredClaim): Promise<Found> {
    const [claim] = await this.withCodes([stored]);
    return { kind: 'claim', claim: claim as ClaimLife };
  }

  async byTicket(campaignId: string, ticket: string, userId: string | null): Promise<Found> {
    const live = this.#parts.catalog.get(campaignId);
    if (!live) return { kind: 'no_campaign' };
    if (await this.#isErased(live)) return { kind: 'none' };
    const place = parseClaimId(ticket);
    if (!place) return this.#byModeTicket(live, ticket, userId);
    if (place.campaignId !== campaignId) return { kind: 'mismatch' };
    const held = userId !== null && live.atGate ? await this.#held(live, userId) : [];
    const mine = held?.find((one) => one.seq === place.seq);
    if (userId !== null && mine) return this.#unit(live, userId, mine.seq, mine.wonAt);
    const stored = await this.#recorded(live, place.seq);
    if (!stored) return { kind: 'none' };
    if (stored === 'late') {
      if (held === null) return { kind: 'unknown' };
      return { kind: userId === null ? 'pending' : 'mismatch' };
    }
    if (userId === null) return { kind: 'claim', claim: { ...this.withCode(stored), code: null } };
    return stored.userId === userId ? this.#claim(stored) : { kind: 'mismatch' };
  }

  /** A unit as recorded; `late`: given or perhaps given, and not recorded in time; null: never given. */
  async #recorded(live: LiveCampaign, seq: number): Promise<StoredClaim | 'late' | null> {
    const { gate, record, caughtUp } = this.#parts;
    const { id } = live.campaign;
    let [stored] = await record.find(id, { seq });
    if (stored || !live.atGate) return stored ?? null;
    const counts = live.rebuilding ? 'unknown' : await gate.counts(id).catch(() => 'unknown' as const);
    if (counts !== 'unknown' && seq > (counts?.lastSeq ?? 0)) return null;
    if (!(await caughtUp(PATIENCE_MS))) return 'late';
    [stored] = await record.find(id, { seq });
    return stored ?? (counts === 'unknown' ? 'late' : null);
  }

  async all(userId: string): Promise<ClaimLife[]> {
    const complete = await this.#parts.caughtUp(PATIENCE_MS);
    const stored = await this.withCodes(await this.#parts.record.find(null, { userId }));
    if (complete || this.#parts.log.state().fault !== null) return newestFirst(stored);
    const known = new Set(stored.map((claim) => claim.id));
    for (const live of this.#parts.catalog.all()) {
      if (!live.atGate || live.campaign.erasingAt !== null) continue;
      for (const { seq, wonAt } of (await this.#held(live, userId)) ?? []) {
        if (this.#parts.shared && !isKeptAtGate(live, seq)) continue;
        await this.#broughtCode(live, seq);
        const claim = this.#asTold(live, userId, seq, wonAt);
        if (!known.has(claim.id) && !live.inFlight.has(seq)) stored.push(claim);
      }
    }
    return newestFirst(stored);
  }
}

/**
 * Whether a win that a shared gate has is as durable as its campaign promises, by all that is known in this process. At
 * `memory` and `disk` the gate's own answer is the promise.
 */
export function isKeptAtGate(
  { campaign: { durability }, baseSeq, onLog }: LiveCampaign,
  seq: number,
): boolean {
  return durability === 'memory' || durability === 'disk' || seq <= baseSeq || onLog.has(seq);
}

/** Nobody decides in it any more, and its mode may have forgotten it. */
const isOver = ({ atGate, campaign }: LiveCampaign): boolean => !atGate || campaign.archivedAt !== null;

/** What a campaign that is over tells whoever has nothing of it. */
function lostHere({ campaign, issued }: LiveCampaign): Found {
  const verdict = issued >= campaign.quantity ? 'sold_out' : 'closed';
  return { kind: 'refused', verdict, campaign, why: null };
}

function newestFirst(claims: ClaimLife[]): ClaimLife[] {
  return claims.sort((a, b) => b.wonAt - a.wonAt || b.seq - a.seq);
}

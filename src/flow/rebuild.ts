/**
 * A gate that may have lost its memory is made good: a new epoch, what the old gate still has brought onto the log, the
 * log brought into the record, and the record's holders brought to the gate. Only then it decides again.
 *
 * Each run takes an epoch of its own, so that a run that broke off, or a second one at the same time, changes nothing
 * that counts: whoever is not the last to have begun is refused at the end.
 */

import type { Campaign } from '../core/campaign.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { Epoch, Epochs } from '../ports/epochs.ts';
import type { Gate } from '../ports/gate.ts';
import type { Log } from '../ports/log.ts';
import type { RecordStore } from '../ports/record.ts';
import type { GateKeeper } from '../ports/shared-gate.ts';
import { type System, wait } from '../ports/system.ts';
import type { CatchUp } from './catch-up.ts';
import { TELL_MAX_MS } from './claim.ts';
import { sendAll } from './relay.ts';

export interface RebuildParts {
  gate: Gate;
  keeper: GateKeeper;
  epochs: Epochs;
  campaigns: Campaigns;
  record: RecordStore;
  log: Log;
  system: System;
  /** everything that is on the log now is in the record */
  caughtUp: CatchUp;
  /** how long an older gate that cannot be reached may still decide: its lease */
  leaseMs: number;
  /** told of each step, for the log */
  onStep?: (campaignId: string, step: string, detail: Record<string, unknown>) => void;
}

export type Rebuilt =
  | { kind: 'open'; epoch: Epoch; issued: number; tookMs: number }
  /** somebody else is at it, or was faster */
  | { kind: 'overtaken' }
  /** not yet: the log or the record do not answer; it is to be tried again */
  | { kind: 'waiting'; why: string };

const HOLDERS_PAGE = 10_000;
const SALVAGE_BATCHES = 1000;
/** What clocks and timers may be off by. */
const MARGIN_MS = 300;
const DRAIN_PATIENCE_MS = 10_000;
const GRACE_MS = 24 * 3_600_000;

/**
 * `from` is the campaign's epoch as last seen. `gone`: the older gate is known to decide no more, because it is the same
 * server that was asked just now; else its lease is waited out.
 */
export async function rebuild(parts: RebuildParts, from: Epoch, gone: boolean): Promise<Rebuilt> {
  const began = parts.system.monotonic();
  const epoch = await parts.epochs.begin(from.campaignId, from.epoch);
  if (epoch === null) return { kind: 'overtaken' };
  return new Rebuild(parts, epoch, began).run(gone);
}

class Rebuild {
  readonly #parts: RebuildParts;
  /** as it was when it was begun: until it is opened nobody leases numbers or opens another */
  readonly #epoch: Epoch;
  readonly #began: number;

  constructor(parts: RebuildParts, epoch: Epoch, began: number) {
    this.#parts = parts;
    this.#epoch = epoch;
    this.#began = began;
  }

  async run(gone: boolean): Promise<Rebuilt> {
    const { campaigns, keeper, log, caughtUp, leaseMs, system } = this.#parts;
    const { campaignId, epoch } = this.#epoch;
    const campaign = await campaigns.get(campaignId);
    if (campaign === null) return { kind: 'overtaken' };
    this.#say('begun', { gone });
    await keeper.freeze(campaignId, epoch);
    const frozen = system.monotonic();
    if (log.state().fault !== null) return { kind: 'waiting', why: 'the log does not take facts' };
    await this.#salvage();
    // Whoever pressed just before that may be told until then, and what he is told is on the log.
    await this.#waitUntil(frozen + TELL_MAX_MS + MARGIN_MS + (gone ? 0 : leaseMs));
    if (!(await caughtUp(DRAIN_PATIENCE_MS))) {
      return { kind: 'waiting', why: 'the record has not caught up with the log' };
    }
    this.#say('drained', {});
    return this.#fill({ ...campaign, epoch });
  }

  #say(step: string, detail: Record<string, unknown>): void {
    const { campaignId, epoch } = this.#epoch;
    this.#parts.onStep?.(campaignId, step, { epoch, ...detail });
  }

  #waitUntil(monotonicMs: number): Promise<void> {
    const { system } = this.#parts;
    return wait(system, Math.max(0, monotonicMs - system.monotonic()));
  }

  /** What the old gate decided and still has goes onto the log; the recorder knows what it has already. */
  async #salvage(): Promise<void> {
    const { keeper, log } = this.#parts;
    const { campaignId } = this.#epoch;
    let after = 0;
    let facts = 0;
    for (;;) {
      const left = await keeper.leftBehind(campaignId, after, SALVAGE_BATCHES);
      const last = left.at(-1)?.facts.at(-1);
      if (last === undefined) break;
      await sendAll(
        log,
        left.flatMap((batch) => batch.facts),
      );
      facts += left.reduce((sum, batch) => sum + batch.facts.length, 0);
      after = last.seq;
    }
    this.#say('salvaged', { facts });
  }

  async #fill(campaign: Campaign): Promise<Rebuilt> {
    const { gate, keeper, epochs, record } = this.#parts;
    const { id } = campaign;
    await gate.configure(campaign);
    const { baseSeq } = this.#epoch;
    let held = 0;
    let setAside = 0;
    let fresh = 0;
    let lastSeq = 0;
    let past = await record.holders(id, 0, HOLDERS_PAGE);
    // Also without anybody: what an earlier run left half loaded must go.
    do {
      held += past.seqs.length;
      setAside += past.setAside ?? 0;
      fresh += past.seqs.reduce((count, seq) => (seq > baseSeq ? count + 1 : count), 0);
      lastSeq = past.seqs.at(-1) ?? lastSeq;
      const next = past.seqs.length < HOLDERS_PAGE ? null : record.holders(id, lastSeq, HOLDERS_PAGE);
      await gate.load(id, past);
      past = (await next) ?? { ...past, seqs: new Float64Array(0), setAside: 0 };
    } while (past.seqs.length > 0);
    const opened = await this.#reserve(campaign, { held, fresh, lastSeq });
    const armed = await keeper.arm(id, {
      epoch: opened.epoch,
      holders: 'staged',
      lastSeq: Math.max(lastSeq, opened.leasedSeq),
      reserved: opened.reserved,
      bounds: await this.#bounds(campaign, opened),
    });
    if (armed.kind === 'refused') {
      this.#say('refused', { detail: armed.detail });
      return { kind: 'overtaken' };
    }
    // What the record has taken in since its holders were read, nobody at the gate would know of.
    if (!(await epochs.open(opened, held - setAside))) return { kind: 'overtaken' };
    const tookMs = this.#parts.system.monotonic() - this.#began;
    this.#say('open', { issued: armed.issued, reserved: opened.reserved, tookMs: Math.round(tookMs) });
    return { kind: 'open', epoch: opened, issued: armed.issued, tookMs };
  }

  /**
   * At `logged` nobody was told what the log does not have, and by now the record has the log: nothing is set aside. At
   * weaker levels a number that was leased and that nobody is known to hold may have been promised to somebody. Whose
   * win was set aside is among the holders.
   */
  async #reserve(
    campaign: Campaign,
    { held, fresh, lastSeq }: { held: number; fresh: number; lastSeq: number },
  ): Promise<Epoch> {
    const { leasedSeq, baseSeq, reservedUntil, reserved: before } = this.#epoch;
    const logged = campaign.durability === 'logged';
    const still = reservedUntil === null ? 0 : before;
    const unaccounted = logged ? 0 : Math.max(0, leasedSeq - baseSeq - fresh) + still;
    const reserved = Math.min(unaccounted, Math.max(0, campaign.quantity - held));
    // Numbers go on above it, and none up to it is counted once more when this epoch ends.
    const floorSeq = logged ? lastSeq : Math.max(leasedSeq, lastSeq);
    return {
      ...this.#epoch,
      baseSeq: floorSeq,
      leasedSeq: floorSeq,
      reserved,
      reservedUntil: reserved > 0 ? this.#parts.system.now() + GRACE_MS : null,
    };
  }

  /** The gate's own clock tells until when; numbers are leased by whoever looks after it, right afterwards. */
  async #bounds(
    campaign: Campaign,
    epoch: Epoch,
  ): Promise<{ blockEnd: number | null; leaseUntil: number | null }> {
    const inForce = await this.#parts.keeper.inForce(campaign.id);
    return {
      blockEnd: campaign.durability === 'logged' ? null : epoch.leasedSeq,
      leaseUntil: (inForce?.now ?? 0) + this.#parts.leaseMs,
    };
  }
}

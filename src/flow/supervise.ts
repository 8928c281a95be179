/**
 * The one who looks after the shared gate: renews its right to decide, leases numbers to it before they are given out,
 * puts rules in force that others could not bring to it, makes good what it lost, and lets go of what is over.
 *
 * There is one at a time, by a lease; that is for calm only. Two at once do no harm: epochs are changed by compare and
 * set, and everything else is harmless when it is done twice.
 */

import type { Campaign } from '../core/campaign.ts';
import type { Epoch } from '../ports/epochs.ts';
import type { Leases } from '../ports/leases.ts';
import type { SettledSeqs } from '../ports/record.ts';
import type { InForce } from '../ports/shared-gate.ts';
import { isOver } from './fill-gate.ts';
import type { RebuildParts } from './rebuild.ts';
import { rebuild } from './rebuild.ts';
import { relay } from './relay.ts';
import { SeqMarks } from './seq-marks.ts';

export interface SuperviseParts extends RebuildParts {
  /** see flow/relay */
  settled?: SettledSeqs;
  leases: Leases;
  /** who this process is, for the lease */
  holder: string;
  /** a server that stays the same behind its address: what it has forgotten, no other one still knows */
  oneServer: boolean;
}

export interface Supervision {
  /** this process held the lease in the last round */
  leading: boolean;
  /** campaigns whose gate is being made good */
  rebuilding: number;
  /** batches in the gate's outbox */
  backlog: number;
  relayed: number;
  /** why the last round broke off; null when it did not */
  fault: string | null;
}

export interface Supervisor {
  /** One round over all campaigns. Never rejects. */
  round(): Promise<void>;
  /**
   * Renews the right of the epochs that were open in the last round, without asking the database: while that is away,
   * people can still win. Only where there is one gate: whoever takes over freezes this very one. Never rejects.
   */
  keepUp(): Promise<void>;
  state(): Supervision;
  /** Lets another one take over at once. */
  stop(): Promise<void>;
}

/** The right to look after the gate; renewed each round. It ends before the gate's own, so that the next one is in time. */
const LEASE = 'supervisor';
const LEASE_MS = 1_500;
/** What the deciding process itself has not brought to the log by then, the relay does. */
const RELAY_AFTER_MS = 2_000;
const BLOCK_MIN = 10;
const BLOCK_MAX = 20_000;
/** A campaign that is over stays at the gate so long, for those whose answer is still on its way. */
const OVER_MS = 10_000;
/** A lowered quantity is at the gate before it is in the store; by then whoever lowers it is done, or is no more. */
const LOWERING_MS = 10_000;
/** A new campaign is in the store before it is at the gate; whoever makes it brings it there within this. */
const BEGINNING_MS = 2_000;

export function makeSupervisor(parts: SuperviseParts): Supervisor {
  return new Supervising(parts);
}

/** How many numbers a campaign leases at once: what may stand still for a day after the gate was lost for good. */
export function blockOf({ quantity }: Pick<Campaign, 'quantity'>): number {
  return Math.min(BLOCK_MAX, Math.max(BLOCK_MIN, Math.ceil(quantity / 10)));
}

class Supervising implements Supervisor {
  readonly #parts: SuperviseParts;
  readonly #state: Supervision = { leading: false, rebuilding: 0, backlog: 0, relayed: 0, fault: null };
  readonly #rebuilding = new Set<string>();
  readonly #campaigns = new Map<string, Campaign>();
  /** since when the gate has another quantity than the store, monotonic ms */
  readonly #differing = new Map<string, number>();
  /** what this relay has seen on the log, by the epoch that gave the numbers */
  readonly #onLog = new Map<string, { epoch: number; marks: SeqMarks }>();
  /** those that were open in the last round that this process led */
  #open: Epoch[] = [];
  #stopped = false;

  constructor(parts: SuperviseParts) {
    this.#parts = parts;
  }

  state(): Supervision {
    return { ...this.#state, rebuilding: this.#rebuilding.size };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#parts.leases.release(LEASE, this.#parts.holder).catch(() => undefined);
  }

  async round(): Promise<void> {
    const { epochs, keeper } = this.#parts;
    try {
      const all: Epoch[] = [];
      for (const epoch of await epochs.all()) if (await this.#concerns(epoch)) all.push(epoch);
      // The gate's clock is read before the lease is renewed: a process that sleeps in between extends nothing by it.
      const seen = await Promise.allSettled(all.map(({ campaignId }) => keeper.inForce(campaignId)));
      // Where nothing can be reached from here, another one may do better.
      if (all.length > 0) await Promise.any(seen.map(settled)).catch(() => settled(seen[0] as Seen));
      this.#state.leading = !this.#stopped && (await this.#lead());
      this.#open = this.#state.leading ? all.filter(({ state }) => state === 'open') : [];
      if (!this.#state.leading) return;
      const done = await Promise.allSettled(
        all.map(async (epoch, i) => this.#lookAfter(epoch, await settled(seen[i] as Seen))),
      );
      this.#state.backlog = done.reduce((sum, one) => sum + (one.status === 'fulfilled' ? one.value : 0), 0);
      const failed = done.find((one) => one.status === 'rejected');
      this.#state.fault = failed ? (failed.reason as Error).message : null;
    } catch (error) {
      this.#state.fault = (error as Error).message;
    }
  }

  async keepUp(): Promise<void> {
    const { keeper, leaseMs, oneServer } = this.#parts;
    if (!oneServer) return;
    await Promise.all(
      this.#open.map(async ({ campaignId, epoch }) => {
        const inForce = await keeper.inForce(campaignId).catch(() => null);
        if (this.#stopped || !inForce?.armed || inForce.epoch !== epoch) return;
        const bounds = { blockEnd: null, leaseUntil: inForce.now + leaseMs };
        await keeper.extend(campaignId, epoch, bounds).catch(() => false);
      }),
    );
  }

  /** What is decided on the log needs no gate; what was retired is left alone, unless its end has moved and it goes on. */
  async #concerns(epoch: Epoch): Promise<boolean> {
    const campaign = await this.#campaign(epoch);
    if (campaign?.mode === 'ordered') return false;
    if (epoch.state !== 'retired') return true;
    return campaign !== null && !isOver(campaign, this.#parts.system.now());
  }

  #lead(): Promise<boolean> {
    return this.#parts.leases.take(LEASE, this.#parts.holder, LEASE_MS);
  }

  /** Returns how many batches are in its outbox. */
  async #lookAfter(epoch: Epoch, inForce: InForce | null): Promise<number> {
    const { campaignId } = epoch;
    if (this.#rebuilding.has(campaignId)) return 0;
    const campaign = await this.#campaign(epoch);
    if (campaign === null) return 0;
    const { system } = this.#parts;
    const over = isOver(campaign, system.now());
    const isRight = inForce?.armed === true && inForce.epoch === epoch.epoch && epoch.state === 'open';
    if (!isRight) {
      const age = Math.abs(system.now() - campaign.createdAt);
      if (epoch.epoch === 1 && epoch.state === 'open' && age < BEGINNING_MS) return 0;
      if (over && epoch.state === 'open') await this.#retireLost(epoch);
      else this.#rebuild(epoch);
      return 0;
    }
    await this.#renew(campaign, epoch, inForce);
    const parts = { ...this.#parts, onLog: this.#onLogOf(epoch) };
    const { batches, sent } = await relay(parts, campaignId, inForce.now - RELAY_AFTER_MS);
    this.#state.relayed += sent;
    if (over && batches === 0) await this.#retire(campaign, epoch);
    return batches;
  }

  async #renew(campaign: Campaign, epoch: Epoch, inForce: InForce): Promise<void> {
    const { gate, keeper, leaseMs } = this.#parts;
    const { id } = campaign;
    if (this.#isOlder(inForce, campaign)) {
      await gate.configure({ ...campaign, epoch: epoch.epoch });
    }
    const leaseUntil = inForce.now + leaseMs;
    await keeper.extend(id, epoch.epoch, {
      blockEnd: await this.#block(campaign, epoch, inForce),
      leaseUntil,
    });
    await this.#giveBack(epoch);
  }

  /** Units that nobody has turned up for. */
  async #giveBack({ campaignId, epoch, reserved, reservedUntil }: Epoch): Promise<void> {
    const { epochs, keeper, system } = this.#parts;
    if (reserved === 0 || reservedUntil === null || reservedUntil >= system.now()) return;
    if (!(await epochs.unreserve(campaignId, epoch, reserved))) return;
    await keeper.unreserve(campaignId, epoch, reserved);
  }

  /** Whether the gate has to be told what the store has. */
  #isOlder(inForce: InForce, { id, version, quantity }: Campaign): boolean {
    const same = inForce.version === version && inForce.quantity !== quantity;
    if (!same) this.#differing.delete(id);
    if (!same) return inForce.version < version;
    const now = this.#parts.system.monotonic();
    const since = this.#differing.get(id) ?? now;
    this.#differing.set(id, since);
    return now - since >= LOWERING_MS;
  }

  #onLogOf({ campaignId, epoch }: Epoch): SeqMarks {
    const known = this.#onLog.get(campaignId);
    if (known?.epoch === epoch) return known.marks;
    const marks = new SeqMarks();
    this.#onLog.set(campaignId, { epoch, marks });
    return marks;
  }

  /** The new end of its block of numbers, leased first; null: as it is. */
  async #block(campaign: Campaign, epoch: Epoch, inForce: InForce): Promise<number | null> {
    if (campaign.durability === 'logged') return null;
    const block = blockOf(campaign);
    const wanted = inForce.lastSeq + block;
    if (inForce.blockEnd !== null && inForce.blockEnd - inForce.lastSeq > block / 2) return null;
    return (await this.#parts.epochs.lease(campaign.id, epoch.epoch, wanted)) ? wanted : null;
  }

  #rebuild(epoch: Epoch): void {
    const { campaignId } = epoch;
    const { onStep, oneServer } = this.#parts;
    this.#rebuilding.add(campaignId);
    rebuild(this.#parts, epoch, oneServer)
      .then(
        (done) => {
          if (done.kind === 'waiting') onStep?.(campaignId, 'waiting', { why: done.why });
        },
        (error: Error) => onStep?.(campaignId, 'failed', { why: error.message }),
      )
      .finally(() => this.#rebuilding.delete(campaignId));
  }

  /** It is over: from now on its winners are answered from the record, which has them all. */
  async #retire(campaign: Campaign, epoch: Epoch): Promise<void> {
    const { epochs, gate, caughtUp, system } = this.#parts;
    const never = Number.POSITIVE_INFINITY;
    const overSince = Math.min(campaign.closedAt ?? never, campaign.closesAt ?? never);
    if (system.now() - overSince < OVER_MS || !(await caughtUp(OVER_MS))) return;
    if (await epochs.retire(campaign.id, epoch.epoch)) await gate.unload(campaign.id);
  }

  /** Over, and its gate is gone: nobody decides on it any more, but what was decided must be in the record first. */
  async #retireLost(epoch: Epoch): Promise<void> {
    const { epochs, caughtUp, keeper } = this.#parts;
    await relay(this.#parts, epoch.campaignId, Number.POSITIVE_INFINITY);
    if (!(await caughtUp(OVER_MS))) return;
    if (await epochs.retire(epoch.campaignId, epoch.epoch))
      await keeper.freeze(epoch.campaignId, epoch.epoch + 1);
  }

  async #campaign({ campaignId, version }: Epoch): Promise<Campaign | null> {
    const known = this.#campaigns.get(campaignId);
    if (known && known.version >= version) return known;
    const campaign = await this.#parts.campaigns.get(campaignId);
    if (campaign) this.#campaigns.set(campaignId, campaign);
    return campaign;
  }
}

type Seen = PromiseSettledResult<InForce | null>;

const settled = (seen: Seen): Promise<InForce | null> =>
  seen.status === 'fulfilled' ? Promise.resolve(seen.value) : Promise.reject(seen.reason as Error);

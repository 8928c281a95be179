/**
 * Queued mode of many processes: the line beside the gate in Redis, made by whoever lets people in, which is one process
 * at a time by a lease. The others look how far it is.
 */

import type { RedisLine } from '../adapters/redis/line.ts';
import { inOrder } from '../core/line-history.ts';
import type { LiveCampaign } from '../flow/catalog.ts';
import type { CatchUp } from '../flow/catch-up.ts';
import { wholeLinePast } from '../flow/line-past.ts';
import type { Epochs } from '../ports/epochs.ts';
import type { Leases } from '../ports/leases.ts';
import type { Queued, QueuedParts } from './queued.ts';
import { makeQueued } from './queued.ts';
import { type Repeated, repeat } from './repeat.ts';

export interface SharedQueuedParts extends Omit<QueuedParts, 'line' | 'shared' | 'holdsLease'> {
  line: RedisLine;
  leases: Leases;
  epochs: Pick<Epochs, 'begin'>;
  caughtUp: CatchUp;
  /** who this process is, for the lease */
  instanceId: string;
  /** whether this process may let people in */
  paces: boolean;
}

export interface SharedQueued extends Omit<Queued, 'stop'> {
  /** The campaign's gate is in this epoch now. */
  follow(campaignId: string, epoch: number): void;
  stop(): Promise<void>;
}

const LEASE = 'pacer';
const LEASE_MS = 2_000;
const RENEW_MS = 500;
/** While the database is away nobody else can take the lease either: so long the line goes on moving. */
const AWAY_MS = 30_000;
const LOOK_MS = 250;
const DRAIN_PATIENCE_MS = 5_000;

export function makeSharedQueued(parts: SharedQueuedParts): SharedQueued {
  const lease = new PacerLease(parts);
  const lines = new ArmedLines(parts);
  const queued = makeQueued({
    ...parts,
    shared: true,
    holdsLease: () => lease.isHeld(),
    ensure: (live) => lines.ensure(live, (campaign) => queued.lineUp.ruleOf(campaign)),
  });
  const { lineUp } = queued;
  const epochs = new Map<string, number>();
  const gone = new Set<string>();
  const looking = repeat(parts.system, LOOK_MS, () =>
    lease.isHeld() ? clear(parts, gone) : look(parts, queued),
  );
  return {
    ...queued,
    gate: {
      ...queued.gate,
      async begin(campaign) {
        await parts.gate.begin(campaign);
        if (campaign.mode !== 'queued') return;
        // Nobody can have been in it before.
        parts.line.follow(campaign.id, campaign.epoch);
        await parts.line.arm(campaign.id, campaign.epoch, lineUp.ruleOf(campaign), []);
      },
    },
    follow(campaignId, epoch) {
      parts.line.follow(campaignId, epoch);
      if (epochs.get(campaignId) === epoch) return;
      if (epochs.has(campaignId)) lineUp.forget(campaignId);
      epochs.set(campaignId, epoch);
      // How far it is must be known before anybody asks.
      looking.poke();
    },
    async stop() {
      queued.stop();
      await looking.stop();
      await lease.stop();
    },
  };
}

/** How far the lines are, for processes that only tell people. One that does not answer stays as it was. */
async function look({ catalog, line }: SharedQueuedParts, { lineUp }: Queued): Promise<void> {
  const lives = [...catalog.all()].filter(
    (live) => live.campaign.mode === 'queued' && live.atGate && !live.rebuilding,
  );
  await Promise.all(
    lives.map(async (live) => {
      const counts = await line.counts(live.campaign.id).catch(() => null);
      if (counts !== null) lineUp.note(live, counts);
    }),
  );
}

/** Lines of campaigns that are archived make room; what is asked of them then, the record answers. */
async function clear({ catalog, line }: SharedQueuedParts, gone: Set<string>): Promise<void> {
  for (const { campaign } of catalog.all()) {
    const { id, mode, archivedAt } = campaign;
    if (mode !== 'queued' || archivedAt === null || gone.has(id)) continue;
    const isGone = await line.unload(id).then(
      () => true,
      () => false,
    );
    if (isGone) gone.add(id);
  }
}

class PacerLease {
  readonly #parts: SharedQueuedParts;
  readonly #renewing: Repeated | null;
  #heldUntil = Number.NEGATIVE_INFINITY;

  constructor(parts: SharedQueuedParts) {
    this.#parts = parts;
    this.#renewing = parts.paces ? repeat(parts.system, RENEW_MS, () => this.#renew()) : null;
  }

  isHeld(): boolean {
    return this.#parts.system.monotonic() < this.#heldUntil;
  }

  async #renew(): Promise<void> {
    const { leases, instanceId, system } = this.#parts;
    const asked = system.monotonic();
    const wasHeld = this.isHeld();
    const held = await leases.take(LEASE, instanceId, LEASE_MS).catch(() => null);
    if (held === true) this.#heldUntil = asked + AWAY_MS;
    else if (held === false || !wasHeld) this.#heldUntil = Number.NEGATIVE_INFINITY;
  }

  async stop(): Promise<void> {
    this.#heldUntil = Number.NEGATIVE_INFINITY;
    await this.#renewing?.stop();
    this.#heldUntil = Number.NEGATIVE_INFINITY;
    if (this.#renewing !== null) {
      await this.#parts.leases.release(LEASE, this.#parts.instanceId).catch(() => undefined);
    }
  }
}

/**
 * Lines that were made in the epoch that their gate decides in. An epoch begins when everything that was told in the one
 * before is on the log; whoever finds no line in it makes it of what the record then has.
 */
class ArmedLines {
  readonly #parts: SharedQueuedParts;
  readonly #armed = new Map<string, number>();

  constructor(parts: SharedQueuedParts) {
    this.#parts = parts;
  }

  async ensure(live: LiveCampaign, ruleOf: Queued['lineUp']['ruleOf']): Promise<boolean> {
    const { line, caughtUp, epochs, history, logger } = this.#parts;
    const { campaign } = live;
    const { id, epoch } = campaign;
    if (this.#armed.get(id) !== epoch && !(await line.isArmed(id, epoch))) {
      if (!(await caughtUp(DRAIN_PATIENCE_MS))) return false;
      const rule = ruleOf(campaign);
      const facts = inOrder(await wholeLinePast(history, id), rule.shuffleSeed);
      const armed = await line.arm(id, epoch, rule, facts);
      logger?.info({ campaignId: id, epoch, facts: facts.length, ...armed }, 'the line was made anew');
      if (armed.kind === 'refused' && armed.why === 'fenced') return false;
      if (armed.kind === 'refused' && !(await line.isArmed(id, epoch))) {
        // It is there and nobody knows what it has been through, or its script is another version's: a new epoch.
        await epochs.begin(id, epoch);
        return false;
      }
    }
    this.#armed.set(id, epoch);
    return true;
  }
}

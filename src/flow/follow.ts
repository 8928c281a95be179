/**
 * Many processes, one gate: what others change is seen here within half a second. Campaigns are taken from the store by
 * their versions, the epoch that counts from beside the record, and what is out from the gate.
 */

import { CAMPAIGN_ID } from '../core/campaign.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { Epoch, EpochState, Epochs } from '../ports/epochs.ts';
import type { RecordStore } from '../ports/record.ts';
import type { SharedGate } from '../ports/shared-gate.ts';
import type { System } from '../ports/system.ts';
import type { Catalog, LiveCampaign } from './catalog.ts';
import { forgetNumbers } from './catalog.ts';

export interface FollowParts {
  catalog: Catalog;
  campaigns: Pick<Campaigns, 'get'>;
  epochs: Pick<Epochs, 'all' | 'of'>;
  /** null: there is none, and every campaign is decided on the log */
  gate: Pick<SharedGate, 'follow' | 'counts'> | null;
  record: Pick<RecordStore, 'counts'>;
  system: System;
}

export interface Follower {
  /** One look at everything. Rejects when the database does not answer. */
  look(): Promise<void>;
  /** Takes one campaign in now, without waiting for the next look. */
  lookAt(campaignId: string): Promise<void>;
  /** The same for one that is not known here; what there is none of is not asked for again for a second. */
  seek(campaignId: string): Promise<void>;
  epochOf(campaignId: string): Epoch | undefined;
}

const ARCHIVED_EVERY_MS = 2_000;
const SOUGHT_MS = 1_000;
const SOUGHT_MAX = 10_000;

export function makeFollower(parts: FollowParts): Follower {
  return new Following(parts);
}

class Following implements Follower {
  readonly #parts: FollowParts;
  readonly #epochs = new Map<string, Epoch>();
  readonly #archived = new Set<string>();
  /** when one of them was last looked at */
  #lookedAt: number;
  /** ids that were asked for, and when */
  readonly #sought = new Map<string, number>();
  /** those that are being asked for: who seeks the same waits for the same answer */
  readonly #seeking = new Map<string, Promise<void>>();

  constructor(parts: FollowParts) {
    this.#parts = parts;
    this.#lookedAt = parts.system.monotonic();
  }

  epochOf(campaignId: string): Epoch | undefined {
    return this.#epochs.get(campaignId);
  }

  async seek(campaignId: string): Promise<void> {
    const { catalog, system } = this.#parts;
    const soughtAt = this.#sought.get(campaignId);
    if (catalog.get(campaignId) !== undefined || !CAMPAIGN_ID.test(campaignId)) return;
    if (soughtAt !== undefined && system.monotonic() - soughtAt < SOUGHT_MS)
      return this.#seeking.get(campaignId);
    if (this.#sought.size >= SOUGHT_MAX) this.#sought.clear();
    this.#sought.set(campaignId, system.monotonic());
    const seeking = this.lookAt(campaignId).finally(() => this.#seeking.delete(campaignId));
    this.#seeking.set(campaignId, seeking);
    await seeking;
  }

  async look(): Promise<void> {
    const all = await this.#parts.epochs.all();
    for (const epoch of all) await this.#take(epoch);
    await this.#takeArchived(new Set(all.map(({ campaignId }) => campaignId)));
    await this.#counts();
  }

  async lookAt(campaignId: string): Promise<void> {
    const epoch = await this.#parts.epochs.of(campaignId);
    if (epoch) await this.#take(epoch);
  }

  async #take(epoch: Epoch): Promise<void> {
    const { catalog, campaigns, gate } = this.#parts;
    const { campaignId } = epoch;
    const known = this.#epochs.get(campaignId);
    const live = catalog.get(campaignId);
    const behind = live === undefined || live.campaign.version < epoch.version;
    if (!behind && known !== undefined && same(known, epoch)) return;
    const campaign = behind ? await campaigns.get(campaignId) : live.campaign;
    if (campaign === null) return;
    // From now on nobody but the record tells how many there are.
    if (live !== undefined && epoch.state === 'retired') await this.#firstCounts(live);
    // Two looks at once may end in another order than they began.
    const present = this.#epochs.get(campaignId);
    if (present !== undefined && isBefore(epoch, present)) return;
    this.#epochs.set(campaignId, epoch);
    // Between the question and now this process may have stored a newer version itself.
    const newest = catalog.get(campaignId)?.campaign;
    const next = newest && newest.version > campaign.version ? newest : campaign;
    if (live !== undefined && live.campaign.epoch !== epoch.epoch) forgetNumbers(live);
    putInForce(catalog.put({ ...next, epoch: epoch.epoch }), epoch);
    if (next.mode !== 'ordered') gate?.follow(campaignId, epoch.epoch, next.version);
    if (live === undefined) await this.#firstCounts(catalog.get(campaignId) as LiveCampaign);
  }

  /** Who is archived is not among the epochs any more, and must be seen as that once. */
  async #takeArchived(there: ReadonlySet<string>): Promise<void> {
    const { catalog, campaigns } = this.#parts;
    for (const [id, { epoch }] of this.#epochs) {
      if (there.has(id) || this.#archived.has(id)) continue;
      const campaign = await campaigns.get(id);
      if (campaign === null || campaign.archivedAt === null) continue;
      this.#archived.add(id);
      catalog.put({ ...campaign, epoch });
    }
    await this.#lookAtArchived();
  }

  /** At one of them in a while, in turn: nobody is known by his name here once he was erased elsewhere. */
  async #lookAtArchived(): Promise<void> {
    const { catalog, campaigns, system } = this.#parts;
    const [id] = this.#archived;
    const now = system.monotonic();
    if (id === undefined || now - this.#lookedAt < ARCHIVED_EVERY_MS) return;
    this.#lookedAt = now;
    this.#archived.delete(id);
    this.#archived.add(id);
    const known = catalog.get(id)?.campaign;
    if (known === undefined || known.erasingAt !== null) return;
    const campaign = await campaigns.get(id);
    if (campaign !== null && campaign.version > known.version)
      catalog.put({ ...campaign, epoch: known.epoch });
  }

  async #firstCounts(live: LiveCampaign): Promise<void> {
    const { record, system } = this.#parts;
    const counts = await record.counts(live.campaign.id, system.now());
    live.issued = Math.max(live.issued, counts.issued);
    live.firstWonAt = counts.firstWonAt;
    live.lastWonAt = counts.lastWonAt;
  }

  /** What is out, of campaigns that somebody may be looking at. A gate that does not answer leaves them as they were. */
  async #counts(): Promise<void> {
    const { catalog, gate, system } = this.#parts;
    if (gate === null) return;
    const now = system.now();
    const asked = [...catalog.all()].filter(
      (live) => live.atGate && !live.rebuilding && live.campaign.mode !== 'ordered' && isHot(live, now),
    );
    await Promise.all(
      asked.map(async (live) => {
        const counts = await gate.counts(live.campaign.id).catch(() => null);
        if (counts) live.issued = counts.issued;
      }),
    );
  }
}

/** What is decided on the log has no gate that could be lost, and its tickets are answered when it is over too. */
function putInForce(live: LiveCampaign, { state, baseSeq }: Epoch): void {
  const ordered = live.campaign.mode === 'ordered';
  live.atGate = ordered || state !== 'retired';
  live.rebuilding = !ordered && state === 'rebuilding';
  live.baseSeq = baseSeq;
}

function same(a: Epoch, b: Epoch): boolean {
  return a.epoch === b.epoch && a.state === b.state && a.baseSeq === b.baseSeq;
}

const ORDER: readonly EpochState[] = ['rebuilding', 'open', 'retired'];

function isBefore(a: Epoch, b: Epoch): boolean {
  if (a.epoch !== b.epoch) return a.epoch < b.epoch;
  return ORDER.indexOf(a.state) < ORDER.indexOf(b.state);
}

const isHot = ({ campaign }: LiveCampaign, now: number): boolean => {
  const start = campaign.openedAt ?? campaign.opensAt;
  return start !== null && start <= now && campaign.closedAt === null;
};

/**
 * What a campaign leaves at the gate once it is over: its holders and its line. They are let go of when the record has
 * everything that was decided there; from then on the record answers.
 */

import type { Campaign } from '../core/campaign.ts';
import type { Epochs } from '../ports/epochs.ts';
import type { Gate } from '../ports/gate.ts';
import type { Log } from '../ports/log.ts';
import type { RecordStore } from '../ports/record.ts';
import type { GateKeeper } from '../ports/shared-gate.ts';
import type { Catalog } from './catalog.ts';
import type { CatchUp } from './catch-up.ts';
import { isOver } from './fill-gate.ts';
import { relay } from './relay.ts';

export interface SweepGateParts {
  catalog: Catalog;
  gate: Pick<Gate, 'unload'>;
  log: Log;
  record: Pick<RecordStore, 'holders'>;
  caughtUp: CatchUp;
  /** Lets go of its line. */
  unloadLine(campaignId: string): Promise<void>;
  /** of a gate that others decide at too; absent: it is in this process */
  shared?:
    | { epochs: Pick<Epochs, 'of' | 'retire'>; keeper: Pick<GateKeeper, 'leftBehind' | 'letGo'> }
    | undefined;
}

/** `moving`: something of it is still on its way to the record, or its end has moved; it is looked at again later. */
export type GateCleared = 'cleared' | 'nothing' | 'moving';

const PATIENCE_MS = 5_000;

/** Of a campaign that is over. Twice is once. */
export async function clearGate(
  parts: SweepGateParts,
  campaign: Campaign,
  now: number,
): Promise<GateCleared> {
  // What is decided on the log leaves nothing at the gate.
  if (campaign.mode === 'ordered') return 'nothing';
  if (!isOver(campaign, now)) return 'moving';
  return parts.shared === undefined ? clearHere(parts, campaign) : clearShared(parts, campaign, parts.shared);
}

async function clearHere(
  { catalog, gate, unloadLine, caughtUp }: SweepGateParts,
  { id, mode, archivedAt }: Campaign,
): Promise<GateCleared> {
  const live = catalog.get(id);
  if (live === undefined) return 'nothing';
  if (!(await caughtUp(PATIENCE_MS)) || live.inFlight.size > 0) return 'moving';
  const wasThere = live.atGate;
  live.atGate = false;
  await gate.unload(id);
  // Until it is archived its end may move, and its line goes on.
  if (mode === 'queued' && archivedAt !== null) await unloadLine(id);
  return wasThere ? 'cleared' : 'nothing';
}

/** One that is not archived is retired by whoever looks after the gate, as long as that is done with it. */
async function clearShared(
  { catalog, gate, log, record, caughtUp, unloadLine }: SweepGateParts,
  { id, mode, archivedAt }: Campaign,
  { epochs, keeper }: NonNullable<SweepGateParts['shared']>,
): Promise<GateCleared> {
  const epoch = await epochs.of(id);
  if (epoch === null) return 'nothing';
  if (epoch.state !== 'retired') {
    if (archivedAt === null || epoch.state === 'rebuilding') return 'moving';
    await relay({ keeper, log, record }, id, Number.POSITIVE_INFINITY);
    if (!(await caughtUp(PATIENCE_MS))) return 'moving';
    // What has just been recorded is let go of.
    await relay({ keeper, log, record }, id, Number.POSITIVE_INFINITY);
    if ((await keeper.leftBehind(id, 0, 1)).length > 0) return 'moving';
    if (!(await epochs.retire(id, epoch.epoch))) return 'moving';
  }
  const live = catalog.get(id);
  if (live !== undefined) live.atGate = false;
  await gate.unload(id);
  if (mode === 'queued') await unloadLine(id);
  return 'cleared';
}

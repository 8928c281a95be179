/**
 * Compares gate, outbox, log and record of a campaign, says of each difference what it is, and repairs what can be
 * repaired by a rule. A dry run unless told to apply. By itself it only sends on what the gate decided and nobody
 * brought to the log; units without a holder go back to the stock when an operator says so, with a reason. Whatever has
 * no rule is told and left as it is.
 */

import type { DeadLetters } from '../ports/dead-letters.ts';
import type { Epochs } from '../ports/epochs.ts';
import type { Gate } from '../ports/gate.ts';
import type { Log } from '../ports/log.ts';
import type { Operators } from '../ports/operators.ts';
import type { RecordStore } from '../ports/record.ts';
import type { GateKeeper } from '../ports/shared-gate.ts';
import type { System } from '../ports/system.ts';
import type { Actor } from './campaign.ts';
import type { Catalog, LiveCampaign } from './catalog.ts';
import type { CatchUp } from './catch-up.ts';
import type { Unrecorded } from './left-behind.ts';
import { unrecorded } from './left-behind.ts';
import { relay } from './relay.ts';

/**
 * `lag`: on its way, nothing to do. `left_behind`: decided, and whoever decided it did not bring it to the log.
 * `reserved`: counts as given without a known holder. `set_aside`: a dead letter. `lost`: decided, and neither in the
 * outbox nor in the record. `undecided`: in the record, and not decided by this gate. `contradicted`: two holders of one
 * number. `gate_away`: there is no gate to compare with.
 */
export const DIFFERENCE_KINDS = [
  'lag',
  'left_behind',
  'reserved',
  'set_aside',
  'lost',
  'undecided',
  'contradicted',
  'gate_away',
] as const;
export type DifferenceKind = (typeof DIFFERENCE_KINDS)[number];

export interface Difference {
  kind: DifferenceKind;
  /** wins or units that it is about */
  count: number;
  /** the first of them; empty where they have no number */
  seqs: number[];
  /** one sentence: what it is */
  says: string;
  /** what applying does about it; null: nothing, it passes by itself or somebody has to look */
  repair: string | null;
  /** somebody has to look at it */
  alarm: boolean;
  /** it was repaired in this run */
  done: boolean;
}

export interface Reconciled {
  /** nothing differs, or only by what passes by itself */
  ok: boolean;
  campaignId: string;
  /** epoch ms */
  checkedAt: number;
  applied: boolean;
  figures: { gate: number | null; record: number; reserved: number; deadLetters: number; outbox: number };
  differences: Difference[];
}

export interface ReconcileAsk {
  campaignId: string;
  apply: boolean;
  /** why units without a holder go back to the stock; null: they do not */
  releaseReserved: string | null;
  by: Actor;
}

export interface ReconcileParts {
  catalog: Pick<Catalog, 'get'>;
  gate: Pick<Gate, 'counts'>;
  record: Pick<RecordStore, 'counts' | 'holders'>;
  operators: Pick<Operators, 'writeAudit'>;
  stored: { letters: Pick<DeadLetters, 'counts'> };
  log: Log;
  system: Pick<System, 'now'>;
  caughtUp: CatchUp;
  keeper?: Pick<GateKeeper, 'inForce' | 'leftBehind' | 'letGo' | 'unreserve'> | undefined;
  epochs?: Pick<Epochs, 'of' | 'unreserve'> | undefined;
}

const PATIENCE_MS = 5000;
/** What was decided less long ago than this is left to those who decided it. */
const YOUNG_MS = 2000;
const SHOWN_MAX = 20;
const NOTHING_LEFT: Unrecorded = { young: [], due: [], contradicted: [], complete: true };

/** Null when there is no such campaign. */
export function makeReconcile(parts: ReconcileParts): (ask: ReconcileAsk) => Promise<Reconciled | null> {
  return async (ask) => {
    const live = parts.catalog.get(ask.campaignId);
    if (!live) return null;
    const seen = await look(parts, live);
    const differences = differencesOf(seen);
    if (ask.apply) for (const difference of differences) await repair(parts, seen, difference, ask);
    const { gateAfter, recorded, reserved, deadLetters, left } = seen;
    const outbox = left.young.length + left.due.length;
    return {
      ok: differences.every(({ alarm }) => !alarm),
      campaignId: ask.campaignId,
      checkedAt: parts.system.now(),
      applied: ask.apply,
      figures: { gate: gateAfter?.issued ?? null, record: recorded, reserved, deadLetters, outbox },
      differences,
    };
  };
}

/** null: it cannot be asked, is being made good, or the campaign is over */
type GateNow = { issued: number; now: number } | null;

interface Looked {
  gate: GateNow;
  gateAfter: GateNow;
  gateIsDue: boolean;
  recorded: number;
  deadLetters: number;
  /** units that letters stand for */
  setAside: number;
  epoch: number;
  reserved: number;
  drained: boolean;
  left: Unrecorded;
}

async function look(parts: ReconcileParts, live: LiveCampaign): Promise<Looked> {
  const { record, stored, system, caughtUp, keeper, epochs } = parts;
  const { id, mode } = live.campaign;
  const epoch = (await epochs?.of(id)) ?? null;
  // In ordered mode what is decided is in the record, and nowhere else.
  const gateIsDue =
    mode !== 'ordered' && live.atGate && !live.rebuilding && (epoch === null || epoch.state === 'open');
  const ask = async () => (gateIsDue ? askGate(parts, id, epoch?.epoch ?? null) : null);
  // Outbox before record: what has left the one is in the other. The gate before both and after both: what is decided
  // meanwhile is neither lost nor too much.
  const gate = await ask();
  const drained = await caughtUp(PATIENCE_MS);
  const left = keeper && gate ? await unrecorded({ keeper, record }, id, gate.now - YOUNG_MS) : NOTHING_LEFT;
  const { issued: recorded } = await record.counts(id, system.now());
  const { dead: deadLetters, units: setAside } = await stored.letters.counts(id);
  const gateAfter = await ask();
  const kept = { epoch: epoch?.epoch ?? 1, reserved: epoch?.reserved ?? 0 };
  return { gate, gateAfter, gateIsDue, recorded, deadLetters, setAside, ...kept, drained, left };
}

async function askGate(
  { gate, keeper, system }: ReconcileParts,
  campaignId: string,
  epoch: number | null,
): Promise<GateNow> {
  if (keeper === undefined || epoch === null) {
    const counts = await gate.counts(campaignId).catch(() => null);
    return counts && { issued: counts.issued, now: system.now() };
  }
  const inForce = await keeper.inForce(campaignId).catch(() => null);
  return inForce?.armed && inForce.epoch === epoch ? inForce : null;
}

function differencesOf(seen: Looked): Difference[] {
  const { gate, gateAfter, gateIsDue, recorded, deadLetters, setAside, reserved, left } = seen;
  const found: Difference[] = [];
  const add = (
    kind: DifferenceKind,
    count: number,
    seqs: readonly number[],
    says: string,
    how: How,
  ): void => {
    if (count > 0) found.push({ kind, count, seqs: seqs.slice(0, SHOWN_MAX), says, done: false, ...how });
  };
  if ((gate === null || gateAfter === null) && gateIsDue) {
    add(
      'gate_away',
      1,
      [],
      'The gate cannot be asked now, or is being made good: the record speaks alone.',
      LOOK,
    );
  }
  if (seen.drained) add('left_behind', left.due.length, left.due, LEFT, SEND);
  else add('lag', left.due.length, left.due, 'Not in the record; the recorder is behind the log.', PASSES);
  add('lag', left.young.length, left.young, 'Decided a moment ago, and on its way to the log.', PASSES);
  add('contradicted', left.contradicted.length, left.contradicted, 'The record names another holder.', LOOK);
  add('set_aside', deadLetters, [], 'Set aside with a reason: see the dead letters.', LOOK);
  add(
    'reserved',
    reserved,
    [],
    'Counts as given: it may have been promised to somebody when the gate was lost.',
    FREE,
  );
  if (gate === null || gateAfter === null) return found;
  const outbox = left.young.length + left.due.length;
  const missing = gate.issued - reserved - recorded - setAside - outbox;
  const onTheWay = seen.drained && left.complete ? 0 : Math.max(0, missing);
  add('lag', onTheWay, [], 'On the log, and not in the record yet.', PASSES);
  add('lost', missing - onTheWay, [], 'Decided, and neither in the outbox nor in the record.', LOOK);
  const undecided = recorded + reserved + setAside - gateAfter.issued;
  add('undecided', undecided, [], 'In the record, and not decided by this gate.', LOOK);
  return found;
}

const LEFT = 'Decided, and not brought to the log by whoever decided it.';
type How = Pick<Difference, 'repair' | 'alarm'>;
const PASSES: How = { repair: null, alarm: false };
const LOOK: How = { repair: null, alarm: true };
const SEND: How = { repair: 'send it to the log once more; the recorder takes each win once', alarm: true };
const FREE: How = {
  repair: 'give it back to the stock, with --release-reserved and a reason; else it waits for its holder',
  alarm: false,
};

async function repair(
  parts: ReconcileParts,
  seen: Looked,
  what: Difference,
  ask: ReconcileAsk,
): Promise<void> {
  if (what.kind === 'left_behind') await sendOn(parts, seen, what, ask);
  if (what.kind === 'reserved' && ask.releaseReserved !== null) {
    await release(parts, seen, what, { ...ask, reason: ask.releaseReserved });
  }
}

async function sendOn(
  { keeper, log, record, operators, system }: ReconcileParts,
  { gate }: Looked,
  what: Difference,
  { campaignId, by }: ReconcileAsk,
): Promise<void> {
  if (keeper === undefined || gate === null) return;
  try {
    const { sent } = await relay({ keeper, log, record }, campaignId, gate.now - YOUNG_MS);
    what.done = true;
    what.alarm = false;
    what.says = `${what.says} Sent once more: ${sent}.`;
    await operators.writeAudit({
      at: system.now(),
      actor: by.id,
      action: 'campaign.reconcile',
      target: campaignId,
      before: { leftBehind: what.count },
      after: { sent },
      requestId: by.requestId,
    });
  } catch (error) {
    what.says = `${what.says} The log did not take it: ${(error as Error).message}.`;
  }
}

/**
 * First out of what is kept beside the record, then back into the stock: whoever stops in between leaves units that
 * nobody can win, and none that two can.
 */
async function release(
  { keeper, epochs, operators, system }: ReconcileParts,
  { epoch, reserved, gate }: Looked,
  what: Difference,
  { campaignId, by, reason }: ReconcileAsk & { reason: string },
): Promise<void> {
  if (keeper === undefined || epochs === undefined || gate === null) return;
  if (!(await epochs.unreserve(campaignId, epoch, what.count))) {
    what.says = `${what.says} It has changed meanwhile: look again.`;
    return;
  }
  await operators.writeAudit({
    at: system.now(),
    actor: by.id,
    action: 'campaign.release_reserved',
    target: campaignId,
    before: { reserved },
    after: { reserved: reserved - what.count, reason },
    requestId: by.requestId,
  });
  try {
    await keeper.unreserve(campaignId, epoch, what.count);
    what.done = true;
    what.says = `${what.says} Given back to the stock.`;
  } catch (error) {
    what.alarm = true;
    what.says = `No longer reserved, and not back in the stock: the gate did not answer (${(error as Error).message}).`;
  }
}

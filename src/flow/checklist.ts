/** What must be true before a campaign opens, each point with what to do when it is not. Nothing is changed by asking. */

import type { Problem } from '../core/problem.ts';
import type { Epoch } from '../ports/epochs.ts';
import type { Gate } from '../ports/gate.ts';
import type { GateKeeper } from '../ports/shared-gate.ts';
import type { System } from '../ports/system.ts';
import type { LiveCampaign } from './catalog.ts';
import type { CatchUp } from './catch-up.ts';
import type { OpeningParts } from './opening-fault.ts';
import { openingFault, poolFault } from './opening-fault.ts';

export const POINTS = ['parts', 'level', 'codes', 'gate', 'clock', 'record'] as const;

/** What a point says, as a code: what holds first, then what does not. Those of a refused opening are problems' codes. */
export const POINT_CODES = [
  ...['parts_ready', 'parts_not_ready'],
  ...['level_kept', 'mode_unavailable', 'durability_unavailable', 'code_key_mismatch'],
  ...['pool_large_enough', 'no_pool_needed', 'pool_too_small'],
  ...['gate_holds', 'gate_armed', 'gate_unknown', 'gate_silent', 'gate_rebuilding'],
  ...['one_clock', 'clocks_agree', 'clocks_differ'],
  ...['record_caught_up', 'record_behind'],
] as const;

export interface Point {
  id: (typeof POINTS)[number];
  ok: boolean;
  /** one of {@link POINT_CODES} */
  code: string;
  /** what the sentence is about: counts, ms, names of settings, parts and levels */
  figures: Record<string, unknown>;
  /** what is so, or what is to be done about it */
  says: string;
}

export interface Checklist {
  ok: boolean;
  /** epoch ms */
  checkedAt: number;
  points: Point[];
}

export interface ChecklistParts extends OpeningParts {
  gate: Pick<Gate, 'counts'>;
  system: Pick<System, 'now'>;
  caughtUp: CatchUp;
  /** what each part is doing: `ready`, or why it is not */
  roles(): Readonly<Record<string, string>>;
  /** of a gate that other processes share; absent: it is in this process */
  keeper?: Pick<GateKeeper, 'inForce'> | undefined;
  epochOf?: ((campaignId: string) => Promise<Epoch | null>) | undefined;
}

const PATIENCE_MS = 1000;
/** Whose clock is off by more opens the window at another moment than people are told. */
const SKEW_MAX_MS = 500;

export function makeChecklist(parts: ChecklistParts): (live: LiveCampaign) => Promise<Checklist> {
  return async (live) => {
    const [codes, seen, record] = await Promise.all([
      lookAtPool(parts, live),
      lookAtGate(parts, live),
      recordPoint(parts),
    ]);
    const points: Point[] = [
      partsPoint(parts.roles()),
      judged('level', openingFault(live.campaign, parts), {
        code: 'level_kept',
        figures: { mode: live.campaign.mode, level: live.campaign.durability },
        says: `Level ${live.campaign.durability} can be kept here.`,
      }),
      judged('codes', codes.fault, poolHolds(live, codes.imported)),
      seen.gate,
      seen.clock,
      record,
    ];
    return { ok: points.every(({ ok }) => ok), checkedAt: parts.system.now(), points };
  };
}

type Saying = Pick<Point, 'code' | 'figures' | 'says'>;

function judged(id: Point['id'], fault: Problem | null, holds: Saying): Point {
  if (fault === null) return { id, ok: true, ...holds };
  const { code, detail, extra = {} } = fault;
  return { id, ok: false, code, figures: extra, says: detail ?? code };
}

async function lookAtPool(
  { codePool }: ChecklistParts,
  { campaign }: LiveCampaign,
): Promise<{ fault: Problem | null; imported: number }> {
  const [fault, counts] = await Promise.all([
    poolFault(campaign, codePool),
    campaign.codes.source === 'pool' ? codePool?.counts(campaign.id) : undefined,
  ]);
  return { fault, imported: counts?.imported ?? 0 };
}

function poolHolds({ campaign: { codes, quantity } }: LiveCampaign, imported: number): Saying {
  return codes.source === 'pool'
    ? { code: 'pool_large_enough', figures: { imported, quantity }, says: 'The pool is large enough.' }
    : { code: 'no_pool_needed', figures: {}, says: 'No pool is needed.' };
}

function partsPoint(roles: Readonly<Record<string, string>>): Point {
  const broken = Object.entries(roles).filter(([, state]) => state !== 'ready');
  const says = broken.map(([part, state]) => `${part}: ${state}`).join('; ');
  if (says === '') {
    return { id: 'parts', ok: true, code: 'parts_ready', figures: {}, says: 'All parts are ready.' };
  }
  return {
    id: 'parts',
    ok: false,
    code: 'parts_not_ready',
    figures: { parts: Object.fromEntries(broken) },
    says,
  };
}

async function recordPoint({ caughtUp }: ChecklistParts): Promise<Point> {
  const ok = await caughtUp(PATIENCE_MS);
  const says = ok
    ? 'The record has all that the log has.'
    : 'The record is behind the log: wait until it has caught up, or see to the recorder.';
  return { id: 'record', ok, code: ok ? 'record_caught_up' : 'record_behind', figures: {}, says };
}

async function lookAtGate(parts: ChecklistParts, live: LiveCampaign): Promise<{ gate: Point; clock: Point }> {
  const { keeper, epochOf, system } = parts;
  const { id, mode } = live.campaign;
  const point = (ok: boolean, code: string, says: string): Point => ({
    id: 'gate',
    ok,
    code,
    figures: {},
    says,
  });
  const clock: Point = { id: 'clock', ok: true, code: 'one_clock', figures: {}, says: 'One clock decides.' };
  if (keeper === undefined || mode === 'ordered') {
    const counts = await parts.gate.counts(id).catch(() => null);
    const gate =
      counts === null
        ? point(false, 'gate_unknown', 'The gate does not know the campaign yet.')
        : point(true, 'gate_holds', 'The gate holds the campaign.');
    return { gate, clock };
  }
  const [epoch, inForce] = await Promise.all([
    epochOf?.(id).catch(() => null) ?? null,
    keeper.inForce(id).catch(() => null),
  ]);
  if (inForce === null)
    return { gate: point(false, 'gate_silent', 'Redis does not answer, or has no rule of it yet.'), clock };
  const armed =
    inForce.armed && (epoch === null || (epoch.state === 'open' && epoch.epoch === inForce.epoch));
  const skewMs = Math.abs(inForce.now - system.now());
  return {
    gate: armed
      ? point(true, 'gate_armed', 'The gate is armed.')
      : point(false, 'gate_rebuilding', 'The gate is being made good; it opens by itself.'),
    clock: clockPoint(Math.round(skewMs)),
  };
}

function clockPoint(skewMs: number): Point {
  const ok = skewMs <= SKEW_MAX_MS;
  const differ = `The gate's clock and this one differ by ${skewMs} ms`;
  const says = ok ? `${differ}.` : `${differ}: set both by NTP.`;
  return { id: 'clock', ok, code: ok ? 'clocks_agree' : 'clocks_differ', figures: { skewMs }, says };
}

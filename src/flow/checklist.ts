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

export interface Point {
  id: (typeof POINTS)[number];
  ok: boolean;
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
      poolFault(live.campaign, parts.codePool),
      lookAtGate(parts, live),
      recordPoint(parts),
    ]);
    const points: Point[] = [
      partsPoint(parts.roles()),
      said(
        'level',
        openingFault(live.campaign, parts),
        `Level ${live.campaign.durability} can be kept here.`,
      ),
      said(
        'codes',
        codes,
        live.campaign.codes.source === 'pool' ? 'The pool is large enough.' : 'No pool is needed.',
      ),
      seen.gate,
      seen.clock,
      record,
    ];
    return { ok: points.every(({ ok }) => ok), checkedAt: parts.system.now(), points };
  };
}

function said(id: Point['id'], fault: Problem | null, holds: string): Point {
  return { id, ok: fault === null, says: fault === null ? holds : (fault.detail ?? fault.code) };
}

function partsPoint(roles: Readonly<Record<string, string>>): Point {
  const broken = Object.entries(roles).filter(([, state]) => state !== 'ready');
  const says = broken.map(([part, state]) => `${part}: ${state}`).join('; ');
  return { id: 'parts', ok: broken.length === 0, says: says === '' ? 'All parts are ready.' : says };
}

async function recordPoint({ caughtUp }: ChecklistParts): Promise<Point> {
  const ok = await caughtUp(PATIENCE_MS);
  const says = ok
    ? 'The record has all that the log has.'
    : 'The record is behind the log: wait until it has caught up, or see to the recorder.';
  return { id: 'record', ok, says };
}

async function lookAtGate(parts: ChecklistParts, live: LiveCampaign): Promise<{ gate: Point; clock: Point }> {
  const { keeper, epochOf, system } = parts;
  const { id, mode } = live.campaign;
  const point = (ok: boolean, says: string): Point => ({ id: 'gate', ok, says });
  const clock: Point = { id: 'clock', ok: true, says: 'One clock decides.' };
  if (keeper === undefined || mode === 'ordered') {
    const counts = await parts.gate.counts(id).catch(() => null);
    const says =
      counts === null ? 'The gate does not know the campaign yet.' : 'The gate holds the campaign.';
    return { gate: point(counts !== null, says), clock };
  }
  const [epoch, inForce] = await Promise.all([
    epochOf?.(id).catch(() => null) ?? null,
    keeper.inForce(id).catch(() => null),
  ]);
  if (inForce === null)
    return { gate: point(false, 'Redis does not answer, or has no rule of it yet.'), clock };
  const armed =
    inForce.armed && (epoch === null || (epoch.state === 'open' && epoch.epoch === inForce.epoch));
  const skewMs = Math.abs(inForce.now - system.now());
  return {
    gate: point(armed, armed ? 'The gate is armed.' : 'The gate is being made good; it opens by itself.'),
    clock: {
      id: 'clock',
      ok: skewMs <= SKEW_MAX_MS,
      says:
        skewMs <= SKEW_MAX_MS
          ? `The gate's clock and this one differ by ${skewMs} ms.`
          : `The gate's clock and this one differ by ${skewMs} ms: set both by NTP.`,
    },
  };
}

/** Collects the figures of a campaign from gate, log and record, and asks the invariants. */

import type { Check } from '../core/audit.ts';
import { audit } from '../core/audit.ts';
import { startsAt } from '../core/campaign.ts';
import type { Gate } from '../ports/gate.ts';
import type { Operators } from '../ports/operators.ts';
import type { RecordStore } from '../ports/record.ts';
import type { System } from '../ports/system.ts';
import type { Catalog } from './catalog.ts';
import type { CatchUp } from './catch-up.ts';
import type { Sights } from './sight.ts';

export interface IntegrityReport {
  ok: boolean;
  campaignId: string;
  /** epoch ms */
  checkedAt: number;
  /** false: the recorder was behind when the figures were taken; that is no fault */
  drained: boolean;
  checks: Check[];
}

export interface IntegrityParts {
  catalog: Catalog;
  gate: Gate;
  record: RecordStore;
  operators: Operators;
  sights: Sights;
  system: System;
  caughtUp: CatchUp;
}

const PATIENCE_MS = 5000;

/** Null when there is no such campaign. */
export function makeIntegrity(
  parts: IntegrityParts,
): (campaignId: string) => Promise<IntegrityReport | null> {
  const { catalog, gate, record, operators, sights, system, caughtUp } = parts;
  return async (campaignId) => {
    const live = catalog.get(campaignId);
    if (!live) return null;
    // The gate before and after the record: what is decided in between is neither missing nor too much.
    const before = live.atGate ? await gate.counts(campaignId) : null;
    const drained = await caughtUp(PATIENCE_MS);
    const counts = await record.counts(campaignId, system.now());
    const after = live.atGate ? await gate.counts(campaignId) : null;
    const { campaign } = live;
    const sight = sights.of(campaignId);
    const report = audit({
      quantity: campaign.quantity,
      perUserLimit: campaign.perUserLimit,
      generatedCodes: campaign.codes.source === 'generated',
      startsAt: startsAt(campaign),
      closesAt: campaign.closesAt,
      gate: before && after && { issued: after.issued, lastSeq: after.lastSeq, issuedBefore: before.issued },
      record: counts,
      deadLetters: await operators.countDeadLetters(campaignId),
      drained,
      toldSoldOut: sight.soldOutVersion === campaign.version,
      seen: sight,
    });
    return { ...report, campaignId, checkedAt: system.now(), drained };
  };
}

/** What the job `sweep` is made of beside what every job has: the gate to clear, and how long things are kept. */

import type { Config } from '../config/load.ts';
import type { KeepTimes, SweepParts } from '../jobs/sweep-parts.ts';
import type { Epochs } from '../ports/epochs.ts';
import type { AfterWinParts } from './area.ts';

const HOUR_MS = 3_600_000;

/** 0 is for ever. */
const days = (count: number): number | null => (count === 0 ? null : 24 * HOUR_MS * count);

function keepTimes(config: Config): KeepTimes {
  return {
    gateMs: HOUR_MS * config.retentionGateHours,
    personalMs: days(config.retentionPersonalDays),
    rows: {
      audit: days(config.retentionAuditDays),
      outbox: days(config.retentionOutboxDays),
      deliveries: days(config.retentionDeliveriesDays),
      runs: days(config.retentionRunsDays),
      files: days(config.retentionFilesDays),
      figures: days(config.retentionFiguresDays),
      faults: days(config.retentionFiguresDays),
    },
  };
}

export function sweepParts(parts: AfterWinParts): SweepParts {
  const { stored, config, keeper } = parts;
  // Where there is a keeper, there are all of the epochs.
  const epochs = parts.epochs as Epochs | undefined;
  return {
    ...parts,
    retention: stored.retention,
    codeImports: stored.codeImports,
    files: stored.files,
    keep: keepTimes(config),
    shared: keeper && epochs ? { keeper, epochs } : undefined,
  };
}

/** All jobs there are, in the order in which operators see them. */

import type { Catalog } from '../flow/catalog.ts';
import type { CatchUp } from '../flow/catch-up.ts';
import type { ClaimFlow } from '../flow/claim.ts';
import type { Codes } from '../flow/codes.ts';
import type { IntegrityReport } from '../flow/integrity.ts';
import type { ReconcileAsk, Reconciled } from '../flow/reconcile.ts';
import { makeReport } from '../flow/report.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { Gate } from '../ports/gate.ts';
import type { Log } from '../ports/log.ts';
import type { Operators } from '../ports/operators.ts';
import type { RecordStore } from '../ports/record.ts';
import type { RehearsalStage } from '../ports/rehearsal-stage.ts';
import type { StoredPorts } from '../ports/stored.ts';
import type { System } from '../ports/system.ts';
import { makeExportJob } from './export.ts';
import { makeGrantJob } from './grant.ts';
import type { Heat } from './heat.ts';
import { makeImportCodesJob } from './import-codes.ts';
import { makeIssueJob } from './issue.ts';
import type { Job } from './job.ts';
import { makeReconcileJob } from './reconcile.ts';
import { makeRehearseJob } from './rehearse.ts';
import { makeReportJob } from './report.ts';
import { makeRetryDeadLettersJob } from './retry-dead-letters.ts';
import { makeSweepJob } from './sweep.ts';
import type { SweepParts } from './sweep-parts.ts';

/** What jobs are made of. */
export interface JobParts {
  system: System;
  catalog: Catalog;
  campaigns: Campaigns;
  record: RecordStore;
  operators: Operators;
  stored: StoredPorts;
  codes: Codes;
  gate: Gate;
  log: Log;
  claims: ClaimFlow;
  /** the master secret; keys are derived from it */
  master: Buffer;
  caughtUp: CatchUp;
  integrity(campaignId: string): Promise<IntegrityReport | null>;
  reconcile(ask: ReconcileAsk): Promise<Reconciled | null>;
  sweep: SweepParts;
  heat: Pick<Heat, 'hot'>;
  stage: RehearsalStage;
  /** takes a campaign in that another process made a moment ago */
  seek?: ((campaignId: string) => Promise<void>) | undefined;
}

export function makeJobs(parts: JobParts): Job[] {
  const stored = { ...parts, ...parts.stored };
  return [
    makeIssueJob({ ...stored, ...parts.sweep, record: parts.record }),
    makeGrantJob(stored),
    makeImportCodesJob(stored),
    makeExportJob(stored),
    makeReconcileJob(parts),
    makeRetryDeadLettersJob(stored),
    makeReportJob({ ...stored, report: makeReport({ ...parts, store: parts.stored.figures }) }),
    makeSweepJob(parts.sweep),
    makeRehearseJob(stored),
  ];
}

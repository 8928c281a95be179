/** Where a rehearsal is played: apart from everything that serves people, and gone without a trace when it is over. */

import type { RehearsalPlan, RehearsalProgress, RehearsalResult } from '../core/rehearsal.ts';

export interface RehearsalStage {
  begin(plan: RehearsalPlan): Rehearsing;
}

/** One that is under way. */
export interface Rehearsing {
  /** as last heard */
  progress(): RehearsalProgress;
  /** Rejects with what kept it from being played to its end; also after a stop. */
  ended: Promise<RehearsalResult>;
  /** Breaks it off now. */
  stop(): void;
}

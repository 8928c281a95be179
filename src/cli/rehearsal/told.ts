/** What a rehearsal came to, from all that its crowd was told: figures for the result page, small enough to be kept. */
import type { KillTold, RehearsalPlan, RehearsalResult } from '../../core/rehearsal.ts';
import type { CrowdResult } from '../rush/crowd.ts';
import type { RushResult } from '../rush/run-rush.ts';
import type { TryList } from '../rush/try-list.ts';
import type { IntegrityReport } from '../verify.ts';

/** Bars of the plot over time, at most. */
const STEPS_MAX = 60;
const STEP_LEAST_MS = 10;
/** Drawn by themselves; what else there is goes together. */
const SHOWN = ['won', 'already_won', 'sold_out', 'pending'];
const UNANSWERED = 'unanswered';
const OTHERS = 'others';

/** When the server was killed and when it was ready again, on the clock of the tries. */
export interface Outage {
  killedMs: number;
  backMs: number;
}

export interface Played {
  plan: RehearsalPlan;
  crowd: CrowdResult;
  rush: RushResult;
  integrity: IntegrityReport;
  outage: Outage | null;
}

export function tellResult({ plan, crowd, rush, integrity, outage }: Played): RehearsalResult {
  const { summary, report } = rush;
  const { mode, quantity, presses, unresolved, durationMs } = summary;
  const { tries, startMs } = crowd;
  const wanted = plan.killAtMs === null || outage !== null;
  return {
    ok: rush.ok && integrity.ok && wanted,
    shadow: { id: plan.shadow.id, mode, quantity, changed: plan.changed },
    crowd: {
      ...{ users: plan.users, presses, tries: tries.length, unresolved, durationMs },
      triesPerSecond: summary.claimsPerSecond,
    },
    verdicts: summary.verdicts,
    toldWins: summary.toldWins,
    recorded: summary.recorded,
    soldOutAfterMs: summary.soldOutAfterMs,
    latencyMs: summary.latencyMs,
    toldWithinMs: summary.toldWithinMs,
    latencyBuckets: bucketsOf(tries),
    timeline: timelineOf(tries, startMs, durationMs),
    kill: outage && killTold(tries, startMs, outage, summary.toldWithinMs['all']?.max ?? 0),
    answers: [...report.checks],
    integrity: [...integrity.checks],
  };
}

function killTold(
  tries: TryList,
  startMs: number,
  { killedMs, backMs }: Outage,
  longestWaitMs: number,
): KillTold {
  let unanswered = 0;
  for (let row = 0; row < tries.length; row++) {
    if (tries.status[row] === 0 && (tries.completedMs[row] ?? 0) >= killedMs) unanswered++;
  }
  return {
    part: 'server',
    atMs: killedMs - startMs,
    backAfterMs: backMs - killedMs,
    unanswered,
    longestWaitMs,
  };
}

/** Answers alone, from when the press was due: whoever waited for a server that was away waited. */
function bucketsOf(tries: TryList): [number, number][] {
  const counts = new Map<number, number>();
  for (let row = 0; row < tries.length; row++) {
    if (tries.status[row] === 0) continue;
    const ms = (tries.completedMs[row] ?? 0) - (tries.invokedMs[row] ?? 0);
    const upTo = 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(ms, 0.001))));
    counts.set(upTo, (counts.get(upTo) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => a - b);
}

function timelineOf(tries: TryList, startMs: number, durationMs: number): RehearsalResult['timeline'] {
  const stepMs = STEP_LEAST_MS * Math.max(1, Math.ceil(durationMs / STEPS_MAX / STEP_LEAST_MS));
  const steps = Math.floor(durationMs / stepMs) + 1;
  const words: Record<string, number[]> = {};
  for (let row = 0; row < tries.length; row++) {
    const step = Math.floor(((tries.completedMs[row] ?? 0) - startMs) / stepMs);
    const word = wordOf(tries, row);
    words[word] ??= Array.from({ length: steps }, () => 0);
    const counts = words[word];
    if (step >= 0 && step < steps) counts[step] = (counts[step] ?? 0) + 1;
  }
  return { stepMs, words };
}

function wordOf(tries: TryList, row: number): string {
  if (tries.status[row] === 0) return UNANSWERED;
  const word = tries.answers[tries.answer[row] ?? 0] ?? '';
  return SHOWN.includes(word) ? word : OTHERS;
}

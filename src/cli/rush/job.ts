/**
 * One press on its way, and what its person does while he waits: asks by his ticket when he is told to, asks too often,
 * holds the line for the answer, leaves, comes back, presses once more when he is let in.
 */
import type { Answer } from './answer.ts';
import type { Press } from './plan.ts';

/** What is sent next: the press itself, a question by ticket, the wish to leave, or that question once it is answered. */
export type Step = 'press' | 'ask' | 'leave' | 'ask again';

export interface Job extends Omit<Press, 'asksAgain' | 'leaves' | 'comesBack'> {
  asksAgain: boolean;
  leaves: boolean;
  comesBack: boolean;
  step: Step;
  /** How often this step was sent. */
  tries: number;
  /** When it was due for the first time; with a rate, waiting for a free connection counts as latency. */
  firstMs: number;
  /** Since when patience counts: a line may be long, as long as it answers. */
  patientSinceMs: number;
  /** Its row among the presses; −1: not sent yet. */
  row: number;
  location: string | null;
  /** He had his answer, and asks once more. */
  answered: boolean;
  /** When he gives his place up; +∞: he stays. */
  leaveAtMs: number;
  left: boolean;
  /** Until when he was told to press once more, the last time he did so. */
  confirmed: string | null;
  asked: number;
  /** He stands in a line, and not just on the log. */
  inLine: boolean;
}

export function newJob(press: Press, firstMs: number): Job {
  return {
    ...press,
    step: 'press',
    tries: 0,
    ...{ firstMs, patientSinceMs: firstMs, row: -1, location: null, answered: false },
    ...{ leaveAtMs: Number.POSITIVE_INFINITY, left: false, confirmed: null, asked: 0, inLine: false },
  };
}

/** Who leaves does so within this, and only while this much of his wait is left: or it is too late to leave a line. */
const leaveWithinMs = 3000;
const leaveSoonestMs = 1000;
/** Whoever is hasty asks so often, and grows tired of it. */
const hastyMs = 40;
const hastyTimes = 50;
/** People who are let in look up and press. */
const confirmWithinMs = 250;

/**
 * Chooses the next step of somebody who was told `pending`.
 * @returns in how many ms it is due
 */
export function stepOn(job: Job, answer: Answer, nowMs: number, random: () => number): number {
  const { place } = answer;
  const askMs = (answer.retryAfterMs ?? 50) * (1 + 0.1 * random());
  job.step = 'ask';
  job.tries = 0;
  if (place === null) return askMs;
  job.inLine ||= place.inLine;
  if (place.confirmBy !== null && place.confirmBy !== job.confirmed && !job.noShow) {
    job.confirmed = place.confirmBy;
    job.step = 'press';
    return random() * confirmWithinMs;
  }
  if (job.leaves && place.inLine) {
    const lateMs = place.waitMs < 0 ? Number.POSITIVE_INFINITY : place.waitMs;
    if (place.confirmBy !== null || lateMs < leaveSoonestMs) job.leaves = false;
    else if (job.leaveAtMs === Number.POSITIVE_INFINITY) {
      job.leaveAtMs = nowMs + random() * Math.min(leaveWithinMs, lateMs / 2);
    }
    if (job.leaves && job.leaveAtMs <= nowMs + askMs) {
      job.step = 'leave';
      return Math.max(0, job.leaveAtMs - nowMs);
    }
  }
  if (job.hasty && job.asked < hastyTimes) return hastyMs * (0.5 + random());
  return askMs;
}

/** Somebody who left presses again, as if he had never been there. */
export function comeBack(job: Job, nowMs: number, random: () => number): number {
  const delayMs = 100 + random() * 900;
  job.comesBack = false;
  job.leaves = false;
  pressAgain(job, nowMs + delayMs);
  return delayMs;
}

export function pressAgain(job: Job, dueMs: number): void {
  job.step = 'press';
  job.tries = 0;
  job.row = -1;
  job.location = null;
  job.left = false;
  job.confirmed = null;
  job.firstMs = dueMs;
  job.patientSinceMs = dueMs;
}

/** Between the gate's port and claim.lua: a batch of tries as arguments, and the reply as one answer for each. */

import type { Attempt } from '../../core/gate.ts';
import type { GateAnswer } from '../../ports/gate.ts';

/**
 * Beside the port's answers, why nothing was decided: `rebuilding` (Redis has not been made sure of since it restarted,
 * lost its memory or was promoted; nobody gets in until it is armed again), `overloaded` (too many wait already), and
 * `unknown`: the call was sent and its answer never came, so it may or may not have been decided. Asking again is safe.
 */
export type RedisGateAnswer =
  | GateAnswer
  | { verdict: 'rebuilding' }
  | { verdict: 'overloaded' }
  | { verdict: 'unknown' };

export const UNAVAILABLE: RedisGateAnswer = { verdict: 'unavailable' };
export const REBUILDING: RedisGateAnswer = { verdict: 'rebuilding' };
export const OVERLOADED: RedisGateAnswer = { verdict: 'overloaded' };
export const UNKNOWN: RedisGateAnswer = { verdict: 'unknown' };

/** The letters of claim.lua that need nothing from the rest of its reply. */
export const LETTERS: Readonly<Record<string, RedisGateAnswer>> = {
  i: { verdict: 'ineligible' },
  p: { verdict: 'paused' },
  n: { verdict: 'not_open' },
  c: { verdict: 'closed' },
  s: { verdict: 'sold_out' },
  b: UNAVAILABLE,
};

/** What follows `epoch` and `clock` in ARGV: users, marks, keys. */
export function claimArgs(batch: readonly Attempt[]): string[] {
  const users: string[] = [];
  const keys: string[] = [];
  let plain = true;
  for (const { userId, key, eligible } of batch) {
    users.push(userId);
    if (key !== null) keys.push(key);
    if (key !== null || !eligible) plain = false;
  }
  return [JSON.stringify(users), plain ? '' : batch.map(markOf).join(''), JSON.stringify(keys)];
}

function markOf({ key, eligible }: Attempt): string {
  if (key === null) return eligible ? 'e' : 'x';
  return eligible ? 'k' : 'y';
}

export interface BatchAnswer {
  /** epoch ms: the moment at which the batch was decided */
  clock: number;
  version: number;
  issued: number;
  /** how many claims the end of the block of numbers has left undecided */
  blocked: number;
  /** in the order of the batch */
  answers: RedisGateAnswer[];
}

/** Reads the reply to one call. Throws when it is not the reply of claim.lua to this batch. */
export function readAnswer(
  reply: unknown,
  batch: readonly Attempt[],
  fence: { campaignId: string; epoch: number },
): BatchAnswer {
  const [clock, version, issued, first, verdicts] = reply as [number, number, number, number, string];
  if (typeof verdicts !== 'string' || verdicts.length !== batch.length) {
    throw new Error(`claim.lua answered ${batch.length} claims with ${String(verdicts)}`);
  }
  const rest = reply as number[];
  let at = 5;
  let seq = first;
  let blocked = 0;
  const won = (attempt: Attempt, nth: number, key: string | null): RedisGateAnswer => {
    const fact = {
      type: 'claim.won' as const,
      ...fence,
      seq,
      userId: attempt.userId,
      nth,
      key,
      wonAt: clock,
    };
    seq += 1;
    return { verdict: 'won', fact };
  };
  const answers = batch.map((attempt, i): RedisGateAnswer => {
    const letter = verdicts[i] as string;
    if (letter === 'w') return won(attempt, 1, null);
    if (letter === 'W') return won(attempt, rest[at++] as number, attempt.key);
    if (letter === 'a') {
      at += 2;
      return { verdict: 'already_won', seq: rest[at - 2] as number, wonAt: rest[at - 1] as number };
    }
    if (letter === 'b') blocked += 1;
    const answer = LETTERS[letter];
    if (answer === undefined) throw new Error(`claim.lua answered with an unknown letter ${letter}`);
    return answer;
  });
  return { clock, version, issued, blocked, answers };
}

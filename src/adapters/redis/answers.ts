/** Between the gate's port and claim.lua: a batch of tries as arguments, and the reply as one answer for each. */

import type { Attempt } from '../../core/gate.ts';
import type { GateAnswer } from '../../ports/gate.ts';

export const UNAVAILABLE: GateAnswer = { verdict: 'unavailable' };
export const REBUILDING: GateAnswer = { verdict: 'rebuilding' };
export const OVERLOADED: GateAnswer = { verdict: 'overloaded' };
export const UNKNOWN: GateAnswer = { verdict: 'unknown' };

/** The letters of claim.lua that need nothing from the rest of its reply. */
export const LETTERS: Readonly<Record<string, GateAnswer>> = {
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
  /** claim.lua's letters, in the order of the batch */
  letters: string;
  /** in the order of the batch */
  answers: GateAnswer[];
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
  const won = (attempt: Attempt, nth: number, key: string | null): GateAnswer => {
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
  const answers = batch.map((attempt, i): GateAnswer => {
    const letter = verdicts[i] as string;
    if (letter === 'w') return won(attempt, 1, null);
    if (letter === 'W') return won(attempt, rest[at++] as number, attempt.key);
    if (letter === 'a') {
      at += 2;
      return { verdict: 'already_won', seq: rest[at - 2] as number, wonAt: rest[at - 1] as number };
    }
    const answer = LETTERS[letter];
    if (answer === undefined) throw new Error(`claim.lua answered with an unknown letter ${letter}`);
    return answer;
  });
  return { clock, version, issued, letters: verdicts, answers };
}

/** What a stranger would be told: `o` he would win, or a letter of claim.lua. */
export interface Look {
  /** epoch ms */
  clock: number;
  version: number;
  issued: number;
  /** the number that the next win gets */
  next: number;
  letter: string;
  /** epoch ms; 0: never */
  closesAt: number;
}

/** Reads the reply to a look. Throws when it is none. */
export function readLook(reply: unknown): Look {
  const [clock, version, issued, next, letter, closesAt] = reply as [
    number,
    number,
    number,
    number,
    string,
    number,
  ];
  if (typeof letter !== 'string' || letter.length !== 1)
    throw new Error(`claim.lua answered a look with ${String(letter)}`);
  return { clock, version, issued, next, letter, closesAt };
}

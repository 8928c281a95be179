/**
 * What was set aside, sent through again: the same fact, the same comparisons, into the same record. Whoever was told
 * that he won has his coupon then, with the code that he was told. Or it is given up, which frees its unit.
 */

import type { Campaign } from '../core/campaign.ts';
import type { ClaimWon } from '../core/event.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type {
  DeadLetter,
  DeadLetters,
  DiscardAnswer,
  DueFilter,
  DueLetters,
  LetterAct,
  LetterFilter,
  LetterWin,
  ReplayAnswer,
} from '../ports/dead-letters.ts';
import type { Win } from '../ports/record.ts';
import { type System, wait } from '../ports/system.ts';
import type { Actor } from './campaign.ts';
import type { Codes } from './codes.ts';
import { ensureCodes, recordedWin } from './codes.ts';

export interface ReplayParts {
  letters: DeadLetters & DueLetters;
  campaigns: Pick<Campaigns, 'get'>;
  codes: Codes;
  system: Pick<System, 'now' | 'monotonic' | 'after'>;
}

/** What a replay would do now; null: it is not dead any more. */
export type WouldDo =
  | { kind: 'would_issue' }
  | { kind: 'already_there' }
  | { kind: 'would_stay'; why: string };

/** A letter as operators see it. */
export interface ShownLetter extends DeadLetter {
  wouldDo: WouldDo | null;
}

export interface ReplayManyAsk {
  filter: DueFilter;
  /** goes on after this letter; null: from the oldest */
  after: number | null;
  /** letters in this call, at most */
  limit: number;
  /** null: as fast as it goes */
  perSecond: number | null;
  dryRun: boolean;
  /** no further letter is begun after so long, ms */
  maxMs: number;
  signal?: AbortSignal;
}

/** How many letters became what. Of a dry run: would become. */
export interface ReplayedMany {
  issued: number;
  alreadyThere: number;
  stillDead: number;
  /** the last letter that was looked at; null: none was */
  last: number | null;
  /** letters may be left after it */
  more: boolean;
}

export interface ReplayFlow {
  list(filter: LetterFilter, before: number | null, limit: number): Promise<ShownLetter[]>;
  get(id: number): Promise<ShownLetter | null>;
  replay(id: number, by: Actor, reason: string | null, dryRun?: boolean): Promise<ReplayAnswer>;
  replayMany(ask: ReplayManyAsk, by: Actor, reason: string | null): Promise<ReplayedMany>;
  discard(id: number, by: Actor, reason: string): Promise<DiscardAnswer>;
}

const DRY_MAX = 50;
const PAGE = 50;

export function makeReplay(parts: ReplayParts): ReplayFlow {
  const { letters, system } = parts;
  const act = ({ id, requestId }: Actor, reason: string | null): LetterAct => {
    return { by: id, requestId, reason, now: system.now() };
  };
  const answerOf = async (id: number, fact: ClaimWon, by: LetterAct | null): Promise<ReplayAnswer> => {
    const [win] = await winsOf(parts, [{ id, fact }]);
    if (win === undefined) return { kind: 'missing' };
    if (by !== null) return letters.replay(id, win.win, by);
    return (await letters.dryRun([win]))[0] ?? { kind: 'missing' };
  };
  return {
    async list(filter, before, limit) {
      return withWouldDo(parts, await letters.list(filter, before, limit));
    },
    async get(id) {
      const letter = await letters.get(id);
      return letter === null ? null : ((await withWouldDo(parts, [letter]))[0] ?? null);
    },
    async replay(id, by, reason, dryRun = false) {
      const letter = await letters.get(id);
      if (letter === null) return { kind: 'missing' };
      const fact = factOf(letter) ?? NO_FACT;
      return answerOf(id, fact, dryRun ? null : act(by, reason));
    },
    replayMany: (ask, by, reason) =>
      replayMany(parts, ask, ({ id, fact }) => answerOf(id, fact, ask.dryRun ? null : act(by, reason))),
    discard: (id, by, reason) => letters.discard(id, act(by, reason)),
  };
}

/** Of letters that hold none: nothing is looked up by it, the letter itself is refused before. */
const NO_FACT: ClaimWon = {
  type: 'claim.won',
  campaignId: '',
  epoch: 0,
  seq: 0,
  userId: '',
  nth: 0,
  key: null,
  wonAt: 0,
};

function factOf({ type, payload }: DeadLetter): ClaimWon | null {
  if (type !== 'claim.won') return null;
  try {
    return JSON.parse(payload) as ClaimWon;
  } catch {
    return null;
  }
}

/** What the recorder would store of these facts. */
async function winsOf(
  { campaigns, codes }: ReplayParts,
  wins: readonly LetterWin[],
): Promise<{ id: number; win: Win }[]> {
  const known = new Map<string, Campaign | null>();
  for (const id of new Set(wins.map(({ fact }) => fact.campaignId))) known.set(id, await campaigns.get(id));
  const facts = wins.map(({ fact }) => fact);
  await ensureCodes(codes, facts, (id) => known.get(id));
  return wins.map(({ id, fact }) => ({
    id,
    win: recordedWin(codes, known.get(fact.campaignId) ?? null, fact),
  }));
}

async function withWouldDo(parts: ReplayParts, letters: readonly DeadLetter[]): Promise<ShownLetter[]> {
  const dead = letters.filter(({ state }) => state === 'dead');
  const wins = await winsOf(
    parts,
    dead.map((letter) => ({ id: letter.id, fact: factOf(letter) ?? NO_FACT })),
  );
  const would = new Map<number, WouldDo | null>();
  for (let from = 0; from < wins.length; from += DRY_MAX) {
    const some = wins.slice(from, from + DRY_MAX);
    const answers = await parts.letters.dryRun(some);
    for (const [i, answer] of answers.entries()) would.set(some[i]?.id ?? 0, wouldDo(answer));
  }
  return letters.map((letter) => ({ ...letter, wouldDo: would.get(letter.id) ?? null }));
}

function wouldDo(answer: ReplayAnswer): WouldDo | null {
  if (answer.kind === 'issued') return { kind: 'would_issue' };
  if (answer.kind === 'already_there') return { kind: 'already_there' };
  return answer.kind === 'stays' ? { kind: 'would_stay', why: answer.why.message } : null;
}

/** Oldest first, each once: what stays dead is behind when it goes on. */
async function replayMany(
  { letters, system }: ReplayParts,
  { filter, after, limit, perSecond, maxMs, signal }: ReplayManyAsk,
  one: (letter: LetterWin) => Promise<ReplayAnswer>,
): Promise<ReplayedMany> {
  const done: ReplayedMany = { issued: 0, alreadyThere: 0, stillDead: 0, last: after, more: true };
  const began = system.monotonic();
  for (let count = 0; count < limit; ) {
    const page = await letters.due(filter, done.last, Math.min(PAGE, limit - count));
    for (const letter of page) {
      const dueMs = perSecond === null ? 0 : (1000 * count) / perSecond - (system.monotonic() - began);
      const isLate = system.monotonic() - began + Math.max(0, dueMs) > maxMs;
      if (signal?.aborted || (count > 0 && isLate)) return done;
      if (dueMs > 0) await wait(system, dueMs);
      note(done, await one(letter));
      done.last = letter.id;
      count += 1;
    }
    if (page.length === 0) return { ...done, more: false };
  }
  const [next] = await letters.due(filter, done.last, 1);
  return { ...done, more: next !== undefined };
}

function note(done: ReplayedMany, answer: ReplayAnswer): void {
  if (answer.kind === 'issued') done.issued += 1;
  else if (answer.kind === 'stays') done.stillDead += 1;
  else if (answer.kind === 'already_there') done.alreadyThere += 1;
  else if (answer.kind === 'resolved' && answer.state === 'replayed') done.alreadyThere += 1;
}

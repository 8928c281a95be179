/** The shapes of calls about dead letters: what is asked, what is told. */

import type { TSchema } from 'typebox';
import { Type } from 'typebox';
import { CAMPAIGN_ID } from '../core/campaign.ts';
import { LETTER_STATES } from '../core/letter-state.ts';
import type { Problem } from '../core/problem.ts';
import { readSaid } from '../core/said.ts';
import type { ReplayedMany, ShownLetter } from '../flow/replay.ts';
import type { LetterFilter, LetterState } from '../ports/dead-letters.ts';
import { oneOf, orNull, pageQuery, saidOut } from './schema.ts';
import { readTime } from './times.ts';
import { timeOrNull, timeText } from './wire.ts';

const STRICT = { additionalProperties: false };
const REASON_MAX = 500;
export const WOULD_DO = ['would_issue', 'already_there', 'would_stay'] as const;
export const REPLAY_OUTCOMES = ['issued', 'already_there', 'stays'] as const;

const timeOut = Type.String({ format: 'date-time' });
const since = Type.String({ description: 'first set aside then or later; RFC 3339 with Z or an offset' });
const part = Type.String({ minLength: 1, maxLength: 200, description: 'a part of the reason' });
const campaign = Type.String({ pattern: CAMPAIGN_ID.source });
const why = Type.String({ minLength: 1, maxLength: REASON_MAX, description: 'why, for the audit log' });

export const letterParams = Type.Object({ id: Type.String({ description: 'number of the letter' }) });
export const letterQuery = Type.Object(
  {
    ...pageQuery.properties,
    campaign: Type.Optional(campaign),
    state: Type.Optional(oneOf(LETTER_STATES)),
    reason: Type.Optional(part),
    since: Type.Optional(since),
  },
  STRICT,
);
export const replayQuery = Type.Object(
  { dryRun: Type.Optional(oneOf(['true', 'false'], 'true: only say what a replay would do')) },
  STRICT,
);
export const replayBody = Type.Object({ reason: Type.Optional(why) }, STRICT);
export const discardBody = Type.Object({ reason: why }, STRICT);
export const replayManyBody = Type.Object(
  {
    filter: Type.Optional(
      Type.Object(
        { campaign: Type.Optional(campaign), reason: Type.Optional(part), since: Type.Optional(since) },
        STRICT,
      ),
    ),
    perSecond: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, description: 'letters a second; 500' }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, description: 'letters in this call; 1000' }),
    ),
    dryRun: Type.Optional(Type.Boolean({ description: 'only say what a replay would do' })),
    cursor: Type.Optional(Type.String({ description: '`next` of the call before: go on there' })),
    reason: Type.Optional(why),
  },
  STRICT,
);

const cause = Type.Object({ message: Type.String(), code: orNull(Type.String()) });
const wouldDo = Type.Object({
  kind: oneOf(WOULD_DO),
  why: orNull(Type.String()),
  whySaid: saidOut('why'),
});
export const letterOut = Type.Object(
  {
    id: Type.Integer(),
    campaignId: orNull(Type.String({ description: 'whose unit it stands for' })),
    type: Type.String(),
    seq: orNull(Type.Integer()),
    userId: orNull(Type.String()),
    state: oneOf(LETTER_STATES),
    reason: Type.String(),
    reasonSaid: saidOut('reason'),
    causes: Type.Array(cause),
    source: Type.String(),
    payload: Type.String(),
    tries: Type.Integer(),
    firstAt: timeOut,
    lastAt: timeOut,
    resolvedAt: orNull(timeOut),
    resolvedBy: orNull(Type.String()),
    resolvedReason: orNull(Type.String()),
    wouldDo: orNull(wouldDo),
  },
  { title: 'DeadLetter', description: 'a fact that was set aside; `wouldDo`: what a replay would do now' },
);
export const replayedOut: TSchema = Type.Object(
  {
    outcome: oneOf(REPLAY_OUTCOMES),
    why: orNull(Type.String()),
    whySaid: saidOut('why'),
    dryRun: Type.Boolean(),
    letter: letterOut,
  },
  { title: 'Replayed' },
);
export const discardedOut: TSchema = Type.Object(
  { outcome: oneOf(['discarded']), letter: letterOut },
  { title: 'Discarded' },
);
export const replayedManyOut: TSchema = Type.Object(
  {
    issued: Type.Integer(),
    alreadyThere: Type.Integer(),
    stillDead: Type.Integer(),
    dryRun: Type.Boolean(),
    next: orNull(Type.String({ description: 'cursor to go on with; null: none is left' })),
  },
  { title: 'ReplayedMany' },
);

/** A letter for operators: times as text. */
export function letterBody(letter: ShownLetter): Record<string, unknown> {
  const { firstAt, lastAt, resolvedAt, wouldDo: would } = letter;
  const why = would?.kind === 'would_stay' ? would.why : null;
  return {
    ...letter,
    reasonSaid: readSaid(letter.reason),
    firstAt: timeText(firstAt),
    lastAt: timeText(lastAt),
    resolvedAt: timeOrNull(resolvedAt),
    wouldDo: would && { kind: would.kind, why, whySaid: readSaid(why) },
  };
}

export function manyBody(
  { issued, alreadyThere, stillDead }: ReplayedMany,
  dryRun: boolean,
  next: string | null,
) {
  return { issued, alreadyThere, stillDead, dryRun, next };
}

export type FilterRead = { ok: true; filter: LetterFilter } | { ok: false; problem: Problem };

export interface AskedFilter {
  campaign?: string;
  state?: string;
  reason?: string;
  since?: string;
}

/** `at`: where in the request it stands, for whoever has to mend it. */
export function readFilter(asked: AskedFilter, at: string): FilterRead {
  const { campaign: campaignId, state, reason } = asked;
  const filter: LetterFilter = { campaignId, state: state as LetterState | undefined, reason };
  if (asked.since === undefined) return { ok: true, filter };
  const read = readTime(asked.since, `${at}/since`);
  return read.ok ? { ok: true, filter: { ...filter, since: read.ms } } : read;
}

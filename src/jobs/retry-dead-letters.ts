/**
 * The job `retry-dead-letters`: sends wins that were set aside through again, once whatever kept them out is mended.
 * What the record still refuses stays dead, and is counted. A chunk that is done twice counts what it did the first time.
 */

import { Type } from 'typebox';
import { CAMPAIGN_ID } from '../core/campaign.ts';
import type { ReplayParts } from '../flow/replay.ts';
import { makeReplay } from '../flow/replay.ts';
import type { DueFilter, LetterWin } from '../ports/dead-letters.ts';
import type { Job, Position, Step, StepContext, Written } from './job.ts';
import { CAMPAIGN_PARAM } from './job.ts';

const params = Type.Object(
  {
    [CAMPAIGN_PARAM]: Type.Optional(
      Type.String({ pattern: CAMPAIGN_ID.source, description: 'only of this one' }),
    ),
    reason: Type.Optional(
      Type.String({ minLength: 1, maxLength: 200, description: 'only those with this text in their reason' }),
    ),
    perSecond: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, description: 'letters a second, at most' }),
    ),
  },
  { additionalProperties: false },
);

/** What was tried so often is for people: each try is a line in the audit log. */
const TRIES_MAX = 12;
/** What kept it out a moment ago is not mended yet, and whoever looks at it wants to find it. */
const REST_MS = 60_000;

export function makeRetryDeadLettersJob(parts: ReplayParts): Job {
  return {
    name: 'retry-dead-letters',
    summary: 'Send wins that were set aside through again; what the record still refuses stays dead',
    params,
    loose: ['perSecond'],
    steps: [replayStep(parts)],
    usual: { cron: '*/5 * * * *' },
    async isDue() {
      const triedBefore = parts.system.now() - REST_MS;
      return (await parts.letters.countDue({ triesBelow: TRIES_MAX, triedBefore })) > 0;
    },
  };
}

/** Names this run: what it has replayed already is read once more, and counts, when a chunk is done again. */
const actorOf = ({ by, runId }: StepContext): string => `${by} run ${runId}`;

function filterOf(context: StepContext): DueFilter {
  const { [CAMPAIGN_PARAM]: campaignId, reason } = context.params as Record<string, string | undefined>;
  return { campaignId, reason, alsoBy: actorOf(context) };
}

function replayStep(parts: ReplayParts): Step<LetterWin> {
  const { letters, system } = parts;
  const { replay } = makeReplay(parts);
  return {
    name: 'replay',
    total: (context) => letters.countDue(filterOf(context)),
    async read(context, position: Position | null, size) {
      const items = await letters.due(filterOf(context), position === null ? null : Number(position), size);
      return { items, position: items.at(-1)?.id ?? position ?? 0, done: items.length < size };
    },
    async write(context, items): Promise<Written> {
      const by = { id: actorOf(context), requestId: null };
      const perSecond = context.params['perSecond'] as number | undefined;
      const began = system.monotonic();
      const written: Written & { skipped: Record<string, number> } = { written: 0, skipped: {} };
      for (const [done, { id }] of items.entries()) {
        const waitMs = perSecond ? (1000 * done) / perSecond - (system.monotonic() - began) : 0;
        if (waitMs > 0) await new Promise<void>((resolve) => void system.after(waitMs, resolve));
        context.signal.throwIfAborted();
        const answer = await replay(id, by, 'job retry-dead-letters');
        const isThere = answer.kind === 'issued' || answer.kind === 'already_there' || isReplayed(answer);
        if (isThere) written.written += 1;
        else written.skipped['still_dead'] = (written.skipped['still_dead'] ?? 0) + 1;
      }
      return written;
    },
  };
}

const isReplayed = (answer: { kind: string; state?: string }): boolean =>
  answer.kind === 'resolved' && answer.state === 'replayed';

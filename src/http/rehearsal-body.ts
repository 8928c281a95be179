/** Rehearsals as operators ask for them and see them. */

import { Type } from 'typebox';
import type { RehearsalWish } from '../core/rehearsal.ts';
import {
  KILLED_PARTS,
  REHEARSAL_CONCURRENCY_MAX,
  REHEARSAL_SECONDS_MAX,
  REHEARSAL_STAGES,
  REHEARSAL_USERS_MAX,
  shadowId,
} from '../core/rehearsal.ts';
import { RUN_STATUSES } from '../core/run-status.ts';
import { readSaid } from '../core/said.ts';
import { rehearsalNumber } from '../flow/rehearse.ts';
import type { JobRun } from '../ports/job-runs.ts';
import { oneOf, openOut, orNull, saidOut } from './schema.ts';
import { timeOrNull, timeText } from './wire.ts';

const STRICT = { additionalProperties: false };
const time = Type.String({ format: 'date-time' });
const count = Type.Integer({ minimum: 0 });

export const rehearsalParams = Type.Object({ id: Type.String(), rid: Type.String() });

export const newRehearsalBody = Type.Object(
  {
    users: Type.Integer({ minimum: 1, maximum: REHEARSAL_USERS_MAX, description: 'people' }),
    concurrency: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: REHEARSAL_CONCURRENCY_MAX,
        default: 100,
        description: 'connections, each with one request at a time',
      }),
    ),
    kill: Type.Optional(
      orNull(
        Type.Object(
          {
            part: oneOf(KILLED_PARTS, 'of the shadow: its server with gate, log and record'),
            atSecond: Type.Number({
              minimum: 0,
              maximum: REHEARSAL_SECONDS_MAX,
              description: 'from the first press',
            }),
          },
          STRICT,
        ),
      ),
    ),
    overSeconds: Type.Optional(
      orNull(
        Type.Number({
          minimum: 1,
          maximum: REHEARSAL_SECONDS_MAX,
          description:
            'people come over so long; null: as fast as answers come back, and with a kill so that it falls into their middle',
        }),
      ),
    ),
  },
  STRICT,
);

export const rehearsalOut = Type.Object({
  id: Type.String(),
  campaignId: Type.String(),
  shadowId: Type.String(),
  number: Type.Integer(),
  state: oneOf(RUN_STATUSES),
  ok: orNull(Type.Boolean({ description: 'null: not known, or it did not come to its end' })),
  users: count,
  concurrency: count,
  kill: orNull(Type.Object({ part: oneOf(KILLED_PARTS), atSecond: Type.Number() })),
  overSeconds: orNull(Type.Number()),
  by: Type.String(),
  createdAt: time,
  startedAt: orNull(time),
  endedAt: orNull(time),
  error: orNull(Type.String({ description: 'why it did not come to its end' })),
  errorSaid: saidOut('error'),
  progress: orNull(
    Type.Object({
      stage: oneOf(REHEARSAL_STAGES),
      presses: count,
      finished: count,
      words: openOut,
    }),
  ),
  result: orNull(openOut),
});

interface Asked {
  users: number;
  concurrency?: number;
  kill?: RehearsalWish['kill'];
  overSeconds?: number | null;
}

const CONCURRENCY = 100;

export function wishOf({ users, concurrency = CONCURRENCY, kill, overSeconds }: Asked): RehearsalWish {
  return { users, concurrency, kill: kill ?? null, overSeconds: overSeconds ?? null };
}

export function rehearsalBody(run: JobRun): Record<string, unknown> {
  const { id, status, by, lastError } = run;
  const { campaign, users = 0, concurrency = 0, killAtSecond = null, overSeconds = null } = run.params;
  const result = (run.result['rehearsal'] ?? null) as { ok: boolean } | null;
  const number = rehearsalNumber(run);
  return {
    id,
    campaignId: campaign,
    shadowId: shadowId(String(campaign), number),
    number,
    state: status,
    ok: result?.ok ?? null,
    users,
    concurrency,
    kill: killAtSecond === null ? null : { part: 'server', atSecond: killAtSecond },
    overSeconds,
    by,
    createdAt: timeText(run.createdAt),
    startedAt: timeOrNull(run.startedAt),
    endedAt: timeOrNull(run.endedAt),
    error: lastError,
    errorSaid: readSaid(lastError),
    progress: run.result['progress'] ?? null,
    result,
  };
}

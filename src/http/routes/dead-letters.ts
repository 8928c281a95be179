/** Operators see what was set aside, send it through again, or give it up. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from '../../core/problem.ts';
import { problem } from '../../core/problem.ts';
import { readSaid } from '../../core/said.ts';
import type { ReplayAnswer } from '../../ports/dead-letters.ts';
import type { HttpContext } from '../context.ts';
import { CAMPAIGN_NOT_FOUND, pageOf } from '../context.ts';
import type { AskedFilter } from '../letter-body.ts';
import {
  discardBody,
  discardedOut,
  letterBody,
  letterOut,
  letterParams,
  letterQuery,
  manyBody,
  readFilter,
  replayBody,
  replayedManyOut,
  replayedOut,
  replayManyBody,
  replayQuery,
} from '../letter-body.ts';
import { sendProblem } from '../problem.ts';
import { listOf, problemOut } from '../schema.ts';
import { needs } from './admin.ts';
import { actorOf } from './campaigns.ts';

const TAG = ['operators'];
const PATH = '/v1/admin/dead-letters';
const NOT_FOUND = problem('dead_letter_not_found');
const DISCARDED = problem('dead_letter_discarded');
const REPLAYED = problem('dead_letter_replayed');
const NO_REASON = problem('invalid_field', 'Say why: it stays in the audit log.', { pointer: '/reason' });
const ID = /^[1-9]\d{0,14}$/;
const PER_SECOND = 500;
const LIMIT = 1000;
/** A call answers in time for whoever waits for it; `next` says where to go on. */
const CALL_MAX_MS = 8_000;

export function deadLetterRoutes(app: FastifyInstance, context: HttpContext): void {
  listRoute(app, context);
  getRoute(app, context);
  replayRoute(app, context);
  discardRoute(app, context);
  replayManyRoute(app, context);
}

function tell(reply: FastifyReply, body: object): FastifyReply {
  return reply.header('cache-control', 'no-store').send(body);
}

/** What is wrong with a query has no place in a body. */
function inQuery({ code, detail }: Problem): Problem {
  return code === 'invalid_field'
    ? problem('invalid_query', `since: ${detail ?? 'is wrong'}`)
    : problem(code);
}

/** The letter's number; null when it is none. */
function idOf(request: FastifyRequest): number | null {
  const { id } = request.params as { id: string };
  return ID.test(id) ? Number(id) : null;
}

/** Letters of a campaign that is not here are listed when there are any. */
async function isStrange({ parts }: HttpContext, campaignId: string | undefined): Promise<boolean> {
  if (campaignId === undefined || parts.catalog.get(campaignId) !== undefined) return false;
  const { dead, replayed, discarded } = await parts.stored.letters.counts(campaignId);
  return dead + replayed + discarded === 0;
}

function listRoute(app: FastifyInstance, context: HttpContext): void {
  app.get(
    PATH,
    {
      schema: {
        tags: TAG,
        summary: 'Facts set aside, newest first, with what a replay would do now',
        querystring: letterQuery,
        response: { 200: listOf(letterOut), 400: problemOut, 404: problemOut },
      },
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const read = readFilter(request.query as AskedFilter, '');
      if (!read.ok) return sendProblem(reply, inQuery(read.problem));
      const { filter } = read;
      const list = `dead-letters ${JSON.stringify(filter)}`;
      const page = pageOf(context, request, list);
      if ('code' in page) return sendProblem(reply, page);
      if (await isStrange(context, filter.campaignId)) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      const found = await context.replay.list(filter, page.after as number | null, page.limit + 1);
      const shown = found.slice(0, page.limit);
      const last = shown.at(-1);
      const next = found.length > page.limit && last ? context.cursors.write(list, last.id) : null;
      return tell(reply, { items: shown.map(letterBody), next });
    },
  );
}

function getRoute(app: FastifyInstance, context: HttpContext): void {
  app.get(
    `${PATH}/:id`,
    {
      schema: {
        tags: TAG,
        summary: 'One of them, with what a replay would do now',
        params: letterParams,
        response: { 200: letterOut, 404: problemOut },
      },
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const id = idOf(request);
      const letter = id === null ? null : await context.replay.get(id);
      return letter === null ? sendProblem(reply, NOT_FOUND) : tell(reply, letterBody(letter));
    },
  );
}

async function shownLetter(context: HttpContext, id: number): Promise<Record<string, unknown>> {
  const letter = await context.replay.get(id);
  return letter === null ? {} : letterBody(letter);
}

/** Null: it was replayed, or stays; else why not. */
function replayProblem(answer: ReplayAnswer): Problem | null {
  if (answer.kind === 'missing') return NOT_FOUND;
  return answer.kind === 'resolved' && answer.state === 'discarded' ? DISCARDED : null;
}

function replayRoute(app: FastifyInstance, context: HttpContext): void {
  app.post(
    `${PATH}/:id/replay`,
    {
      config: { body: 'optional' },
      schema: {
        tags: TAG,
        summary: 'Send it through again, by the rules of the recorder',
        description:
          'What the record still refuses stays dead, with its newest reason. Twice is once: one that was replayed ' +
          'before answers `already_there`.',
        params: letterParams,
        querystring: replayQuery,
        body: replayBody,
        response: { 200: replayedOut, 400: problemOut, 404: problemOut, 409: problemOut },
      },
      onRequest: needs(context, 'operate'),
    },
    async (request, reply) => {
      const id = idOf(request);
      if (id === null) return sendProblem(reply, NOT_FOUND);
      const { reason = null } = request.body as { reason?: string };
      const dryRun = (request.query as { dryRun?: string }).dryRun === 'true';
      const answer = await context.replay.replay(id, actorOf(request), reason, dryRun);
      const refused = replayProblem(answer);
      if (refused) return sendProblem(reply, refused);
      const outcome = answer.kind === 'resolved' ? 'already_there' : answer.kind;
      const why = answer.kind === 'stays' ? answer.why.message : null;
      return tell(reply, {
        outcome,
        why,
        whySaid: readSaid(why),
        dryRun,
        letter: await shownLetter(context, id),
      });
    },
  );
}

function discardRoute(app: FastifyInstance, context: HttpContext): void {
  app.post(
    `${PATH}/:id/discard`,
    {
      schema: {
        tags: TAG,
        summary: 'Give it up for good, with a reason; its unit goes back to the stock',
        params: letterParams,
        body: discardBody,
        response: { 200: discardedOut, 400: problemOut, 404: problemOut, 409: problemOut },
      },
      onRequest: needs(context, 'operate'),
    },
    async (request, reply) => {
      const id = idOf(request);
      if (id === null) return sendProblem(reply, NOT_FOUND);
      const { reason } = request.body as { reason: string };
      if (reason.trim() === '') return sendProblem(reply, NO_REASON);
      const answer = await context.replay.discard(id, actorOf(request), reason);
      if (answer.kind === 'missing') return sendProblem(reply, NOT_FOUND);
      if (answer.kind === 'resolved' && answer.state === 'replayed') return sendProblem(reply, REPLAYED);
      return tell(reply, { outcome: 'discarded', letter: await shownLetter(context, id) });
    },
  );
}

interface AskedMany {
  filter?: AskedFilter;
  perSecond?: number;
  limit?: number;
  dryRun?: boolean;
  cursor?: string;
  reason?: string;
}

function replayManyRoute(app: FastifyInstance, context: HttpContext): void {
  app.post(
    `${PATH}/replay`,
    {
      config: { body: 'optional' },
      schema: {
        tags: TAG,
        summary: 'Send many through again, oldest first, at a set pace',
        description:
          'Ends with what was done in a few seconds; `next` is the cursor to go on with, until it is null. Whatever is ' +
          'done twice changes nothing.',
        body: replayManyBody,
        response: { 200: replayedManyOut, 400: problemOut, 404: problemOut },
      },
      onRequest: needs(context, 'operate'),
    },
    async (request, reply) => {
      const asked = request.body as AskedMany;
      const { perSecond = PER_SECOND, limit = LIMIT, dryRun = false, reason = null } = asked;
      const read = readFilter(asked.filter ?? {}, '/filter');
      if (!read.ok) return sendProblem(reply, read.problem);
      const { filter } = read;
      const list = `dead-letters replay ${JSON.stringify(filter)}`;
      const after = asked.cursor === undefined ? null : context.cursors.read(list, asked.cursor);
      if (asked.cursor !== undefined && after === null) return sendProblem(reply, problem('invalid_cursor'));
      if (await isStrange(context, filter.campaignId)) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      const ask = { filter, after: after as number | null, limit, perSecond, dryRun, maxMs: CALL_MAX_MS };
      const done = await context.replay.replayMany(ask, actorOf(request), reason);
      const next = done.more && done.last !== null ? context.cursors.write(list, done.last) : null;
      return tell(reply, manyBody(done, dryRun, next));
    },
  );
}

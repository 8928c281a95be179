/** Operators rehearse a campaign: they ask for a crowd against its shadow, watch it, and read what came of it. */

import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Problem } from '../../core/problem.ts';
import { problem } from '../../core/problem.ts';
import type { Rehearsals } from '../../flow/rehearse.ts';
import { makeRehearsals } from '../../flow/rehearse.ts';
import type { JobRun } from '../../ports/job-runs.ts';
import type { HttpContext } from '../context.ts';
import { CAMPAIGN_NOT_FOUND, liveOf } from '../context.ts';
import { sendProblem } from '../problem.ts';
import { newRehearsalBody, rehearsalBody, rehearsalOut, rehearsalParams, wishOf } from '../rehearsal-body.ts';
import { runStreams } from '../run-stream.ts';
import { idParams, listOf, problemOut } from '../schema.ts';
import { needs } from './admin.ts';
import { actorOf } from './campaigns.ts';
import { startStream } from './people.ts';

const TAG = ['operators'];
const PATH = '/v1/admin/campaigns/:id/rehearsals';
const NOT_FOUND = problem('rehearsal_not_found');

export function rehearsalRoutes(app: FastifyInstance, context: HttpContext): void {
  const { jobs } = context.parts;
  if (jobs === undefined) return;
  const rehearsals = makeRehearsals(jobs);
  askRoute(app, context, rehearsals);
  listRoute(app, context, rehearsals);
  oneRoutes(app, context, rehearsals);
}

function tell(reply: FastifyReply, told: { run: JobRun } | { problem: Problem }, status: number) {
  if ('problem' in told) return sendProblem(reply, told.problem);
  const { params, id } = told.run;
  reply.code(status).header('cache-control', 'no-store');
  if (status === 202)
    reply.header('location', `/v1/admin/campaigns/${String(params['campaign'])}/rehearsals/${id}`);
  return reply.send(rehearsalBody(told.run));
}

function askRoute(app: FastifyInstance, context: HttpContext, rehearsals: Rehearsals): void {
  app.post(
    PATH,
    {
      schema: {
        tags: TAG,
        summary: 'Rehearse the campaign',
        description:
          'A shadow copy on an embedded server of its own, in a folder that is thrown away, and a crowd against it; with ' +
          '`kill` that server is killed (SIGKILL) in the middle and comes back. Nothing of the campaign is touched, and ' +
          'nothing goes out. One at a time, not while a drop is hot, nor within 10 min before an opening: 409 ' +
          '`rehearsal_refused`. It takes 120 s at most.',
        params: idParams,
        body: newRehearsalBody,
        response: { 202: rehearsalOut, 400: problemOut, 404: problemOut, 409: problemOut },
      },
      onRequest: needs(context, 'operate'),
    },
    async (request, reply) => {
      const live = liveOf(context, request);
      if (!live) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      const wish = wishOf(request.body as Parameters<typeof wishOf>[0]);
      return tell(reply, await rehearsals.ask(live.campaign.id, wish, actorOf(request)), 202);
    },
  );
}

function listRoute(app: FastifyInstance, context: HttpContext, rehearsals: Rehearsals): void {
  app.get(
    PATH,
    {
      schema: {
        tags: TAG,
        summary: 'The last ten rehearsals of the campaign, newest first',
        params: idParams,
        response: { 200: listOf(rehearsalOut), 404: problemOut },
      },
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const live = liveOf(context, request);
      if (!live) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      const items = (await rehearsals.list(live.campaign.id)).map(rehearsalBody);
      return reply.header('cache-control', 'no-store').send({ items, next: null });
    },
  );
}

function oneRoutes(app: FastifyInstance, context: HttpContext, rehearsals: Rehearsals): void {
  const streams = runStreams(
    context,
    (id) => context.parts.jobs?.run(id) ?? Promise.resolve(null),
    rehearsalBody,
  );
  const params = rehearsalParams;
  const onRequest = needs(context, 'read');
  const asked = (request: { params: unknown }) => request.params as { id: string; rid: string };
  const response = { 200: rehearsalOut, 404: problemOut };
  app.get(
    `${PATH}/:rid`,
    {
      schema: { tags: TAG, summary: 'A rehearsal: how far it is, or what came of it', params, response },
      onRequest,
    },
    async (request, reply) => {
      const { id, rid } = asked(request);
      const run = await rehearsals.get(id, rid);
      return tell(reply, run === null ? { problem: NOT_FOUND } : { run }, 200);
    },
  );
  app.get(
    `${PATH}/:rid/events`,
    {
      schema: {
        tags: TAG,
        summary: 'Server-sent events: the rehearsal each time that it has changed, until it has ended',
        params,
      },
      exposeHeadRoute: false,
      onRequest,
    },
    async (request, reply) => {
      const { id, rid } = asked(request);
      const run = await rehearsals.get(id, rid);
      if (run === null) return sendProblem(reply, NOT_FOUND);
      if (!streams.room()) return sendProblem(reply, problem('too_many_streams'));
      startStream(context, request, reply);
      streams.open(run, reply.raw);
      return reply;
    },
  );
  app.post(
    `${PATH}/:rid/stop`,
    {
      config: { body: 'none' },
      schema: {
        tags: TAG,
        summary: 'Break a rehearsal off',
        params,
        response: { ...response, 409: problemOut },
      },
      onRequest: needs(context, 'operate'),
    },
    async (request, reply) => {
      const { id, rid } = asked(request);
      return tell(reply, await rehearsals.stop(id, rid, actorOf(request)), 200);
    },
  );
}

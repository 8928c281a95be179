/**
 * What people call about one try: the press, what has become of it, giving it up. Presses and polls are answered beside
 * fastify (see server.ts); their routes are here for the description, and for odd spellings of an address.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpContext } from '../context.ts';
import { liveOf } from '../context.ts';
import { foundAnswer } from '../found-answer.ts';
import { knowUser } from '../know-user.ts';
import { sendProblem } from '../problem.ts';
import { JSON_TYPE } from '../raw-answer.ts';
import {
  claimRequestBody,
  idParams,
  pendingOut,
  pollQuery,
  problemOut,
  ticketParams,
  userQuery,
  verdictOut,
} from '../schema.ts';
import { claimBody } from '../wire.ts';

const TAG = ['people'];
const PROBLEMS = { 400: problemOut, 403: problemOut, 404: problemOut, 429: problemOut, 503: problemOut };

export function verdictRoutes(app: FastifyInstance, context: HttpContext): void {
  pressRoute(app, context);
  pollRoutes(app, context);
  leaveRoute(app, context);
}

/** For the description and for odd spellings of the path; the rest goes straight to the handler (server.ts). */
function pressRoute(app: FastifyInstance, context: HttpContext): void {
  app.post(
    '/v1/campaigns/:id/claims',
    {
      schema: {
        tags: TAG,
        summary: 'Claim one unit',
        description:
          'The press. Asking again is always safe: whoever holds a unit is told the same one, and a place in line is never given twice. 202: the verdict comes later; ask at Location, with what Retry-After and retryAfterMs say, or listen to the events.',
        params: idParams,
        headers: {
          type: 'object',
          properties: { 'idempotency-key': { type: 'string', minLength: 1, maxLength: 255 } },
        },
        body: claimRequestBody,
        response: {
          200: verdictOut,
          201: verdictOut,
          202: pendingOut,
          400: problemOut,
          403: problemOut,
          404: problemOut,
          409: problemOut,
          413: problemOut,
          415: problemOut,
          429: problemOut,
          503: problemOut,
        },
      },
      onRequest: (request, reply) => {
        reply.hijack();
        context.claim(request.raw, reply.raw, (request.params as { id: string }).id);
      },
    },
    () => undefined,
  );
}

/** Answers as the short cut does. */
function poll(context: HttpContext) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    const { id, ticket = null } = request.params as { id: string; ticket?: string };
    const { userId, wait } = request.query as { userId?: string; wait?: string };
    reply.hijack();
    const ask = { req: request.raw, res: reply.raw, requestId: request.id };
    context.polls.answer(ask, { campaignId: id, ticket, userId, wait });
  };
}

const POLL_SAYS =
  '200 whatever the verdict is, `pending` until it is known. With `wait` the answer comes when there is something to tell, or when that time is over.';

function pollRoutes(app: FastifyInstance, context: HttpContext): void {
  app.get(
    '/v1/campaigns/:id/claims/me',
    {
      schema: {
        tags: TAG,
        summary: 'What I hold, or how my try stands',
        description: POLL_SAYS,
        params: idParams,
        querystring: pollQuery,
        response: { 200: verdictOut, ...PROBLEMS },
      },
    },
    poll(context),
  );
  app.get(
    '/v1/campaigns/:id/claims/:ticket',
    {
      schema: {
        tags: TAG,
        summary: 'The verdict behind a ticket',
        description: POLL_SAYS,
        params: ticketParams,
        querystring: pollQuery,
        response: { 200: verdictOut, ...PROBLEMS },
      },
    },
    poll(context),
  );
}

function leaveRoute(app: FastifyInstance, context: HttpContext): void {
  const { coupons, parts } = context;
  app.delete(
    '/v1/campaigns/:id/claims/me',
    {
      schema: {
        tags: TAG,
        summary: 'Leave the line, or give my unredeemed unit back',
        description:
          'Who stands in line leaves it: `closed` with reason `left`. Who holds a unit gives it back.',
        params: idParams,
        querystring: userQuery,
        response: { 200: verdictOut, ...PROBLEMS, 409: problemOut },
      },
      preHandler: knowUser(context, true),
    },
    async (request, reply) => {
      const { id } = request.params as { id: string };
      const userId = request.userId as string;
      const live = liveOf(context, request);
      const leave = live?.campaign.mode === 'queued' ? parts.modes?.queued?.leave : undefined;
      const left = live && leave ? await leave.call(parts.modes?.queued, live, userId) : null;
      if (left !== null && left.kind !== 'none' && left.kind !== 'claim') {
        const answer = foundAnswer(left, null);
        if (!answer.ok) return sendProblem(reply, answer.problem);
        return reply.header('cache-control', 'no-store').type(JSON_TYPE).serializer(String).send(answer.body);
      }
      const given = await coupons.giveBack(id, userId, request.id);
      if (given.kind === 'refused') return sendProblem(reply, given.problem);
      return reply.send({ verdict: 'won', claim: claimBody(given.claim) });
    },
  );
}

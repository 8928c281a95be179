/** Calls of people, except the press itself: campaigns, what I hold, giving it back, the time, the live stream. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { statusOf } from '../../core/campaign.ts';
import { normalUserId } from '../../core/claim.ts';
import type { Problem } from '../../core/problem.ts';
import { problem } from '../../core/problem.ts';
import type { Found } from '../../flow/look-up.ts';
import type { HttpContext } from '../context.ts';
import { CAMPAIGN_NOT_FOUND, header, liveOf, notModified, ProblemError, pageOf } from '../context.ts';
import { sendProblem } from '../problem.ts';
import {
  campaignOut,
  claimOut,
  claimRequestBody,
  idParams,
  listOf,
  pageQuery,
  problemOut,
  ticketParams,
  userQuery,
  verdictOut,
} from '../schema.ts';
import { event, stateEvents } from '../sse.ts';
import { claimBody, publicCampaign, remainingOf } from '../wire.ts';

const NO_USER = problem('invalid_user_id', 'Name the user: ?userId=…');
const TAG = ['people'];
const PROBLEMS = { 400: problemOut, 404: problemOut };

/** Who asks: the token's subject or `?userId=`. */
function userOf(context: HttpContext, request: FastifyRequest): Promise<string | null | Problem> {
  const { userId: raw } = request.query as { userId?: string };
  const named = raw === undefined ? null : normalUserId(raw);
  if (raw !== undefined && named === null) return Promise.resolve(problem('invalid_user_id'));
  return new Promise((resolve) => {
    context.auth.identify(request.headers.authorization, (who) => {
      if (!who.ok) return resolve(who.problem);
      const { userId } = who.identity;
      if (userId !== null && named !== null && named !== userId) return resolve(problem('user_mismatch'));
      return resolve(userId ?? named);
    });
  });
}

/** Fills request.userId; refuses whom it must. `needed`: somebody has to be named. */
function knowUser(context: HttpContext, needed: boolean) {
  return async (request: FastifyRequest): Promise<void> => {
    const user = await userOf(context, request);
    if (user !== null && typeof user !== 'string') throw new ProblemError(user);
    if (user === null && needed) throw new ProblemError(NO_USER);
    request.userId = user;
    if (!context.throttle.on) return;
    const address = context.clientAddress(request.socket.remoteAddress, header(request, 'x-forwarded-for'));
    const refusal = context.throttle.refusal(user, address);
    if (refusal) throw new ProblemError(refusal);
  };
}

function limitOnly(context: HttpContext) {
  return (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void => {
    if (!context.throttle.on) return done();
    const address = context.clientAddress(request.socket.remoteAddress, header(request, 'x-forwarded-for'));
    const refusal = context.throttle.refusal(null, address);
    return refusal ? done(new ProblemError(refusal)) : done();
  };
}

export function peopleRoutes(app: FastifyInstance, context: HttpContext): void {
  app.decorateRequest('userId', null);
  campaignRoutes(app, context);
  pressRoute(app, context);
  holdingRoutes(app, context);
  ticketRoutes(app, context);
  timeRoute(app, context);
  streamRoute(app, context);
}

function campaignRoutes(app: FastifyInstance, context: HttpContext): void {
  const { catalog, system } = context.parts;
  app.get(
    '/v1/campaigns',
    {
      schema: {
        tags: TAG,
        summary: 'Campaigns that people may see, newest first',
        querystring: pageQuery,
        response: { 200: listOf(campaignOut) },
      },
      preHandler: limitOnly(context),
    },
    (request, reply) => {
      const page = pageOf(context, request, 'campaigns');
      if ('code' in page) return sendProblem(reply, page);
      const now = system.now();
      const shown = [...catalog.all()].filter((live) => {
        const status = statusOf(live.campaign, live.issued, now);
        return status !== 'draft' && status !== 'archived';
      });
      const key = (live: { campaign: { createdAt: number; id: string } }): string =>
        `${String(live.campaign.createdAt).padStart(16, '0')} ${live.campaign.id}`;
      shown.sort((a, b) => (key(a) < key(b) ? 1 : -1));
      const from = page.after === null ? 0 : shown.findIndex((live) => key(live) < (page.after as string));
      const lives = from < 0 ? [] : shown.slice(from, from + page.limit);
      const more = from >= 0 && from + page.limit < shown.length;
      const last = lives.at(-1);
      const next = more && last ? context.cursors.write('campaigns', key(last)) : null;
      return reply
        .header('cache-control', 'public, max-age=1')
        .send({ items: lives.map((live) => publicCampaign(live, now)), next });
    },
  );

  app.get(
    '/v1/campaigns/:id',
    {
      schema: {
        tags: TAG,
        summary: 'A campaign',
        params: idParams,
        response: { 200: campaignOut, 404: problemOut },
      },
      preHandler: limitOnly(context),
    },
    (request, reply) => {
      const live = liveOf(context, request);
      if (!live) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      const now = system.now();
      const status = statusOf(live.campaign, live.issued, now);
      const etag = `W/"${live.campaign.version}-${status}-${remainingOf(live)}"`;
      reply.header('etag', etag).header('cache-control', 'public, max-age=1');
      if (request.headers['if-none-match'] === etag) return notModified(reply);
      return reply.send(publicCampaign(live, now));
    },
  );
}

/** A look-up's answer in the shape of a verdict, or its problem. */
function tellFound(reply: FastifyReply, found: Found, ticket: string | null): FastifyReply {
  switch (found.kind) {
    case 'claim':
      return reply
        .header('cache-control', 'no-store')
        .send({ verdict: 'won', claim: claimBody(found.claim) });
    case 'pending':
      return reply.header('cache-control', 'no-store').send({ verdict: 'pending', ticket });
    case 'none':
      return sendProblem(reply, problem(ticket === null ? 'no_claim' : 'claim_not_found'));
    case 'no_campaign':
      return sendProblem(reply, CAMPAIGN_NOT_FOUND);
    case 'unknown':
      return sendProblem(reply, problem('outcome_unknown'));
    case 'mismatch':
      return sendProblem(reply, problem('ticket_mismatch'));
  }
}

/** For the description and for odd spellings of the path; the rest goes straight to the handler (server.ts). */
function pressRoute(app: FastifyInstance, context: HttpContext): void {
  app.post(
    '/v1/campaigns/:id/claims',
    {
      schema: {
        tags: TAG,
        summary: 'Claim one unit',
        description: 'The press. Asking again is always safe: whoever holds a unit is told the same one.',
        params: idParams,
        headers: {
          type: 'object',
          properties: { 'idempotency-key': { type: 'string', minLength: 1, maxLength: 255 } },
        },
        body: claimRequestBody,
        response: {
          200: verdictOut,
          201: verdictOut,
          202: verdictOut,
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

function holdingRoutes(app: FastifyInstance, context: HttpContext): void {
  const { lookUp, coupons } = context;
  app.get(
    '/v1/campaigns/:id/claims/me',
    {
      schema: {
        tags: TAG,
        summary: 'What I hold',
        params: idParams,
        querystring: userQuery,
        response: { 200: verdictOut, ...PROBLEMS },
      },
      preHandler: knowUser(context, true),
    },
    async (request, reply) => {
      const { id } = request.params as { id: string };
      return tellFound(reply, await lookUp.mine(id, request.userId as string), null);
    },
  );

  app.delete(
    '/v1/campaigns/:id/claims/me',
    {
      schema: {
        tags: TAG,
        summary: 'Give my unredeemed unit back',
        params: idParams,
        querystring: userQuery,
        response: { 200: verdictOut, ...PROBLEMS },
      },
      preHandler: knowUser(context, true),
    },
    async (request, reply) => {
      const { id } = request.params as { id: string };
      const given = await coupons.giveBack(id, request.userId as string, request.id);
      if (given.kind === 'refused') return sendProblem(reply, given.problem);
      return reply.send({ verdict: 'won', claim: claimBody(given.claim) });
    },
  );
}

function ticketRoutes(app: FastifyInstance, context: HttpContext): void {
  const { lookUp } = context;
  app.get(
    '/v1/campaigns/:id/claims/:ticket',
    {
      schema: {
        tags: TAG,
        summary: 'The verdict behind a ticket',
        params: ticketParams,
        querystring: userQuery,
        response: { 200: verdictOut, ...PROBLEMS },
      },
      preHandler: knowUser(context, false),
    },
    async (request, reply) => {
      const { id, ticket } = request.params as { id: string; ticket: string };
      return tellFound(reply, await lookUp.byTicket(id, ticket, request.userId), ticket);
    },
  );

  app.get(
    '/v1/me/coupons',
    {
      schema: {
        tags: TAG,
        summary: 'All that I hold',
        querystring: userQuery,
        response: { 200: listOf(claimOut), 400: problemOut },
      },
      preHandler: knowUser(context, true),
    },
    async (request, reply) => {
      const held = await lookUp.all(request.userId as string);
      return reply.header('cache-control', 'no-store').send({ items: held.map(claimBody), next: null });
    },
  );
}

function timeRoute(app: FastifyInstance, context: HttpContext): void {
  app.get(
    '/v1/time',
    {
      schema: {
        tags: TAG,
        summary: "The server's clock, for countdowns",
        response: {
          200: { type: 'object', properties: { serverTime: { type: 'integer', description: 'epoch ms' } } },
        },
      },
    },
    (_request, reply) =>
      reply.header('cache-control', 'no-store').send({ serverTime: context.parts.system.now() }),
  );
}

function streamRoute(app: FastifyInstance, context: HttpContext): void {
  const { streams, lookUp, parts } = context;
  app.get(
    '/v1/campaigns/:id/events',
    {
      schema: {
        tags: TAG,
        summary: 'Server-sent events: status, remaining, and my own verdict',
        params: idParams,
        querystring: userQuery,
      },
      exposeHeadRoute: false,
      preHandler: knowUser(context, false),
    },
    async (request, reply) => {
      const live = liveOf(context, request);
      if (!live) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      const userId = request.userId ?? '';
      if (!streams.room(live.campaign.id, userId)) return sendProblem(reply, problem('too_many_streams'));
      let first = `retry: 2000\n\n${stateEvents(live, parts.system.now(), 0)}`;
      let toldSeq = 0;
      if (userId !== '') {
        const found = await lookUp.mine(live.campaign.id, userId);
        if (found.kind === 'claim') {
          toldSeq = found.claim.seq;
          first += event('verdict', JSON.stringify({ verdict: 'won', claim: claimBody(found.claim) }));
        }
      }
      startStream(context, request, reply);
      if (!streams.open(live, userId, reply.raw, first, toldSeq)) reply.raw.end();
      return reply;
    },
  );
}

/** The head of a stream. From here on the answer belongs to the streams. */
export function startStream(context: HttpContext, request: FastifyRequest, reply: FastifyReply): void {
  reply.hijack();
  const { origin } = request.headers;
  const cross = origin === undefined ? null : (context.crossOrigin?.(origin) ?? null);
  const headers = ['Content-Type', 'text/event-stream; charset=utf-8', 'Cache-Control', 'no-store'];
  reply.raw.writeHead(200, [...headers, 'X-Request-Id', request.id, ...(cross ?? [])]);
  // The head goes out alone: written as one string it is kept as one, not as a chain of twenty pieces per stream.
  reply.raw.flushHeaders();
}

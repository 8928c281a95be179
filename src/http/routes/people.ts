/** Calls of people, except those about one try: campaigns, all that I hold, the time, the live stream. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { statusOf } from '../../core/campaign.ts';
import { problem } from '../../core/problem.ts';
import type { LiveCampaign } from '../../flow/catalog.ts';
import type { HttpContext } from '../context.ts';
import { CAMPAIGN_NOT_FOUND, liveOf, notModified, pageOf } from '../context.ts';
import { foundAnswer } from '../found-answer.ts';
import { knowUser, limitOnly } from '../know-user.ts';
import { sendProblem } from '../problem.ts';
import { campaignOut, claimOut, idParams, listOf, pageQuery, problemOut, userQuery } from '../schema.ts';
import type { ToldBefore } from '../sse.ts';
import { event, servingEvent, stateEvents } from '../sse.ts';
import { claimBody, publicCampaign, remainingOf, waitingIn } from '../wire.ts';

const TAG = ['people'];

export function peopleRoutes(app: FastifyInstance, context: HttpContext): void {
  campaignRoutes(app, context);
  couponsRoute(app, context);
  timeRoute(app, context);
  streamRoute(app, context);
}

function campaignRoutes(app: FastifyInstance, context: HttpContext): void {
  const { catalog, system, line, config } = context.parts;
  /** what a page needs to know beside the campaign itself */
  const forPages = {
    signIn: config.auth === 'jwt' ? 'token' : 'name',
    pressSpreadMs: config.pressSpreadMs ?? 0,
  };
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
        .send({ items: lives.map((live) => publicCampaign(live, now, line)), next });
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
      const counts = line?.counts(live.campaign.id) ?? null;
      const inLine = counts === null ? '' : `-${counts.serving}-${waitingIn(counts)}`;
      const etag = `W/"${live.campaign.version}-${status}-${remainingOf(live)}${inLine}"`;
      reply.header('etag', etag).header('cache-control', 'public, max-age=1');
      if (request.headers['if-none-match'] === etag) return notModified(reply);
      return reply.send({ ...publicCampaign(live, now, line), ...forPages });
    },
  );
}

function couponsRoute(app: FastifyInstance, context: HttpContext): void {
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
      const held = await context.lookUp.all(request.userId as string);
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
  const { streams } = context;
  app.get(
    '/v1/campaigns/:id/events',
    {
      schema: {
        tags: TAG,
        summary: 'Server-sent events: status, remaining, serving, and my own verdict',
        description:
          '`status` and `remaining` as they change; `serving` with servingNumber and waiting in queued mode, at most four times a second; `verdict` with my place, and what became of it.',
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
      const { first, told } = await firstEvents(context, live, userId);
      startStream(context, request, reply);
      if (!streams.open(live, userId, reply.raw, first, told)) reply.raw.end();
      return reply;
    },
  );
}

/** The full state of a campaign and of the user's own try, as a stream begins. */
async function firstEvents(
  { lookUp, parts: { system, line } }: HttpContext,
  live: LiveCampaign,
  userId: string,
): Promise<{ first: string; told: ToldBefore }> {
  const { id, version } = live.campaign;
  const counts = line?.counts(id) ?? null;
  const state = `retry: 2000\n\n${stateEvents(live, system.now(), 0)}${counts === null ? '' : servingEvent(counts)}`;
  const told = { toldSeq: 0, settledAt: 0 };
  const found = userId === '' ? null : await lookUp.mine(id, userId);
  const answer = found === null ? null : foundAnswer(found, null);
  if (found === null || !answer?.ok) return { first: state, told };
  if (found.kind === 'claim') told.toldSeq = found.claim.seq;
  if (found.kind === 'refused') told.settledAt = version;
  return { first: state + event('verdict', answer.body), told };
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

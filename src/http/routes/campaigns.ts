/** Operators define campaigns, change them, and lead them through their life. */

import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { CampaignDraft } from '../../core/campaign.ts';
import { ACTIONS } from '../../core/campaign.ts';
import { normalIdempotencyKey } from '../../core/claim.ts';
import { problem } from '../../core/problem.ts';
import type { Actor, CampaignChange, CampaignResult } from '../../flow/campaign.ts';
import type { LiveCampaign } from '../../flow/catalog.ts';
import type { HttpContext } from '../context.ts';
import { CAMPAIGN_NOT_FOUND, header, liveOf, notModified, pageOf } from '../context.ts';
import { sendProblem } from '../problem.ts';
import {
  adminCampaignOut,
  campaignPatchBody,
  idParams,
  listOf,
  newCampaignBody,
  openOut,
  pageQuery,
  problemOut,
} from '../schema.ts';
import { readCampaign } from '../times.ts';
import { campaignBody, timeText } from '../wire.ts';
import { needs } from './admin.ts';
import { startStream } from './people.ts';

const TAG = ['operators'];
/** Creations remembered by Idempotency-Key, so that a repeated one is told its first answer. */
const CREATIONS_MAX = 1000;

const eventsQuery = Type.Object(
  { campaign: Type.Optional(Type.String({ description: 'Of this one alone; else of all.' })) },
  { additionalProperties: false },
);

export function etagOf(live: LiveCampaign): string {
  return `"${live.campaign.version}"`;
}

export function actorOf(request: FastifyRequest): Actor {
  return { id: request.operatorId, requestId: request.id };
}

export function adminCampaignRoutes(app: FastifyInstance, context: HttpContext): void {
  createRoute(app, context);
  listRoute(app, context);
  oneRoutes(app, context);
  actionRoutes(app, context);
  watchRoutes(app, context);
  eventsRoute(app, context);
}

function tellCampaign(
  context: HttpContext,
  reply: FastifyReply,
  result: CampaignResult,
  status = 200,
): FastifyReply {
  if (result.kind === 'refused') return sendProblem(reply, result.problem);
  const { campaign, issued } = result.live;
  reply.code(status).header('etag', etagOf(result.live)).header('cache-control', 'no-store');
  return reply.send(campaignBody(campaign, issued, context.parts.system.now()));
}

function createRoute(app: FastifyInstance, context: HttpContext): void {
  const done = new Map<string, { digest: string; id: string }>();
  app.post(
    '/v1/admin/campaigns',
    {
      schema: {
        tags: TAG,
        summary: 'Define a campaign',
        body: newCampaignBody,
        response: { 201: adminCampaignOut, 400: problemOut, 409: problemOut },
      },
      onRequest: needs(context, 'operate'),
    },
    async (request, reply) => {
      const read = readCampaign(request.body as Record<string, unknown>);
      if (!read.ok) return sendProblem(reply, read.problem);
      const given = header(request, 'idempotency-key');
      if (given !== undefined && normalIdempotencyKey(given) === null)
        return sendProblem(reply, problem('invalid_idempotency_key'));
      const digest = createHash('sha256').update(JSON.stringify(request.body)).digest('base64');
      const before = given === undefined ? undefined : done.get(`${request.operatorId} ${given}`);
      if (before && before.digest !== digest) return sendProblem(reply, problem('idempotency_key_reused'));
      const live = before && context.parts.catalog.get(before.id);
      if (live) return tellCampaign(context, reply, { kind: 'done', live, changed: false });
      const result = await context.campaignFlow.create(
        read.body as unknown as CampaignDraft,
        actorOf(request),
      );
      if (result.kind === 'done') {
        const { id } = result.live.campaign;
        reply.header('location', `/v1/admin/campaigns/${id}`);
        if (given !== undefined) done.set(`${request.operatorId} ${given}`, { digest, id });
        if (done.size > CREATIONS_MAX) done.delete(done.keys().next().value as string);
      }
      return tellCampaign(context, reply, result, 201);
    },
  );
}

function listRoute(app: FastifyInstance, context: HttpContext): void {
  const { campaigns, catalog, system } = context.parts;
  app.get(
    '/v1/admin/campaigns',
    {
      schema: {
        tags: TAG,
        summary: 'All campaigns, newest first',
        querystring: pageQuery,
        response: { 200: listOf(adminCampaignOut) },
      },
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const page = pageOf(context, request, 'admin-campaigns');
      if ('code' in page) return sendProblem(reply, page);
      const found = await campaigns.list(
        page.after as { createdAt: number; id: string } | null,
        page.limit + 1,
      );
      const shown = found.slice(0, page.limit);
      const last = shown.at(-1);
      const more = found.length > page.limit && last !== undefined;
      const now = system.now();
      const items = shown.map((one) => {
        const live = catalog.get(one.id);
        return campaignBody(live?.campaign ?? one, live?.issued ?? 0, now);
      });
      const next = more
        ? context.cursors.write('admin-campaigns', { createdAt: last.createdAt, id: last.id })
        : null;
      return reply.header('cache-control', 'no-store').send({ items, next });
    },
  );
}

/** The version that If-Match names; null when it is none of ours, undefined when there is no header. */
function expectedVersion(request: FastifyRequest): number | null | undefined {
  const text = header(request, 'if-match');
  if (text === undefined) return undefined;
  const match = /^(?:W\/)?"(\d{1,15})"$/.exec(text.trim());
  return match ? Number(match[1]) : null;
}

function oneRoutes(app: FastifyInstance, context: HttpContext): void {
  app.get(
    '/v1/admin/campaigns/:id',
    {
      schema: {
        tags: TAG,
        summary: 'A campaign with its definition',
        params: idParams,
        response: { 200: adminCampaignOut, 404: problemOut },
      },
      onRequest: needs(context, 'read'),
    },
    (request, reply) => {
      const live = liveOf(context, request);
      if (!live) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      if (request.headers['if-none-match'] === etagOf(live))
        return notModified(reply.header('etag', etagOf(live)));
      return tellCampaign(context, reply, { kind: 'done', live, changed: false });
    },
  );

  app.patch(
    '/v1/admin/campaigns/:id',
    {
      schema: {
        tags: TAG,
        summary: 'Change a campaign',
        description: 'Needs If-Match with the ETag that was read.',
        params: idParams,
        headers: { type: 'object', properties: { 'if-match': { type: 'string' } } },
        body: campaignPatchBody,
        response: {
          200: adminCampaignOut,
          400: problemOut,
          404: problemOut,
          409: problemOut,
          412: problemOut,
          428: problemOut,
        },
      },
      onRequest: needs(context, 'operate'),
    },
    async (request, reply) => {
      const live = liveOf(context, request);
      if (!live) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      const named = expectedVersion(request);
      if (named === undefined) return sendProblem(reply, problem('precondition_required'));
      if (named !== live.campaign.version && header(request, 'if-match') !== '*') {
        return sendProblem(reply, problem('precondition_failed'));
      }
      const read = readCampaign(request.body as Record<string, unknown>);
      if (!read.ok) return sendProblem(reply, read.problem);
      const { id, version } = live.campaign;
      return tellCampaign(
        context,
        reply,
        await context.campaignFlow.patch(id, version, read.body as CampaignChange, actorOf(request)),
      );
    },
  );
}

function actionRoutes(app: FastifyInstance, context: HttpContext): void {
  for (const action of ACTIONS) {
    app.post(
      `/v1/admin/campaigns/:id/${action}`,
      {
        config: { body: 'none' },
        schema: {
          tags: TAG,
          summary: `${action[0]?.toUpperCase()}${action.slice(1)} a campaign`,
          params: idParams,
          response: { 200: adminCampaignOut, 404: problemOut, 409: problemOut },
        },
        onRequest: needs(context, 'operate'),
      },
      async (request, reply) => {
        const { id } = request.params as { id: string };
        return tellCampaign(context, reply, await context.campaignFlow.act(id, action, actorOf(request)));
      },
    );
  }
}

function watchRoutes(app: FastifyInstance, context: HttpContext): void {
  const { stats, integrity } = context;
  const counters = [
    { path: 'stats', summary: 'Live counters', tell: stats.of },
    {
      path: 'stats/recent',
      summary: 'The counters of the last five minutes, in steps of a second',
      description: 'Of this process. Between two samples everything was as in the first of them.',
      tell: stats.recent,
    },
  ];
  for (const { path, tell, ...says } of counters) {
    app.get(
      `/v1/admin/campaigns/:id/${path}`,
      {
        schema: { tags: TAG, ...says, params: idParams, response: { 200: openOut, 404: problemOut } },
        onRequest: needs(context, 'read'),
      },
      (request, reply) => {
        const live = liveOf(context, request);
        if (!live) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
        return reply.header('cache-control', 'no-store').send(tell(live));
      },
    );
  }

  app.get(
    '/v1/admin/campaigns/:id/integrity',
    {
      schema: {
        tags: TAG,
        summary: 'The invariants I1-I11 with their figures',
        params: idParams,
        response: { 200: openOut, 404: problemOut },
      },
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const report = await integrity((request.params as { id: string }).id);
      if (!report) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      return reply
        .header('cache-control', 'no-store')
        .send({ ...report, checkedAt: timeText(report.checkedAt) });
    },
  );
}

function eventsRoute(app: FastifyInstance, context: HttpContext): void {
  const { stats, streams } = context;
  app.get(
    '/v1/admin/events',
    {
      schema: {
        tags: TAG,
        summary:
          'Server-sent events: the counters of all campaigns, or of one, once a second when they change',
        querystring: eventsQuery,
        response: { 404: problemOut },
      },
      exposeHeadRoute: false,
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const { campaign = null } = request.query as { campaign?: string };
      if (campaign !== null && !context.parts.catalog.get(campaign)) {
        return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      }
      if (!streams.roomAdmin(request.operatorId, campaign)) {
        return sendProblem(reply, problem('too_many_streams'));
      }
      startStream(context, request, reply);
      const first = `retry: 2000\n\nid: 0\nevent: stats\ndata: ${stats.text(campaign)}\n\n`;
      if (!streams.openAdmin(request.operatorId, campaign, reply.raw, first)) reply.raw.end();
      return reply;
    },
  );
}

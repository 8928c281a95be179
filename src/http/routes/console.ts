/** What only the operators' console asks: who is here, what stands in the way of an opening, how one claim went. */

import type { FastifyInstance } from 'fastify';
import { parseClaimId } from '../../core/claim.ts';
import { problem } from '../../core/problem.ts';
import { makeChecklist } from '../../flow/checklist.ts';
import { claimLife } from '../../flow/claim-life.ts';
import type { HttpContext } from '../context.ts';
import { CAMPAIGN_NOT_FOUND, liveOf } from '../context.ts';
import { sendProblem } from '../problem.ts';
import { idParams, openOut, problemOut } from '../schema.ts';
import { claimBody, timeText } from '../wire.ts';
import { needs } from './admin.ts';

const TAG = ['operators'];

export function consoleRoutes(app: FastifyInstance, context: HttpContext): void {
  const { parts } = context;
  app.get(
    '/v1/admin/whoami',
    {
      schema: { tags: TAG, summary: 'Which key this is, and what it may do', response: { 200: openOut } },
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const known = await context.operatorAuth.identify(request.headers.authorization, 'read');
      if (!known.ok) return sendProblem(reply, known.problem);
      const { id, role } = known.operator;
      return reply
        .header('cache-control', 'no-store')
        .send({ id, role, version: parts.version, runsOn: parts.runsOn, on: parts.on });
    },
  );

  const checklist = makeChecklist({
    ...parts,
    codePool: parts.stored.codePool,
    roles: () => parts.ready().roles,
    epochOf:
      parts.epochOf ??
      (parts.epochs && ((campaignId) => parts.epochs?.of(campaignId) ?? Promise.resolve(null))),
  });
  app.get(
    '/v1/admin/campaigns/:id/checklist',
    {
      schema: {
        tags: TAG,
        summary: 'What must be true before it opens, and what to do where it is not',
        params: idParams,
        response: { 200: openOut, 404: problemOut },
      },
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const live = liveOf(context, request);
      if (!live) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      const { ok, checkedAt, points } = await checklist(live);
      return reply.header('cache-control', 'no-store').send({ ok, checkedAt: timeText(checkedAt), points });
    },
  );

  app.get(
    '/v1/admin/claims/:id',
    {
      schema: {
        tags: TAG,
        summary: 'One claim, and its life from the press on',
        params: idParams,
        response: { 200: openOut, 404: problemOut },
      },
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const { id } = request.params as { id: string };
      const claim = parseClaimId(id);
      const life = claim && (await claimLife({ ...parts }, { ...claim, claimId: id }));
      if (!life) return sendProblem(reply, problem('claim_not_found'));
      const [told] = await context.lookUp.withCodes([life.claim]);
      return reply.header('cache-control', 'no-store').send({
        claim: told && claimBody(told),
        moments: life.moments.map((moment) => ({ ...moment, at: timeText(moment.at) })),
        audit: life.audit.map((line) => ({ ...line, at: timeText(line.at) })),
      });
    },
  );
}

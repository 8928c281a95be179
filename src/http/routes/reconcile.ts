/** Operators compare gate, outbox and record of a campaign, and repair by rule what can be. */

import type { FastifyInstance } from 'fastify';
import { problem } from '../../core/problem.ts';
import type { HttpContext } from '../context.ts';
import { CAMPAIGN_NOT_FOUND } from '../context.ts';
import { sendProblem } from '../problem.ts';
import { idParams, problemOut, reconcileBody, reconciledOut } from '../schema.ts';
import { timeText } from '../wire.ts';
import { needs } from './admin.ts';
import { actorOf } from './campaigns.ts';

interface Asked {
  apply?: boolean;
  releaseReserved?: boolean;
  reason?: string | null;
}

const NO_REASON = problem('invalid_field', 'Units without a holder are released with a reason only.', {
  pointer: '/reason',
});

export function reconcileRoutes(app: FastifyInstance, context: HttpContext): void {
  app.post(
    '/v1/admin/campaigns/:id/reconcile',
    {
      config: { body: 'optional' },
      schema: {
        tags: ['operators'],
        summary: 'Compare gate, log and record; repair by rule with `apply`',
        description:
          'Without `apply` nothing is changed. With it, what the gate decided and nobody brought to the log is sent ' +
          'on. Units that count as given without a known holder go back to the stock with `releaseReserved` and a ' +
          '`reason`. Everything else is only told.',
        params: idParams,
        body: reconcileBody,
        response: { 200: reconciledOut, 400: problemOut, 404: problemOut },
      },
      onRequest: needs(context, 'operate'),
    },
    async (request, reply) => {
      const { apply = false, releaseReserved = false, reason = null } = request.body as Asked;
      if (releaseReserved && (reason === null || reason.trim() === '')) return sendProblem(reply, NO_REASON);
      const done = await context.reconcile({
        campaignId: (request.params as { id: string }).id,
        apply,
        releaseReserved: releaseReserved ? reason : null,
        by: actorOf(request),
      });
      if (!done) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      return reply.header('cache-control', 'no-store').send({ ...done, checkedAt: timeText(done.checkedAt) });
    },
  );
}

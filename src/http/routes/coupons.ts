/** Coupons at the counter: look up by code, use once, take back. */

import type { FastifyInstance } from 'fastify';
import { normalIdempotencyKey } from '../../core/claim.ts';
import { problem } from '../../core/problem.ts';
import type { HttpContext } from '../context.ts';
import { header } from '../context.ts';
import { sendProblem } from '../problem.ts';
import { claimOut, codeParams, couponActBody, problemOut } from '../schema.ts';
import { claimBody } from '../wire.ts';
import { needs } from './admin.ts';
import { actorOf } from './campaigns.ts';

const TAG = ['operators'];
const ANSWERS = { 200: claimOut, 404: problemOut, 409: problemOut, 422: problemOut };

export function couponRoutes(app: FastifyInstance, context: HttpContext): void {
  const { coupons } = context;
  app.get(
    '/v1/admin/coupons/:code',
    {
      schema: { tags: TAG, summary: 'The coupon behind a code', params: codeParams, response: ANSWERS },
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const found = await coupons.find((request.params as { code: string }).code);
      if (found.kind === 'refused') return sendProblem(reply, found.problem);
      return reply.header('cache-control', 'no-store').send(claimBody(found.claim));
    },
  );

  for (const act of ['redeem', 'revoke'] as const) {
    app.post(
      `/v1/admin/coupons/:code/${act}`,
      {
        config: { body: 'optional' },
        schema: {
          tags: TAG,
          summary: `${act[0]?.toUpperCase()}${act.slice(1)} a coupon`,
          params: codeParams,
          body: couponActBody,
          response: ANSWERS,
        },
        onRequest: needs(context, 'operate'),
      },
      async (request, reply) => {
        const given = header(request, 'idempotency-key');
        const key = given === undefined ? null : normalIdempotencyKey(given);
        if (given !== undefined && key === null)
          return sendProblem(reply, problem('invalid_idempotency_key'));
        const { reason = null } = (request.body ?? {}) as { reason?: string | null };
        const { code } = request.params as { code: string };
        const done = await coupons.act(code, act, actorOf(request), { reason, key });
        if (done.kind === 'refused') return sendProblem(reply, done.problem);
        return reply.header('cache-control', 'no-store').send(claimBody(done.claim));
      },
    );
  }
}

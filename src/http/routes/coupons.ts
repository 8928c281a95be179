/** Coupons at the counter: look up by code, set aside for a checkout, use once, take back. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { TObject } from 'typebox';
import { normalIdempotencyKey } from '../../core/claim.ts';
import { COUPON_ACTS, type CouponVerb } from '../../core/coupon.ts';
import { problem } from '../../core/problem.ts';
import type { Till } from '../../flow/coupon.ts';
import type { HttpContext } from '../context.ts';
import { header } from '../context.ts';
import { sendProblem } from '../problem.ts';
import { claimOut, codeParams, couponActBody, couponReserveBody, problemOut } from '../schema.ts';
import { claimBody } from '../wire.ts';
import { needs } from './admin.ts';
import { actorOf } from './campaigns.ts';

const TAG = ['operators'];
const ANSWERS = { 200: claimOut, 404: problemOut, 409: problemOut, 422: problemOut, 429: problemOut };

const SUMMARIES: Record<CouponVerb, string> = {
  redeem: 'Use a coupon, once',
  revoke: 'Take a coupon back',
  reserve: 'Set a coupon aside for a checkout: nobody else can use it for a while',
  commit: 'Use a coupon that was set aside',
  void: 'Let go of a coupon that was set aside',
};

/** Who asks, and from where: wrong codes are counted by both. */
export function tillOf({ clientAddress }: HttpContext, request: FastifyRequest): Till {
  const address = clientAddress(request.socket.remoteAddress, header(request, 'x-forwarded-for'));
  return { ...actorOf(request), address };
}

interface ActBody {
  reason?: string | null;
  campaignId?: string | null;
  ttlSeconds?: number;
}

export function couponRoutes(app: FastifyInstance, context: HttpContext): void {
  app.get(
    '/v1/admin/coupons/:code',
    {
      schema: { tags: TAG, summary: 'The coupon behind a code', params: codeParams, response: ANSWERS },
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const { code } = request.params as { code: string };
      const found = await context.coupons.find(code, tillOf(context, request));
      if (found.kind === 'refused') return sendProblem(reply, found.problem);
      return reply.header('cache-control', 'no-store').send(claimBody(found.claim));
    },
  );
  for (const act of COUPON_ACTS) {
    actRoute(app, context, act, act === 'reserve' ? couponReserveBody : couponActBody);
  }
}

function actRoute(app: FastifyInstance, context: HttpContext, act: CouponVerb, body: TObject): void {
  app.post(
    `/v1/admin/coupons/:code/${act}`,
    {
      config: { body: 'optional' },
      schema: { tags: TAG, summary: SUMMARIES[act], params: codeParams, body, response: ANSWERS },
      onRequest: needs(context, 'operate'),
    },
    async (request, reply) => {
      const given = header(request, 'idempotency-key');
      const key = given === undefined ? null : normalIdempotencyKey(given);
      if (given !== undefined && key === null) return sendProblem(reply, problem('invalid_idempotency_key'));
      const { reason = null, campaignId = null, ttlSeconds } = (request.body ?? {}) as ActBody;
      const { code } = request.params as { code: string };
      const more = { reason, key, campaignId, ...(ttlSeconds === undefined ? {} : { ttlSeconds }) };
      const done = await context.coupons.act(code, act, tillOf(context, request), more);
      if (done.kind === 'refused') return sendProblem(reply, done.problem);
      return reply.header('cache-control', 'no-store').send(claimBody(done.claim));
    },
  );
}

/** Pictures of codes: for who holds one, on his phone, and for operators who print them. */

import type { FastifyInstance, FastifyReply } from 'fastify';
import { Type } from 'typebox';
import { parseClaimId } from '../../core/claim.ts';
import { problem } from '../../core/problem.ts';
import { drawCode, IMAGE_FORMATS, type ImageFormat, type ImageType, imageType } from '../code-image.ts';
import type { HttpContext } from '../context.ts';
import { knowUser } from '../know-user.ts';
import { sendProblem } from '../problem.ts';
import { codeParams, problemOut, userQuery } from '../schema.ts';
import { needs } from './admin.ts';
import { tillOf } from './coupons.ts';

const PROBLEMS = { 404: problemOut, 422: problemOut };
const holderQuery = Type.Object({ ...userQuery.properties, type: imageType });
const operatorQuery = Type.Object({ type: imageType });
const claimParams = Type.Object({ claimId: Type.String() });

export function codeImageRoutes(app: FastifyInstance, context: HttpContext): void {
  for (const format of IMAGE_FORMATS) {
    holderRoute(app, context, format);
    operatorRoute(app, context, format);
  }
}

function holderRoute(app: FastifyInstance, context: HttpContext, format: ImageFormat): void {
  app.get(
    `/v1/me/coupons/:claimId/code.${format}`,
    {
      schema: {
        tags: ['people'],
        summary: `The code of a coupon that I hold, as a picture (${format.toUpperCase()})`,
        params: claimParams,
        querystring: holderQuery,
        response: PROBLEMS,
      },
      preHandler: knowUser(context, true),
    },
    async (request, reply) => {
      const { claimId } = request.params as { claimId: string };
      const place = parseClaimId(claimId);
      const found = place && (await context.lookUp.byTicket(place.campaignId, claimId, request.userId));
      const code = found?.kind === 'claim' ? found.claim.code : null;
      if (code === null) return sendProblem(reply, problem('no_claim'));
      return sendImage(reply, code, (request.query as ImageQuery).type, format);
    },
  );
}

function operatorRoute(app: FastifyInstance, context: HttpContext, format: ImageFormat): void {
  app.get(
    `/v1/admin/coupons/:code/image.${format}`,
    {
      schema: {
        tags: ['operators'],
        summary: `A code as a picture (${format.toUpperCase()})`,
        params: codeParams,
        querystring: operatorQuery,
        response: { ...PROBLEMS, 429: problemOut },
      },
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const { code } = request.params as { code: string };
      const found = await context.coupons.find(code, tillOf(context, request));
      if (found.kind === 'refused') return sendProblem(reply, found.problem);
      if (found.claim.code === null) return sendProblem(reply, problem('coupon_not_found'));
      return sendImage(reply, found.claim.code, (request.query as ImageQuery).type, format);
    },
  );
}

interface ImageQuery {
  type?: ImageType;
}

async function sendImage(
  reply: FastifyReply,
  code: string,
  type: ImageType = 'qr',
  format: ImageFormat,
): Promise<FastifyReply> {
  const image = await drawCode(code, type, format);
  if (image === null) return sendProblem(reply, problem('code_not_drawable'));
  return reply
    .header('cache-control', 'private, no-store')
    .header('x-content-type-options', 'nosniff')
    .header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
    .type(image.contentType)
    .send(image.body);
}

/** What is published of a line whose order was drawn by lot: enough for anybody to check his place. */

import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { problem } from '../../core/problem.ts';
import type { PublishedShuffle } from '../../core/shuffle.ts';
import type { HttpContext } from '../context.ts';
import { CAMPAIGN_NOT_FOUND, liveOf, notModified } from '../context.ts';
import { limitOnly } from '../know-user.ts';
import { sendProblem } from '../problem.ts';
import { JSON_TYPE } from '../raw-answer.ts';
import { idParams, lineOut, problemOut } from '../schema.ts';

/** Lots written at once; a line of a million is 35 MB. */
const LOTS_A_PIECE = 2000;
const NO_SHUFFLE = problem('no_shuffle');

export function lineRoutes(app: FastifyInstance, context: HttpContext): void {
  const { line } = context.parts;
  app.get(
    '/v1/campaigns/:id/line',
    {
      schema: {
        tags: ['people'],
        summary: 'The shuffle of those who joined before the opening, for checking a place',
        description:
          'The commitment from when it is scheduled; the seed and the lots in the order of places after the opening. `dibs line verify` checks them.',
        params: idParams,
        response: { 200: lineOut, 404: problemOut },
      },
      preHandler: limitOnly(context),
    },
    async (request, reply) => {
      const live = liveOf(context, request);
      if (!live) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      const { id } = live.campaign;
      const commitment = line?.commitment(id) ?? null;
      if (commitment === null) return sendProblem(reply, NO_SHUFFLE);
      const published = (await line?.shuffle(id)) ?? null;
      reply.type(JSON_TYPE).serializer(String);
      if (published === null) {
        const none = { campaignId: id, commitment, seed: null, lots: null };
        return reply.header('cache-control', 'public, max-age=1').send(JSON.stringify(none));
      }
      const etag = `"${published.commitment.slice(0, 16)}-${published.lots.length}"`;
      reply.header('etag', etag).header('cache-control', 'public, max-age=3600');
      if (request.headers['if-none-match'] === etag) return notModified(reply);
      return reply.send(Readable.from(pieces(published), { objectMode: false }));
    },
  );
}

/** The JSON of a shuffle, a piece at a time. */
function* pieces({ campaignId, commitment, seed, lots }: PublishedShuffle): Generator<Buffer> {
  const head = JSON.stringify({ campaignId, commitment, seed }).slice(0, -1);
  yield Buffer.from(`${head},"lots":[`);
  for (let at = 0; at < lots.length; at += LOTS_A_PIECE) {
    const some = lots.slice(at, at + LOTS_A_PIECE).map((lot) => `"${lot}"`);
    yield Buffer.from((at === 0 ? '' : ',') + some.join(','));
  }
  yield Buffer.from(']}');
}

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
/** Reading a whole line is work: what was read for one is there for all who ask soon after. */
const KEPT_MS = 60_000;
const NO_SHUFFLE = problem('no_shuffle');

export function lineRoutes(app: FastifyInstance, context: HttpContext): void {
  const { line } = context.parts;
  const shuffleOf = kept(context);
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
      // There is one shuffle of a campaign, and it never changes: who has it need not wait until it is read again.
      const etag = `"${commitment}"`;
      if (request.headers['if-none-match'] === etag) return notModified(reply.header('etag', etag));
      const published = await shuffleOf(id);
      reply.type(JSON_TYPE).serializer(String);
      if (published === null) {
        const none = { campaignId: id, commitment, seed: null, lots: null };
        return reply.header('cache-control', 'public, max-age=1').send(JSON.stringify(none));
      }
      reply.header('etag', etag).header('cache-control', 'public, max-age=3600');
      return reply.send(Readable.from(pieces(published), { objectMode: false }));
    },
  );
}

/** Shuffles as they are published, read once for everybody who asks at about the same time. */
function kept({
  parts: { line, system },
}: HttpContext): (campaignId: string) => Promise<PublishedShuffle | null> {
  const reading = new Map<string, Promise<PublishedShuffle | null>>();
  const forget = (campaignId: string): boolean => reading.delete(campaignId);
  return (campaignId) => {
    const known = reading.get(campaignId);
    if (known) return known;
    const asked = (line?.shuffle(campaignId) ?? Promise.resolve(null)).then((published) => {
      if (published === null) forget(campaignId);
      else system.after(KEPT_MS, () => forget(campaignId));
      return published;
    });
    asked.catch(() => forget(campaignId));
    reading.set(campaignId, asked);
    return asked;
  };
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

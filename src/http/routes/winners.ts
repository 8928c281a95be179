/** Winners in order of seq, by pages and as CSV. Read from the record, after waiting a moment for what was just told. */

import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import type { FastifyInstance } from 'fastify';
import { problem } from '../../core/problem.ts';
import type { HttpContext } from '../context.ts';
import { CAMPAIGN_NOT_FOUND, liveOf, pageOf } from '../context.ts';
import { sendProblem } from '../problem.ts';
import { claimOut, idParams, listOf, problemOut, rawQuery, winnersQuery } from '../schema.ts';
import { claimBody, timeText } from '../wire.ts';
import { needs } from './admin.ts';

const PATIENCE_MS = 2000;
const EXPORT_PATIENCE_MS = 30_000;
const RECORD_BEHIND = problem(
  'record_unavailable',
  'The record is still behind what was told: an export now would miss winners. Ask again in a moment.',
);
const ROWS_A_PAGE = 1000;
const COLUMNS = ['seq', 'userId', 'code', 'id', 'status', 'wonAt'];
const TAG = ['operators'];

export function winnerRoutes(app: FastifyInstance, context: HttpContext): void {
  listRoute(app, context);
  csvRoute(app, context);
}

function listRoute(app: FastifyInstance, context: HttpContext): void {
  const { record } = context.parts;
  const { lookUp } = context;
  app.get(
    '/v1/admin/campaigns/:id/claims',
    {
      schema: {
        tags: TAG,
        summary: 'Winners in order of seq; with `user` or `seq` those alone',
        params: idParams,
        querystring: winnersQuery,
        response: { 200: listOf(claimOut), 404: problemOut },
      },
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const live = liveOf(context, request);
      if (!live) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      const list = `claims/${live.campaign.id}`;
      const page = pageOf(context, request, list);
      if ('code' in page) return sendProblem(reply, page);
      await context.caughtUp(PATIENCE_MS);
      const { user, seq } = request.query as { user?: string; seq?: number };
      if (user !== undefined || seq !== undefined) {
        const found = await record.find(
          live.campaign.id,
          user === undefined ? { seq: seq ?? 0 } : { userId: user },
        );
        const wanted = seq === undefined ? found : found.filter((claim) => claim.seq === seq);
        const items = (await lookUp.withCodes(wanted)).map(claimBody);
        return reply.header('cache-control', 'no-store').send({ items, next: null });
      }
      const found = await record.page(live.campaign.id, (page.after as number | null) ?? 0, page.limit + 1);
      const items = (await lookUp.withCodes(found.slice(0, page.limit))).map(claimBody);
      const last = found[page.limit - 1];
      const next = found.length > page.limit && last ? context.cursors.write(list, last.seq) : null;
      return reply.header('cache-control', 'no-store').send({ items, next });
    },
  );
}

function csvRoute(app: FastifyInstance, context: HttpContext): void {
  app.get(
    '/v1/admin/campaigns/:id/claims.csv',
    {
      schema: {
        tags: TAG,
        summary: 'Winners as CSV',
        description:
          'Cells that a spreadsheet would take for a formula start with an apostrophe, unless raw=1.',
        params: idParams,
        querystring: rawQuery,
        produces: ['text/csv'],
      },
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const live = liveOf(context, request);
      if (!live) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      // An export that stops short would pass for the whole list.
      if (!(await context.caughtUp(EXPORT_PATIENCE_MS))) return sendProblem(reply, RECORD_BEHIND);
      const { raw } = request.query as { raw?: string };
      const { id } = live.campaign;
      return reply
        .type('text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="${id}-winners.csv"`)
        .header('x-content-type-options', 'nosniff')
        .header('cache-control', 'no-store')
        .send(Readable.from(rows(context, id, raw === '1'), { objectMode: false }));
    },
  );
}

/** The whole list, a page at a time, as fast as it is taken. */
async function* rows(context: HttpContext, campaignId: string, raw: boolean): AsyncGenerator<string> {
  const { lookUp, parts } = context;
  yield `${COLUMNS.join(',')}\n`;
  for (let after = 0; ; ) {
    const page = await parts.record.page(campaignId, after, ROWS_A_PAGE);
    const last = page.at(-1);
    if (!last) return;
    const cells = (await lookUp.withCodes(page)).map((claim) => {
      const { seq, userId, code, id, status, wonAt } = claim;
      return [seq, userId, code ?? '', id, status, timeText(wonAt)];
    });
    yield stringify(cells, { escape_formulas: !raw });
    after = last.seq;
  }
}

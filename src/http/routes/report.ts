/** How a campaign went: for programs as JSON, for spreadsheets as CSV, for people as one page that needs nothing else. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { problem } from '../../core/problem.ts';
import type { Report } from '../../flow/report.ts';
import { reportCsv } from '../../report/csv.ts';
import { isZone, LANGUAGES } from '../../report/formats.ts';
import { reportJson } from '../../report/json.ts';
import { languageOf } from '../../report/languages.ts';
import { REPORT_POLICY, reportPage } from '../../report/page.ts';
import type { HttpContext } from '../context.ts';
import { CAMPAIGN_NOT_FOUND, header } from '../context.ts';
import { sendProblem } from '../problem.ts';
import { idParams, oneOf, openOut, problemOut } from '../schema.ts';
import { needs } from './admin.ts';

const FORMATS = ['json', 'csv', 'html'] as const;
type Format = (typeof FORMATS)[number];

const ZONE_LENGTH_MAX = 64;
const query = Type.Object(
  {
    format: Type.Optional(oneOf(FORMATS, 'else by `Accept`, else JSON')),
    lang: Type.Optional(oneOf(LANGUAGES, 'of the page; else by `Accept-Language`, else English')),
    zone: Type.Optional(
      Type.String({
        maxLength: ZONE_LENGTH_MAX,
        description: 'time zone of the page, as `Asia/Seoul`; else UTC in English and Asia/Seoul in Korean',
      }),
    ),
    raw: Type.Optional(oneOf(['0', '1'], '1: cells of the CSV are written as they are, for programs')),
  },
  { additionalProperties: false },
);

interface Asked {
  format?: Format;
  lang?: string;
  zone?: string;
  raw?: string;
}

const TYPES: Readonly<Record<Format, string>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  html: 'text/html; charset=utf-8',
};

export function reportRoutes(app: FastifyInstance, context: HttpContext): void {
  const schema = {
    tags: ['operators'],
    summary: 'How the campaign went',
    description:
      'Answers by verdict and over time, the time to sell-out, waiting times, first and last winner, people who left ' +
      'without a unit (an estimate with its bounds; no row is kept of them), what became of the units, faults met, and ' +
      'the integrity report. The page is one file without scripts: open, mail or print it.',
    params: idParams,
    querystring: query,
    response: { 200: openOut, 404: problemOut },
  };
  const onRequest = needs(context, 'read');
  const path = '/v1/admin/campaigns/:id/report';
  app.get(path, { schema, onRequest }, (request, reply) => answer(context, request, reply, null));
  for (const format of ['csv', 'html'] as const) {
    const produces = [TYPES[format].split(';')[0] as string];
    const { response, ...rest } = schema;
    const own = {
      ...rest,
      summary: `The same as ${format.toUpperCase()}`,
      produces,
      response: { 404: response[404] },
    };
    app.get(`${path}.${format}`, { schema: own, onRequest }, (request, reply) =>
      answer(context, request, reply, format),
    );
  }
}

async function answer(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
  byPath: Format | null,
): Promise<FastifyReply> {
  const asked = request.query as Asked;
  if (asked.zone !== undefined && !isZone(asked.zone))
    return sendProblem(reply, problem('invalid_query', 'zone is not a time zone, as Asia/Seoul is.'));
  const report = await context.report((request.params as { id: string }).id);
  if (!report) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
  const format = byPath ?? asked.format ?? acceptedFormat(header(request, 'accept'));
  reply
    .type(TYPES[format])
    .header('cache-control', 'no-store')
    .header('vary', 'Accept, Accept-Language')
    .header('x-content-type-options', 'nosniff');
  return send(reply, request, report, format, asked);
}

function send(
  reply: FastifyReply,
  request: FastifyRequest,
  report: Report,
  format: Format,
  { lang, zone, raw }: Asked,
): FastifyReply {
  if (format === 'json') return reply.send(reportJson(report));
  const name = `${report.campaign.id}-report.${format}`;
  if (format === 'csv') {
    return reply
      .header('content-disposition', `attachment; filename="${name}"`)
      .send(reportCsv(report, raw === '1'));
  }
  const language = languageOf(lang, header(request, 'accept-language'));
  return reply
    .header('content-disposition', `inline; filename="${name}"`)
    .header('content-language', language)
    .header('content-security-policy', `${REPORT_POLICY}; frame-ancestors 'none'`)
    .header('referrer-policy', 'no-referrer')
    .send(reportPage(report, language, zone));
}

/** The first known type that is named; a browser names HTML. */
function acceptedFormat(accept: string | undefined): Format {
  for (const part of (accept ?? '').split(',')) {
    const type = (part.split(';')[0] ?? '').trim().toLowerCase();
    if (type === 'text/html') return 'html';
    if (type === 'text/csv') return 'csv';
    if (type === 'application/json') return 'json';
  }
  return 'json';
}

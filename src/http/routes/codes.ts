/** Operators import codes into a campaign's pool, and see how many there are. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { problem } from '../../core/problem.ts';
import type { ImportResult } from '../../flow/import-codes.ts';
import { importCodes } from '../../flow/import-codes.ts';
import { contentDigest, WrongDigest, withDigest } from '../content-digest.ts';
import type { HttpContext } from '../context.ts';
import { CAMPAIGN_NOT_FOUND, liveOf } from '../context.ts';
import { longUpload, swallowRest } from '../long-upload.ts';
import { sendProblem } from '../problem.ts';
import { idParams, openOut, problemOut } from '../schema.ts';
import { timeOrNull } from '../wire.ts';
import { needs } from './admin.ts';
import { actorOf } from './campaigns.ts';

const TAG = ['operators'];
const PATH = '/v1/admin/campaigns/:id/codes';
const CSV = /^text\/csv(?:\s*;|$)/i;
const TEXT = /^text\/plain(?:\s*;|$)/i;
const GZIP = /^application\/(?:x-)?gzip(?:\s*;|$)/i;
/** What is said of the text in the content type, when it is said. */
const OTHER_CHARSET = /;\s*charset=(?!"?(?:utf-?8|us-ascii)"?)/i;
const HEADER_LINE = /;\s*header=present/i;
/** As it is sent; what it unpacks to has a bound of its own (flow/import-codes). */
const SENT_BYTES_MAX = 1024 ** 3;

const importQuery = Type.Object(
  { onDuplicate: Type.Optional(Type.Union([Type.Literal('refuse'), Type.Literal('skip')])) },
  { additionalProperties: false },
);

export function codeRoutes(app: FastifyInstance, context: HttpContext): void {
  countsRoute(app, context);
  importRoute(app, context);
}

function countsRoute(app: FastifyInstance, context: HttpContext): void {
  app.get(
    PATH,
    {
      schema: {
        tags: TAG,
        summary: 'Where codes come from, and how many are out',
        description: 'Of a pool also how many are imported, assigned to winners, and left.',
        params: idParams,
        response: { 200: openOut, 404: problemOut },
      },
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const live = liveOf(context, request);
      if (!live) return sendProblem(reply, CAMPAIGN_NOT_FOUND);
      const { id, codes } = live.campaign;
      const issued = codes.source === 'none' ? 0 : live.issued;
      reply.header('cache-control', 'no-store');
      if (codes.source !== 'pool') return reply.send({ source: codes.source, issued });
      const { imported, imports, lastImportAt } = await context.parts.stored.codePool.counts(id);
      const assigned = Math.min(issued, imported);
      return reply.send({
        ...{ source: codes.source, issued, imported, assigned, left: imported - assigned, imports },
        lastImportAt: timeOrNull(lastImportAt),
      });
    },
  );
}

/** In a scope of its own: nowhere else is a body of these types handed on as it comes. */
function importRoute(app: FastifyInstance, context: HttpContext): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    for (const type of [CSV, TEXT, GZIP]) scope.addContentTypeParser(type, asItComes);
    scope.post(
      PATH,
      {
        bodyLimit: SENT_BYTES_MAX,
        schema: {
          tags: TAG,
          summary: 'Import codes into the pool of a campaign, all or none',
          description:
            'UTF-8, one code a line, 1 to 256 bytes each; as text/csv one column, which may stand in quotes ' +
            '(`header=present` leaves the first line out), as text/plain the line as it is. Packed as gzip or not. ' +
            'They are numbered on behind what is there, and code n is for the winner with seq n.',
          params: idParams,
          querystring: importQuery,
          consumes: ['text/csv', 'text/plain', 'application/gzip'],
          response: {
            ...{ 200: openOut, 400: problemOut, 404: problemOut, 409: problemOut },
            ...{ 413: problemOut, 415: problemOut, 422: problemOut },
          },
        },
        onRequest: needs(context, 'operate'),
      },
      (request, reply) => takeCodes(context, request, reply),
    );
  });
}

function asItComes(
  _request: FastifyRequest,
  payload: unknown,
  done: (error: Error | null, body: unknown) => void,
): void {
  done(null, payload);
}

async function takeCodes(
  context: HttpContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const type = request.headers['content-type'];
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (type === undefined || OTHER_CHARSET.test(type)) return refuseType(context, reply, TYPES);
  // What is packed shows it by its first bytes.
  if (!['identity', 'gzip', 'x-gzip'].includes(encoding)) return refuseType(context, reply, PACKED);
  const { id } = request.params as { id: string };
  const { onDuplicate = 'refuse' } = request.query as { onDuplicate?: 'refuse' | 'skip' };
  const { catalog, master, stored, system } = context.parts;
  const { codeImports, codePool } = stored;
  const ask = {
    ...{ campaignId: id, onDuplicate, by: actorOf(request) },
    format: TEXT.test(type) ? ('text' as const) : ('csv' as const),
    header: HEADER_LINE.test(type),
  };
  const bytes = withDigest(longUpload(request, system), () => contentDigest(request));
  let done: ImportResult;
  try {
    done = await importCodes({ catalog, codeImports, codePool, master, system }, ask, bytes);
  } catch (error) {
    if (!(error instanceof WrongDigest)) throw error;
    done = { kind: 'refused', problem: problem('incomplete_upload', error.message) };
  }
  if (done.kind === 'imported') return reply.header('cache-control', 'no-store').send(done.report);
  await swallowRest(request, system);
  if (!request.raw.complete) reply.header('connection', 'close');
  return sendProblem(reply, done.problem);
}

const PACKED = 'Pack it as gzip, or not at all.';
const TYPES = 'Send text/csv or text/plain in UTF-8, packed as gzip or not.';

async function refuseType(
  { parts }: HttpContext,
  reply: FastifyReply,
  detail: string,
): Promise<FastifyReply> {
  await swallowRest(reply.request, parts.system);
  if (!reply.request.raw.complete) reply.header('connection', 'close');
  return sendProblem(reply, problem('unsupported_media_type', detail));
}

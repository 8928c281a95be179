/** Operators bring files for jobs, and take those that jobs have made. */

import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { FileType } from '../../core/file.ts';
import { FILE_TYPES } from '../../core/file.ts';
import type { Problem } from '../../core/problem.ts';
import { problem } from '../../core/problem.ts';
import { ROLES } from '../../core/role.ts';
import type { TakenFile } from '../../flow/files.ts';
import { fileBytes, takeFile } from '../../flow/files.ts';
import type { StoredFile } from '../../ports/files.ts';
import type { HttpContext } from '../context.ts';
import { ProblemError, pageOf } from '../context.ts';
import { longUpload, swallowRest } from '../long-upload.ts';
import { sendProblem } from '../problem.ts';
import { idParams, listOf, oneOf, openOut, orNull, pageQuery, problemOut } from '../schema.ts';
import { timeOrNull, timeText } from '../wire.ts';
import { needs } from './admin.ts';
import { actorOf } from './campaigns.ts';

const TAG = ['operators'];
const BYTES_MAX = 256 * 1_048_576;
const PATH = '/v1/admin/files';
const UPLOADED: readonly FileType[] = ['text/csv', 'application/gzip'];

const nameQuery = Type.Object(
  { name: Type.Optional(Type.String({ pattern: '^[^\\x00-\\x1f\\x7f/\\\\"]{1,100}$' })) },
  { additionalProperties: false },
);
const fileOut = Type.Object(
  {
    id: Type.String(),
    name: Type.String({ description: 'what a download is called' }),
    type: oneOf(FILE_TYPES),
    role: oneOf(ROLES, 'the least role that may download it'),
    by: Type.String({ description: 'an operator key, or `schedule`' }),
    createdAt: Type.String({ format: 'date-time' }),
    finishedAt: orNull(Type.String({ format: 'date-time' })),
    bytes: Type.Integer(),
    sha256: orNull(Type.String({ description: 'of all its bytes, hex' })),
  },
  { title: 'File' },
);

export function fileRoutes(app: FastifyInstance, context: HttpContext): void {
  uploadRoute(app, context);
  listRoute(app, context);
  oneRoutes(app, context);
}

function fileBody(file: StoredFile): Record<string, unknown> {
  const { id, name, type, role, by, createdAt, finishedAt, bytes, sha256 } = file;
  const times = { createdAt: timeText(createdAt), finishedAt: timeOrNull(finishedAt) };
  return { id, name, type, role, by, ...times, bytes, sha256 };
}

function refusal(taken: Exclude<TakenFile, { kind: 'stored' }>, bytesMax: number): Problem {
  switch (taken.kind) {
    case 'too_large':
      return problem(
        'body_too_large',
        `Files have at most ${bytesMax / 1_048_576} MiB. Split it, or gzip it.`,
      );
    case 'empty':
      return problem('invalid_body', 'The file is empty. Nothing was kept.');
    case 'not_its_type':
      return problem('unsupported_media_type', taken.why);
  }
}

/** In a scope of its own: nowhere else is a body of these types handed on as it comes. */
function uploadRoute(app: FastifyInstance, context: HttpContext): void {
  const { config, stored, system } = context.parts;
  const bytesMax = config.fileBytesMax ?? BYTES_MAX;
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    for (const type of UPLOADED) scope.addContentTypeParser(typePattern(type), asItComes);
    scope.post(
      PATH,
      {
        schema: {
          tags: TAG,
          summary: 'Bring a file for a job: CSV, also gzipped',
          description:
            'Streamed and kept as it is; what is in it is read by the job that is given its id. Uploads can only be ' +
            'downloaded by the role admin: they may hold codes.',
          querystring: nameQuery,
          consumes: [...UPLOADED],
          response: { 201: fileOut, 400: problemOut, 413: problemOut, 415: problemOut },
        },
        onRequest: needs(context, 'operate'),
      },
      async (request, reply) => {
        if (request.body === undefined || request.body === null)
          return sendProblem(reply, problem('unsupported_media_type', `Send ${UPLOADED.join(' or ')}.`));
        const type = UPLOADED.find((one) => typePattern(one).test(request.headers['content-type'] ?? ''));
        const length = Number(request.headers['content-length'] ?? 0);
        if (length > bytesMax) return refuse(context, reply, { kind: 'too_large' }, bytesMax);
        const { name = type === 'text/csv' ? 'upload.csv' : 'upload.csv.gz' } = request.query as {
          name?: string;
        };
        const draft = { name, type: type as FileType, role: 'admin', by: actorOf(request) } as const;
        const taken = await takeFile({ ...stored, system }, draft, longUpload(request, system), bytesMax);
        if (taken.kind !== 'stored') return refuse(context, reply, taken, bytesMax);
        reply.code(201).header('location', `${PATH}/${taken.file.id}`).header('cache-control', 'no-store');
        return reply.send(fileBody(taken.file));
      },
    );
  });
}

const typePattern = (type: string): RegExp => new RegExp(`^${type}(?:\\s*;|$)`, 'i');

function asItComes(
  _request: FastifyRequest,
  payload: unknown,
  done: (error: Error | null, body: unknown) => void,
): void {
  done(null, payload);
}

async function refuse(
  { parts }: HttpContext,
  reply: FastifyReply,
  taken: Exclude<TakenFile, { kind: 'stored' }>,
  bytesMax: number,
): Promise<FastifyReply> {
  await swallowRest(reply.request, parts.system);
  if (!reply.request.raw.complete) reply.header('connection', 'close');
  return sendProblem(reply, refusal(taken, bytesMax));
}

function listRoute(app: FastifyInstance, context: HttpContext): void {
  const { files } = context.parts.stored;
  app.get(
    PATH,
    {
      schema: {
        tags: TAG,
        summary: 'Files that are kept, newest first',
        querystring: pageQuery,
        response: { 200: listOf(fileOut) },
      },
      onRequest: needs(context, 'read'),
    },
    async (request, reply) => {
      const page = pageOf(context, request, 'files');
      if ('code' in page) return sendProblem(reply, page);
      const before = page.after as { createdAt: number; id: string } | null;
      const found = await files.list({ before }, page.limit + 1);
      const shown = found.slice(0, page.limit);
      const last = shown.at(-1);
      const more = found.length > page.limit && last !== undefined;
      const next = more ? context.cursors.write('files', { createdAt: last.createdAt, id: last.id }) : null;
      return reply.header('cache-control', 'no-store').send({ items: shown.map(fileBody), next });
    },
  );
}

/** ASCII for the oldest readers, the whole name for the rest (RFC 6266). */
function disposition(name: string): string {
  const plain = name.replaceAll(/[^ -~]|["\\%]/g, '_');
  const whole = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16)}`,
  );
  return `attachment; filename="${plain}"${plain === name ? '' : `; filename*=UTF-8''${whole}`}`;
}

function oneRoutes(app: FastifyInstance, context: HttpContext): void {
  const { operators, stored, system } = context.parts;
  const { files } = stored;
  const line = (request: FastifyRequest, action: string, { id, name, bytes, sha256 }: StoredFile) => {
    const { id: actor, requestId } = actorOf(request);
    return {
      at: system.now(),
      actor,
      action,
      target: id,
      before: { name, bytes, sha256 },
      after: null,
      requestId,
    };
  };
  const fileOf = (request: FastifyRequest) => files.find((request.params as { id: string }).id);

  app.get(
    `${PATH}/:id`,
    {
      schema: {
        tags: TAG,
        summary: 'Download a file',
        params: idParams,
        produces: [...FILE_TYPES],
        response: { 200: openOut, 404: problemOut },
      },
      exposeHeadRoute: false,
      onRequest: needs(context, 'read'),
      serializerCompiler: () => (data) => JSON.stringify(data),
    },
    async (request, reply) => {
      const file = await fileOf(request);
      if (file === null || file.finishedAt === null) return sendProblem(reply, problem('file_not_found'));
      const known = await context.operatorAuth.identify(request.headers.authorization, file.role);
      if (!known.ok) throw new ProblemError(known.problem);
      if (file.role === 'admin') await operators.writeAudit(line(request, 'file.download', file));
      return reply
        .type(file.type === 'text/csv' ? 'text/csv; charset=utf-8' : file.type)
        .header('content-length', file.bytes)
        .header('content-disposition', disposition(file.name))
        .header('x-content-type-options', 'nosniff')
        .header('content-security-policy', "sandbox; default-src 'none'")
        .header('cache-control', 'no-store')
        .send(Readable.from(fileBytes(files, file.id), { objectMode: false }));
    },
  );

  app.delete(
    `${PATH}/:id`,
    {
      schema: {
        tags: TAG,
        summary: 'Remove a file',
        params: idParams,
        response: { 204: Type.Null(), 404: problemOut },
      },
      onRequest: needs(context, 'operate'),
    },
    async (request, reply) => {
      const file = await fileOf(request);
      const removed = file !== null && (await files.remove(file.id, line(request, 'file.remove', file)));
      return removed ? reply.code(204).send() : sendProblem(reply, problem('file_not_found'));
    },
  );
}

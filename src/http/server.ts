/**
 * The server: fastify for everything that is asked now and then, and a short cut around it for the press and for
 * those who ask what has become of it.
 * The composition hands in the parts and gets an instance that it may `listen` on, `inject` into and `close`.
 */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer, STATUS_CODES } from 'node:http';
import { Server as NetServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import fastify from 'fastify';
import type { Problem, ProblemCode } from '../core/problem.ts';
import { PROBLEMS, problem } from '../core/problem.ts';
import { writeAsset } from './asset.ts';
import type { HttpContext } from './context.ts';
import { ProblemError } from './context.ts';
import { parseStrict } from './json.ts';
import { maySendLonger } from './long-upload.ts';
import type { Running } from './make-context.ts';
import { makeContext } from './make-context.ts';
import { watchPaths } from './not-found.ts';
import { describeApi } from './openapi.ts';
import type { HttpParts } from './parts.ts';
import { usualPoll } from './poll.ts';
import { PROBLEM_TYPE, partProblem, renderProblem, sendProblem } from './problem.ts';
import type { RawAsk } from './raw-answer.ts';
import { RawAnswers } from './raw-answer.ts';
import type { RequestIds } from './request-id.ts';
import { makeRequestIds } from './request-id.ts';
import { adminCampaignRoutes } from './routes/campaigns.ts';
import { codeImageRoutes } from './routes/code-images.ts';
import { codeRoutes } from './routes/codes.ts';
import { consoleRoutes } from './routes/console.ts';
import { couponRoutes } from './routes/coupons.ts';
import { deadLetterRoutes } from './routes/dead-letters.ts';
import { fileRoutes } from './routes/files.ts';
import { serviceRoutes } from './routes/health.ts';
import { jobRoutes } from './routes/jobs.ts';
import { lineRoutes } from './routes/line.ts';
import { operatorRoutes } from './routes/operators.ts';
import type { Pages } from './routes/pages.ts';
import { pageRoutes, readPages } from './routes/pages.ts';
import { peopleRoutes } from './routes/people.ts';
import { reconcileRoutes } from './routes/reconcile.ts';
import { rehearsalRoutes } from './routes/rehearsals.ts';
import { reportRoutes } from './routes/report.ts';
import { verdictRoutes } from './routes/verdicts.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { winnerRoutes } from './routes/winners.ts';
import { makeValidatorCompiler, validationProblem } from './validation.ts';

export type { HttpConfig, HttpParts } from './parts.ts';

const ADMIN_BODY_BYTES_MAX = 1_048_576;
const HEADERS_MAX = 100;
const CLAIM_PATH = /^\/v1\/campaigns\/([a-z0-9][a-z0-9-]{0,63})\/claims(?:\?|$)/;
/** How long a stopping server waits for a connection to ask once more, ms. */
const LAST_CALL_MS = 1000;
const STREAM_RETRY_MS = 2000;

/** Builds the server; it listens on nothing yet. */
export async function buildServer(parts: HttpParts): Promise<FastifyInstance> {
  const requestIds = makeRequestIds(parts.system);
  const context = makeContext(parts, requestIds);
  const pages = readPages(parts.webFolder ?? fileURLToPath(new URL('../../web', import.meta.url)));
  const app = makeApp(parts, context, requestIds, pages);
  stopGently(app, context);
  app.decorateRequest('operatorId', '');
  app.setValidatorCompiler(makeValidatorCompiler());
  app.setErrorHandler((error: FastifyError, request, reply) => answerError(parts, error, request, reply));
  readStrictJson(app);
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    allowOrigin(context, request, reply);
    done(
      request.raw.rawHeaders.length > HEADERS_MAX * 2
        ? new ProblemError(problem('too_many_headers'))
        : undefined,
    );
  });
  app.decorateRequest('userId', null);
  seekCampaigns(app, parts);
  watchPaths(app);
  await describeApi(app, parts.version);
  if (!parts.serviceOnly) {
    peopleRoutes(app, context);
    verdictRoutes(app, context);
    lineRoutes(app, context);
    adminCampaignRoutes(app, context);
    winnerRoutes(app, context);
    reconcileRoutes(app, context);
    reportRoutes(app, context);
    jobRoutes(app, context);
    rehearsalRoutes(app, context);
    codeRoutes(app, context);
    couponRoutes(app, context);
    codeImageRoutes(app, context);
    operatorRoutes(app, context);
    consoleRoutes(app, context);
    deadLetterRoutes(app, context);
    webhookRoutes(app, context);
    fileRoutes(app, context);
    pageRoutes(app, parts.system, pages);
  }
  serviceRoutes(app, context, context.metrics);
  await app.ready();
  return app;
}

/** A campaign that another process made a moment ago is there for everybody. */
function seekCampaigns(app: FastifyInstance, { catalog, seek }: HttpParts): void {
  if (!seek) return;
  app.addHook('onRequest', async ({ params, routeOptions }) => {
    const { id } = params as { id?: string };
    if (id === undefined || !routeOptions.url?.includes('/campaigns/:id')) return;
    if (catalog.get(id) === undefined) await seek(id);
  });
}

/** Only the path of a press, without the rest of the server: for warming it up before anybody presses. */
export function buildClaimServer(parts: HttpParts): Server {
  const requestIds = makeRequestIds(parts.system);
  const context = makeContext(parts, requestIds);
  return makeServer(context, requestIds, null, (_req, res) => res.writeHead(404).end());
}

function makeApp(
  parts: HttpParts,
  context: HttpContext,
  requestIds: RequestIds,
  pages: Pages,
): FastifyInstance {
  return fastify({
    serverFactory: (handler) => makeServer(context, requestIds, pages, handler),
    clientErrorHandler: answerParserError,
    frameworkErrors: (error, request, reply) => {
      answerError(parts, error, request as FastifyRequest, reply as FastifyReply);
    },
    genReqId: (req) => requestIds(headerText(req.headers['x-request-id'])),
    bodyLimit: ADMIN_BODY_BYTES_MAX,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    logger: false,
    routerOptions: { maxParamLength: 600, caseSensitive: true },
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  }) as unknown as FastifyInstance;
}

function headerText(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

type Handler = (req: IncomingMessage, res: ServerResponse) => void;

/** node's own server: presses, polls and the page to press at are answered at once, everything else by fastify. */
function makeServer(
  context: HttpContext,
  requestIds: RequestIds,
  pages: Pages | null,
  handler: Handler,
): Server {
  const { parts, claim, polls } = context;
  const raw = new RawAnswers(context);
  const askOf = (req: IncomingMessage, res: ServerResponse): RawAsk => ({
    req,
    res,
    requestId: requestIds(headerText(req.headers['x-request-id'])),
  });
  const options = {
    requestTimeout: 15_000,
    headersTimeout: 10_000,
    keepAliveTimeout: 75_000,
    insecureHTTPParser: false,
  };
  const server = createServer(
    { ...options, connectionsCheckingInterval: 2000, noDelay: true },
    (req, res) => {
      if (parts.serviceOnly || req.rawHeaders.length > HEADERS_MAX * 2) return handler(req, res);
      if (req.method === 'POST') {
        const match = CLAIM_PATH.exec(req.url as string);
        if (match) return claim(req, res, match[1] as string);
      } else if (req.method === 'GET') {
        const asked = usualPoll(req.url as string);
        if (asked) return polls.answer(askOf(req, res), asked);
        const page = pages?.quick(req.url as string, req.headers);
        if (page) return writeAsset(raw, askOf(req, res), page);
      }
      return handler(req, res);
    },
  );
  server.maxConnections = parts.config.connectionsMax;
  return server;
}

/** What node's parser refuses never becomes a request: a bare answer, and the connection ends. */
function answerParserError(error: NodeJS.ErrnoException, socket: import('node:net').Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const tooLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  if (tooLate && maySendLonger(socket)) return;
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : tooLate ? 408 : 400;
  const code: ProblemCode =
    status === 431 ? 'too_many_headers' : tooLate ? 'request_timeout' : 'invalid_request';
  const { body } = renderProblem(problem(code), '');
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${PROBLEM_TYPE}\r\nConnection: close\r\n`;
  socket.end(`${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}

/** JSON bodies by our own rules; a route whose body may be absent says so in its config. */
function readStrictJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    /^application\/json(?:\s*;|$)/i,
    { parseAs: 'buffer' },
    (request, body: Buffer, done) => {
      const { body: wanted } = request.routeOptions.config;
      if (body.length === 0 && wanted !== undefined)
        return done(null, wanted === 'optional' ? {} : undefined);
      const parsed = parseStrict(body);
      return parsed.ok ? done(null, parsed.value) : done(new ProblemError(parsed.problem));
    },
  );
  app.addHook('preValidation', (request, _reply, done) => {
    const { body: wanted } = request.routeOptions.config;
    if (wanted === 'optional' && request.body === undefined) request.body = {};
    done();
  });
}

const FASTIFY_CODES: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_request',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'malformed_json',
  FST_ERR_BAD_URL: 'invalid_url',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
  FST_ERR_ROUTE_MAX_PARAM_LENGTH: 'not_found',
};

function problemOf(error: FastifyError): Problem | null {
  if (error instanceof ProblemError) return error.problem;
  if (error.validation) return validationProblem(error.validationContext, error.validation);
  const fault = partProblem(error);
  if (fault) return fault;
  const code = FASTIFY_CODES[error.code];
  if (code) return problem(code);
  return error.statusCode !== undefined && error.statusCode < 500 ? problem('invalid_request') : null;
}

function answerError(
  parts: HttpParts,
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const known = problemOf(error);
  if (!known || known.code === 'record_unavailable') parts.onFault?.(error, request.id);
  reply.header('x-request-id', request.id);
  const what = known ?? problem('internal');
  // The rest of a body that nobody reads would be taken for the next request.
  if (PROBLEMS[what.code].status === 413) reply.header('connection', 'close');
  sendProblem(reply, what);
}

function allowOrigin(context: HttpContext, request: FastifyRequest, reply: FastifyReply): void {
  const { origin } = request.headers;
  const headers = origin === undefined ? null : (context.crossOrigin?.(origin) ?? null);
  for (let i = 0; headers && i < headers.length; i += 2) reply.header(headers[i] as string, headers[i + 1]);
}

/**
 * Leaving without cutting anybody: accept no more, tell each connection with its next answer that it is the last one,
 * end the streams, and only then close what has stayed silent.
 */
function stopGently(app: FastifyInstance, context: HttpContext & Running): void {
  const { parts, leaving, streams } = context;
  app.addHook('preClose', async () => {
    leaving.now = true;
    context.stats.stop();
    context.metrics.stop();
    for (const teller of context.tellers) teller.stop();
    context.polls.end();
    const { server } = app;
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => {
      server.once('close', resolve);
    });
    NetServer.prototype.close.call(server);
    streams.end(STREAM_RETRY_MS);
    const lastCall = parts.system.after(LAST_CALL_MS, () => server.closeIdleConnections());
    const end = parts.system.after(parts.config.drainMs, () => server.closeAllConnections());
    await closed;
    lastCall.stop();
    end.stop();
  });
}

/** What machines ask of the server itself: alive, ready, figures, and the description of the API. */

import type { FastifyInstance } from 'fastify';
import type { ProblemCode } from '../../core/problem.ts';
import { PROBLEMS, problem } from '../../core/problem.ts';
import { readSaid, type Said } from '../../core/said.ts';
import type { HttpContext } from '../context.ts';
import { escapeHtml, page } from '../html.ts';
import type { Metrics } from '../metrics.ts';
import { sendProblem } from '../problem.ts';
import { openOut } from '../schema.ts';

const TAG = ['service'];

export function serviceRoutes(app: FastifyInstance, context: HttpContext, metrics: Metrics): void {
  const { parts, leaving } = context;
  app.get(
    '/healthz',
    { schema: { tags: TAG, summary: 'The process is alive', response: { 200: openOut } } },
    (_request, reply) =>
      reply.header('cache-control', 'no-store').send({ status: 'ok', version: parts.version }),
  );

  app.get(
    '/readyz',
    {
      schema: {
        tags: TAG,
        summary: 'Claims can be decided and made durable now',
        response: { 200: openOut, 503: openOut },
      },
    },
    (_request, reply) => {
      const state = parts.ready();
      const ready = state.ready && !leaving.now;
      return reply
        .code(ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({ ...state, ready, said: saidOf(state.roles) });
    },
  );

  app.get('/metrics', { schema: { tags: TAG, summary: 'Figures for Prometheus' } }, async (_request, reply) =>
    reply
      .type(metrics.contentType)
      .header('cache-control', 'no-store')
      .send(await metrics.text()),
  );

  app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
    reply.header('cache-control', 'public, max-age=60').send(app.swagger()),
  );

  app.get('/problems/:code', { schema: { hide: true } }, (request, reply) => {
    const { code } = request.params as { code: string };
    if (!Object.hasOwn(PROBLEMS, code)) return sendProblem(reply, problem('not_found'));
    return reply
      .type('text/html; charset=utf-8')
      .header('cache-control', 'public, max-age=3600')
      .send(problemPage(code as ProblemCode));
  });

  app.get('/problems', { schema: { hide: true } }, (_request, reply) => {
    const items = Object.entries(PROBLEMS).map(
      ([code, { status, title }]) =>
        `<li><a href="/problems/${code}">${code}</a> · ${status} · ${escapeHtml(title)}</li>`,
    );
    return reply.type('text/html; charset=utf-8').send(page('Problems', `<ul>${items.join('')}</ul>`));
  });
}

/** What parts say that are not ready, where it is a sentence of ours. */
function saidOf(roles: Readonly<Record<string, string>>): Record<string, Said> {
  const known = Object.entries(roles).map(([part, state]) => [part, readSaid(state)] as const);
  return Object.fromEntries(known.filter((one): one is readonly [string, Said] => one[1] !== null));
}

function problemPage(code: ProblemCode): string {
  const { title, status, retry, todo } = PROBLEMS[code];
  const again = retry ? 'Asking again may help.' : 'Asking again the same way does not help.';
  return page(title, `<p><code>${code}</code> · HTTP ${status}</p><p>${escapeHtml(todo)}</p><p>${again}</p>`);
}

/** Paths that nobody serves: 404; paths that are served by other methods: 405 with Allow, and OPTIONS answers it. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { problem } from '../core/problem.ts';
import { sendProblem } from './problem.ts';

/** What pages may send beside the headers that browsers always allow. */
const ASKED_HEADERS = 'authorization, content-type, idempotency-key, if-match, if-none-match, x-request-id';

interface KnownPath {
  match: RegExp;
  methods: Set<string>;
}

function pattern(url: string): RegExp {
  const source = url
    .split('/')
    .map((part) =>
      part === '*' ? '.+' : part.startsWith(':') ? '[^/]+' : part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'),
    )
    .join('/');
  return new RegExp(`^${source}$`);
}

/** Has to be called before the routes are made. */
export function watchPaths(app: FastifyInstance): void {
  const known = new Map<string, KnownPath>();
  app.addHook('onRoute', ({ url, method }) => {
    const path = known.get(url) ?? { match: pattern(url), methods: new Set<string>() };
    for (const one of [method].flat()) path.methods.add(one);
    known.set(url, path);
  });

  function answer(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const bare = request.url.split('?')[0] as string;
    const methods = new Set<string>();
    for (const path of known.values())
      if (path.match.test(bare)) for (const one of path.methods) methods.add(one);
    if (methods.size === 0) return sendProblem(reply, problem('not_found'));
    const allowed = [...methods.add('OPTIONS')].sort().join(', ');
    reply.header('allow', allowed);
    if (request.method !== 'OPTIONS') return sendProblem(reply, problem('method_not_allowed'));
    // A page of another origin asks first; its origin was looked at before.
    if (reply.hasHeader('access-control-allow-origin')) {
      reply
        .header('access-control-allow-methods', allowed)
        .header('access-control-allow-headers', ASKED_HEADERS);
      reply.header('access-control-max-age', '600');
    }
    return reply.code(204).send();
  }

  // Before the body is read: what nobody serves is not worth parsing.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.is404) answer(request, reply);
    else done();
  });
  app.setNotFoundHandler(answer);
}

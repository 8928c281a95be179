/** Problems at the edge: one shape (RFC 9457), one way to render it, and when to ask again. */

import type { FastifyReply } from 'fastify';
import type { Problem, ProblemCode } from '../core/problem.ts';
import { PROBLEMS, problem } from '../core/problem.ts';

export const PROBLEM_TYPE = 'application/problem+json';

export interface RenderedProblem {
  status: number;
  body: string;
  /** seconds, or null when asking again does not help */
  retryAfter: number | null;
}

/** Seconds for Retry-After. `retryAfterMs` in the problem's members wins over the default. */
export function retryAfterOf(what: Problem): number | null {
  const ms = what.extra?.['retryAfterMs'];
  if (typeof ms === 'number') return Math.max(1, Math.ceil(ms / 1000));
  const { retry, status } = PROBLEMS[what.code];
  return retry && (status === 429 || status === 503 || status === 409) ? 1 : null;
}

/** The address of a problem's page, relative to the server that tells it. */
export function problemUrl(code: ProblemCode): string {
  return `/problems/${code}`;
}

/** The members of a problem in their order; requestId comes last. */
export function problemMembers(what: Problem, requestId: string): Record<string, unknown> {
  const kind = PROBLEMS[what.code];
  return {
    type: problemUrl(what.code),
    title: kind.title,
    status: kind.status,
    detail: what.detail ?? kind.todo,
    code: what.code,
    ...what.extra,
    requestId,
  };
}

export function renderProblem(what: Problem, requestId: string): RenderedProblem {
  const body = JSON.stringify(problemMembers(what, requestId));
  return { status: PROBLEMS[what.code].status, body, retryAfter: retryAfterOf(what) };
}

/** What the fault of a part is told as; null: it is a fault of the program. */
export function partProblem(error: unknown): Problem | null {
  // The record's own word for not being there; it is an adapter's class, so it is known by its name.
  return error instanceof Error && error.name === 'RecordFault' ? problem('record_unavailable') : null;
}

/** Answers a fastify request with a problem. */
export function sendProblem(reply: FastifyReply, what: Problem): FastifyReply {
  const { status, body, retryAfter } = renderProblem(what, reply.request.id);
  if (retryAfter !== null) reply.header('retry-after', String(retryAfter));
  if (status === 401) reply.header('www-authenticate', authenticateHeader(what));
  return reply.code(status).header('cache-control', 'no-store').type(PROBLEM_TYPE).send(body);
}

export function authenticateHeader(what: Problem): string {
  return what.code === 'token_expired' ? 'Bearer realm="dibs", error="invalid_token"' : 'Bearer realm="dibs"';
}

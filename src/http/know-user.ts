/** Who of the people calls, and whether he may call so often: asked by routes before they do anything. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import { normalUserId } from '../core/claim.ts';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { HttpContext } from './context.ts';
import { header, ProblemError } from './context.ts';

const NO_USER = problem('invalid_user_id', 'Name the user: ?userId=…');

/** Who asks: the token's subject or `?userId=`. */
function userOf(context: HttpContext, request: FastifyRequest): Promise<string | null | Problem> {
  const { userId: raw } = request.query as { userId?: string };
  const named = raw === undefined ? null : normalUserId(raw);
  if (raw !== undefined && named === null) return Promise.resolve(problem('invalid_user_id'));
  return new Promise((resolve) => {
    context.auth.identify(request.headers.authorization, (who) => {
      if (!who.ok) return resolve(who.problem);
      const { userId } = who.identity;
      if (userId !== null && named !== null && named !== userId) return resolve(problem('user_mismatch'));
      return resolve(userId ?? named);
    });
  });
}

/** Fills request.userId; refuses whom it must. `needed`: somebody has to be named. */
export function knowUser(context: HttpContext, needed: boolean) {
  return async (request: FastifyRequest): Promise<void> => {
    const user = await userOf(context, request);
    if (user !== null && typeof user !== 'string') throw new ProblemError(user);
    if (user === null && needed) throw new ProblemError(NO_USER);
    request.userId = user;
    if (!context.throttle.on) return;
    const address = context.clientAddress(request.socket.remoteAddress, header(request, 'x-forwarded-for'));
    const refusal = context.throttle.refusal(user, address);
    if (refusal) throw new ProblemError(refusal);
  };
}

export function limitOnly(context: HttpContext) {
  return (request: FastifyRequest, _reply: FastifyReply, done: (error?: Error) => void): void => {
    if (!context.throttle.on) return done();
    const address = context.clientAddress(request.socket.remoteAddress, header(request, 'x-forwarded-for'));
    const refusal = context.throttle.refusal(null, address);
    return refusal ? done(new ProblemError(refusal)) : done();
  };
}

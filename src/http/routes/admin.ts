/** What all operators' calls have in common: a key with the role that the call needs. */

import type { FastifyRequest } from 'fastify';
import type { Role } from '../../ports/operators.ts';
import type { HttpContext } from '../context.ts';
import { ProblemError } from '../context.ts';

/** A hook that lets operators with `role` or more through, before anything of the call is read. */
export function needs(context: HttpContext, role: Role) {
  return async (request: FastifyRequest): Promise<void> => {
    const known = await context.operatorAuth.identify(request.headers.authorization, role);
    if (!known.ok) throw new ProblemError(known.problem);
    request.operatorId = known.operator.id;
  };
}

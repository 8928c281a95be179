/** What the routes share: the parts, and what is built of them once. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { CampaignFlow } from '../flow/campaign.ts';
import type { LiveCampaign } from '../flow/catalog.ts';
import type { CatchUp } from '../flow/catch-up.ts';
import type { CouponFlow } from '../flow/coupon.ts';
import type { IntegrityReport } from '../flow/integrity.ts';
import type { LookUp } from '../flow/look-up.ts';
import type { ReconcileAsk, Reconciled } from '../flow/reconcile.ts';
import type { ReplayFlow } from '../flow/replay.ts';
import type { MakeReport } from '../flow/report.ts';
import type { UserAuth } from './auth.ts';
import type { ClientAddress } from './client-address.ts';
import type { Cursors } from './cursor.ts';
import type { OperatorAuth } from './operator-auth.ts';
import type { HttpParts } from './parts.ts';
import type { Polls } from './poll.ts';
import type { ClaimHandler } from './routes/claims.ts';
import type { Streams } from './sse.ts';
import type { Stats } from './stats.ts';
import type { Throttle } from './throttle.ts';

export interface HttpContext {
  parts: HttpParts;
  auth: UserAuth;
  operatorAuth: OperatorAuth;
  clientAddress: ClientAddress;
  throttle: Throttle;
  cursors: Cursors;
  streams: Streams;
  stats: Stats;
  campaignFlow: CampaignFlow;
  replay: ReplayFlow;
  coupons: CouponFlow;
  lookUp: LookUp;
  integrity: (campaignId: string) => Promise<IntegrityReport | null>;
  reconcile: (ask: ReconcileAsk) => Promise<Reconciled | null>;
  report: MakeReport;
  caughtUp: CatchUp;
  claim: ClaimHandler;
  polls: Polls;
  leaving: { now: boolean };
  /** headers for a page of another origin, or null */
  crossOrigin: ((origin: string) => string[] | null) | null;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** a body that may be left out: read and thrown away, or taken as `{}` */
    body?: 'none' | 'optional';
  }
  interface FastifyRequest {
    /** id of the operator key, in operators' routes */
    operatorId: string;
    /** the caller, in people's routes; null when he did not say */
    userId: string | null;
  }
}

/** Thrown by hooks and parsers only, where fastify knows no other way to answer; handlers return problems. */
export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(what: Problem) {
    super(what.code);
    this.problem = what;
  }
}

export function liveOf(context: HttpContext, request: FastifyRequest): LiveCampaign | undefined {
  const { id } = request.params as { id: string };
  return context.parts.catalog.get(id);
}

export const CAMPAIGN_NOT_FOUND = problem('campaign_not_found');

/** A page asked for by `limit` and `cursor`. */
export interface Page {
  limit: number;
  /** null: from the start */
  after: unknown;
}

/** Reads `limit` and `cursor` of a list; a problem for a cursor that is not of this list. */
export function pageOf(context: HttpContext, request: FastifyRequest, list: string): Page | Problem {
  const { limit = 100, cursor } = request.query as { limit?: number; cursor?: string };
  if (cursor === undefined) return { limit, after: null };
  const after = context.cursors.read(list, cursor);
  return after === null ? problem('invalid_cursor') : { limit, after };
}

/** One header's text, when it is there once. */
export function header(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

/** The caller has it already. */
export function notModified(reply: FastifyReply): FastifyReply {
  return reply.code(304).send();
}

/** Builds what the routes share, once per server, and what runs on beside the requests. */

import { makeCampaignFlow } from '../flow/campaign.ts';
import type { LiveCampaign } from '../flow/catalog.ts';
import { makeCouponFlow } from '../flow/coupon.ts';
import { makeIntegrity } from '../flow/integrity.ts';
import { makeLookUp } from '../flow/look-up.ts';
import type { Outcome } from '../flow/outcome.ts';
import { makeReconcile } from '../flow/reconcile.ts';
import { makeReplay } from '../flow/replay.ts';
import { makeReport } from '../flow/report.ts';
import type { Sights } from '../flow/sight.ts';
import { makeSights } from '../flow/sight.ts';
import { makeTickets } from '../flow/tickets.ts';
import { makeWrongCodes } from '../flow/wrong-codes.ts';
import type { Timer } from '../ports/system.ts';
import { makeUserAuth } from './auth.ts';
import { makeClientAddress } from './client-address.ts';
import type { HttpContext } from './context.ts';
import { makeCursors } from './cursor.ts';
import { tellFarVerdicts } from './far-verdicts.ts';
import { makeLatency } from './latency.ts';
import { LaterCounts, tellLaterVerdicts, toldBy } from './later-verdicts.ts';
import type { Metrics } from './metrics.ts';
import { makeMetrics } from './metrics.ts';
import { makeOperatorAuth } from './operator-auth.ts';
import type { HttpParts } from './parts.ts';
import { Polls } from './poll.ts';
import type { RequestIds } from './request-id.ts';
import type { ClaimRouteParts } from './routes/claims.ts';
import { makeClaimHandler } from './routes/claims.ts';
import { makeStreams } from './sse.ts';
import { makeStats } from './stats.ts';
import { makeThrottle } from './throttle.ts';
import { outcomeJson } from './wire.ts';

/** What runs on beside the requests, and is stopped with them. */
export interface Running {
  metrics: Metrics;
  /** what tells people of verdicts that were not the answer to a press here */
  tellers: Timer[];
}

type Edge = Pick<HttpContext, 'auth' | 'clientAddress' | 'crossOrigin' | 'leaving'>;

export function makeContext(given: HttpParts, requestIds: RequestIds): HttpContext & Running {
  const parts = { ...given, tickets: given.tickets ?? makeTickets(given.master), modes: given.modes ?? {} };
  const { config, system, catalog, record, caughtUp, line, figures } = parts;
  const sights = parts.sights ?? makeSights(parts.shared ?? false);
  const wrongCodes = parts.wrongCodes ?? makeWrongCodes(system);
  const lookUp = makeLookUp(parts);
  const later = new LaterCounts();
  figures?.laterFrom((live) => later.of(live));
  const stats = makeStats({ ...parts, later });
  const streams = makeStreams(
    { system, catalog, adminState: stats.text, line: line && ((id) => line.counts(id)) },
    config,
  );
  const edge = edgeOf(parts);
  const throttle = makeThrottle(config.rateLimit, system);
  const polls = new Polls({ ...parts, ...edge, lookUp, throttle });
  const metrics = makeMetrics(parts, { streams: () => streams.count(), polls: () => polls.waiting(), later });
  const claim = makeClaimHandler({
    ...edge,
    claims: parts.claims,
    system,
    requestIds,
    throttle: makeThrottle(config.rateLimit, system, parts.sharedRate),
    floorOf: (campaignId) => sights.of(campaignId).toldSeqMax,
    ...pressesSeen({ ...parts, sights, streams, stats, metrics }),
  });
  const tellers: Timer[] = parts.shared ? [tellFarVerdicts({ ...parts, streams })] : [];
  const see = (live: LiveCampaign, outcome: Outcome): void => sights.see(live, outcome, -1);
  tellers.push(tellLaterVerdicts({ ...parts, lookUp, streams, counts: later, see }));
  const integrity = makeIntegrity({
    ...{ ...parts, epochOf: epochReader(parts), sights, caughtUp },
    lineChecks: parts.line?.checks,
  });
  return {
    ...edge,
    parts,
    operatorAuth: makeOperatorAuth(parts.operators, config.adminKey, system),
    throttle,
    cursors: makeCursors(parts.master),
    streams,
    stats,
    metrics,
    tellers,
    polls,
    replay: makeReplay({ ...parts, letters: parts.stored.letters }),
    campaignFlow: parts.campaignFlow ?? makeCampaignFlow({ ...parts, codePool: parts.stored.codePool }),
    coupons: makeCouponFlow({ ...parts, record, lookUp, caughtUp, wrongCodes }),
    lookUp,
    reconcile: makeReconcile({ ...parts, caughtUp }),
    integrity,
    report: makeReport({ ...parts, store: parts.stored.figures, integrity }),
    caughtUp,
    claim,
  };
}

/** Whoever keeps count of presses, told of each when it has been answered. */
function pressesSeen({
  system,
  catalog,
  figures,
  sights,
  streams,
  stats,
  metrics,
}: HttpParts & Pick<HttpContext, 'streams' | 'stats'> & { sights: Sights; metrics: Metrics }): Pick<
  ClaimRouteParts,
  'onOutcome' | 'onThrottled' | 'latency'
> {
  return {
    onOutcome: (campaignId, userId, outcome, floor) => {
      const live = catalog.get(campaignId);
      if (live === undefined) return;
      figures?.see(live, userId);
      if (outcome.verdict === 'none') return;
      sights.see(live, outcome, floor);
      streams.verdict(campaignId, userId, toldBy(outcome), () => outcomeJson(outcome) ?? '');
    },
    onThrottled: (campaignId, userId, code) => {
      const live = catalog.get(campaignId);
      if (live === undefined) return;
      figures?.refused(live, code);
      figures?.see(live, userId);
    },
    latency: makeLatency(system, metrics.decision, (ms, campaignId) => {
      metrics.answer(ms);
      const live = catalog.get(campaignId);
      if (live === undefined) return;
      figures?.answered(live, ms);
      stats.answered(live, ms);
    }),
  };
}

/** What presses and polls are answered with. */
function edgeOf({ config, system }: HttpParts): Edge {
  return {
    auth: makeUserAuth(config, system),
    clientAddress: makeClientAddress(config.trustProxy),
    crossOrigin: crossOriginHeaders(config.corsOrigins),
    leaving: { now: false },
  };
}

function epochReader({ epochOf, epochs }: HttpParts): HttpParts['epochOf'] {
  return epochOf ?? (epochs && ((campaignId) => epochs.of(campaignId)));
}

/** Which headers let a page of another origin read an answer; null when no origin may. */
function crossOriginHeaders(origins: readonly string[]): HttpContext['crossOrigin'] {
  if (origins.length === 0) return null;
  const exposed = ['Access-Control-Expose-Headers', 'X-Request-Id, ETag, Location, Retry-After'];
  if (origins.includes('*')) return () => ['Access-Control-Allow-Origin', '*', ...exposed];
  const allowed = new Set(origins);
  return (origin) =>
    allowed.has(origin)
      ? ['Access-Control-Allow-Origin', origin, 'Vary', 'Origin', ...exposed]
      : ['Vary', 'Origin'];
}

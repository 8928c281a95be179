/** The sink of facts that becomes one delivery to each webhook endpoint that wants it. */

import { said } from '../core/said.ts';
import { wantsFact, webhookBody } from '../core/webhook.ts';
import type { Announcement } from '../ports/announcements.ts';
import type { Deliveries, LeftFact } from '../ports/deliveries.ts';
import type { AuditLine } from '../ports/operators.ts';
import type { System } from '../ports/system.ts';
import type { Endpoint, Webhooks } from '../ports/webhooks.ts';
import type { Sink } from './announce.ts';

/** Deliveries that may wait for one endpoint. */
export const BACKLOG_MAX = 1_000_000;
/** An endpoint that has taken nothing for this long, with so many waiting, keeps up with nothing any more. */
const SILENT_MS = 300_000;
const COUNT_EVERY_MS = 5_000;

export interface LeaveParts {
  webhooks: Pick<Webhooks, 'list' | 'put'>;
  deliveries: Pick<Deliveries, 'leave' | 'backlog'>;
  system: Pick<System, 'now'>;
  /** an endpoint was disabled */
  onDisabled(endpoint: Endpoint): void;
  backlogMax?: number;
}

/**
 * Before each batch the endpoints are looked at again: after the facts were read, so that an endpoint hears of whatever
 * happened after it was made. One that works and is too far behind makes the outbox wait; one that does not work is
 * disabled, so that it holds nobody else up.
 */
export function makeWebhookSink(parts: LeaveParts): Required<Sink> {
  const { webhooks, deliveries, system, onDisabled, backlogMax = BACKLOG_MAX } = parts;
  let enabled: Endpoint[] = [];
  let countedAt = Number.NEGATIVE_INFINITY;
  let hasRoom = true;

  async function count(): Promise<void> {
    hasRoom = true;
    for (const endpoint of enabled) {
      const { pending, lastDeliveredAt } = await deliveries.backlog(endpoint.id, backlogMax);
      if (pending < backlogMax) continue;
      const worked = Math.max(lastDeliveredAt ?? 0, endpoint.updatedAt);
      if (system.now() - worked < SILENT_MS) hasRoom = false;
      else await disable(endpoint, pending);
    }
  }

  async function disable(endpoint: Endpoint, pending: number): Promise<void> {
    const why = said('hook_silent', { pending, minutes: SILENT_MS / 60_000 });
    const changed = disabled(endpoint, why, system.now());
    enabled = enabled.filter((one) => one !== endpoint);
    if (await webhooks.put(changed, disabledLine(endpoint, changed))) onDisabled(changed);
  }

  return {
    wants: (type, campaignId) => enabled.some((endpoint) => wantsFact(endpoint, type, campaignId)),
    async ready() {
      enabled = (await webhooks.list()).filter(({ state }) => state === 'enabled');
      const now = system.now();
      if (now - countedAt >= COUNT_EVERY_MS) {
        await count();
        countedAt = now;
      }
      return hasRoom;
    },
    async send(facts) {
      for (const endpoint of enabled) {
        const wanted = facts.filter(({ type, campaignId }) => wantsFact(endpoint, type, campaignId));
        if (wanted.length > 0) await deliveries.leave([endpoint.id], wanted.map(leftFact), system.now());
      }
    },
  };
}

function leftFact({ id, type, campaignId, claimId, at, data }: Announcement): LeftFact {
  const body = webhookBody(type, at, data);
  return { eventId: id, type, campaignId, orderKey: claimId ?? campaignId, body };
}

/** The endpoint with nothing sent to it any more. */
export function disabled(endpoint: Endpoint, why: string, now: number): Endpoint {
  const { version } = endpoint;
  return { ...endpoint, version: version + 1, state: 'disabled', why, disabledAt: now, updatedAt: now };
}

/** What the audit log says when it was the server that did it. */
export function disabledLine(before: Endpoint, after: Endpoint): AuditLine {
  return {
    at: after.updatedAt,
    actor: 'system',
    action: 'webhook.disable',
    target: before.id,
    before: { state: before.state },
    after: { state: after.state, why: after.why },
    requestId: null,
  };
}

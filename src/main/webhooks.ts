/**
 * Webhooks: every process that serves operators manages them and sends tests; one process with the role `jobs` at a time
 * sends what is due.
 */

import { readFileSync } from 'node:fs';
import type { DeliverCounts } from '../flow/deliver.ts';
import { makeDeliverer } from '../flow/deliver.ts';
import { makeSecretSeal } from '../flow/webhook-secret.ts';
import { makeWebhookFlow } from '../flow/webhooks.ts';
import type { GaugeReading } from '../http/parts.ts';
import type { WebhookSender } from '../ports/webhook-sender.ts';
import type { Endpoint } from '../ports/webhooks.ts';
import type { AfterWinParts, Started } from './area.ts';
import { makeHeld } from './held.ts';
import { repeat } from './repeat.ts';

const LOOK_MS = 500;
const COUNT_EVERY_MS = 5_000;
const PENDING_COUNTED_MAX = 100_000;

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const userAgent = `Dibs/${version} (+webhooks)`;

export function startWebhooks(parts: AfterWinParts): Started {
  const { config, system, stored, master } = parts;
  const rules = { privateTargets: config.webhookPrivateTargets, ports: config.webhookPorts };
  const sender = lazySender(async () => {
    const { makeWebhookSender } = await import('../adapters/webhook/send.ts');
    return makeWebhookSender({ rules, system });
  });
  const { webhooks, deliveries } = stored;
  const sending = config.role.includes('jobs') ? startSending(parts, sender) : null;
  return {
    served: { webhooks: makeWebhookFlow({ webhooks, deliveries, sender, system, master, userAgent }) },
    gauges: () => sending?.gauges() ?? [],
    async stop() {
      await sending?.stop();
      await sender.close();
    },
  };
}

/** What speaks HTTP is loaded when the first webhook is there: a start without any pays nothing for it. */
function lazySender(open: () => Promise<WebhookSender>): WebhookSender {
  let opened: Promise<WebhookSender> | null = null;
  const sender = (): Promise<WebhookSender> => {
    opened ??= open();
    return opened;
  };
  return {
    refusal: async (url) => (await sender()).refusal(url),
    send: async (request) => (await sender()).send(request),
    close: async () => (await opened)?.close(),
  };
}

function startSending(
  parts: AfterWinParts,
  sender: WebhookSender,
): Required<Pick<Started, 'gauges' | 'stop'>> {
  const { config, system, stored, master, logger } = parts;
  const held = makeHeld(parts, 'webhooks');
  const deliverer = makeDeliverer({
    ...stored,
    sender,
    seal: makeSecretSeal(master, system),
    system,
    userAgent,
    waitsMs: config.webhookRetries,
    goOn: held.isHeld,
    onDisabled: ({ id, url, why }) =>
      logger.error({ webhook: id, host: new URL(url).host, why }, 'a webhook was disabled'),
    onFault: (error) => logger.debug({ err: error }, 'webhooks wait'),
  });
  let endpoints: Endpoint[] = [];
  let pending = new Map<string, number>();
  let countedAt = Number.NEGATIVE_INFINITY;
  const look = async (): Promise<void> => {
    try {
      if (!(await held.take())) {
        pending = new Map();
        return;
      }
      await deliverer.look();
      if (system.monotonic() - countedAt < COUNT_EVERY_MS) return;
      countedAt = system.monotonic();
      endpoints = await stored.webhooks.list();
      const counts = endpoints.map(async ({ id }): Promise<[string, number]> => {
        return [id, (await stored.deliveries.backlog(id, PENDING_COUNTED_MAX)).pending];
      });
      pending = new Map(await Promise.all(counts));
    } catch (error) {
      logger.debug({ err: error }, 'webhooks wait');
    }
  };
  const looking = repeat(system, LOOK_MS, look);
  return {
    gauges: () => (held.isHeld() ? gaugesOf(deliverer.counts, endpoints, pending) : []),
    async stop() {
      await looking.stop();
      await deliverer.stop();
      await held.release();
    },
  };
}

function gaugesOf(
  { delivered, failedTries, failed }: Readonly<DeliverCounts>,
  endpoints: readonly Endpoint[],
  pending: ReadonlyMap<string, number>,
): GaugeReading[] {
  const disabled = endpoints.filter(({ state, why }) => state === 'disabled' && why !== 'by an operator');
  return [
    { name: 'dibs_webhook_delivered_total', help: 'Deliveries that webhooks have taken.', value: delivered },
    {
      name: 'dibs_webhook_failed_tries_total',
      help: 'Tries of deliveries that did not succeed.',
      value: failedTries,
    },
    { name: 'dibs_webhook_failed_total', help: 'Deliveries that were given up.', value: failed },
    {
      name: 'dibs_webhook_disabled',
      help: 'Webhooks that the server has disabled because they do not take anything.',
      value: disabled.length,
    },
    ...endpoints.map(({ id }) => ({
      name: 'dibs_webhook_pending',
      help: 'Deliveries that wait for a webhook, counted up to 100,000.',
      labels: { webhook: id },
      value: pending.get(id) ?? 0,
    })),
  ];
}

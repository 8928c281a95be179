/** The rows of the table about facts that are sent to others by webhook. */

import type { Option } from './option.ts';

export const webhookOptions = [
  {
    name: 'DIBS_WEBHOOK_PRIVATE_TARGETS',
    key: 'webhookPrivateTargets',
    flag: '--webhook-private-targets',
    type: 'yes-no',
    default: 'no',
    description:
      'Webhooks may go to this machine and to private networks, by http and to any port too. Whoever may add a webhook can then reach with it what this server can. Link-local and metadata addresses stay forbidden.',
    group: 'Webhooks',
  },
  {
    name: 'DIBS_WEBHOOK_PORTS',
    key: 'webhookPorts',
    flag: '--webhook-ports',
    type: 'ports',
    default: '443',
    description: 'Ports of public addresses that webhooks may go to.',
    group: 'Webhooks',
  },
  {
    name: 'DIBS_WEBHOOK_RETRIES',
    key: 'webhookRetries',
    flag: '--webhook-retries',
    type: 'waits',
    default: '5s,5m,30m,2h,5h,10h,14h,20h,24h',
    description:
      'Waits before a delivery is tried again, each a fifth more or less. After the last try it has failed; when nothing was delivered since its first one, the webhook is disabled.',
    group: 'Webhooks',
  },
] as const satisfies readonly Option[];

/** One try of one webhook: signed with every secret in force, and what came of it in words. */

import type { WebhookAnswer } from '../core/webhook.ts';
import { webhookHeaders } from '../core/webhook.ts';
import type { System } from '../ports/system.ts';
import type { WebhookSender, WebhookSent } from '../ports/webhook-sender.ts';
import type { Endpoint } from '../ports/webhooks.ts';
import type { SecretSeal } from './webhook-secret.ts';

export interface SendParts {
  sender: Pick<WebhookSender, 'send'>;
  seal: Pick<SecretSeal, 'keys'>;
  system: Pick<System, 'now'>;
  userAgent: string;
}

export interface Tried {
  answer: WebhookAnswer;
  retryAfterMs: number | null;
}

/** The receiver has said that it is no more. */
export const GONE = 410;

export async function sendWebhook(
  { sender, seal, system, userAgent }: SendParts,
  { id, url, secrets }: Pick<Endpoint, 'id' | 'url' | 'secrets'>,
  eventId: string,
  body: string,
): Promise<Tried> {
  const at = system.now();
  const signed = webhookHeaders(seal.keys(id, secrets, at), eventId, at, body);
  const headers = { 'content-type': 'application/json', 'user-agent': userAgent, ...signed };
  const sent = await sender.send({ url, headers, body });
  const answer = { at, status: sent.status, ms: sent.ms, error: errorOf(sent), body: sent.body };
  return { answer, retryAfterMs: sent.retryAfterMs };
}

function errorOf({ status, fault }: WebhookSent): string | null {
  if (status === null) return fault ?? 'no answer';
  if (status >= 200 && status < 300) return null;
  if (status >= 300 && status < 400) return `answered ${status}; redirects are not followed`;
  return status === GONE ? 'answered 410: it is no more' : `answered ${status}`;
}

/**
 * Facts on their way to somebody's server, by Standard Webhooks (standardwebhooks.com): what is sent, how it is signed,
 * and when it is tried again.
 */

import { createHmac } from 'node:crypto';
import type { OutboxType } from './event.ts';

/** What the standard asks receivers to take. */
export const WEBHOOK_BODY_BYTES_MAX = 20_480;
export const SECRET_PREFIX = 'whsec_';
export const SECRET_BYTES_MIN = 24;
export const SECRET_BYTES_MAX = 64;
/** What the test button sends; nothing else has this type. */
export const WEBHOOK_TEST = 'webhook.test';

export const DELIVERY_STATES = ['pending', 'delivered', 'failed'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** What came of one try. */
export interface WebhookAnswer {
  /** when the try began, epoch ms */
  at: number;
  /** null: there was no answer */
  status: number | null;
  ms: number;
  /** why it is no success, in words; null: it is one */
  error: string | null;
  /** how the body began, for operators */
  body: string;
}

/** Which facts somebody wants; null: all. */
export interface FactFilter {
  facts: readonly OutboxType[] | null;
  campaigns: readonly string[] | null;
}

export function wantsFact({ facts, campaigns }: FactFilter, type: OutboxType, campaignId: string): boolean {
  return (facts?.includes(type) ?? true) && (campaigns?.includes(campaignId) ?? true);
}

/**
 * The body, the same bytes at every try. Data that would make it larger than the standard allows is left out but for the
 * campaign and its version: whoever wants the rest asks the API.
 */
export function webhookBody(type: string, at: number, data: Readonly<Record<string, unknown>>): string {
  const body = bodyOf(type, at, data);
  if (Buffer.byteLength(body) <= WEBHOOK_BODY_BYTES_MAX) return body;
  const { campaignId, claimId, version } = data;
  return bodyOf(type, at, { campaignId, claimId, version, truncated: true });
}

function bodyOf(type: string, at: number, data: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ type, timestamp: new Date(at).toISOString(), data });
}

/** The key behind `whsec_…`; null when it is no such secret, or has not 24–64 bytes. */
export function webhookKey(secret: string): Buffer | null {
  if (!secret.startsWith(SECRET_PREFIX)) return null;
  const text = secret.slice(SECRET_PREFIX.length);
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return null;
  const key = Buffer.from(text, 'base64');
  const whole = key.toString('base64').replace(/=+$/, '') === text.replace(/=+$/, '');
  return whole && key.length >= SECRET_BYTES_MIN && key.length <= SECRET_BYTES_MAX ? key : null;
}

export function webhookSecret(key: Buffer): string {
  return SECRET_PREFIX + key.toString('base64');
}

/**
 * The headers of one try: a signature for each key, so that a receiver that still has the one before takes it too.
 * @param id the fact's; the same at every try
 * @param now epoch ms
 */
export function webhookHeaders(
  keys: readonly Buffer[],
  id: string,
  now: number,
  body: string,
): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const signed = keys.map((key) => {
    const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
    return `v1,${mac}`;
  });
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signed.join(' ') };
}

/**
 * How long to wait after the `tries`th try that failed, ms, a fifth more or less by `chance` (0–1), so that not all come
 * back at once. Null: that was the last one.
 */
export function waitAfterTry(waitsMs: readonly number[], tries: number, chance: number): number | null {
  const wait = waitsMs[tries - 1];
  return wait === undefined ? null : Math.round(wait * (0.8 + 0.4 * chance));
}

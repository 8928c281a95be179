/** What every message of ours is: a CloudEvent 1.0 in JSON, its attributes repeated as headers (contract §8). */

/** A message on its way: what Kafka holds, before it has a place. */
export interface Envelope {
  /** of the CloudEvent; it follows from what is in it, so that the same sent anew has the same */
  id: string;
  key: Buffer;
  value: Buffer;
  headers: Map<Buffer, Buffer>;
  /** what is in it: indexes into what was packed, in order */
  items: number[];
}

export interface EventParts {
  id: string;
  type: string;
  campaignId: string;
  subject: string;
  /** epoch ms; null when only the broker knows */
  at: number | null;
  data: object;
}

const CONTENT_TYPE = 'application/cloudevents+json; charset=utf-8';

export function envelopeOf(parts: EventParts, key: string, items: number[]): Envelope {
  const { id, type, campaignId, subject, at, data } = parts;
  const attributes = {
    specversion: '1.0',
    id,
    type,
    source: `/v1/campaigns/${campaignId}`,
    subject,
    ...(at === null ? {} : { time: new Date(at).toISOString() }),
  };
  const headers: Record<string, string> = { 'content-type': CONTENT_TYPE };
  for (const [name, text] of Object.entries(attributes)) headers[`ce_${name}`] = text;
  const event = { ...attributes, datacontenttype: 'application/json', data };
  return {
    id,
    key: Buffer.from(key),
    value: Buffer.from(JSON.stringify(event)),
    headers: headersOf(headers),
    items,
  };
}

export function headersOf(entries: Record<string, string>): Map<Buffer, Buffer> {
  return new Map(Object.entries(entries).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]));
}

export type OpenedEvent =
  | { kind: 'event'; type: string; data: Record<string, unknown> }
  | { kind: 'unreadable'; reason: string };

/** Reads a message's value as far as every message of ours is the same. */
export function openEvent(value: Buffer | null): OpenedEvent {
  if (value === null || value.length === 0) return unreadable('nothing in it');
  let event: unknown;
  try {
    event = JSON.parse(value.toString());
  } catch (error) {
    return unreadable(`not JSON: ${(error as Error).message}`);
  }
  if (!isObject(event)) return unreadable('no CloudEvent');
  if (event['specversion'] !== '1.0') return unreadable('no CloudEvent of version 1.0');
  const { type, data } = event;
  if (typeof type !== 'string') return unreadable('no type');
  if (!isObject(data)) return unreadable('no data');
  return { kind: 'event', type, data };
}

export const unreadable = (reason: string): { kind: 'unreadable'; reason: string } => ({
  kind: 'unreadable',
  reason,
});

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

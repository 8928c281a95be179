/**
 * Requests as messages, keyed by the campaign, so that all of a campaign are in one partition. Tries of one campaign that
 * wait together travel in one message; a changed rule is a message of its own, between what came before and after it.
 */

import type { ClaimRequested, PlacedRequest, Request, RuleChanged } from '../../core/request.ts';
import { PACK_MAX } from '../../core/request.ts';
import { ruleChangedOf } from '../../core/rule-change.ts';
import { type Envelope, envelopeOf, openEvent, unreadable } from './envelope.ts';

const PACK_CHARS_MAX = 200_000;

/** [userId, key] */
type PackedTry = [string, string | null];

interface Pack {
  tries: PackedTry[];
  items: number[];
  chars: number;
}

export type DecodedRequests =
  | { kind: 'requests'; requests: PlacedRequest[] }
  | { kind: 'unreadable'; reason: string };

/** How a message of tries is called: the same person's next try is another one, so nothing in it tells it apart. */
export type NameTries = (firstItem: number) => string;

/** Packs requests into as few messages as campaigns and size allow; the order within a campaign is kept. */
export function packRequests(requests: readonly Request[], nameTries: NameTries): Envelope[] {
  const open = new Map<string, Pack>();
  const messages: { campaignId: string; content: Pack | RuleChanged; items: number[] }[] = [];
  for (const [item, request] of requests.entries()) {
    const { campaignId } = request;
    if (request.type !== 'claim.requested') {
      open.delete(campaignId);
      messages.push({ campaignId, content: request, items: [item] });
      continue;
    }
    const chars = request.userId.length + (request.key?.length ?? 0) + 10;
    let pack = open.get(campaignId);
    if (!pack || pack.tries.length >= PACK_MAX || pack.chars + chars > PACK_CHARS_MAX) {
      pack = { tries: [], items: [], chars: 0 };
      open.set(campaignId, pack);
      messages.push({ campaignId, content: pack, items: pack.items });
    }
    pack.tries.push([request.userId, request.key]);
    pack.items.push(item);
    pack.chars += chars;
  }
  return messages.map(({ campaignId, content, items }) =>
    'tries' in content
      ? envelopeOfTries(campaignId, content, nameTries(items[0] ?? 0))
      : envelopeOfRule(content, items),
  );
}

/** No time in it: the broker's clock says when it was asked. */
function envelopeOfTries(campaignId: string, { tries, items }: Pack, name: string): Envelope {
  const type: ClaimRequested['type'] = 'claim.requested';
  const event = { id: `${campaignId}:${name}:${type}`, type, campaignId, subject: campaignId, at: null };
  return envelopeOf({ ...event, data: { campaignId, requests: tries } }, campaignId, items);
}

function envelopeOfRule({ type, campaignId, rule }: RuleChanged, items: number[]): Envelope {
  const id = `${campaignId}:${rule.epoch}:${rule.version}:${type}`;
  const event = { id, type, campaignId, subject: campaignId, at: null, data: { campaignId, rule } };
  return envelopeOf(event, campaignId, items);
}

/** Reads a message, all or nothing; `first` is the place of what comes first in it, `at` when the broker took it, epoch ms. */
export function unpackRequests(value: Buffer | null, first: number, at: number): DecodedRequests {
  const event = openEvent(value);
  if (event.kind === 'unreadable') return event;
  const { type, data } = event;
  if (type === 'claim.requested') return unpackTries(data, first, at);
  const request = ruleChangedOf({ ...data, type });
  if (request !== null) return { kind: 'requests', requests: [{ request, place: first, at }] };
  return unreadable(
    type.startsWith('campaign.') ? `no rule of ${type}` : `unknown type ${JSON.stringify(type)}`,
  );
}

function unpackTries(data: Record<string, unknown>, first: number, at: number): DecodedRequests {
  const { campaignId, requests: tries } = data;
  if (typeof campaignId !== 'string') return unreadable('no campaign');
  if (!Array.isArray(tries) || tries.length === 0) return unreadable('no requests');
  if (tries.length > PACK_MAX) return unreadable(`more than ${PACK_MAX} requests`);
  const requests: PlacedRequest[] = [];
  for (let index = 0; index < tries.length; index++) {
    const one: unknown = tries[index];
    if (!isTry(one)) return unreadable(`not a request: ${JSON.stringify(one)}`);
    const request: ClaimRequested = { type: 'claim.requested', campaignId, userId: one[0], key: one[1] };
    requests.push({ request, place: first + index, at });
  }
  return { kind: 'requests', requests };
}

const isTry = (value: unknown): value is PackedTry =>
  Array.isArray(value) && typeof value[0] === 'string' && (value[1] === null || typeof value[1] === 'string');

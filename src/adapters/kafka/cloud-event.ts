/**
 * Facts as messages: CloudEvents 1.0 in JSON, attributes repeated as headers (contract §8). The winners of a batch that
 * belong to one campaign and epoch travel in one message; each fact's own id follows from what is in it, so a fact that
 * was packed anew after a failed send is still the same fact.
 */

import { claimId } from '../../core/claim.ts';
import type { ClaimWon, Fact } from '../../core/event.ts';
import { factId } from '../../core/event.ts';

/** A message on its way: what Kafka holds, before it has a place. */
export interface Envelope {
  /** `campaign:epoch:seq:type` of a single fact; of several `campaign:epoch:first-last:type` */
  id: string;
  key: Buffer;
  value: Buffer;
  headers: Map<Buffer, Buffer>;
  /** how many facts are in it */
  facts: number;
}

export type Decoded = { kind: 'facts'; facts: Fact[] } | { kind: 'unreadable'; reason: string };

/** [seq, userId, nth, key, wonAt] */
type PackedWin = [number, string, number, string | null, number];

interface WonEvent {
  specversion: '1.0';
  id: string;
  type: 'claim.won';
  source: string;
  subject: string;
  time: string;
  datacontenttype: 'application/json';
  data: { campaignId: string; epoch: number; wins: PackedWin[] };
}

const CONTENT_TYPE = 'application/cloudevents+json; charset=utf-8';

/** Far below the 1 MiB that a broker takes by default: a user id and a key are at most some hundred bytes. */
const PACK_FACTS_MAX = 1000;
const PACK_CHARS_MAX = 200_000;

/** Packs facts into as few messages as campaigns and size allow; the order within a campaign and epoch is kept. */
export function packFacts(facts: readonly Fact[]): Envelope[] {
  const open = new Map<string, { facts: ClaimWon[]; chars: number }>();
  const packs: ClaimWon[][] = [];
  for (const fact of facts) {
    const stream = `${fact.campaignId}:${fact.epoch}`;
    const chars = fact.userId.length + (fact.key?.length ?? 0) + 50;
    let pack = open.get(stream);
    if (!pack || pack.facts.length >= PACK_FACTS_MAX || pack.chars + chars > PACK_CHARS_MAX) {
      pack = { facts: [], chars: 0 };
      open.set(stream, pack);
      packs.push(pack.facts);
    }
    pack.facts.push(fact);
    pack.chars += chars;
  }
  return packs.map(envelopeOf);
}

function envelopeOf(facts: ClaimWon[]): Envelope {
  const [first, last] = [facts[0] as ClaimWon, facts.at(-1) as ClaimWon];
  const { campaignId, epoch } = first;
  const subject = claimId(campaignId, first.seq);
  const id = facts.length === 1 ? factId(first) : `${campaignId}:${epoch}:${first.seq}-${last.seq}:claim.won`;
  const event: WonEvent = {
    specversion: '1.0',
    id,
    type: 'claim.won',
    source: `/v1/campaigns/${campaignId}`,
    subject,
    time: new Date(first.wonAt).toISOString(),
    datacontenttype: 'application/json',
    data: {
      campaignId,
      epoch,
      wins: facts.map(({ seq, userId, nth, key, wonAt }) => [seq, userId, nth, key, wonAt]),
    },
  };
  const headers = headersOf({
    'content-type': CONTENT_TYPE,
    ce_specversion: event.specversion,
    ce_id: event.id,
    ce_type: event.type,
    ce_source: event.source,
    ce_subject: event.subject,
    ce_time: event.time,
  });
  return {
    id,
    key: Buffer.from(subject),
    value: Buffer.from(JSON.stringify(event)),
    headers,
    facts: facts.length,
  };
}

export function headersOf(entries: Record<string, string>): Map<Buffer, Buffer> {
  return new Map(Object.entries(entries).map(([name, value]) => [Buffer.from(name), Buffer.from(value)]));
}

/** Reads a message's value. It is all or nothing: one bad win among good ones makes the whole message unreadable. */
export function unpackFacts(value: Buffer | null): Decoded {
  if (value === null || value.length === 0) return unreadable('nothing in it');
  let event: unknown;
  try {
    event = JSON.parse(value.toString());
  } catch (error) {
    return unreadable(`not JSON: ${(error as Error).message}`);
  }
  if (!isObject(event)) return unreadable('no CloudEvent');
  if (event['specversion'] !== '1.0') return unreadable('no CloudEvent of version 1.0');
  if (event['type'] !== 'claim.won') return unreadable(`unknown type ${JSON.stringify(event['type'])}`);
  const { data } = event;
  if (!isObject(data)) return unreadable('no data');
  const { campaignId, epoch, wins } = data;
  if (typeof campaignId !== 'string' || !Number.isSafeInteger(epoch))
    return unreadable('no campaign or epoch');
  if (!Array.isArray(wins) || wins.length === 0) return unreadable('no wins');
  const facts: Fact[] = [];
  for (const win of wins as unknown[]) {
    const fact = decodeWin(campaignId, epoch as number, win);
    if (fact === null) return unreadable(`not a win: ${JSON.stringify(win)}`);
    facts.push(fact);
  }
  return { kind: 'facts', facts };
}

function decodeWin(campaignId: string, epoch: number, win: unknown): ClaimWon | null {
  if (!Array.isArray(win)) return null;
  const [seq, userId, nth, key, wonAt] = win as unknown[];
  if (![seq, nth, wonAt].every((value) => Number.isSafeInteger(value))) return null;
  if (typeof userId !== 'string' || (key !== null && typeof key !== 'string')) return null;
  const numbers = { seq: seq as number, nth: nth as number, wonAt: wonAt as number };
  return { type: 'claim.won', campaignId, epoch, userId, key: key as string | null, ...numbers };
}

const unreadable = (reason: string): Decoded => ({ kind: 'unreadable', reason });

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

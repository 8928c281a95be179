/**
 * Facts as messages. The winners of a batch that belong to one campaign and epoch travel in one message; each fact's own
 * id follows from what is in it, so a fact that was packed anew after a failed send is still the same fact. What happens
 * in a waiting line travels by itself, keyed by the campaign, so that all of a line is in one partition, in order.
 */

import { claimId } from '../../core/claim.ts';
import type { ClaimWon, Fact } from '../../core/event.ts';
import { factId } from '../../core/event.ts';
import type { LineFact } from '../../core/line-fact.ts';
import { lineFactId, lineFactOf, packLineFacts } from '../../core/line-fact.ts';
import { type Envelope, envelopeOf, openEvent, unreadable } from './envelope.ts';

export type Decoded =
  | { kind: 'facts'; facts: ClaimWon[]; lines: LineFact[] }
  | { kind: 'unreadable'; reason: string };

/** [seq, userId, nth, key, wonAt] */
type PackedWin = [number, string, number, string | null, number];

/** Far below the 1 MiB that a broker takes by default: a user id and a key are at most some hundred bytes. */
const PACK_FACTS_MAX = 1000;
const PACK_CHARS_MAX = 200_000;
/** People in one fact of a line, at most: with the longest names and keys that there are it fits into a message. */
const PIECE_MAX = 500;
/** Of a message with several facts of a line that cannot be said in one. */
const PACKED_LINE = 'line.packed';

/** What goes into one message: facts of one kind, campaign and epoch. */
interface Pack<F extends Fact> {
  facts: F[];
  items: number[];
  chars: number;
}

/** Packs facts into as few messages as campaigns and size allow; the order within a campaign and epoch is kept. */
export function packFacts(facts: readonly Fact[]): Envelope[] {
  const won = makePacker<ClaimWon>();
  const line = makePacker<LineFact>();
  for (const [item, fact] of facts.entries()) {
    if (fact.type === 'claim.won') won.add(fact, item);
    else for (const piece of piecesOf(fact)) line.add(piece, item);
  }
  return [...won.packs.map(envelopeOfWins), ...line.packs.map(envelopeOfLine)];
}

function makePacker<F extends Fact>() {
  const open = new Map<string, Pack<F>>();
  const packs: Pack<F>[] = [];
  return {
    packs,
    add(fact: F, item: number): void {
      const stream = `${fact.campaignId}:${fact.epoch}`;
      const chars = factChars(fact);
      let pack = open.get(stream);
      if (!pack || pack.facts.length >= PACK_FACTS_MAX || pack.chars + chars > PACK_CHARS_MAX) {
        pack = { facts: [], items: [], chars: 0 };
        open.set(stream, pack);
        packs.push(pack);
      }
      pack.facts.push(fact);
      pack.items.push(item);
      pack.chars += chars;
    },
  };
}

const sumOf = (texts: readonly (string | null)[]): number =>
  texts.reduce((all, text) => all + (text?.length ?? 0) + 8, 0);

/** As many facts as say the same, each of which fits into a message whoever joined. */
function piecesOf(fact: LineFact): LineFact[] {
  if (!('numbers' in fact) && fact.type !== 'line.joined') return [fact];
  const count = fact.type === 'line.joined' ? fact.userIds.length : fact.numbers.length;
  if (count <= PIECE_MAX) return [fact];
  const pieces: LineFact[] = [];
  for (let from = 0; from < count; from += PIECE_MAX) pieces.push(pieceOf(fact, from, from + PIECE_MAX));
  return pieces;
}

function pieceOf(fact: LineFact, from: number, to: number): LineFact {
  if (fact.type === 'line.joined') {
    const first = fact.first + (fact.first < 0 ? -from : from);
    return {
      ...fact,
      first,
      userIds: fact.userIds.slice(from, to),
      keys: fact.keys?.slice(from, to) ?? null,
    };
  }
  if (fact.type === 'line.won') {
    return { ...fact, numbers: fact.numbers.slice(from, to), seqs: fact.seqs.slice(from, to) };
  }
  return 'numbers' in fact ? { ...fact, numbers: fact.numbers.slice(from, to) } : fact;
}

/** About how long a fact is in a message. */
export function factChars(fact: Fact): number {
  if (fact.type === 'claim.won') return fact.userId.length + (fact.key?.length ?? 0) + 50;
  if (fact.type === 'line.joined') return 150 + sumOf(fact.userIds) + sumOf(fact.keys ?? []);
  return 150 + ('numbers' in fact ? 20 * fact.numbers.length : 0);
}

function envelopeOfWins({ facts, items }: Pack<ClaimWon>): Envelope {
  const [first, last] = [facts[0] as ClaimWon, facts.at(-1) as ClaimWon];
  const { campaignId, epoch } = first;
  const subject = claimId(campaignId, first.seq);
  const id = facts.length === 1 ? factId(first) : `${campaignId}:${epoch}:${first.seq}-${last.seq}:claim.won`;
  const wins: PackedWin[] = facts.map(({ seq, userId, nth, key, wonAt }) => [seq, userId, nth, key, wonAt]);
  const data = { campaignId, epoch, wins };
  const event = { id, type: 'claim.won', campaignId, subject, at: first.wonAt, data };
  return envelopeOf(event, subject, items);
}

function envelopeOfLine({ facts, items }: Pack<LineFact>): Envelope {
  const [first, last] = [facts[0] as LineFact, facts.at(-1) as LineFact];
  const { campaignId, epoch, at } = first;
  const id = facts.length === 1 ? lineFactId(first) : `${lineFactId(first)}-${lineFactId(last)}`;
  const packed = packLineFacts(facts);
  const [only] = packed;
  const said =
    packed.length === 1 && only !== undefined
      ? { type: only.type, data: only }
      : { type: PACKED_LINE, data: { campaignId, epoch, facts: packed } };
  return envelopeOf({ id, campaignId, subject: campaignId, at, ...said }, campaignId, items);
}

/** Reads a message's value. It is all or nothing: one bad fact among good ones makes the whole message unreadable. */
export function unpackFacts(value: Buffer | null): Decoded {
  const event = openEvent(value);
  if (event.kind === 'unreadable') return event;
  const { type, data } = event;
  if (type === 'claim.won') return unpackWins(data);
  if (type === PACKED_LINE) return unpackLine(data['facts']);
  if (type.startsWith('line.')) return unpackLine([data]);
  return unreadable(`unknown type ${JSON.stringify(type)}`);
}

function unpackWins({ campaignId, epoch, wins }: Record<string, unknown>): Decoded {
  if (typeof campaignId !== 'string' || !Number.isSafeInteger(epoch))
    return unreadable('no campaign or epoch');
  if (!Array.isArray(wins) || wins.length === 0) return unreadable('no wins');
  const facts: ClaimWon[] = [];
  for (const win of wins as unknown[]) {
    const fact = decodeWin(campaignId, epoch as number, win);
    if (fact === null) return unreadable(`not a win: ${JSON.stringify(win)}`);
    facts.push(fact);
  }
  return { kind: 'facts', facts, lines: [] };
}

function unpackLine(facts: unknown): Decoded {
  if (!Array.isArray(facts) || facts.length === 0) return unreadable('nothing of a line');
  const lines: LineFact[] = [];
  for (const one of facts as unknown[]) {
    const fact = lineFactOf(one);
    if (fact === null) return unreadable(`not of a line: ${JSON.stringify(one)}`);
    lines.push(fact);
  }
  return { kind: 'facts', facts: [], lines };
}

function decodeWin(campaignId: string, epoch: number, win: unknown): ClaimWon | null {
  if (!Array.isArray(win)) return null;
  const [seq, userId, nth, key, wonAt] = win as unknown[];
  if (![seq, nth, wonAt].every((value) => Number.isSafeInteger(value))) return null;
  if (typeof userId !== 'string' || (key !== null && typeof key !== 'string')) return null;
  const numbers = { seq: seq as number, nth: nth as number, wonAt: wonAt as number };
  return { type: 'claim.won', campaignId, epoch, userId, key: key as string | null, ...numbers };
}

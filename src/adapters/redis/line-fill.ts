/**
 * Facts on their way into a line in Redis, a few at a time: those of the past, of which a line is made anew, and what the
 * gate said. What the line knows already is passed over, so that whoever broke off can begin again.
 */

import type { LineFact } from '../../core/line-fact.ts';
import type { AskLine } from './line-call.ts';
import { shuffleAgain } from './line-shuffle.ts';

/** People in one call. */
const CHUNK = 1000;

/** `ask` may be a part of a filling. */
export async function takeFacts(ask: AskLine, facts: readonly LineFact[]): Promise<void> {
  let chunk: LineFact[] = [];
  let size = 0;
  const send = async (): Promise<void> => {
    if (chunk.length > 0) await ask('take', JSON.stringify(chunk));
    chunk = [];
    size = 0;
  };
  for (const fact of facts) {
    if (fact.type === 'line.shuffled') {
      await send();
      await shuffleAgain(ask, fact);
      continue;
    }
    for (const part of inParts(fact)) {
      chunk.push(part);
      size += sizeOf(part);
      if (size >= CHUNK) await send();
    }
  }
  await send();
}

function sizeOf(fact: LineFact): number {
  if (fact.type === 'line.joined') return fact.userIds.length;
  return 'numbers' in fact ? fact.numbers.length : 1;
}

/** One fact as several that say the same and are small. */
function* inParts(fact: LineFact): Generator<LineFact> {
  for (let from = 0; from === 0 || from < sizeOf(fact); from += CHUNK) {
    if (sizeOf(fact) <= CHUNK) yield fact;
    else yield partOf(fact, from, from + CHUNK);
  }
}

function partOf(fact: LineFact, from: number, to: number): LineFact {
  if (fact.type === 'line.joined') {
    const { first, userIds, keys } = fact;
    return {
      ...fact,
      first: first < 0 ? first - from : first + from,
      userIds: userIds.slice(from, to),
      keys: keys?.slice(from, to) ?? null,
    };
  }
  if (fact.type === 'line.won')
    return { ...fact, numbers: fact.numbers.slice(from, to), seqs: fact.seqs.slice(from, to) };
  return 'numbers' in fact ? { ...fact, numbers: fact.numbers.slice(from, to) } : fact;
}

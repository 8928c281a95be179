/** What is published of a shuffle: the hash of its seed from the beginning, seed and lots once the line has been shuffled. */

import type { LineFact } from '../core/line-fact.ts';
import type { PublishedShuffle } from '../core/shuffle.ts';
import { lotsInOrder, shuffleCommitment, shuffled } from '../core/shuffle.ts';
import type { LineHistory } from '../ports/line-history.ts';
import { linePast } from './line-past.ts';

/** Null until it has been shuffled and that is recorded. */
export async function publishedShuffle(
  history: LineHistory,
  campaignId: string,
): Promise<PublishedShuffle | null> {
  const early = new Map<number, string>();
  for await (const facts of linePast(history, campaignId)) {
    for (const fact of facts) {
      if (fact.type === 'line.shuffled') return published(campaignId, fact.seed, [...early.values()]);
      takeIn(early, fact);
    }
  }
  return null;
}

function takeIn(early: Map<number, string>, fact: LineFact): void {
  if (fact.type === 'line.joined' && fact.first < 0) {
    for (const [i, userId] of fact.userIds.entries()) early.set(fact.first - i, userId);
  }
  if (fact.type === 'line.left') for (const number of fact.numbers) early.delete(number);
}

function published(campaignId: string, seed: string, userIds: string[]): PublishedShuffle {
  const lots = lotsInOrder(seed, campaignId, shuffled(seed, campaignId, userIds));
  return { campaignId, commitment: shuffleCommitment(seed), seed, lots };
}

/** What the record has of a line, page by page: for whoever makes one anew, checks it, or publishes its shuffle. */

import type { LineFact } from '../core/line-fact.ts';
import type { LineHistory } from '../ports/line-history.ts';

/** In the order in which it was stored. */
export async function* linePast(history: LineHistory, campaignId: string): AsyncGenerator<LineFact[]> {
  for (let after: number | null = 0; after !== null; ) {
    const page: Awaited<ReturnType<LineHistory['page']>> = await history.page(campaignId, after);
    yield page.facts;
    after = page.next;
  }
}

/** All of it at once. */
export async function wholeLinePast(history: LineHistory, campaignId: string): Promise<LineFact[]> {
  const pages: LineFact[][] = [];
  for await (const facts of linePast(history, campaignId)) pages.push(facts);
  return pages.flat();
}

/**
 * ports/line-history on SQL: a row holds what a batch had of one campaign's line, packed, so that a line of a million
 * people is read back in some hundred rows.
 */

import type { Kysely } from 'kysely';
import type { LineFact } from '../../core/line-fact.ts';
import { packLineFacts } from '../../core/line-fact.ts';
import type { LineHistory } from '../../ports/line-history.ts';
import type { RecordTables } from './schema.ts';

/** Characters in a row, about: a fact is never cut, and one may be longer. */
const ROW_MAX = 200_000;
const PAGE_ROWS = 1_000;
const PAGE_MAX = 1_000_000;

/** Facts of one campaign as the texts of their rows, in order. */
export function lineTexts(facts: readonly LineFact[]): string[] {
  const texts: string[] = [];
  let some: LineFact[] = [];
  let size = 0;
  for (const fact of facts) {
    // Measured as it is: packed, it is no longer.
    const length = JSON.stringify(fact).length;
    if (some.length > 0 && size + length > ROW_MAX) {
      texts.push(JSON.stringify(packLineFacts(some)));
      some = [];
      size = 0;
    }
    some.push(fact);
    size += length;
  }
  if (some.length > 0) texts.push(JSON.stringify(packLineFacts(some)));
  return texts;
}

/** How many of the rows fit in a page: one at least. */
function fitting(rows: readonly { size: number }[]): number {
  let size = 0;
  const over = rows.findIndex((row, at) => {
    size += row.size;
    return at > 0 && size > PAGE_MAX;
  });
  return over === -1 ? rows.length : over;
}

export function makeSqlLineHistory(db: Kysely<RecordTables>): LineHistory {
  return {
    async page(campaignId, after) {
      const rowsAfter = db
        .selectFrom('line_facts')
        .where('campaign_no', '=', (at) =>
          at.selectFrom('campaigns').select('no').where('campaigns.id', '=', campaignId),
        )
        .where('line_facts.id', '>', after)
        .orderBy('line_facts.id');
      const sizes = await rowsAfter.select(['line_facts.id', 'size']).limit(PAGE_ROWS).execute();
      const count = fitting(sizes);
      const last = sizes[count - 1];
      if (last === undefined) return { facts: [], next: null };
      const rows = await rowsAfter.select('facts').where('line_facts.id', '<=', last.id).execute();
      const facts = rows.flatMap((row) => JSON.parse(row.facts) as LineFact[]);
      const isAll = count === sizes.length && sizes.length < PAGE_ROWS;
      return { facts, next: isAll ? null : last.id };
    },
  };
}

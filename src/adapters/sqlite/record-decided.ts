/** The rest of a batch beside its wins, in SQLite: what happened in waiting lines, and how a decider stands. */

import type { LineFact } from '../../core/line-fact.ts';
import type { RecordBatch } from '../../ports/record.ts';
import { lineTexts } from '../sql/line-history.ts';
import { isDeciders, isSoldOut, rulingRow, rulingsIn, soldOutData, withUnreadable } from '../sql/rulings.ts';
import type { RulingsTable } from '../sql/schema.ts';
import type { Sqlite } from './open.ts';

function statements(sqlite: Sqlite) {
  return {
    campaign: sqlite.prepare<[string], number>('SELECT no FROM campaigns WHERE id = ?').pluck(),
    line: sqlite.prepare<[number, number, string]>(
      'INSERT INTO line_facts (campaign_no, size, facts) VALUES (?, ?, ?)',
    ),
    wasSoldOut: sqlite
      .prepare<[number], number>('SELECT issued >= quantity FROM rulings WHERE campaign_no = ?')
      .pluck(),
    ruling: sqlite.prepare<[RulingsTable]>(
      `INSERT INTO rulings (campaign_no, source, changed, quantity, issued, last_seq, body)
       VALUES (@campaign_no, @source, @changed, @quantity, @issued, @last_seq, @body)
       ON CONFLICT (campaign_no) DO UPDATE SET source = excluded.source, changed = excluded.changed,
         quantity = excluded.quantity, issued = excluded.issued, last_seq = excluded.last_seq, body = excluded.body`,
    ),
    soldOut: sqlite.prepare<[number, string, number]>(
      "INSERT INTO outbox (type, campaign_no, data, created_at) VALUES ('campaign.sold_out', ?, ?, ?)",
    ),
    decider: sqlite.prepare<[string]>(
      "INSERT INTO deciders (source, unreadable) VALUES (?, '[]') ON CONFLICT DO NOTHING",
    ),
    unreadable: sqlite.prepare<[string], string>('SELECT unreadable FROM deciders WHERE source = ?').pluck(),
    setUnreadable: sqlite.prepare<[string, string]>('UPDATE deciders SET unreadable = ? WHERE source = ?'),
  };
}

/** Both run inside the transaction of their batch. */
export interface StoreDecided {
  /** Returns what is left: facts of campaigns that are not there. */
  lines(facts: readonly LineFact[]): LineFact[];
  /** Rulings about campaigns that are not there are left out: their wins are set aside. */
  decider(batch: RecordBatch): void;
}

export function makeStoreDecided(sqlite: Sqlite): StoreDecided {
  const run = statements(sqlite);

  function storeRulings(batch: RecordBatch): void {
    for (const [campaignId, ruling] of rulingsIn(batch)) {
      const no = run.campaign.get(campaignId);
      if (no === undefined) continue;
      if (isSoldOut(ruling) && run.wasSoldOut.get(no) !== 1) {
        run.soldOut.run(no, soldOutData(ruling), batch.now);
      }
      run.ruling.run(rulingRow(ruling, no, batch));
    }
  }

  return {
    lines(facts) {
      const strange: LineFact[] = [];
      for (const [campaignId, some] of Map.groupBy(facts, (fact) => fact.campaignId)) {
        const no = run.campaign.get(campaignId);
        if (no === undefined) strange.push(...some);
        else for (const text of lineTexts(some)) run.line.run(no, text.length, text);
      }
      return strange;
    },
    decider(batch) {
      if (!isDeciders(batch)) return;
      const { source, unreadableAt = [] } = batch;
      run.decider.run(source);
      if (unreadableAt.length > 0) {
        run.setUnreadable.run(withUnreadable(run.unreadable.get(source) ?? '[]', unreadableAt), source);
      }
      storeRulings(batch);
    },
  };
}

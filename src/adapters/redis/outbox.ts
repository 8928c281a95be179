/** What claim.lua leaves in a campaign's outbox, read back: an entry holds the wins of one batch. */

import type { ClaimWon } from '../../core/event.ts';

/** A user alone is his first unit, without a key. */
type Win = string | [userId: string, nth: number, key?: string];

/** The wins of one stream entry (`epoch`, `at`, `first`, `wins`), in order of seq. Throws when it is none of claim.lua's. */
export function readOutboxEntry(campaignId: string, fields: readonly string[]): ClaimWon[] {
  const [epochName, epoch, atName, at, firstName, first, winsName, wins = ''] = fields;
  if (epochName !== 'epoch' || atName !== 'at' || firstName !== 'first' || winsName !== 'wins') {
    throw new Error(`no outbox entry of ${campaignId}: ${fields.slice(0, 6).join(' ')}`);
  }
  return (JSON.parse(wins) as Win[]).map((win, i): ClaimWon => {
    const [userId, nth, key = null] = typeof win === 'string' ? [win, 1] : win;
    const seq = Number(first) + i;
    return { type: 'claim.won', campaignId, epoch: Number(epoch), seq, userId, nth, key, wonAt: Number(at) };
  });
}

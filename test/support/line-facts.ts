/** Facts of a campaign's line as one process logs them, all at one moment of its first epoch. */

import type { LineFact } from '../../src/core/line-fact.ts';
import { T0 } from './samples.ts';

export interface LineFacts {
  joined(first: number, ...userIds: string[]): LineFact;
  left(...numbers: number[]): LineFact;
  released(to: number, confirmBy?: number | null): LineFact;
  confirmed(...numbers: number[]): LineFact;
  /** who won, by number in line and number of the unit */
  won(...pairs: [number, number][]): LineFact;
}

export function lineFactsOf(campaignId: string): LineFacts {
  const head = { campaignId, epoch: 1, at: T0 };
  return {
    joined: (first, ...userIds) => ({ type: 'line.joined', ...head, first, userIds, keys: null }),
    left: (...numbers) => ({ type: 'line.left', ...head, numbers }),
    released: (to, confirmBy = null) => ({ type: 'line.released', ...head, to, confirmBy }),
    confirmed: (...numbers) => ({ type: 'line.confirmed', ...head, numbers }),
    won: (...pairs) => ({
      type: 'line.won',
      ...head,
      numbers: pairs.map(([number]) => number),
      seqs: pairs.map(([, seq]) => seq),
    }),
  };
}

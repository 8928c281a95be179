/**
 * What the answers themselves show, for the invariants that no state can show (I8, I9, I11): a few answers are kept and
 * later ones are held against them. Bounded per campaign; the press pays for a look at a map.
 */

import type { Campaign } from '../core/campaign.ts';
import type { LiveCampaign } from './catalog.ts';
import type { Outcome } from './outcome.ts';

const KEPT_MAX = 512;

export interface Sight {
  /** I8: repeats held against what was told first */
  repeats: { compared: number; different: number };
  /** I9: wins held against the highest seq that was told before they were pressed */
  order: { compared: number; inverted: number };
  /** I11: `sold_out` held against the units out at that moment */
  soldOut: { compared: number; early: number };
  /** `sold_out` told while it was not known here how many units are out, by the quantity that was then in force */
  soldOutOwed: Map<number, number>;
  /** the version of the campaign under which `sold_out` was told last; 0: never */
  soldOutVersion: number;
  /** the highest seq told so far */
  toldSeqMax: number;
  first: Map<string, string>;
}

export interface Sights {
  of(campaignId: string): Sight;
  /** Settles what is owed against the units that the gate says are out: they never become fewer. */
  settle(campaignId: string, issued: number): void;
  /** Takes an answer in. `floor` is `toldSeqMax` when the press came; -1 when it was not looked at. */
  see(live: LiveCampaign, outcome: Outcome, floor: number): void;
}

function newSight(): Sight {
  return {
    repeats: { compared: 0, different: 0 },
    order: { compared: 0, inverted: 0 },
    soldOut: { compared: 0, early: 0 },
    soldOutOwed: new Map(),
    soldOutVersion: 0,
    toldSeqMax: 0,
    first: new Map(),
  };
}

/** `shared`: other processes give units out too, and this one hears of it a moment later. */
export function makeSights(shared: boolean): Sights {
  const sights = new Map<string, Sight>();

  function of(campaignId: string): Sight {
    let sight = sights.get(campaignId);
    if (!sight) {
      sight = newSight();
      sights.set(campaignId, sight);
    }
    return sight;
  }

  function seeUnit(
    sight: Sight,
    { perUserLimit: limit, codes }: Campaign,
    outcome: Outcome & { verdict: 'won' | 'already_won' },
  ): void {
    const { claim } = outcome;
    // Told without a code that could not be brought in time: the next answer has it, and says nothing else.
    if (claim.code === null && codes.source === 'pool') return;
    const before = limit === 1 ? sight.first.get(claim.userId) : undefined;
    // Most winners are neither kept nor looked at again: for them not even the text is made.
    if (before === undefined && sight.first.size >= KEPT_MAX) return;
    const told = `${claim.seq} ${claim.code} ${claim.wonAt}`;
    if (before === undefined) sight.first.set(claim.userId, told);
    else {
      sight.repeats.compared += 1;
      if (before !== told) sight.repeats.different += 1;
    }
  }

  function seeSoldOut({ soldOut, soldOutOwed }: Sight, issued: number, quantity: number): void {
    if (shared && issued < quantity) {
      soldOutOwed.set(quantity, (soldOutOwed.get(quantity) ?? 0) + 1);
      return;
    }
    soldOut.compared += 1;
    if (issued < quantity) soldOut.early += 1;
  }

  return {
    of,
    see(live, outcome, floor) {
      const sight = of(live.campaign.id);
      if (outcome.verdict === 'won' || outcome.verdict === 'already_won') {
        seeUnit(sight, live.campaign, outcome);
        if (outcome.verdict === 'won') {
          if (floor >= 0) {
            sight.order.compared += 1;
            if (outcome.claim.seq <= floor) sight.order.inverted += 1;
          }
          if (outcome.claim.seq > sight.toldSeqMax) sight.toldSeqMax = outcome.claim.seq;
        }
      } else if (outcome.verdict === 'sold_out') {
        sight.soldOutVersion = outcome.campaign.version;
        if (floor < 0) return;
        seeSoldOut(sight, live.issued, outcome.campaign.quantity);
      }
    },
    settle(campaignId, issued) {
      const { soldOut, soldOutOwed } = of(campaignId);
      for (const [quantity, times] of soldOutOwed) {
        soldOut.compared += times;
        if (issued < quantity) soldOut.early += times;
      }
      soldOutOwed.clear();
    },
  };
}

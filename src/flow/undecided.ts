/** What can be said of a campaign for whose mode there is nothing here that decides. */

import type { Campaign } from '../core/campaign.ts';
import type { Attempt } from '../core/gate.ts';
import { decide, emptyGate, gateRule } from '../core/gate.ts';
import type { GateAnswer } from '../ports/gate.ts';

/** Of what has not opened nobody holds anything, so that is true for everybody; whatever else there is to say is not known. */
export function undecided(campaign: Campaign, attempt: Attempt, now: number): GateAnswer {
  const alone = decide(emptyGate(gateRule(campaign)), attempt, now);
  return alone.verdict === 'not_open' ? alone : { verdict: 'unavailable' };
}

/** The gate's answers, a closed list in order of precedence: the first that applies is the answer (contract §3). */

export const VERDICTS = [
  'already_won',
  'pending',
  'ineligible',
  'paused',
  'not_open',
  'closed',
  'won',
  'sold_out',
] as const;

export type Verdict = (typeof VERDICTS)[number];

/** The HTTP status that tells a verdict as the answer to a claim. */
export const VERDICT_STATUS: Readonly<Record<Verdict, number>> = {
  already_won: 200,
  pending: 202,
  ineligible: 403,
  paused: 409,
  not_open: 409,
  closed: 409,
  won: 201,
  sold_out: 409,
};

/** What became of a fact that was set aside: `dead` until it is sent through again or given up. */

export const LETTER_STATES = ['dead', 'replayed', 'discarded'] as const;
export type LetterState = (typeof LETTER_STATES)[number];

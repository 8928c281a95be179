/** What is kept beside the claims, by how it is let go of: after a time of its own, or because it tells of people. */

/** What has a time of its own to be kept for. */
export type OldKind = 'audit' | 'outbox' | 'deliveries' | 'runs' | 'files' | 'figures' | 'faults';

/** Where something of a campaign's people stands, in the order in which they are taken out: runs tell which files are theirs. */
export const PERSONAL_PLACES = [
  'claims',
  'line',
  'letters',
  'outbox',
  'audit',
  'deliveries',
  'files',
  'runs',
] as const;
export type PersonalPlace = (typeof PERSONAL_PLACES)[number];

/** What may still change: before the window begins everything but the address, afterwards a few fields, and then none. */

import type { Campaign } from '../../api.ts';
import type { Field } from './form.ts';

/** As the server has it; it has the last word. */
const WHILE_OPEN: readonly Field[] = [
  'name',
  'quantity',
  'closesAt',
  'benefit',
  'couponExpiresAt',
  'validDays',
  'returnUnits',
  'release',
];

/** Why a field may not change: its address is known, it has begun, it is put away. */
export type Frozen = 'address' | 'begun' | 'archived';

export function hasBegun(campaign: Campaign): boolean {
  if (campaign.status === 'draft' || campaign.status === 'scheduled') return false;
  const start = campaign.openedAt ?? campaign.opensAt;
  return start !== null && Date.parse(start) <= Date.now();
}

/** null: it may change. `campaign` null: a new one. */
export function frozenBy(campaign: Campaign | null, field: Field): Frozen | null {
  if (campaign === null) return null;
  if (campaign.status === 'archived') return 'archived';
  if (field === 'id') return 'address';
  return hasBegun(campaign) && !WHILE_OPEN.includes(field) ? 'begun' : null;
}

/** The record does not have everything yet that was told: it will, so whoever needs it asks again. */

import { said } from '../core/said.ts';

export class RecordBehind extends Error {
  override name = 'RecordBehind';

  constructor(campaignId: string) {
    super(said('record_behind', { campaign: campaignId }));
  }
}

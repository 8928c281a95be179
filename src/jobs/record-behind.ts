/** The record does not have everything yet that was told: it will, so whoever needs it asks again. */

export class RecordBehind extends Error {
  override name = 'RecordBehind';

  constructor(campaignId: string) {
    super(`The record is behind what was told in ${campaignId}. See docs/runbook/recorder-lag.md.`);
  }
}

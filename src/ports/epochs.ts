/**
 * Which gate is the right one: an epoch for each campaign, kept beside the record and changed by compare-and-set alone.
 * Wins of an epoch are taken into the record until a later epoch is opened; what comes after that is late.
 */

/** `open`: wins of this epoch count. `rebuilding`: its gate is being filled. `retired`: over; answered from the record. */
export type EpochState = 'open' | 'rebuilding' | 'retired';

export interface Epoch {
  campaignId: string;
  /** the campaign's version in the store */
  version: number;
  epoch: number;
  state: EpochState;
  /** numbers up to here are of earlier epochs: what counts of them was recorded when it was opened, or is reserved */
  baseSeq: number;
  /** numbers up to here may have been given out */
  leasedSeq: number;
  /** units that count as given although nobody is known to hold them */
  reserved: number;
  /** epoch ms: then they return to the stock; null when there are none */
  reservedUntil: number | null;
}

export interface Epochs {
  /** Of every campaign that is not archived. Small and quick: it is asked often. */
  all(): Promise<Epoch[]>;
  of(campaignId: string): Promise<Epoch | null>;
  /** Begins the next epoch, `rebuilding`, if the present one is still `from`; null when it is not. */
  begin(campaignId: string, from: number): Promise<Epoch | null>;
  /**
   * Opens an epoch that is being rebuilt; false when it no longer is the present one. With `held`, the number of claims
   * its gate was filled with, also when the record has taken in another one since: that one would be in nobody's sight.
   */
  open(epoch: Epoch, held?: number): Promise<boolean>;
  /** Leases numbers up to `seq`, before any of them is given out; false when the epoch is not the open one. */
  lease(campaignId: string, epoch: number, seq: number): Promise<boolean>;
  /** Takes units out of `reserved`; false when the epoch is not the open one or there are not so many. */
  unreserve(campaignId: string, epoch: number, count: number): Promise<boolean>;
  /** `open` → `retired`; false when it was not open. */
  retire(campaignId: string, epoch: number): Promise<boolean>;
}

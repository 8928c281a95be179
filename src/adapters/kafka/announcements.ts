/** ports/announcements on Kafka: facts about claims keyed by the claim, those about campaigns by the campaign. */

import type { Announcement, Announcements } from '../../ports/announcements.ts';
import { type Envelope, envelopeOf } from './envelope.ts';
import { openPartitionedLog, type PartitionedLogParts } from './partitioned-log.ts';

export interface KafkaAnnouncementsParts extends Omit<PartitionedLogParts, 'topic' | 'partitions'> {
  coupons: { topic: string; partitions: number };
  campaigns: { topic: string; partitions: number };
}

/** Rejects with a KafkaFault when Kafka cannot be asked. */
export async function openKafkaAnnouncements(parts: KafkaAnnouncementsParts): Promise<Announcements> {
  const { coupons, campaigns, ...rest } = parts;
  const cargo = { name: 'facts', pack, at: () => null };
  const ofClaims = await openPartitionedLog<Announcement, null>({ ...rest, ...coupons }, cargo);
  const ofCampaigns = await openPartitionedLog<Announcement, null>({ ...rest, ...campaigns }, cargo);
  return {
    async send(announcements) {
      await Promise.all(
        announcements.map(
          (one) =>
            new Promise<void>((resolve, reject) => {
              const log = one.claimId === null ? ofCampaigns : ofClaims;
              log.append(one, (error) => (error === null ? resolve() : reject(error)));
            }),
        ),
      );
    },
    async close() {
      await Promise.all([ofClaims.close(), ofCampaigns.close()]);
    },
  };
}

function pack(announcements: readonly Announcement[]): Envelope[] {
  return announcements.map(({ id, type, campaignId, claimId, at, data }, item) => {
    const key = claimId ?? campaignId;
    return envelopeOf({ id, type, campaignId, subject: key, at, data }, key, [item]);
  });
}

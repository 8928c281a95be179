// What every record promises about a campaign's last unit where no decider says it (ports/record): the outside world is
// told in the transaction that takes it in, once each time that nothing is left.

import { describe, expect, it } from 'vitest';
import type { Campaign } from '../../../src/core/campaign.ts';
import type { ClaimWon } from '../../../src/core/event.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../samples.ts';
import type { MakeRecordPlace } from './record-bench.ts';
import { ID, recordBench, STORED, wins } from './record-bench.ts';

export function recordSoldOut(name: string, makePlace: MakeRecordPlace): void {
  describe(`${name} record, that a campaign is sold out`, () => {
    const bench = recordBench(makePlace);
    const soldOut = async () =>
      (await bench.place.outbox(ID)).flatMap(({ type, data }) =>
        type === 'campaign.sold_out' ? [data] : [],
      );
    const change = (over: Partial<Campaign>) =>
      bench.place.campaigns.update(sampleCampaign(over), (over.version ?? 0) - 1, sampleAudit(), []);

    it.each(['instant', 'queued'] as const)('tells it with the last unit of an %s one', async (mode) => {
      await bench.create({ mode, quantity: 10 });
      await bench.store(wins(1, 9));
      expect(await soldOut()).toEqual([]);
      await bench.store([sampleWin(10)]);
      expect(await bench.place.outbox(ID)).toEqual([
        { type: 'coupon.issued', seqFirst: 1, seqLast: 9, data: null },
        { type: 'coupon.issued', seqFirst: 10, seqLast: 10, data: null },
        { type: 'campaign.sold_out', seqFirst: null, seqLast: null, data: { version: 1, quantity: 10 } },
      ]);
      await bench.store(wins(1, 10));
      expect(await soldOut()).toHaveLength(1);
    });

    it('leaves it to the decider of an ordered one', async () => {
      await bench.create({ mode: 'ordered', quantity: 10 });
      await bench.store(wins(1, 10));
      expect(await soldOut()).toEqual([]);
    });

    it('tells it where coupons are issued by a job too, and after the careful way in', async () => {
      await bench.create({ quantity: 10, codes: { source: 'generated', issue: 'by_job' } });
      const byJob = (facts: ClaimWon[]) => ({
        wins: facts.map((fact) => ({ fact, codeLookup: null, byJob: true as const })),
      });
      await bench.store([], byJob(wins(1, 6)));
      expect(await bench.store([], byJob(wins(5, 12)))).toEqual({
        ...STORED,
        inserted: 4,
        repeated: 2,
        conflicts: 2,
      });
      expect(await soldOut()).toEqual([{ version: 1, quantity: 10 }]);
    });

    it('tells it again when units were added or came back, and went out', async () => {
      await bench.create({ quantity: 10 });
      await bench.store(wins(1, 10));
      await change({ quantity: 12, version: 2 });
      await bench.store([sampleWin(11)]);
      expect(await soldOut()).toHaveLength(1);
      await bench.store([sampleWin(12)]);
      await change({ quantity: 13, returned: 1, version: 3 });
      await bench.store([sampleWin(13)]);
      expect(await soldOut()).toEqual([
        { version: 1, quantity: 10 },
        { version: 2, quantity: 12 },
        { version: 3, quantity: 13 },
      ]);
    });

    it('waits for what was set aside: until it is replayed, or its unit has gone out as another', async () => {
      await bench.create({ quantity: 3 });
      // One user's second and third units, of which the campaign allows none.
      const again = (seq: number) => sampleWin(seq, { userId: 'u-1' });
      await bench.store([sampleWin(1), again(2), again(3)]);
      expect(await soldOut()).toEqual([]);
      const { letters } = bench.place;
      const [third, second] = await letters.list({}, null, 10);
      const act = { by: 'ann', requestId: null, reason: null, now: T0 };
      expect(await letters.discard(third?.id ?? 0, act)).toEqual({ kind: 'discarded', freed: true });
      await change({ quantity: 4, returned: 1, version: 2 });
      await bench.store([sampleWin(4)]);
      expect(await soldOut()).toEqual([]);
      const mended = { fact: sampleWin(2), codeLookup: null };
      expect(await letters.replay(second?.id ?? 0, mended, act)).toEqual({ kind: 'issued' });
      expect(await soldOut()).toEqual([{ version: 2, quantity: 4 }]);
      await change({ quantity: 5, returned: 2, version: 3 });
      await bench.store([sampleWin(5)]);
      expect(await soldOut()).toHaveLength(2);
    });
  });
}

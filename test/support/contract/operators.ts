// What every store of operators promises (ports/operators): keys are added and revoked once, each with its line, the
// audit log is written and never changed, and lists go back page by page.

import { beforeEach, describe, expect, it } from 'vitest';
import type { OperatorKey } from '../../../src/ports/operators.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../samples.ts';
import type { MakeRecordPlace, RecordPlace } from './record-bench.ts';

const KEY: OperatorKey = {
  id: 'a1b2c3',
  name: '운영자 "one"',
  role: 'operate',
  hash: 'f'.repeat(64),
  createdAt: T0,
  revokedAt: null,
};

export function operatorsContract(name: string, makePlace: MakeRecordPlace): void {
  describe(`${name} operators`, () => {
    let place: RecordPlace;
    beforeEach(async () => {
      place = await makePlace();
    });

    it('keeps keys in the order they were added', async () => {
      const { operators } = place;
      expect(await operators.listKeys()).toEqual([]);
      const second: OperatorKey = { ...KEY, id: 'z', role: 'admin', createdAt: T0 + 1 };
      const third: OperatorKey = { ...KEY, id: 'b', role: 'read', createdAt: T0 + 2 };
      for (const key of [KEY, second, third]) await operators.addKey(key, sampleAudit({ action: 'key.add' }));
      expect(await operators.listKeys()).toEqual([KEY, second, third]);
      expect(await operators.listAudit(null, 10)).toHaveLength(3);
    });

    it('a key whose id is taken is not added, and has no line', async () => {
      await place.operators.addKey(KEY, sampleAudit());
      await expect(place.operators.addKey({ ...KEY, name: 'other' }, sampleAudit())).rejects.toThrow();
      expect(await place.operators.listKeys()).toEqual([KEY]);
      expect(await place.operators.listAudit(null, 10)).toHaveLength(1);
    });

    it('revokes a key once', async () => {
      const { operators } = place;
      await operators.addKey(KEY, sampleAudit());
      const revoked = sampleAudit({ at: T0 + 9, action: 'key.revoke' });
      const done = await Promise.all([
        operators.revokeKey(KEY.id, revoked),
        operators.revokeKey(KEY.id, revoked),
      ]);
      expect(done.filter((one) => one)).toHaveLength(1);
      expect(await operators.revokeKey('nobody', revoked)).toBe(false);
      expect(await operators.listKeys()).toEqual([{ ...KEY, revokedAt: T0 + 9 }]);
      const actions = (await operators.listAudit(null, 10)).map(({ action }) => action);
      expect(actions).toEqual(['key.revoke', 'campaign.create']);
    });

    it('keeps every field of a line, and values as they are', async () => {
      const lines = [
        sampleAudit({
          before: { name: '치킨' },
          after: [1, null, { deep: true }],
          requestId: 'r-1',
          actor: 'k',
        }),
        sampleAudit({ before: null, after: 'text', target: 'x'.repeat(200) }),
        sampleAudit({ before: undefined, after: 0 }),
      ];
      for (const line of lines) await place.operators.writeAudit(line);
      const read = await place.operators.listAudit(null, 10);
      const id = expect.any(Number) as number;
      expect(read).toEqual(lines.toReversed().map((line) => ({ ...line, before: line.before ?? null, id })));
    });

    it('lists the audit log back, page by page', async () => {
      for (let at = 1; at <= 10; at++) await place.operators.writeAudit(sampleAudit({ at }));
      const seen: number[] = [];
      for (let before: number | null = null; ; ) {
        const page = await place.operators.listAudit(before, 3);
        if (page.length === 0) break;
        seen.push(...page.map(({ at }) => at));
        before = page.at(-1)?.id ?? null;
      }
      expect(seen).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    });

    it('lists what was set aside back, page by page, and counts it by campaign', async () => {
      await place.campaigns.create(sampleCampaign({ quantity: 2 }), sampleAudit());
      const facts = Array.from({ length: 7 }, (_, i) => sampleWin(i + 1));
      const listed = facts.map((fact) => ({ fact, codeLookup: null }));
      const unreadable = [{ at: 'journal:1', reason: 'not a fact', payload: '17' }];
      await place.record.store({
        source: 'journal',
        from: 0,
        next: 1,
        wins: listed,
        unreadable,
        now: T0 + 3,
      });
      const { letters } = place;
      const all = await letters.list({}, null, 100);
      expect(all).toHaveLength(6);
      expect(all[0]).toMatchObject({
        campaignId: null,
        source: 'journal:1',
        payload: '17',
        firstAt: T0 + 3,
      });
      const first = await letters.list({}, null, 4);
      const second = await letters.list({}, first.at(-1)?.id ?? null, 4);
      expect([...first, ...second]).toEqual(all);
      expect((await letters.counts('chicken-100')).dead).toBe(5);
      expect((await letters.counts('other')).dead).toBe(0);
    });
  });
}

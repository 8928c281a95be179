// What every place of old rows and of people must do (ports/retention).

import { beforeEach, describe, expect, test } from 'vitest';
import { erasureKey } from '../../../src/core/erased.ts';
import { type OldKind, PERSONAL_PLACES } from '../../../src/core/kept.ts';
import type { Retention } from '../../../src/ports/retention.ts';
import type { StoredPorts } from '../../../src/ports/stored.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../samples.ts';
import type { RecordPlace } from './record-bench.ts';

export interface RetentionPlace extends RecordPlace {
  retention: Retention;
  stored: Pick<StoredPorts, 'files' | 'jobRuns' | 'deliveries' | 'figures'>;
  /** everything that is in every table, as text */
  dump(): Promise<string>;
}

const DAY = 86_400_000;
const ID = 'chicken-100';
const OTHER = 'other';
const KEY = erasureKey(Buffer.alloc(32, 7), ID).toString('hex');

export function retentionContract(name: string, makePlace: () => Promise<RetentionPlace>): void {
  describe(`retention in ${name}`, () => {
    let place: RetentionPlace;
    let at = 0;
    beforeEach(async () => {
      place = await makePlace();
      at = 0;
      for (const id of [ID, OTHER])
        await place.campaigns.create(sampleCampaign({ id, couponExpiresAt: T0 + DAY }), sampleAudit());
    });

    async function record(
      count: number,
      campaignId = ID,
      userOf = (seq: number) => `person-${seq}@secret`,
    ): Promise<void> {
      const wins = Array.from({ length: count }, (_, i) => ({
        fact: { ...sampleWin(i + 1), campaignId, userId: userOf(i + 1), key: `key-${userOf(i + 1)}` },
        codeLookup: i + 1,
      }));
      await place.record.store({ source: 'journal', from: at, next: at + 1, wins, unreadable: [], now: T0 });
      at += 1;
    }

    async function eraseAll(limit = 3): Promise<number> {
      let changed = 0;
      for (const where of PERSONAL_PLACES) {
        let after: string | number | null = null;
        for (;;) {
          const keys: (string | number)[] = await place.retention.personal(where, ID, after, limit);
          if (keys.length === 0) break;
          changed += await place.retention.erase(where, ID, keys, KEY);
          after = keys.at(-1) ?? null;
        }
      }
      return changed;
    }

    describe('coupons that have expired', () => {
      test('are told of once, in runs, without those that were used or taken back', async () => {
        await record(6);
        const act = { by: 'op', reason: null, key: null, requestId: null, now: T0 + 1 };
        await place.record.change({ campaignId: ID, seq: 3 }, { act: 'redeem', ...act });
        await place.record.change({ campaignId: ID, seq: 6 }, { act: 'revoke', ...act });
        const now = T0 + 2 * DAY;
        const early = await place.retention.untidy(ID, 0, 100, { now: T0 + 2, heldBefore: T0 });
        expect(early).toEqual({ expired: [], held: [], last: 6 });
        const found = await place.retention.untidy(ID, 0, 100, { now, heldBefore: now });
        expect(found).toEqual({ expired: [1, 2, 4, 5], held: [], last: 6 });
        expect(await place.retention.tidy(ID, found, now)).toEqual({ expired: 4, held: 0 });
        // Done twice it counts as it did; later there is nothing left to tell of.
        expect(await place.retention.tidy(ID, found, now)).toEqual({ expired: 4, held: 0 });
        expect(await place.retention.tidy(ID, found, now + 1)).toEqual({ expired: 0, held: 0 });
        expect((await place.retention.untidy(ID, 0, 100, { now, heldBefore: now })).expired).toEqual([]);
        const told = (await place.outbox(ID)).filter(({ type }) => type === 'coupon.expired');
        expect(told.map(({ seqFirst, seqLast }) => [Number(seqFirst), Number(seqLast)])).toEqual([
          [1, 2],
          [4, 5],
        ]);
      });

      test('are looked at some at a time', async () => {
        await record(5);
        const when = { now: T0 + 2 * DAY, heldBefore: T0 };
        expect(await place.retention.untidy(ID, 0, 2, when)).toMatchObject({ expired: [1, 2], last: 2 });
        expect(await place.retention.untidy(ID, 4, 2, when)).toMatchObject({ expired: [5], last: 5 });
        expect(await place.retention.untidy(ID, 5, 2, when)).toMatchObject({ expired: [], last: null });
      });

      test('are none while a checkout has them, and a checkout that ended without a word is forgotten', async () => {
        await record(2);
        const by = { by: 'op', reason: null, requestId: null, now: T0 + 1 };
        await place.record.change(
          { campaignId: ID, seq: 1 },
          { act: 'reserve', key: 'till-7', ttlMs: 3 * DAY, ...by },
        );
        const now = T0 + 2 * DAY;
        expect(await place.retention.untidy(ID, 0, 9, { now, heldBefore: now - 1 })).toMatchObject({
          expired: [2],
          held: [],
        });
        const later = T0 + 9 * DAY;
        const found = await place.retention.untidy(ID, 0, 9, { now: later, heldBefore: later - 1 });
        expect(found).toMatchObject({ expired: [1, 2], held: [1] });
        expect(await place.retention.tidy(ID, found, later)).toEqual({ expired: 2, held: 1 });
        expect(await place.retention.tidy(ID, found, later)).toEqual({ expired: 2, held: 1 });
        expect(await place.dump()).not.toContain('till-7');
      });
    });

    describe('rows past their time', () => {
      test('go in the order of their keys, and younger ones stay', async () => {
        for (const day of [1, 2, 3, 4])
          await place.operators.writeAudit({ ...sampleAudit(), at: T0 + day * DAY, target: `t-${day}` });
        const before = T0 + 3 * DAY;
        const all = await place.retention.old('audit', before, null, 100);
        // Two of them tell how the campaigns were made.
        expect(all).toHaveLength(4);
        const some = await place.retention.old('audit', before, null, 3);
        expect(await place.retention.old('audit', before, some.at(-1) ?? null, 3)).toEqual(all.slice(3));
        expect(await place.retention.drop('audit', all)).toBe(4);
        expect(await place.retention.drop('audit', all)).toBe(0);
        const left = await place.operators.listAudit(null, 100);
        expect(left.map(({ target }) => target)).toEqual(['t-4', 't-3']);
      });

      test('of the outbox are those that were sent', async () => {
        await record(3);
        await record(3, OTHER);
        const [first] = await place.leftToSend.unsent(10);
        await place.leftToSend.markSent([first?.id ?? 0], T0);
        const old = await place.retention.old('outbox', T0 + 1, null, 10);
        expect(old).toEqual([first?.id]);
        expect(await place.retention.drop('outbox', old)).toBe(1);
        expect(await place.leftToSend.countUnsent()).toBe(1);
      });

      test('of files, runs, deliveries, figures and faults are those that have ended', async () => {
        const { files, jobRuns, deliveries, figures } = place.stored;
        for (const [id, createdAt] of [
          ['f-old', T0],
          ['f-new', T0 + 9 * DAY],
        ] as const) {
          const file = { id, name: 'x.csv', type: 'text/csv', role: 'read', by: 'op', createdAt } as const;
          await files.begin(file);
          await files.write(id, 0, Buffer.from(`of ${id}`), createdAt);
        }
        const run = { job: 'export', params: {}, by: 'op', at: T0, once: false };
        await jobRuns.ask({ ...run, id: 'run-1', paramsKey: 'a' }, null);
        const claimed = await jobRuns.claim('me', 60_000, false, T0);
        const ended = { status: 'completed', lastError: null, at: T0 + 1, steps: [], result: {} } as const;
        await jobRuns.end('run-1', claimed?.fence ?? 0, { ...ended, steps: [] });
        await jobRuns.ask({ ...run, id: 'run-2', paramsKey: 'b' }, null);
        const fact = { type: 'coupon.issued', campaignId: ID, orderKey: ID, body: 'secret body' };
        await deliveries.leave(
          ['we-1'],
          [
            { ...fact, eventId: 'e-1' },
            { ...fact, eventId: 'e-2' },
          ],
          T0,
        );
        const [first] = await deliveries.due('we-1', T0, 1);
        const settled = { triesBefore: 0, state: 'delivered', at: T0 + 1, answers: [] } as const;
        await deliveries.settle([{ ...settled, id: first?.id ?? 0, answers: [] }]);
        const fault = { part: 'gate', campaignId: '', since: T0, until: T0 + 1, over: true, what: 'away' };
        await figures.note({
          ...{ source: 's', startedAt: T0, now: T0, measures: [] },
          counts: [{ campaignId: ID, at: T0, widthMs: 1000, name: 'won', count: 3 }],
          faults: [fault, { ...fault, since: T0 + 9 * DAY, until: T0 + 9 * DAY }],
        });
        const old = (kind: OldKind) => place.retention.old(kind, T0 + DAY, null, 10);
        expect(await old('files')).toEqual(['f-old']);
        expect(await old('runs')).toEqual(['run-1']);
        expect(await old('deliveries')).toEqual([first?.id]);
        expect(await old('faults')).toEqual([T0 + 1]);
        // The figures of what is not archived stay, however old they are.
        expect(await old('figures')).toEqual([]);
        for (const kind of ['files', 'runs', 'deliveries', 'faults'] as const) {
          expect(await place.retention.drop(kind, await old(kind))).toBe(1);
          expect(await old(kind)).toEqual([]);
        }
        expect(await place.dump()).not.toContain('of f-old');
        expect(await files.read('f-old', null)).toBeNull();
        expect(await files.find('f-new')).not.toBeNull();
        expect((await jobRuns.list(null, null, 10)).map(({ id }) => id)).toEqual(['run-2']);
        expect(await deliveries.due('we-1', T0, 10)).toHaveLength(1);
      });

      test('of figures are those of campaigns that were archived before then', async () => {
        const campaign = sampleCampaign({ id: 'gone', archivedAt: T0, closedAt: T0 });
        await place.campaigns.create(campaign, sampleAudit());
        const latency = { counts: [] } as never;
        const measures = [ID, 'gone'].map((campaignId) => ({ campaignId, latency, people: null }));
        const counts = [ID, 'gone'].map((campaignId) => ({
          campaignId,
          at: T0,
          widthMs: 1000,
          name: 'won',
          count: 3,
        }));
        await place.stored.figures.note({
          source: 's',
          startedAt: T0,
          now: T0,
          measures,
          counts,
          faults: [],
        });
        expect(await place.retention.old('figures', T0, null, 10)).toEqual([]);
        expect(await place.retention.old('figures', T0 + 1, null, 10)).toEqual(['gone']);
        await place.retention.drop('figures', ['gone']);
        expect(await place.stored.figures.counts('gone')).toEqual([]);
        expect(await place.stored.figures.counts(ID)).toHaveLength(1);
      });
    });

    describe('the people of a campaign', () => {
      test('are hashed everywhere, alike and once, and those of another stay', async () => {
        await record(7);
        await record(2, OTHER);
        const revoke = {
          act: 'revoke',
          by: 'op',
          reason: 'person-2@secret asked',
          key: 'person-2@secret',
          requestId: null,
          now: T0,
        } as const;
        await place.record.change({ campaignId: ID, seq: 2 }, revoke);
        const audit = sampleAudit();
        await place.operators.writeAudit({
          ...audit,
          action: 'coupon.revoke',
          target: `${ID}.2`,
          before: null,
          after: { reason: 'person-2@secret asked' },
        });
        await place.operators.writeAudit({
          ...audit,
          action: 'campaign.change',
          target: ID,
          before: { name: 'x', eligibility: { allowUsers: ['person-1@secret'] } },
          after: null,
        });
        await place.record.store({
          ...{ source: 'journal', from: at, next: at + 1, now: T0, wins: [] },
          lines: [
            {
              type: 'line.joined',
              campaignId: ID,
              epoch: 1,
              at: T0,
              first: 1,
              userIds: ['person-1@secret', 'person-9@secret'],
              keys: [null, 'key-person-9@secret'],
            },
          ],
          unreadable: [
            {
              at: 'journal:1',
              reason: `not a fact: person-3@secret`,
              payload: `["${ID}","person-3@secret"]`,
            },
          ],
        });
        at += 1;
        // The same seq again, of somebody else: a dead letter.
        await record(1, ID, () => 'person-8@secret');
        const before = await place.record.counts(ID, T0);
        await eraseAll();
        const dump = await place.dump();
        const people = [...dump.matchAll(/person-\d@secret/g)].map(([text]) => text);
        expect(new Set(people)).toEqual(new Set(['person-1@secret', 'person-2@secret']));
        expect(await place.record.find(OTHER, { userId: 'person-1@secret' })).toHaveLength(1);
        expect(await place.record.find(ID, { userId: 'person-1@secret' })).toEqual([]);
        const [first] = await place.record.find(ID, { seq: 1 });
        expect(first?.userId).toMatch(/^erased:[0-9a-f]{48}$/);
        const line = await place.lines.page(ID, 0);
        expect(line.facts[0]).toMatchObject({ userIds: [first?.userId, expect.any(String)], keys: null });
        expect(await place.record.counts(ID, T0)).toEqual(before);
        await eraseAll();
        expect(await place.dump()).toBe(dump);
      });

      test('are in no file, run or delivery about it, and those about another stay', async () => {
        const { files, jobRuns, deliveries } = place.stored;
        for (const [nth, campaign] of [ID, OTHER].entries()) {
          const file = { name: 'x.csv', type: 'text/csv', role: 'read', by: 'op', createdAt: T0 } as const;
          await files.begin({ ...file, id: `export-run-${nth}` });
          await files.write(`export-run-${nth}`, 0, Buffer.from(`person-${nth}@secret`), T0);
          const run = { job: 'export', params: { campaign }, by: 'op', at: T0, once: false };
          await jobRuns.ask({ ...run, id: `run-${nth}`, paramsKey: `${nth}` }, null);
          const claimed = await jobRuns.claim('me', 60_000, false, T0);
          const lastError = `no such user: person-${nth}@secret`;
          const result = { file: `export-run-${nth}`, badLines: [`person-${nth}@secret`] };
          await jobRuns.end(`run-${nth}`, claimed?.fence ?? 0, {
            status: 'failed',
            lastError,
            at: T0,
            steps: [],
            result,
          });
          const fact = {
            type: 'coupon.issued',
            campaignId: campaign,
            orderKey: campaign,
            eventId: `e-${nth}`,
          };
          await deliveries.leave(['we-1'], [{ ...fact, body: `person-${nth}@secret` }], T0);
        }
        await eraseAll();
        const people = [...(await place.dump()).matchAll(/person-\d@secret/g)].map(([text]) => text);
        expect(new Set(people)).toEqual(new Set(['person-1@secret']));
        expect(await files.find('export-run-0')).toBeNull();
        expect(await files.find('export-run-1')).not.toBeNull();
        expect(await jobRuns.get('run-0')).toMatchObject({ status: 'failed', lastError: null });
        expect(await deliveries.due('we-1', T0, 10)).toHaveLength(1);
      });

      test('are in no list of what operators did, and lists without them stay', async () => {
        const { files, jobRuns } = place.stored;
        const made = sampleCampaign().createdAt;
        for (const [id, campaign, at] of [
          ['of-it', { campaign: ID }, made + DAY],
          ['of-other', { campaign: OTHER }, made + DAY],
          ['of-all', {}, made + DAY],
          ['of-all-before', {}, made - DAY],
        ] as const) {
          const file = { name: 'x.csv', type: 'text/csv', role: 'admin', by: 'op', createdAt: at } as const;
          await files.begin({ ...file, id: `export-${id}` });
          const params = { what: 'audit', ...campaign };
          await jobRuns.ask({ id, job: 'export', params, by: 'op', at, once: false, paramsKey: id }, null);
          const { fence = 0 } = (await jobRuns.claim('me', 60_000, false, at)) ?? {};
          const result = { file: `export-${id}` };
          await jobRuns.end(id, fence, { status: 'completed', lastError: null, at, steps: [], result });
        }
        await eraseAll();
        const left = await place.stored.files.list({ before: null, untouchedSince: made + 9 * DAY }, 10);
        expect(left.map(({ id }) => id).toSorted()).toEqual(['export-of-all-before', 'export-of-other']);
        // A run tells of its file as long as there is one.
        for (const id of ['of-other', 'of-all-before'])
          expect(await jobRuns.get(id)).toMatchObject({ result: { file: `export-${id}` } });
        for (const id of ['of-it', 'of-all']) expect(await jobRuns.get(id)).toMatchObject({ result: {} });
      });

      test('are found a page at a time, of this campaign only', async () => {
        await record(5);
        await record(5, OTHER);
        expect(await place.retention.personal('claims', ID, null, 3)).toEqual([1, 2, 3]);
        expect(await place.retention.personal('claims', ID, 3, 3)).toEqual([4, 5]);
        expect(await place.retention.personal('claims', 'none', null, 3)).toEqual([]);
        expect(await place.retention.erase('claims', 'none', [1], KEY)).toBe(0);
      });
    });
  });
}

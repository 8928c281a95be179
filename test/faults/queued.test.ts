// Protects: a line that many processes share, on real services. Exactly the first of those who stayed win, in the order of
// their places and at the pace; everybody else is told within a second that nothing is left, by polls and by streams;
// places are the same by every process.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Installation } from '../support/distributed.ts';
import { install, uninstall } from '../support/distributed.ts';
import type { SharedCrowd, Watched } from '../support/distributed-queued.ts';
import { expectExactLine, makeSharedCrowd, watchLine } from '../support/distributed-queued.ts';
import type { Person } from '../support/queued-crowd.ts';
import { inOrderOfPlaces } from '../support/queued-crowd.ts';

const PEOPLE = Number(process.env['DIBS_TEST_PEOPLE'] ?? 600);
const UNITS = 100;
const PER_SECOND = 50;
const WATCHERS = 40;
const LINE = { mode: 'queued', release: { perSecond: PER_SECOND }, codes: { source: 'generated' } };

const installed = await install();
afterAll(() => uninstall(installed));

describe.skipIf(installed === null)(`${PEOPLE} people, ${UNITS} units, ${PER_SECOND} a second`, () => {
  const { site } = installed as Installation;
  let crowd: SharedCrowd;
  let people: Person[];
  let watched: Watched[];

  beforeAll(async () => {
    crowd = makeSharedCrowd(site, { lookMs: 500 });
    await site.open('line', UNITS, LINE);
    const apis = site.apis();
    watched = await Promise.all(
      Array.from({ length: WATCHERS }, (_, i) =>
        watchLine(
          apis[i % apis.length] as (typeof apis)[0],
          'line',
          `u-${i * Math.floor(PEOPLE / WATCHERS)}`,
        ),
      ),
    );
    people = await Promise.all(crowd.lives('line', 'u', PEOPLE));
  }, 60_000);
  afterAll(async () => {
    for (const { leave } of watched) leave();
    await crowd.close();
  });

  it('is exact, and nobody is told anything that takes back what he was told', async () => {
    await expectExactLine(site, 'line', UNITS, people);
    expect(crowd.asked.unknown).toBe(0);
  });

  it('keeps its pace within 5 %', () => {
    const times = inOrderOfPlaces(people)
      .slice(0, UNITS)
      .map(({ wonAt }) => wonAt);
    const perSecond = (1000 * (UNITS - 1)) / ((times.at(-1) as number) - (times[0] as number));
    expect(perSecond).toBeGreaterThan(0.95 * PER_SECOND);
    expect(perSecond).toBeLessThan(1.05 * PER_SECOND);
  });

  it('tells everybody else within a second of the last unit, whoever polls and whoever watches', async () => {
    const last = Math.max(...people.map(({ wonAt }) => wonAt));
    const late = people.filter(({ end, toldAt }) => end === 'sold_out' && toldAt > last + 1000);
    expect(late.map(({ userId, toldAt }) => `${userId} ${toldAt - last} ms`)).toEqual([]);
    const byUser = new Map(people.map((person) => [person.userId, person]));
    const waited = watched.filter(({ userId }) => byUser.get(userId)?.end !== 'left');
    await expect.poll(() => waited.filter(({ verdict }) => verdict === null)).toEqual([]);
    for (const { userId, verdict, toldAt, servings } of waited) {
      expect([userId, verdict]).toEqual([userId, byUser.get(userId)?.end]);
      if (verdict === 'sold_out') expect(toldAt).toBeLessThan(last + 1000);
      expect(servings).toEqual(servings.toSorted((a, b) => a - b));
    }
  });

  it('answers everybody who presses or looks again as before, at each process', async () => {
    const some = people.filter((_, i) => i % 7 === 0);
    for (const api of site.apis()) {
      const base = `${api.url}/v1/campaigns/line/claims`;
      const all = some.map(async ({ userId, end, seq, code, ticket, places, left }) => {
        const look = await fetch(`${base}/${ticket}?userId=${userId}`);
        const press = await fetch(base, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ userId }),
        });
        const [looked, pressed] = [await look.json(), await press.json()];
        expect(looked).toMatchObject(
          end === 'won'
            ? { verdict: 'won', claim: { seq, code } }
            : { verdict: left.includes(places.at(-1) ?? 0) ? 'closed' : end },
        );
        expect(pressed).toMatchObject(
          end === 'won' ? { verdict: 'already_won', claim: { seq, code } } : { code: 'sold_out' },
        );
      });
      await Promise.all(all);
    }
  });
});

// Protects: a line that many processes share, on real services. Exactly the first of those who stayed win, in the order of
// their places and at the pace; everybody else is told within a second that nothing is left, by polls and by streams;
// places are the same by every process. And a place is kept like a told win, whatever dies: nobody's place changes, the
// number served never goes back, nobody is let in twice or passed over, and the line moves on soon.

import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askRedis } from '../../scripts/services/ask-redis.ts';
import type { DibsProcess, Services, Site } from '../support/distributed.ts';
import { makeSite, named, startServices, stopServices } from '../support/distributed.ts';
import type { SharedCrowd, Watched } from '../support/distributed-queued.ts';
import { expectExactLine, makeSharedCrowd, surviveInLine, watchLine } from '../support/distributed-queued.ts';
import type { Person } from '../support/queued-crowd.ts';
import { inOrderOfPlaces } from '../support/queued-crowd.ts';

const PEOPLE = 600;
const UNITS = 100;
const PER_SECOND = 50;
const WATCHERS = 40;
/** Of a machine that is busy with other things. */
const LATE_MAX_MS = 3_000;
const PATIENT = { timeout: 15_000 };
const BACK = 'relay,recorder,jobs';
const LINE = { mode: 'queued', release: { perSecond: PER_SECOND }, codes: { source: 'generated' } };

const services = await startServices();
const site: Site | null = services && makeSite(services, services.redis.url);
afterAll(async () => {
  await site?.close();
  await stopServices(services);
});

/** Two that people press at, and two of which each may do the rest. */
async function startAll(on: Site): Promise<void> {
  const roles = { 'api-a': 'api', 'api-b': 'api', 'back-a': BACK, 'back-b': BACK };
  await Promise.all(
    Object.entries(roles).map(([name, role]) =>
      on.start(name, { roles: role, env: { DIBS_INSTANCE_ID: name } }),
    ),
  );
}

describe.skipIf(site === null)(`${PEOPLE} people, ${UNITS} units, ${PER_SECOND} a second`, () => {
  const on = site as Site;
  let crowd: SharedCrowd;
  let people: Person[];
  let watched: Watched[];

  beforeAll(async () => {
    await startAll(on);
    crowd = makeSharedCrowd(on, { lookMs: 500 });
    await on.open('line', UNITS, LINE);
    const apis = on.apis();
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
    await expectExactLine(on, 'line', UNITS, people);
    // Nothing fails here; but a machine that is busy with other things may be late with a few, which then is told.
    expect(crowd.asked.unknown.slice(PEOPLE / 20)).toEqual([]);
  });

  it('keeps its pace within 5 %', async () => {
    const { body } = await on.call('GET', '/v1/admin/campaigns/line');
    const openedAt = Date.parse(String(body['openedAt']));
    const times = inOrderOfPlaces(people)
      .slice(0, UNITS)
      .map(({ wonAt }) => wonAt);
    const [first, last] = [times[0] as number, times.at(-1) as number];
    expect((1000 * (UNITS - 1)) / (last - first)).toBeGreaterThan(0.95 * PER_SECOND);
    // From the opening: who is late with the first makes up for it, and is not too fast by that.
    expect((1000 * UNITS) / (last - openedAt)).toBeLessThan(1.05 * PER_SECOND);
  });

  it('tells everybody else within a second of the last unit, whoever polls and whoever watches', async () => {
    const last = Math.max(...people.map(({ wonAt }) => wonAt));
    const late = people.filter(({ end, toldAt }) => end === 'sold_out' && toldAt > last + 1000);
    const lateBy = late.map(({ toldAt }) => toldAt - last).toSorted((a, b) => b - a);
    // A busy machine may be later with a few. With polls that nothing cuts short more than these would be late.
    expect(lateBy.slice(PEOPLE / 20)).toEqual([]);
    expect(lateBy[0] ?? 0).toBeLessThan(LATE_MAX_MS);
    const byUser = new Map(people.map((person) => [person.userId, person]));
    const waited = watched.filter(({ userId }) => byUser.get(userId)?.end !== 'left');
    await expect.poll(() => waited.filter(({ verdict }) => verdict === null)).toEqual([]);
    for (const { userId, verdict, toldAt, servings } of waited) {
      expect([userId, verdict]).toEqual([userId, byUser.get(userId)?.end]);
      if (verdict === 'sold_out') expect(toldAt).toBeLessThan(last + LATE_MAX_MS);
      expect(servings).toEqual(servings.toSorted((a, b) => a - b));
    }
  });

  it('answers everybody who presses or looks again as before, at each process', async () => {
    const some = people.filter((_, i) => i % 7 === 0);
    for (const api of on.apis()) {
      const base = `${api.url}/v1/campaigns/line/claims`;
      const all = some.map(async ({ userId, end, seq, code, ticket, places, left }) => {
        const look = await fetch(`${base}/${ticket ?? 'me'}?userId=${userId}`);
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

  it('makes room when it is archived, and everybody is told what he was told', async () => {
    const path = '/v1/admin/campaigns/line';
    for (const step of ['close', 'archive'])
      expect((await on.call('POST', `${path}/${step}`)).status, step).toBe(200);
    const { redis } = services as Services;
    const keys = () => askRedis(redis, 'KEYS *{c:line}:line:*');
    await expect.poll(keys, PATIENT).toBe('*0');
    const some = people.filter(({ end }, i) => i % 20 === 0 && end !== 'left');
    for (const { userId, ticket, end, seq } of some) {
      const { body } = await crowd.call(
        'GET',
        `/v1/campaigns/line/claims/${ticket ?? 'me'}?userId=${userId}`,
      );
      expect(body).toMatchObject(
        end === 'won' ? { verdict: 'won', claim: { seq } } : { verdict: 'sold_out' },
      );
    }
  });
});

describe.skipIf(site === null)('a line in which', () => {
  const on = site as Site;
  const { redis, kafka, maria } = services as Services;

  /** Whoever lets people in now. */
  async function pacer(): Promise<DibsProcess> {
    const [row] = await on.query("SELECT holder FROM leases WHERE name = 'pacer'");
    return named(on, String(row?.['holder']));
  }

  it('the one who lets people in is killed', async () => {
    const fault = 'Queued: pacer killed with -9, another one takes over';
    let killed: DibsProcess | null = null;
    await surviveInLine(on, { fault }, async (_id, serving) => {
      await serving(25);
      killed = await pacer();
      await killed.kill();
    });
    await (killed as DibsProcess | null)?.start();
  });

  it('the one who lets people in sleeps, and wakes when another one does', async () => {
    const fault = 'Queued: pacer asleep (SIGSTOP) until another one lets people in, then awake';
    await surviveInLine(on, { fault }, async (_id, serving) => {
      await serving(25);
      const { pid } = await pacer();
      process.kill(pid as number, 'SIGSTOP');
      await serving(60);
      process.kill(pid as number, 'SIGCONT');
    });
  });

  it('a process that people press at is killed', async () => {
    const fault = 'Queued: one of two API processes killed with -9 while people join';
    await surviveInLine(on, { fault }, async (_id, serving) => {
      await serving(20);
      await named(on, 'api-a').kill();
      await serving(60);
      await named(on, 'api-a').start();
    });
  });

  it('Redis is killed and comes back', async () => {
    const fault = 'Queued: Redis killed with -9 and started again';
    await surviveInLine(on, { fault }, async (_id, serving) => {
      await serving(30);
      await redis.kill();
      await wait(300);
      await redis.restart();
    });
  });

  it('Redis is emptied, behind lines that are over too', async () => {
    const over = [await overLine('over-sold', 4, 100), await overLine('over-closed', 20, 1)];
    await surviveInLine(on, { fault: 'Queued: Redis emptied (FLUSHALL)' }, async (_id, serving) => {
      await serving(30);
      expect(await askRedis(redis, 'FLUSHALL')).toBe('+OK');
    });
    for (const { id, people } of over) await expectToldAgain(id, people);
  });

  /** A line that was closed when somebody had won. */
  async function overLine(
    id: string,
    units: number,
    perSecond: number,
  ): Promise<{ id: string; people: Person[] }> {
    await on.open(id, units, { ...LINE, release: { perSecond } });
    const crowd = makeSharedCrowd(on);
    const lives = crowd.lives(id, 'u', 10, { leavesBehind: null, longPolls: false });
    await expect
      .poll(() => crowd.people.filter(({ seq }) => seq !== null).length, PATIENT)
      .toBeGreaterThan(0);
    if (units < lives.length) await Promise.all(lives);
    expect((await on.call('POST', `/v1/admin/campaigns/${id}/close`)).status).toBe(200);
    const people = await Promise.all(lives);
    await crowd.close();
    return { id, people };
  }

  /** Of a campaign that is over, whose line is gone. */
  async function expectToldAgain(id: string, people: readonly Person[]): Promise<void> {
    const crowd = makeSharedCrowd(on);
    expect(new Set(people.map(({ end }) => end)).size).toBe(2);
    for (const { userId, ticket, end, seq, code } of people) {
      for (const path of [ticket ?? 'me', 'me']) {
        const { body } = await crowd.call('GET', `/v1/campaigns/${id}/claims/${path}?userId=${userId}`);
        expect(body).toMatchObject(
          end === 'won' ? { verdict: 'won', claim: { seq, code } } : { verdict: end },
        );
      }
    }
    await crowd.close();
  }

  it('Kafka goes away and comes back', async () => {
    const fault = 'Queued: Kafka killed with -9 and started again';
    await surviveInLine(on, { fault }, async (_id, serving) => {
      await serving(30);
      await kafka.kill();
      await kafka.restart();
    });
  });

  it('MariaDB goes away and comes back', async () => {
    const fault = 'Queued: MariaDB killed with -9 and started again';
    await surviveInLine(on, { fault }, async (_id, serving) => {
      await serving(30);
      await maria.kill();
      await wait(300);
      await maria.restart();
    });
  });
});

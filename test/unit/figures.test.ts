// Protects: what a process notes of a drop is what it told, in the stretch of time in which it told it, once, whatever
// the store does meanwhile; and what it keeps does not grow with the crowd or with a store that is away.

import { describe, expect, it } from 'vitest';
import type { LiveCampaign } from '../../src/flow/catalog.ts';
import { makeCatalog } from '../../src/flow/catalog.ts';
import type { NotedFigures } from '../../src/flow/figures.ts';
import { makeNotedFigures, stretchMs } from '../../src/flow/figures.ts';
import { watchPartFaults } from '../../src/flow/part-faults.ts';
import type { FigureBatch } from '../../src/ports/figures.ts';
import { makeHandClock } from '../support/hand-clock.ts';
import { sampleCampaign, T0 } from '../support/samples.ts';

const SECOND = 1_000;
const HOUR = 3_600_000;

function world(roles: Record<string, string> = {}) {
  const clock = makeHandClock();
  const catalog = makeCatalog();
  const live = catalog.put(sampleCampaign());
  const batches: FigureBatch[] = [];
  const store = { away: false };
  const figures = makeNotedFigures({
    ...{ catalog, system: clock, master: Buffer.alloc(32, 7), source: 'here' },
    store: {
      async note(batch) {
        if (store.away) throw new Error('away');
        batches.push(structuredClone(batch));
      },
    },
    faults: watchPartFaults({ roles: () => roles, catalog }),
  });
  return { clock, catalog, live, batches, store, figures };
}

function tell(live: LiveCampaign, name: string, count: number): void {
  live.told.set(name, (live.told.get(name) ?? 0) + count);
}

/** As the store has them at last: the newest total of each row. */
function stored(batches: readonly FigureBatch[]): Map<string, number> {
  const rows = new Map<string, number>();
  for (const { counts } of batches)
    for (const { campaignId, at, widthMs, name, count } of counts)
      rows.set(`${campaignId} ${at - T0} ${widthMs} ${name}`, count);
  return rows;
}

const sumOf = (batches: readonly FigureBatch[], name: string): number =>
  [...stored(batches)].reduce((sum, [key, count]) => (key.endsWith(` ${name}`) ? sum + count : sum), 0);

describe('counts', () => {
  it('puts answers into the stretch in which they were told, and tells totals', async () => {
    const { clock, live, figures, batches } = world();
    tell(live, 'won', 2);
    clock.move(100);
    figures.look();
    tell(live, 'sold_out', 5);
    clock.move(100);
    await figures.flush();
    tell(live, 'sold_out', 1);
    await figures.flush();
    expect(stored(batches)).toEqual(
      new Map([
        ['chicken-100 0 100 won', 2],
        ['chicken-100 100 100 sold_out', 6],
      ]),
    );
  });

  it('loses nothing and doubles nothing while the store is away', async () => {
    const { clock, live, figures, store, batches } = world();
    for (let i = 0; i < 200; i++) {
      store.away = i % 3 !== 0;
      tell(live, 'sold_out', 7);
      clock.move(130);
      figures.look();
      if (i % 5 === 0) await figures.flush().catch(() => undefined);
    }
    store.away = false;
    await figures.flush();
    expect(sumOf(batches, 'sold_out')).toBe(1_400);
    const before = batches.length;
    clock.move(HOUR);
    await figures.flush();
    await figures.flush();
    expect(batches.length).toBe(before);
  });

  it('keeps little while the store is away for hours, and all of it', async () => {
    const { clock, live, figures, store, batches } = world();
    store.away = true;
    const rounds = 12_000;
    for (let i = 0; i < rounds; i++) {
      tell(live, 'sold_out', 1);
      clock.move(SECOND);
      figures.look();
    }
    store.away = false;
    await figures.flush();
    expect(sumOf(batches, 'sold_out')).toBe(rounds);
    const rows = batches.reduce((sum, { counts }) => sum + counts.length, 0);
    expect(rows).toBeLessThan(3_500);
    for (const { counts } of batches) expect(counts.length).toBeLessThanOrEqual(1_000);
  });

  it('counts verdicts that come later, and refusals before the gate, by their own names', async () => {
    const { clock, live, figures, batches } = world();
    const later = new Map([['won', 3]]);
    figures.laterFrom(() => later);
    figures.refused(live, 'rate_limited');
    clock.move(100);
    await figures.flush();
    expect([sumOf(batches, 'later:won'), sumOf(batches, 'rate_limited')]).toEqual([3, 1]);
    expect(live.told.get('rate_limited')).toBe(1);
  });

  it('has longer stretches the longer a campaign is open', () => {
    const at = (age: number): number => stretchMs(T0 + age, T0);
    expect([-HOUR, -SECOND, 0, 60 * SECOND, 5 * 60 * SECOND, 2 * HOUR, 72 * HOUR].map(at)).toEqual([
      ...[60_000, 100, 100, 100, 1_000, 60_000, HOUR],
    ]);
    expect(stretchMs(T0, null)).toBe(60_000);
  });
});

describe('people and waiting times', () => {
  it('is a total of this process, told when it has changed', async () => {
    const { live, figures, batches } = world();
    const see = (user: string): void => figures.see(live, user);
    for (const user of ['ann', 'ben', 'ann']) see(user);
    figures.answered(live, 1.5);
    await figures.flush();
    await figures.flush();
    see('ann');
    await figures.flush();
    see('cleo');
    await figures.flush();
    expect(batches.map(({ measures }) => measures.length)).toEqual([1, 1]);
    const marks = batches.map(({ measures }) => measures[0]?.people?.filter((rank) => rank > 0).length);
    expect(marks).toEqual([2, 3]);
    expect(batches[1]?.measures[0]?.latency).toEqual(batches[0]?.measures[0]?.latency);
  });

  it('has one key in all processes, and another in each campaign', async () => {
    const registersOf = async (figures: NotedFigures, live: LiveCampaign, batches: FigureBatch[]) => {
      for (let i = 0; i < 50; i++) figures.see(live, `u-${i}`);
      await figures.flush();
      return batches.at(-1)?.measures.at(-1)?.people;
    };
    const [here, there] = [world(), world()];
    const one = await registersOf(here.figures, here.live, here.batches);
    expect(await registersOf(there.figures, there.live, there.batches)).toEqual(one);
    const other = there.catalog.put(sampleCampaign({ id: 'other' }));
    expect(await registersOf(there.figures, other, there.batches)).not.toEqual(one);
  });
});

describe('faults', () => {
  it('tells from when to when a part was away, and again while it is', async () => {
    const roles: Record<string, string> = { log: 'ready', gate: 'ready' };
    const { clock, figures, batches } = world(roles);
    figures.look();
    roles['log'] = `no brokers ${'x'.repeat(400)}`;
    clock.move(SECOND);
    await figures.flush();
    for (let i = 0; i < 12; i++) {
      clock.move(SECOND);
      await figures.flush();
    }
    roles['log'] = 'ready';
    clock.move(SECOND);
    await figures.flush();
    await figures.flush();
    const faults = batches.flatMap((batch) => batch.faults);
    expect(faults.map(({ until, over }) => [until - T0, over])).toEqual([
      [1_000, false],
      [6_000, false],
      [11_000, false],
      [14_000, true],
    ]);
    expect(new Set(faults.map(({ part, since }) => `${part} ${since - T0}`))).toEqual(new Set(['log 1000']));
    expect(faults[0]?.what.length).toBe(300);
  });

  it('lets a part start in peace, and sees a gate that is made good', async () => {
    const roles: Record<string, string> = { recorder: 'starting' };
    const { clock, figures, live, batches } = world(roles);
    figures.look();
    clock.move(2 * SECOND);
    roles['recorder'] = 'ready';
    await figures.flush();
    expect(batches).toEqual([]);
    live.rebuilding = true;
    clock.move(SECOND);
    await figures.flush();
    live.rebuilding = false;
    clock.move(SECOND);
    await figures.flush();
    const faults = batches.flatMap((batch) => batch.faults);
    expect(faults.map(({ part, campaignId, over }) => [part, campaignId, over])).toEqual([
      ['gate', 'chicken-100', false],
      ['gate', 'chicken-100', true],
    ]);
  });
});

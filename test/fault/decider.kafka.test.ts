// Protects: requests on Kafka are decided once, in the order of their partition, whoever is killed, overtaken or cut off:
// the first so many hold a unit, everybody behind them has lost, and what cannot be read stops nobody.

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startKafka } from '../../scripts/services/kafka.ts';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import type { Campaign } from '../../src/core/campaign.ts';
import { phaseAt } from '../../src/core/decider.ts';
import { gateRule } from '../../src/core/gate.ts';
import { ruleChange } from '../../src/core/request.ts';
import { startDecider } from '../../src/main/decider/start.ts';
import { PartFault } from '../../src/main/part-fault.ts';
import type { RequestPlace } from '../../src/ports/requests.ts';
import type { RecordPlace } from '../support/contract/record-bench.ts';
import { type DeciderPlace, deciderPlace } from '../support/decider-place.ts';
import { system } from '../support/kafka-place.ts';
import { makerOfMysqlPlaces } from '../support/mysql-place.ts';
import { sampleAudit, sampleCampaign, T0 } from '../support/samples.ts';

const services = await startOrSkip(async () => {
  const [kafka, maria] = await Promise.all([startKafka(), startMariaDb()]);
  return { kafka, maria };
});

describe.skipIf(services === null)('the decider between Kafka and MariaDB', () => {
  if (!services) return;
  const { kafka, maria } = services;
  const places = makerOfMysqlPlaces(maria.url);
  let record: RecordPlace;
  let mysql: Mysql;

  beforeAll(async () => {
    mysql = await openMysql(maria.url);
  });
  afterAll(async () => {
    await Promise.all([places.close(), mysql.close()]);
    await Promise.all([kafka.stop(), maria.stop()]);
  });

  async function place(partitions: number): Promise<DeciderPlace> {
    record = await places.make();
    const made = await deciderPlace(kafka.url, maria.url, partitions, mysql);
    onTestFinished(() => made.close());
    return made;
  }
  async function create(id: string, over: Partial<Campaign> = {}): Promise<Campaign> {
    const campaign = sampleCampaign({ id, mode: 'ordered', quantity: 1000, openedAt: 1, ...over });
    await record.campaigns.create(campaign, sampleAudit());
    return campaign;
  }
  /** Users `first` to `last` ask, in this order; where each request stands. */
  function crowd(
    { ask }: DeciderPlace,
    campaignId: string,
    first: number,
    last: number,
  ): Promise<RequestPlace[]> {
    const users = Array.from({ length: last - first + 1 }, (_, at) => `u-${first + at}`);
    return Promise.all(
      users.map((userId) => ask({ type: 'claim.requested', campaignId, userId, key: null })),
    );
  }
  const decidedUpTo = async (made: DeciderPlace) => {
    const deciders = new Map((await record.rulings.deciders()).map(({ source, next }) => [source, next]));
    return made.requests.ends().map((end, at) => (deciders.get(`${made.topic}/${at}`) ?? 0) - end);
  };
  const untilDecided = (made: DeciderPlace, timeout = 30_000) =>
    expect
      .poll(async () => Math.min(...(await decidedUpTo(made))), { timeout, interval: 30 })
      .toBeGreaterThanOrEqual(0);

  /** Who came first holds a unit, in order; everybody else has lost because there was nothing left. */
  async function expectFirstWon(campaignId: string, quantity: number, places: RequestPlace[]): Promise<void> {
    const rows = await record.record.page(campaignId, 0, 10_000);
    const held = new Map(rows.map(({ userId, seq }) => [userId, seq]));
    expect(rows).toHaveLength(quantity);
    const inOrder = places.map((at, user) => ({ ...at, userId: `u-${user + 1}` }));
    inOrder.sort((a, b) => a.place - b.place);
    const phases = (await record.rulings.of(campaignId))?.phases ?? [];
    for (const [at, { userId, place: asked }] of inOrder.entries()) {
      expect(held.get(userId)).toBe(at < quantity ? at + 1 : undefined);
      expect(phaseAt(phases, asked)?.verdict ?? null).toBe(at < quantity ? null : 'sold_out');
    }
    expect(await record.rulings.of(campaignId)).toMatchObject({ issued: quantity, lastSeq: quantity });
    expect(await record.letters.list({}, null, 10)).toEqual([]);
  }

  it('gives to the first by the log, by the rules that stand between', async () => {
    const made = await place(1);
    const campaign = await create('one', { quantity: 5 });
    await made.ask(ruleChange(null, gateRule({ ...campaign, openedAt: null })));
    const [early] = await crowd(made, 'one', 900, 900);
    await made.ask(ruleChange(null, gateRule({ ...campaign, version: 2 })));
    const asked = await crowd(made, 'one', 1, 20);
    const one = await made.start();
    await untilDecided(made);
    await expectFirstWon('one', 5, asked);
    const { phases = [] } = (await record.rulings.of('one')) ?? {};
    expect(phaseAt(phases, early?.place ?? 0)?.verdict).toBe('not_open');
    await expect
      .poll(() => one.state()?.partitions[0])
      .toMatchObject({ lag: 0, facts: 23, wins: 5, conflicts: 0, dead: 0, overtaken: 0, fault: null });
  });

  it('decides everything once while deciders come, stop and are killed', async () => {
    const made = await place(3);
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const id of ids) await create(id);
    const asked = new Map<string, RequestPlace[]>(ids.map((id) => [id, []]));
    let pressing = true;
    const pressed = (async () => {
      for (let user = 1; pressing; user += 20) {
        for (const id of ids) asked.get(id)?.push(...(await crowd(made, id, user, user + 19)));
      }
    })();
    const one = await made.start({ batchMax: 50 });
    await expect.poll(() => one.state()?.partitions.length, { timeout: 10_000 }).toBe(3);
    const two = await made.start({ batchMax: 50 });
    await expect.poll(() => two.state()?.partitions.length, { timeout: 10_000 }).toBe(1);
    await one.kill();
    await expect.poll(() => two.state()?.partitions.length, { timeout: 15_000 }).toBe(3);
    const three = await made.start();
    await expect.poll(() => three.state()?.partitions.length ?? 0, { timeout: 10_000 }).toBeGreaterThan(0);
    await two.stop();
    pressing = false;
    await pressed;
    await untilDecided(made);
    for (const id of ids) {
      const places = asked.get(id) ?? [];
      await expectFirstWon(id, Math.min(1000, places.length), places);
    }
  });

  it('who was overtaken while it stood still harms nothing, and goes on from what is stored', async () => {
    const made = await place(1);
    await create('one', { quantity: 2500 });
    const slow = await made.start({ instanceId: 'slow', batchMax: 100 });
    const asked = await crowd(made, 'one', 1, 1000);
    await expect.poll(() => slow.state()?.partitions[0]?.wins ?? 0, { timeout: 10_000 }).toBeGreaterThan(0);
    process.kill(slow.pid, 'SIGSTOP');
    const other = await startDecider(made.settings({ instanceId: 'other', logLevel: 'silent' }), system);
    onTestFinished(() => other.stop());
    asked.push(...(await crowd(made, 'one', 1001, 2000)));
    await untilDecided(made);
    await other.stop();
    process.kill(slow.pid, 'SIGCONT');
    asked.push(...(await crowd(made, 'one', 2001, 3000)));
    await untilDecided(made);
    await expectFirstWon('one', 2500, asked);
  });

  it('sends what it cannot read to the dead letters, says where it was, and decides the rest', async () => {
    const made = await place(1);
    await create('one', { quantity: 10 });
    const asked = await crowd(made, 'one', 1, 5);
    const at = made.requests.ends()[0] ?? 0;
    await made.spoil(0, '{"half');
    asked.push(...(await crowd(made, 'one', 6, 15)));
    const one = await made.start();
    await untilDecided(made);
    await expect.poll(() => one.state()?.partitions[0]).toMatchObject({ facts: 15, wins: 10, dead: 1 });
    const rows = await record.record.page('one', 0, 100);
    expect(rows.map(({ userId }) => userId)).toEqual(
      Array.from({ length: 10 }, (_, user) => `u-${user + 1}`),
    );
    const letters = made.openLetters(0);
    onTestFinished(() => letters.close());
    expect((await letters.read(0, 10)).unreadable.map(({ payload }) => payload)).toEqual(['{"half']);
    expect(await record.letters.list({}, null, 10)).toMatchObject([{ source: `${made.topic}/0:${at}` }]);
    expect(await record.rulings.deciders()).toMatchObject([{ unreadable: [at] }]);
  });

  it('goes on by itself after the database and Kafka were away, and says meanwhile what is wrong', async () => {
    const made = await place(1);
    await create('one', { quantity: 250 });
    const one = await made.start();
    const asked = await crowd(made, 'one', 1, 100);
    await untilDecided(made);
    await maria.kill();
    asked.push(...(await crowd(made, 'one', 101, 200)));
    await expect
      .poll(() => one.state()?.partitions[0]?.fault ?? one.state()?.fault ?? null, { timeout: 15_000 })
      .not.toBeNull();
    await maria.restart();
    await untilDecided(made);
    await kafka.kill();
    await expect.poll(() => one.state()?.partitions[0]?.fault ?? null, { timeout: 10_000 }).not.toBeNull();
    await kafka.restart();
    asked.push(...(await crowd(made, 'one', 201, 300)));
    await untilDecided(made);
    await expectFirstWon('one', 250, asked);
    await expect.poll(() => one.state()?.partitions[0]?.fault).toBeNull();
  });

  it('is refused where it cannot run, with what to do', async () => {
    const made = await place(1);
    const wrong = made.settings({ mysqlUrl: maria.url.replace(/:dibs@/, ':wrong@') });
    await expect(startDecider(wrong, system)).rejects.toThrow(PartFault);
    await expect(startDecider(wrong, system)).rejects.toThrow(/refuses the user/);
    expect((await record.record.counts('one', T0)).issued).toBe(0);
  });
});

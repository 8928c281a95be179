// Protects: at level `replicated` a promoted replica has every told win, and what may have been promised beside that is
// given to nobody else; people who stood in line at that moment stand where they stood. And three masters that share the
// slots give exactly what one gives.

import { afterAll, describe, expect, it } from 'vitest';
import { askRedis } from '../../scripts/services/ask-redis.ts';
import { startKafka } from '../../scripts/services/kafka.ts';
import type { LocalService } from '../../scripts/services/local.ts';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { startRedis, startRedisCluster, startReplica, startSentinel } from '../../scripts/services/redis.ts';
import { makeSite, newDatabase, startProcesses } from '../support/distributed.ts';
import { surviveInLine } from '../support/distributed-queued.ts';
import { survive } from '../support/distributed-rush.ts';

const both = await startOrSkip(() => Promise.all([startKafka(), startMariaDb()]));
afterAll(() => Promise.all((both ?? []).map((one) => one.stop())));

describe.skipIf(both === null)('', () => {
  const [kafka, maria] = both as NonNullable<typeof both>;

  it.each([
    {
      name: 'the primary is killed, and its replica takes over',
      fault: 'Primary Redis killed with -9, its replica promoted',
      // It comes back as the replica of its replica, without which nobody can be told that he won.
      until: untilAnnounced,
    },
    {
      name: 'there are two primaries for a while',
      fault: 'Primary Redis killed with -9, and back before its sentinel told anybody of the new one',
      until: untilPromoted,
    },
  ])('$name', async ({ fault, until }) => {
    const primary = await startRedis();
    const replica = await startReplica(primary);
    const sentinel = await startSentinel(primary);
    const name = `failover_${primary.port}`;
    const site = makeSite({ kafka, maria }, sentinel.url, {
      DIBS_DATABASE_URL: await newDatabase(maria, name),
      DIBS_KAFKA_PREFIX: `${name}.`,
    });
    try {
      await startProcesses(site);
      const options = { fault, durability: 'replicated' as const, release: true as const };
      const moving = Promise.withResolvers<void>();
      const over = Promise.withResolvers<void>();
      const line = surviveInLine(site, { fault: `Queued: ${fault}`, perSecond: 15 }, async (_id, serving) => {
        await serving(30);
        moving.resolve();
        await over.promise;
      });
      await survive(site, options, async (crowd) => {
        await Promise.all([crowd.at(1 / 3), moving.promise]);
        await primary.kill();
        await until(sentinel, replica);
        await primary.restart();
        over.resolve();
      });
      await line;
    } finally {
      await site.close();
      await Promise.all([sentinel.stop(), replica.stop(), primary.stop()]);
    }
  });

  it('three masters share the campaigns', async () => {
    const cluster = await startRedisCluster();
    const site = makeSite({ kafka, maria }, cluster.url);
    try {
      await startProcesses(site);
      await survive(site, { fault: 'None: a cluster of three masters' }, (crowd) => crowd.at(1));
      await survive(
        site,
        { fault: 'Each of three masters killed with -9, one after the other' },
        async (crowd) => {
          await crowd.at(1 / 3);
          for (const node of cluster.nodes) {
            await node.kill();
            await node.restart();
          }
        },
      );
    } finally {
      await site.close();
      await cluster.stop();
    }
  });
});

/** Until the sentinel sends clients to the one that it promoted. */
async function untilAnnounced(sentinel: LocalService, { port }: LocalService): Promise<void> {
  await expect
    .poll(() => askRedis(sentinel, 'INFO sentinel'), { timeout: 20_000, interval: 100 })
    .toContain(`address=127.0.0.1:${port}`);
}

/** Until it decides by itself, which its sentinel tells a moment later. */
async function untilPromoted(_sentinel: LocalService, replica: LocalService): Promise<void> {
  await expect
    .poll(() => askRedis(replica, 'INFO replication'), { timeout: 20_000, interval: 20 })
    .toContain('role:master');
}

// Protects: processes that people press at may die, and connections may be cut in the middle of an answer; whoever asks
// again has the verdict he was given, and nobody has two.

import { afterAll, describe, expect, it } from 'vitest';
import { type Installation, install, named, uninstall } from '../support/distributed.ts';
import { survive } from '../support/distributed-rush.ts';
import { type Cut, startTcpProxy } from '../support/tcp-proxy.ts';

const installed = await install();
afterAll(() => uninstall(installed));

const THIRD = 1 / 3;

/** Cuts one answer in `every`, somewhere in its middle. */
const oneIn =
  (every: number): Cut =>
  (bytes) =>
    Math.random() * every < 1 ? Math.floor(Math.random() * bytes) : null;

describe.skipIf(installed === null)('a process', () => {
  const { site } = installed as Installation;

  it('is killed with -9 and started again', async () => {
    await survive(site, { fault: 'One of two API processes killed with -9' }, async (crowd) => {
      await crowd.at(THIRD);
      await named(site, 'api-a').kill();
      await crowd.at(2 * THIRD);
      await named(site, 'api-a').start();
    });
  });

  it('is one of two that are killed, of three', async () => {
    await site.start('api-c', { roles: 'api' });
    await survive(site, { fault: 'Two of three API processes killed with -9' }, async (crowd) => {
      await crowd.at(THIRD);
      await Promise.all([named(site, 'api-a').kill(), named(site, 'api-c').kill()]);
    });
    await named(site, 'api-a').start();
  });

  it('cannot finish every answer', async () => {
    const proxies = await Promise.all(
      ['api-a', 'api-b'].map((name) => startTcpProxy(named(site, name).port)),
    );
    const ports = () => proxies.map(({ port }) => port);
    const options = { fault: 'One answer in twelve cut in the middle', ports };
    await survive(site, options, async (crowd) => {
      for (const proxy of proxies) proxy.cutBy(oneIn(12));
      await crowd.at(0.9);
      for (const proxy of proxies) proxy.cutBy(null);
    });
    expect(proxies.every(({ cuts }) => cuts > 30)).toBe(true);
    await Promise.all(proxies.map((proxy) => proxy.stop()));
  });
});

describe.skipIf(installed === null)('three processes behind no balancer', () => {
  const { site } = installed as Installation;

  it('give 100 to the first 100 of 10,000', async () => {
    await named(site, 'api-c').start();
    const options = {
      fault: 'None: three processes, 10,000 people, 100 units',
      quantity: 100,
      users: 10_000,
      persons: 150,
      perSecond: 20_000,
    };
    const { crowd } = await survive(site, options, (crowd) => crowd.at(1));
    expect([crowd.told, crowd.words['won']]).toEqual([100, 100]);
    // Everybody who holds nothing was told so.
    expect(crowd.words['sold_out']).toBeGreaterThanOrEqual(9900);
  });
});

describe.skipIf(installed === null)('the way to Redis', () => {
  const { site, redis } = installed as Installation;

  it('is cut in the middle of its answers', async () => {
    const proxy = await startTcpProxy(redis.port);
    const url = `redis://127.0.0.1:${proxy.port}`;
    for (const api of site.apis()) await api.kill();
    const far = await Promise.all(
      ['far-a', 'far-b'].map((name) => site.start(name, { roles: 'api', env: { DIBS_REDIS_URL: url } })),
    );
    const ports = () => far.map(({ port }) => port);
    const options = { fault: 'One answer of Redis in forty cut in the middle', ports };
    await survive(site, options, async (crowd) => {
      await crowd.at(0.1);
      proxy.cutBy(oneIn(40));
      await crowd.at(0.7);
      proxy.cutBy(null);
      proxy.cutAll();
    });
    expect(proxy.cuts).toBeGreaterThan(5);
    for (const one of far) await one.kill();
    await proxy.stop();
  });
});

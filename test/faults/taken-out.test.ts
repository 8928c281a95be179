// Protects: the fault tests can see. Each of the protections that make a gate good after it lost its memory is taken out
// of a copy of the sources, and the same fault that our sources survive must then be found to have broken something.

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { askRedis } from '../../scripts/services/ask-redis.ts';
import { type Change, changedSources } from '../support/changed-sources.ts';
import {
  makeSite,
  named,
  newDatabase,
  type Services,
  type Site,
  startProcesses,
  startServices,
  stopServices,
} from '../support/distributed.ts';
import type { Crowd } from '../support/distributed-crowd.ts';
import { leaveResult } from '../support/distributed-report.ts';
import { type RushOptions, rush, survive } from '../support/distributed-rush.ts';

const started = await startServices();
afterAll(() => stopServices(started));

interface Case {
  protection: string;
  options: RushOptions;
  changes: Change[];
  trouble: (site: Site, crowd: Crowd) => Promise<void>;
}

describe.skipIf(started === null)('a protection taken out is missed', () => {
  const services = started as Services;
  const { redis, kafka } = services;

  const cases: Case[] = [
    {
      protection: 'the drain: what is on the log is not brought into the record first',
      options: { fault: 'Redis emptied (FLUSHALL) while the recorder is away' },
      changes: [
        {
          file: 'src/flow/rebuild.ts',
          find: '!(await caughtUp(DRAIN_PATIENCE_MS))',
          put: 'caughtUp === null || DRAIN_PATIENCE_MS === 0',
        },
      ],
      async trouble(site, crowd) {
        const recorder = named(site, 'recorder');
        await crowd.at(0.2);
        await recorder.kill();
        await crowd.at(0.5);
        await askRedis(redis, 'FLUSHALL');
        await wait(2500);
        await recorder.start();
      },
    },
    {
      protection: 'the salvage: what only the old gate has is not brought onto the log',
      options: {
        fault: 'Kafka silent, both API processes killed, scripts forgotten',
        durability: 'memory',
        release: true,
      },
      changes: [{ file: 'src/flow/rebuild.ts', find: 'await this.#salvage();', put: '' }],
      async trouble(site, crowd) {
        await crowd.at(0.2);
        kafka.pause();
        await crowd.at(0.4);
        const apis = [named(site, 'api-a'), named(site, 'api-b')];
        await Promise.all(apis.map((api) => api.kill()));
        await askRedis(redis, 'SCRIPT FLUSH');
        kafka.resume();
        await Promise.all(apis.map((api) => api.start()));
      },
    },
    {
      protection: 'the arming: whoever finds the script missing sends it along, as clients commonly do',
      options: { fault: 'Redis replaced by an older copy of itself' },
      changes: [
        {
          file: 'src/adapters/redis/lua-calls.ts',
          find: 'import { CONTRACTS,',
          put: 'import { armedScript, CONTRACTS,',
        },
        {
          file: 'src/adapters/redis/lua-calls.ts',
          find: "client.evalsha(sha, keys.length, ...all, '')",
          put: `client.eval(
            armedScript(scriptText('claim'), /{c:(.*)}/.exec(keys[0])[1], epoch).text, keys.length, ...all, '')`,
        },
      ],
      async trouble(_site, crowd) {
        const older = mkdtempSync(join(tmpdir(), 'dibs-older-'));
        const data = join(redis.folder, 'appendonlydir');
        await crowd.at(0.1);
        cpSync(data, older, { recursive: true });
        await crowd.at(1 / 3);
        await redis.kill();
        rmSync(data, { recursive: true });
        cpSync(older, data, { recursive: true });
        rmSync(older, { recursive: true });
        await redis.restart();
      },
    },
  ];

  let made = 0;
  /** An installation of its own on the same services, from our sources or from changed ones. */
  async function onSite(root: string | null, use: (site: Site) => Promise<void>): Promise<void> {
    made += 1;
    const name = `taken_out_${made}`;
    const site = makeSite(services, redis.url, {
      DIBS_DATABASE_URL: await newDatabase(services.maria, name),
      DIBS_REDIS_PREFIX: `${name}:`,
      DIBS_KAFKA_PREFIX: `${name}.`,
    });
    try {
      const roles = { 'api-a': 'api', 'api-b': 'api', relay: 'relay,jobs', recorder: 'recorder' };
      await startProcesses(site, roles, root === null ? {} : { root });
      await use(site);
    } finally {
      await site.close();
    }
  }

  for (const { protection, options, changes, trouble } of cases) {
    it(protection, async () => {
      const changed = changedSources(changes);
      await onSite(changed.root, async (site) => {
        const bounds = { patienceMs: 20_000, auditMs: 4_000 };
        const { audit } = await rush(site, { ...options, ...bounds }, (crowd) => trouble(site, crowd));
        const said = audit.findings.find((finding) => finding.startsWith('I3')) ?? audit.findings[0] ?? '';
        leaveResult(inject('faultResults'), { kind: 'taken-out', protection, fault: options.fault, said });
        expect(audit.findings).not.toEqual([]);
      });
      changed.remove();
    });
  }

  // The third is survived in redis.test.ts.
  it('and nothing is with all of them in place', async () => {
    await onSite(null, async (site) => {
      for (const { options, trouble } of cases.slice(0, 2)) {
        await survive(site, options, (crowd) => trouble(site, crowd));
      }
    });
  });
});

// Protects: a process decides one version of the topic of requests at a time, goes over when it is told to, tries again
// what could not be started, and ends whatever it has begun.

import { beforeEach, describe, expect, it } from 'vitest';
import { FIRST_VERSION, type TopicVersion } from '../../src/core/topic-version.ts';
import { makeVersionedDecider, type VersionedDecider } from '../../src/main/decider/versioned.ts';
import { breathe } from '../support/ordered-world.ts';

const second: TopicVersion = { ...FIRST_VERSION, version: 2, partitions: 5 };

describe('the decider over all versions', () => {
  let running: number[];
  let most: number;
  let why: string | null;
  let decider: VersionedDecider;

  beforeEach(() => {
    running = [];
    most = 0;
    why = null;
    decider = makeVersionedDecider({ info: () => undefined }, async ({ version }) => {
      await breathe(2);
      if (why !== null) throw new Error(why);
      running.push(version);
      most = Math.max(most, running.length);
      return {
        state: () => ({ partitions: [], members: 1, fault: `of ${version}` }),
        async stop() {
          await breathe(2);
          running = running.filter((one) => one !== version);
        },
      };
    });
  });

  it('goes over when the one before has ended', async () => {
    decider.follow(FIRST_VERSION);
    decider.follow(FIRST_VERSION);
    decider.follow(second);
    await breathe(20);
    expect([running, most, decider.fault()]).toEqual([[2], 1, 'of 2']);
    await decider.stop();
    decider.follow(FIRST_VERSION);
    await breathe(20);
    expect(running).toEqual([]);
  });

  it('tries again at the next look, and says why', async () => {
    why = 'no thread';
    decider.follow(FIRST_VERSION);
    await breathe(10);
    expect([running, decider.fault(), decider.partitions()]).toEqual([[], 'no thread', []]);
    why = null;
    decider.follow(FIRST_VERSION);
    await breathe(10);
    expect([running, decider.fault()]).toEqual([[1], 'of 1']);
    await decider.stop();
    expect(running).toEqual([]);
  });

  it('ends what is just being started', async () => {
    decider.follow(FIRST_VERSION);
    await decider.stop();
    expect(running).toEqual([]);
  });
});

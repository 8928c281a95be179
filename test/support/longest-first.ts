/**
 * The order of test files: within a group those that take longest come first, so that no core waits for a long one at the
 * end. Seconds are those of two quiet cores, and only their order matters: a file that is not listed comes after.
 */

import { BaseSequencer, type TestSpecification } from 'vitest/node';

const SECONDS: Readonly<Record<string, number>> = {
  'model/line.redis': 35,
  'model/gate.redis': 40,
  'unit/cli-commands': 19,
  'unit/rush-waiting': 16,
  'contract/log.kafka': 24,
  'contract/requests.kafka': 22,
  'contract/topics.kafka': 21,
  'contract/trouble.mysql': 13,
  'unit/redis-keeper': 14,
  'unit/redis-rate': 13,
  'simulation/lives': 12,
  'http/shared': 8,
  'e2e/examples': 60,
  'e2e/demo-services': 22,
  'e2e/webhooks': 17,
  'e2e/demo': 14,
  'fault/recorder.kafka': 65,
  'fault/jobs-kill': 60,
  'fault/decider.kafka': 45,
  'fault/kill-nine': 40,
  'fault/ordered-log': 20,
  'fault/queued': 18,
  'fault/ordered-kill': 17,
  'faults/ordered-faults': 100,
  'faults/taken-out': 95,
  'faults/failover': 85,
  'faults/queued': 75,
  'faults/topic-versions': 70,
  'faults/ordered': 60,
  'faults/redis': 55,
  'faults/kafka': 48,
  'faults/processes': 46,
  'faults/database': 42,
  'faults/recorder': 40,
};

function secondsOf({ moduleId }: TestSpecification): number {
  const path = /test\/(.+)\.test\.ts$/.exec(moduleId)?.[1];
  return SECONDS[path ?? ''] ?? 0;
}

const groupOf = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;

export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => groupOf(a) - groupOf(b) || secondsOf(b) - secondsOf(a));
  }
}

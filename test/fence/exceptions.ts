// The only places where a rule of the fence does not hold, each with its reason. A line that no longer excuses
// anything fails the fence too, so this list can only tell the truth.

import type { Violation } from './source.ts';

export interface Exception {
  rule: string;
  file: string;
  /** A part of the violation's message, when only that one thing is excused. */
  about?: string;
  reason: string;
}

export const exceptions: Exception[] = [
  {
    rule: 'imports',
    file: 'src/flow/unpacked.ts',
    about: 'node:zlib',
    reason:
      'Bytes in, bytes out: it opens nothing and has no clock. Behind a port it would be the same call.',
  },
  {
    rule: 'imports',
    file: 'src/cli/serve.ts',
    about: 'src/main/serve.ts lazily',
    reason:
      'The one door into the composition: `dibs serve` loads it when asked, so that no other command pays for it.',
  },
  {
    rule: 'imports',
    file: 'src/cli/serve.ts',
    about: 'types of src/main/serve.ts',
    reason: 'The same door, seen by the type checker; nothing of it is loaded.',
  },
  {
    rule: 'imports',
    file: 'src/cli/topics.ts',
    about: 'src/main/topics.ts lazily',
    reason: 'Topics are made and deleted without a server; what speaks to Kafka is put together there.',
  },
  {
    rule: 'imports',
    file: 'src/cli/topics.ts',
    about: 'types of src/main/topics.ts',
    reason: 'The same, seen by the type checker; nothing of it is loaded.',
  },
  {
    rule: 'imports',
    file: 'src/cli/doctor-checks.ts',
    about: 'src/main/probe.ts lazily',
    reason: 'Redis, Kafka and MySQL are asked without a server; what speaks to them is put together there.',
  },
  {
    rule: 'imports',
    file: 'src/cli/doctor-checks.ts',
    about: 'types of src/main/probe.ts',
    reason: 'The same, seen by the type checker; nothing of it is loaded.',
  },
  {
    rule: 'clock',
    file: 'src/cli/clock.ts',
    reason:
      'The commands measure a server from outside, in real time, and may not import an adapter; this is their one clock.',
  },
];

/** The violations that no exception excuses. */
export function unexcused(violations: Violation[], list = exceptions): Violation[] {
  return violations.filter((violation) => !list.some((exception) => excuses(exception, violation)));
}

/** The exceptions for `rule` that excuse nothing. */
export function stale(rule: string, violations: Violation[], list = exceptions): Exception[] {
  return list
    .filter((exception) => exception.rule === rule)
    .filter((exception) => !violations.some((violation) => excuses(exception, violation)));
}

function excuses(exception: Exception, violation: Violation): boolean {
  return (
    exception.rule === violation.rule &&
    exception.file === violation.file &&
    (exception.about === undefined || violation.message.includes(exception.about))
  );
}

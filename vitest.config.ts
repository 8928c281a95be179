// The tests, as one project for each folder of test/. What is cheap runs first and on all cores; what starts servers,
// kills them or measures time runs afterwards, a file at a time where another one would disturb its timing, and two
// where files wait for services most of the time, or measure nothing.

import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { LongestFirst } from './test/support/longest-first.ts';

interface Project {
  /** A folder of test/. */
  folder: string;
  /** another name than the folder's, for some files of it; those are left out of the folder's own project */
  name?: string;
  files?: string[];
  /** Its files leave nothing behind in their process, and share the modules that another one has loaded. */
  shared?: true;
  /** Projects of one group run together, and after those of the groups before. */
  group: number;
  /** run once before the first file, and again after the last */
  setup?: string;
  timeoutMs: number;
}

/** Files at a time in each group, on a machine with at least two cores. Those of the first often wait for a child. */
const AT_ONCE = [Math.max(4, availableParallelism()), 1, 2, 2, 1];

/** Of e2e, those in which nothing is timed that another file could slow down. */
const UNTIMED = [
  ...['client-gone', 'dead-letters', 'demo', 'demo-services', 'erasure', 'examples'],
  ...['ordered', 'pool', 'returns', 'rush', 'webhooks'],
];

/** How long a test waits for what it expects at last, unless it says otherwise. On a busy machine a second is not much. */
const POLL_MAX_MS = 10_000;

/** A folder that is not listed here is not run, and the fence says so. */
const projects: Project[] = [
  { folder: 'fence', group: 0, timeoutMs: 30_000 },
  { folder: 'unit', shared: true, group: 0, timeoutMs: 30_000 },
  { folder: 'contract', shared: true, group: 0, timeoutMs: 30_000 },
  { folder: 'model', group: 0, timeoutMs: 60_000 },
  { folder: 'simulation', group: 0, timeoutMs: 60_000 },
  { folder: 'http', shared: true, group: 0, timeoutMs: 30_000 },
  { folder: 'e2e', group: 1, timeoutMs: 120_000 },
  { folder: 'e2e', name: 'e2e-two', files: UNTIMED, group: 2, timeoutMs: 120_000 },
  { folder: 'fault', group: 2, timeoutMs: 240_000 },
  // Each file starts services and processes of its own.
  { folder: 'faults', group: 3, setup: 'test/support/distributed-report.ts', timeoutMs: 120_000 },
  { folder: 'web', group: 4, timeoutMs: 120_000 },
];

const pathOf = ({ folder }: Project, file: string): string => `test/${folder}/${file}.test.ts`;

/** What other projects have taken out of this one's folder. */
function takenFrom(project: Project): string[] {
  if (project.files !== undefined) return [];
  return projects
    .filter(({ folder }) => folder === project.folder)
    .flatMap((other) => (other.files ?? []).map((file) => pathOf(other, file)));
}

export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: projects.map((project) => {
      const { folder, name = folder, files, shared = false, group, setup, timeoutMs } = project;
      return {
        test: {
          name,
          include: files?.map((file) => pathOf(project, file)) ?? [`test/${folder}/**/*.test.ts`],
          exclude: takenFrom(project),
          environment: 'node' as const,
          testTimeout: timeoutMs,
          hookTimeout: timeoutMs,
          expect: { poll: { timeout: POLL_MAX_MS } },
          isolate: !shared,
          maxWorkers: AT_ONCE[group] as number,
          ...(setup === undefined ? {} : { globalSetup: [setup] }),
          // Files of group 0 that may not run beside others would be put behind all groups.
          sequence: { groupOrder: group },
        },
      };
    }),
  },
});

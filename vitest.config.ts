// The tests, as one project for each folder of test/. What is cheap runs first and on all cores; what starts servers,
// kills them or measures time runs afterwards, one file at a time, so that no test disturbs another's timing.

import { defineConfig } from 'vitest/config';

interface Project {
  /** A folder of test/. */
  folder: string;
  /** One file at a time, after all parallel projects. */
  serial?: true;
  /** This many files at a time, after all parallel projects. */
  atOnce?: number;
  /** run once before the first file, and again after the last */
  setup?: string;
  timeoutMs: number;
}

/** A folder that is not listed here is not run, and the fence says so. */
const projects: Project[] = [
  { folder: 'fence', timeoutMs: 30_000 },
  { folder: 'unit', timeoutMs: 15_000 },
  { folder: 'contract', timeoutMs: 30_000 },
  { folder: 'model', timeoutMs: 60_000 },
  { folder: 'simulation', timeoutMs: 60_000 },
  { folder: 'http', timeoutMs: 30_000 },
  { folder: 'e2e', serial: true, timeoutMs: 120_000 },
  { folder: 'fault', serial: true, timeoutMs: 240_000 },
  // Each file starts services and processes of its own, and waits most of the time.
  { folder: 'faults', atOnce: 2, setup: 'test/support/distributed-report.ts', timeoutMs: 120_000 },
  { folder: 'web', serial: true, timeoutMs: 120_000 },
];

export default defineConfig({
  test: {
    projects: projects.map(({ folder, serial, atOnce, setup, timeoutMs }, index) => ({
      test: {
        name: folder,
        include: [`test/${folder}/**/*.test.ts`],
        environment: 'node',
        testTimeout: timeoutMs,
        hookTimeout: timeoutMs,
        fileParallelism: !serial,
        ...(atOnce === undefined ? {} : { maxWorkers: atOnce }),
        ...(setup === undefined ? {} : { globalSetup: [setup] }),
        // Parallel projects share group 0; each other one is a group of its own.
        sequence: { groupOrder: serial || atOnce ? index : 0 },
      },
    })),
  },
});

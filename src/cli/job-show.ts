/** Jobs and their runs in a terminal: a table, the steps of a run, a bar while it runs. */
import { sleep } from './clock.ts';
import { bar, columns, count, dim, duration, marks, strong, table, whisper } from './print.ts';
import { progressBar } from './progress-bar.ts';

export interface StepRow {
  readonly name: string;
  readonly status: string;
  readonly total: number | null;
  readonly read: number;
  readonly written: number;
  readonly skipped: number;
  readonly skips: Readonly<Record<string, number>>;
  readonly retries: number;
  readonly busyMs: number;
  readonly lastError: string | null;
}

export interface RunRow {
  readonly id: string;
  readonly job: string;
  readonly status: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly by: string;
  readonly createdAt: string;
  readonly endedAt: string | null;
  readonly lastError: string | null;
  readonly result: Readonly<Record<string, unknown>>;
  readonly read: number;
  readonly written: number;
  readonly skipped: number;
  readonly total: number | null;
  readonly steps: readonly StepRow[];
}

export interface JobRow {
  readonly name: string;
  readonly summary: string;
  readonly params: {
    readonly properties?: Readonly<
      Record<string, { readonly type?: unknown; readonly description?: string }>
    >;
    readonly required?: readonly string[];
  };
  readonly lastRun: RunRow | null;
  readonly schedules: readonly {
    readonly id: string;
    readonly cron: string;
    readonly timeZone: string;
    readonly enabled: boolean;
    readonly params: Readonly<Record<string, unknown>>;
    readonly nextAt: string | null;
  }[];
}

const LOOK_MS = 300;

const markOf = (status: string): string =>
  status === 'completed' ? marks.ok : status === 'failed' ? marks.fail : marks.skip;

export function jobLines(jobs: readonly JobRow[]): string[] {
  return jobs.flatMap(({ name, summary, params, schedules, lastRun }) => [
    `${strong(name)}  ${summary}`,
    ...columns(
      Object.entries(params.properties ?? {}).map(([param, { type, description = '' }]) => [
        `  --param ${param}=<${typeof type === 'string' ? type : 'value'}>`,
        params.required?.includes(param) ? 'needed' : '',
        dim(description),
      ]),
    ),
    ...schedules.map(({ id, cron, timeZone, enabled, nextAt }) =>
      dim(
        `  ${enabled ? 'runs' : 'does not run'} at ${cron} (${timeZone})${id === name ? '' : `, schedule ${id}`}, next ${nextAt ?? 'never'}`,
      ),
    ),
    ...(lastRun === null ? [] : [`  ${markOf(lastRun.status)} last run ${lastRun.id} ${lastRun.status}`]),
  ]);
}

export function runTable(runs: readonly RunRow[]): string {
  const rows = runs.map(({ id, job, status, read, written, skipped, endedAt, createdAt }) => [
    markOf(status),
    job,
    id,
    status,
    count(read),
    count(written),
    count(skipped),
    endedAt ?? createdAt,
  ]);
  const align = ['left', 'left', 'left', 'left', 'right', 'right', 'right'] as const;
  return table(['', 'job', 'run', 'status', 'read', 'written', 'skipped', 'at'], rows, [...align]);
}

export function runLines(run: RunRow): string[] {
  const rows = run.steps.map(({ name, status, read, total, written, skipped, retries, busyMs }) => [
    markOf(status),
    name,
    status,
    total === null ? count(read) : `${count(read)} of ${count(total)}`,
    count(written),
    count(skipped),
    count(retries),
    duration(busyMs),
  ]);
  const skips = run.steps.flatMap(({ name, skips }) =>
    Object.entries(skips).map(([reason, skipped]) => dim(`    ${name}: ${count(skipped)} ${reason}`)),
  );
  return [
    `${markOf(run.status)} ${strong(run.job)} ${run.id} is ${run.status}`,
    ...(run.lastError === null ? [] : [`  ${run.lastError}`]),
    table(['', 'step', 'status', 'read', 'written', 'skipped', 'tried again', 'took'], rows, [
      'left',
      'left',
      'left',
      'right',
      'right',
      'right',
      'right',
      'right',
    ]),
    ...skips,
    ...Object.entries(run.result).map(
      ([name, value]) => `  ${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    ),
    ...(run.status === 'failed' || run.status === 'stopped'
      ? [dim(`  dibs jobs restart ${run.id} lets it go on`)]
      : []),
  ];
}

/** Looks at a run until it has ended; on a terminal with a bar. */
export async function watch(read: () => Promise<RunRow>, quiet: boolean): Promise<RunRow> {
  const view = quiet ? null : process.stderr.isTTY ? await barView() : lineView();
  for (;;) {
    const run = await read();
    view?.update(run);
    if (run.status !== 'queued' && run.status !== 'running') {
      view?.stop();
      return run;
    }
    await sleep(LOOK_MS);
  }
}

interface RunView {
  update(run: RunRow): void;
  stop(): void;
}

const stepOf = ({ steps }: RunRow): string => steps.find(({ status }) => status === 'running')?.name ?? '';

async function barView(): Promise<RunView> {
  const view = await progressBar('{read} of {of}  {step}');
  let started = false;
  return {
    update(run) {
      const { read, total } = run;
      const told = { read: count(read), of: total === null ? '?' : count(total), step: stepOf(run) };
      if (!started) view.start(total ?? read, read, told);
      started = true;
      view.setTotal(total ?? Math.max(1, read));
      view.update(read, told);
    },
    stop: () => view.stop(),
  };
}

/** Where no bar can be drawn: a line when a tenth more is done. */
function lineView(): RunView {
  let said = -1;
  return {
    update(run) {
      const { read, total } = run;
      const tenth = total ? Math.floor((10 * read) / total) : 0;
      if (tenth === said || !total) return;
      said = tenth;
      whisper(dim(`  ${bar(read / total, 20)} ${count(read)} of ${count(total)}  ${stepOf(run)}`));
    },
    stop: () => undefined,
  };
}

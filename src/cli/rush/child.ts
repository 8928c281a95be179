/** A generator in a process of its own: opens, says so, starts when told, and hands its tries back. */
import { every } from '../clock.ts';
import { Generator } from './generator.ts';
import type { GeneratorOptions } from './generator-options.ts';
import type { PressData } from './press-list.ts';
import type { Progress } from './progress.ts';
import type { TryColumns } from './try-list.ts';

/** Parent → child. */
export type Order =
  | { do: 'open'; options: GeneratorOptions }
  | { do: 'run'; startMs: number }
  | { do: 'stop' };
/** Child → parent. */
export type News =
  | { is: 'open'; ok: boolean }
  | { is: 'progress'; progress: Progress }
  | { is: 'done'; progress: Progress; tries: TryColumns; presses: PressData; cpuMs: number };

let generator: Generator | null = null;
const tell = (news: News): void => void process.send?.(news);

// Ctrl-C reaches the whole group; the parent decides what it means.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit(0));

process.on('message', (order: Order) => {
  if (order.do === 'open') void open(order.options);
  else if (order.do === 'run' && generator) void run(generator, order.startMs);
  else generator?.stop();
});

async function open(options: GeneratorOptions): Promise<void> {
  generator = new Generator(options);
  tell({ is: 'open', ok: await generator.open() });
}

async function run(own: Generator, startMs: number): Promise<void> {
  const { progress, tries, presses } = own;
  const stopTelling = every(100, () => tell({ is: 'progress', progress }));
  const cpuBefore = process.cpuUsage();
  await own.run(startMs);
  stopTelling();
  const cpu = process.cpuUsage(cpuBefore);
  const cpuMs = (cpu.user + cpu.system) / 1000;
  tell({ is: 'done', progress, tries: tries.columns(), presses: presses.data(), cpuMs });
}

/** Sends a crowd, from this process or from several, and brings all tries together. */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { every, monotonicMs } from '../clock.ts';
import type { News, Order } from './child.ts';
import { Generator } from './generator.ts';
import type { GeneratorOptions } from './generator-options.ts';
import { PressList } from './press-list.ts';
import { addUp, type Progress } from './progress.ts';
import { TryList } from './try-list.ts';

export interface CrowdResult {
  readonly tries: TryList;
  readonly presses: PressList;
  readonly progress: Progress;
  /** On the clock of the tries. */
  readonly startMs: number;
  /** CPU the generators spent, all together. */
  readonly cpuMs: number;
}

export interface CrowdRun {
  readonly processes: number;
  /** When to begin, on `monotonicMs`; as soon as the connections stand when it is past. */
  readonly startMs: number;
  readonly onProgress: (progress: Progress) => void;
  /** Told when the first press is due, on `monotonicMs`. */
  readonly onStart?: ((startMs: number) => void) | undefined;
  /** Set by the caller to end early. */
  readonly stopper: { stop: () => void };
}

/** @returns null when the server cannot be reached at all. */
export function sendCrowd(options: GeneratorOptions, run: CrowdRun): Promise<CrowdResult | null> {
  return run.processes > 1 ? sendFromSeveral(options, run) : sendFromHere(options, run);
}

async function sendFromHere(options: GeneratorOptions, run: CrowdRun): Promise<CrowdResult | null> {
  const generator = new Generator(options);
  run.stopper.stop = () => generator.stop();
  if (!(await generator.open())) return null;
  const startMs = Math.max(run.startMs, monotonicMs());
  run.onStart?.(startMs);
  const { tries, presses, progress } = generator;
  const stopTelling = every(100, () => run.onProgress(progress));
  const cpuBefore = process.cpuUsage();
  await generator.run(startMs);
  stopTelling();
  const cpu = process.cpuUsage(cpuBefore);
  run.onProgress(progress);
  return { tries, presses, progress, startMs, cpuMs: (cpu.user + cpu.system) / 1000 };
}

type Done = Extract<News, { is: 'done' }>;

async function sendFromSeveral(options: GeneratorOptions, run: CrowdRun): Promise<CrowdResult | null> {
  const of = run.processes;
  const children = Array.from({ length: of }, () => forkChild());
  const progresses = new Map<ChildProcess, Progress>();
  run.stopper.stop = () => {
    for (const child of children) order(child, { do: 'stop' });
  };
  try {
    const opened = await Promise.all(
      children.map((child, index) => {
        const connections = Math.max(1, Math.round(options.connections / of));
        order(child, { do: 'open', options: { ...options, connections, share: { index, of } } });
        return nextNews(child, 'open');
      }),
    );
    if (!opened.some((news) => news.ok)) return null;
    // A little ahead, so that the word has reached every process when the time comes.
    const startMs = Math.max(run.startMs, monotonicMs() + 50);
    run.onStart?.(startMs);
    for (const child of children) {
      child.on('message', (news: News) => {
        if (news.is === 'progress') progresses.set(child, news.progress);
      });
      order(child, { do: 'run', startMs });
    }
    const stopTelling = every(100, () => run.onProgress(addUp([...progresses.values()])));
    const done = await Promise.all(children.map((child) => nextNews(child, 'done')));
    stopTelling();
    const result = merge(options.crowd.userPrefix, done, startMs);
    run.onProgress(result.progress);
    return result;
  } finally {
    for (const child of children) child.disconnect();
  }
}

function forkChild(): ChildProcess {
  // The compiled package has .js files; from source it is .ts.
  const file = fileURLToPath(import.meta.url).endsWith('.ts') ? './child.ts' : './child.js';
  return fork(fileURLToPath(new URL(file, import.meta.url)), { serialization: 'advanced' });
}

function order(child: ChildProcess, what: Order): void {
  if (child.connected) child.send(what);
}

function nextNews<K extends News['is']>(child: ChildProcess, is: K): Promise<Extract<News, { is: K }>> {
  return new Promise((resolve, reject) => {
    const listen = (news: News) => {
      if (news.is !== is) return;
      child.off('message', listen);
      resolve(news as Extract<News, { is: K }>);
    };
    child.on('message', listen);
    child.once('exit', (code) => reject(new Error(`a generator process ended early (exit ${code})`)));
  });
}

function merge(userPrefix: string, parts: Done[], startMs: number): CrowdResult {
  const length = parts.reduce((sum, part) => sum + part.tries.user.length, 0);
  const tries = new TryList(userPrefix, Math.max(1, length));
  const presses = new PressList(parts.reduce((sum, part) => sum + part.progress.presses, 0));
  for (const part of parts) {
    tries.addAll(part.tries);
    presses.addAll(part.presses);
  }
  const cpuMs = parts.reduce((sum, part) => sum + part.cpuMs, 0);
  return { tries, presses, progress: addUp(parts.map((part) => part.progress)), startMs, cpuMs };
}

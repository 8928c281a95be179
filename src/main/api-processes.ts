/**
 * `--workers n`: n processes that serve people on one port, started and kept alive by this one, which does the other
 * roles. Each is a Dibs of its own; nothing is shared but the port.
 */

import cluster, { type Worker } from 'node:cluster';
import { once } from 'node:events';
import type { Logger } from 'pino';
import type { System } from '../ports/system.ts';
import { PartFault } from './part-fault.ts';

export interface Workers {
  url: string;
  /** Resolves when all have answered what they had taken, and ended. */
  stop(): Promise<void>;
}

const AGAIN_MS = 1_000;
/** Beyond the time that requests have to be finished. */
const END_MARGIN_MS = 15_000;

/** What the flags of such a process are, whatever the command line says. */
export const WORKER_FLAGS = { role: 'api', workers: '1' } as const;

export const isWorker = (): boolean => cluster.isWorker;

/** Called in such a process when it is ready. It ends when the one that started it is gone. */
export function reportReady(url: string): void {
  process.on('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.send?.({ readyAt: url });
}

/** Throws PartFault when one cannot be started; it has said why. */
export async function startWorkers(
  count: number,
  drainMs: number,
  system: System,
  logger: Logger,
): Promise<Workers> {
  const crew = new Crew(system, logger);
  try {
    const urls = await Promise.all(Array.from({ length: count }, () => crew.hire()));
    return { url: urls[0] as string, stop: () => crew.dismiss(drainMs + END_MARGIN_MS) };
  } catch (error) {
    await crew.dismiss(END_MARGIN_MS);
    throw error;
  }
}

class Crew {
  readonly #system: System;
  readonly #logger: Logger;
  readonly #workers = new Set<Worker>();
  #leaving = false;

  constructor(system: System, logger: Logger) {
    this.#system = system;
    this.#logger = logger;
  }

  /** Resolves with its address when it is ready. */
  hire(): Promise<string> {
    const worker = cluster.fork();
    this.#workers.add(worker);
    return new Promise((resolve, reject) => {
      let isReady = false;
      worker.on('message', (message: { readyAt?: string }) => {
        if (message.readyAt === undefined) return;
        isReady = true;
        resolve(message.readyAt);
      });
      worker.on('exit', (code, signal) => {
        this.#workers.delete(worker);
        if (this.#leaving) return;
        if (!isReady) return reject(new PartFault('An API process could not be started; it has said why.'));
        this.#logger.error(
          { pid: worker.process.pid, code, signal },
          'an API process died; another one starts',
        );
        this.#again();
      });
    });
  }

  #again(): void {
    this.#system.after(AGAIN_MS, () => {
      if (!this.#leaving) this.hire().catch(() => this.#again());
    });
  }

  async dismiss(maxMs: number): Promise<void> {
    this.#leaving = true;
    await Promise.all([...this.#workers].map((worker) => this.#end(worker, maxMs)));
  }

  async #end(worker: Worker, maxMs: number): Promise<void> {
    const ended = once(worker, 'exit');
    worker.process.kill('SIGTERM');
    const late = this.#system.after(maxMs, () => worker.process.kill('SIGKILL'));
    await ended;
    late.stop();
  }
}

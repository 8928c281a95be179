/**
 * The log of requests of one process, opened when there is something to put on it: whoever runs no ordered campaign pays
 * neither for its file nor for its thread.
 */

import { existsSync } from 'node:fs';
import type { MessagePort } from 'node:worker_threads';
import type { RequestJournal } from '../adapters/sqlite/requests.ts';
import { openRequestJournal } from '../adapters/sqlite/requests.ts';
import type { Request } from '../core/request.ts';
import type { LogState } from '../ports/log.ts';
import type { Requests } from '../ports/requests.ts';
import type { System } from '../ports/system.ts';
import type { DeciderProgress, RequestsOpened } from './record-thread.ts';

export interface RequestLogParts {
  path: string;
  system: System;
  /** to the thread that decides: told of the commits, tells how far it is */
  channel: MessagePort;
  /** where the decider stands: what has been decided is never numbered again */
  next: number;
}

export interface RequestLog extends Requests {
  /** Called after each step of the decider from now on. */
  onDecided(listener: () => void): void;
  /** requests that are durable and not decided, and why not; for probes and metrics */
  decider(): { lag: number; fault: string | null; decided: number };
  /** The end of what is durable; 0: there is nothing. */
  end(): number;
  /** The offset up to which what was decided is safe from a power cut. */
  safe(): number;
  /** Leaves no trace in the file of what is before that. */
  compact(): Promise<void>;
}

type Done = Parameters<Requests['append']>[1];

const TRIM_EVERY_MS = 5_000;
const AGAIN_MS = 500;
/** Tries that wait for the file to be opened; one more is refused. */
const WAITING_MAX = 10_000;

export async function openRequestLog(parts: RequestLogParts): Promise<RequestLog> {
  const log = new LateLog(parts);
  try {
    if (existsSync(parts.path)) await log.open();
    return log;
  } catch (error) {
    await log.close();
    throw error;
  }
}

class LateLog implements RequestLog {
  readonly #parts: RequestLogParts;
  readonly #waiting: { request: Request; done: Done }[] = [];
  #onDecided: () => void = () => undefined;
  #journal: RequestJournal | null = null;
  #opening: Promise<void> | null = null;
  #fault: string | null = null;
  #decider: Pick<DeciderProgress, 'next' | 'safe' | 'fault' | 'requests'> | null = null;
  readonly #trimming: { stop(): void };

  constructor(parts: RequestLogParts) {
    this.#parts = parts;
    parts.channel.unref();
    parts.channel.on('message', (progress: DeciderProgress) => {
      this.#decider = progress;
      this.#onDecided();
    });
    this.#trimming = parts.system.every(TRIM_EVERY_MS, () => {
      const safe = this.#decider?.safe ?? 0;
      if (safe > 0) void this.#journal?.trim(safe);
    });
  }

  onDecided(listener: () => void): void {
    this.#onDecided = listener;
  }

  /** Rejects with a StorageFault when the file cannot be used. */
  open(): Promise<void> {
    this.#opening ??= this.#open().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #open(): Promise<void> {
    const { path, system, channel, next } = this.#parts;
    const journal = await openRequestJournal(path, system);
    try {
      await journal.skipTo(next);
    } catch (error) {
      await journal.close();
      throw error;
    }
    this.#journal = journal;
    this.#fault = null;
    const { commits } = journal;
    channel.postMessage({ commits } satisfies RequestsOpened, [commits]);
    for (const { request, done } of this.#waiting.splice(0)) journal.append(request, done);
  }

  append(request: Request, done: Done): void {
    if (this.#journal !== null) return this.#journal.append(request, done);
    if (this.#waiting.length >= WAITING_MAX) return done(new Error('too many wait for the log'), null);
    this.#waiting.push({ request, done });
    this.open().catch((error: Error) => this.#failed(error));
    return undefined;
  }

  /** Who waits is told that it is not known; nothing of it is kept, for it was never on the log. */
  #failed(error: Error): void {
    this.#fault = error.message;
    for (const { done } of this.#waiting.splice(0)) done(error, null);
    this.#parts.system.after(AGAIN_MS, () => {
      this.#fault = null;
    });
  }

  state(): LogState {
    return this.#journal?.state() ?? { waiting: this.#waiting.length, end: 0, fault: this.#fault };
  }

  decider(): { lag: number; fault: string | null; decided: number } {
    const { next = 0, fault = null, requests = 0 } = this.#decider ?? {};
    const end = this.#journal?.state().end ?? 0;
    return { lag: this.#decider === null ? 0 : Math.max(0, end - next), fault, decided: requests };
  }

  end(): number {
    return this.#journal?.state().end ?? 0;
  }

  safe(): number {
    return this.#decider?.safe ?? 0;
  }

  async compact(): Promise<void> {
    await this.#journal?.compact(this.safe());
  }

  async close(): Promise<void> {
    this.#trimming.stop();
    await this.#opening?.catch(() => undefined);
    await this.#journal?.close();
  }
}

/**
 * Ports that live in another thread. SQLite's calls block, so the record's file has a thread of its own; whoever needs
 * one of its ports here gets a stand-in that sends the call over and waits, for a limited time.
 */

import type { MessagePort, Worker } from 'node:worker_threads';
import type { System, Timer } from '../../ports/system.ts';

interface Call {
  id: number;
  port: string;
  method: string;
  args: unknown[];
}

type CallResult = { id: number; value: unknown } | { id: number; error: string };
type Methods = Record<string, (...args: unknown[]) => Promise<unknown>>;

/** The record did not answer, or answered with a fault. */
export class RecordFault extends Error {
  override name = 'RecordFault';
}

/** In the thread: answers calls that arrive on `channel` from the given ports. */
export function serveCalls(channel: MessagePort, ports: Record<string, object>): void {
  channel.on('message', ({ id, port, method, args }: Call) => {
    const target = ports[port] as Methods | undefined;
    const run = target?.[method];
    const answer = run
      ? run.apply(target, args)
      : Promise.reject(new Error(`no port ${port}.${method} in this thread`));
    answer.then(
      (value) => channel.postMessage({ id, value } satisfies CallResult),
      (error: unknown) => channel.postMessage({ id, error: (error as Error).message } satisfies CallResult),
    );
  });
}

interface Pending {
  deadline: number;
  deadlineMs: number;
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
}

export interface RemoteCalls {
  /** A stand-in for a port: every method goes over and returns a promise, which fails after `deadlineMs`. */
  port<T extends object>(name: string, deadlineMs: number): T;
  waiting(): number;
  stop(): void;
}

/** Outside the thread. One timer watches all deadlines. */
export function callThread(channel: Worker | MessagePort, system: System): RemoteCalls {
  const pending = new Map<number, Pending>();
  let last = 0;
  channel.on('message', (result: CallResult) => {
    const call = pending.get(result.id);
    if (!call) return;
    pending.delete(result.id);
    if ('error' in result) call.reject(new RecordFault(result.error));
    else call.resolve(result.value);
  });
  const watch: Timer = system.every(1000, () => {
    const now = system.monotonic();
    for (const [id, call] of pending) {
      if (now < call.deadline) continue;
      pending.delete(id);
      call.reject(new RecordFault(`the record did not answer within ${call.deadlineMs} ms`));
    }
  });
  const send = (port: string, method: string, args: unknown[], deadlineMs: number): Promise<unknown> =>
    new Promise((resolve, reject) => {
      last += 1;
      pending.set(last, { deadline: system.monotonic() + deadlineMs, deadlineMs, resolve, reject });
      channel.postMessage({ id: last, port, method, args } satisfies Call);
    });
  return {
    port: <T extends object>(name: string, deadlineMs: number) =>
      new Proxy({} as T, {
        // A stand-in that passes through an await must not look like a promise.
        get: (_, method) =>
          method === 'then'
            ? undefined
            : (...args: unknown[]) => send(name, String(method), args, deadlineMs),
      }),
    waiting: () => pending.size,
    stop: () => watch.stop(),
  };
}

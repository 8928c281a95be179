/**
 * Uploads that may take longer than a request usually may. Node measures the time of each request as a whole and then
 * asks what to do with its connection (server `answerParserError`): those that are noted here may go on, as long as
 * something comes within {@link QUIET_MAX_MS}.
 */

import type { FastifyRequest } from 'fastify';
import type { System } from '../ports/system.ts';

const QUIET_MAX_MS = 30_000;
const LOOK_MS = 5_000;
const SWALLOW_MS = 3_000;

const going = new WeakSet<object>();

/** Whether the request that is being read from this connection is one of them. */
export function maySendLonger(socket: object): boolean {
  return going.has(socket);
}

/** The body of a request, however long it takes, unless nothing comes any more. */
export async function* longUpload(
  { raw }: FastifyRequest,
  system: Pick<System, 'every' | 'monotonic'>,
): AsyncGenerator<Buffer> {
  const { socket } = raw;
  let bytes = -1;
  let movedAt = system.monotonic();
  going.add(socket);
  const watch = system.every(LOOK_MS, () => {
    // While we do not take what has come, it is not the sender who is slow.
    if (socket.bytesRead !== bytes || raw.readableLength > 0) {
      bytes = socket.bytesRead;
      movedAt = system.monotonic();
    } else if (system.monotonic() - movedAt > QUIET_MAX_MS) socket.destroy();
  });
  try {
    for await (const piece of raw.iterator({ destroyOnReturn: false })) yield piece as Buffer;
  } finally {
    watch.stop();
    going.delete(socket);
  }
}

/** Reads on what nobody wants any more, for a while: who is cut off while he sends does not see the answer. */
export async function swallowRest({ raw }: FastifyRequest, system: Pick<System, 'after'>): Promise<void> {
  if (raw.complete || raw.destroyed) return;
  await new Promise<void>((resolve) => {
    const timer = system.after(SWALLOW_MS, resolve);
    raw.once('close', resolve).once('end', () => {
      timer.stop();
      resolve();
    });
    raw.resume();
  });
}

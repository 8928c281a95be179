/** One chunk: read, process, write. Items that cannot be done are left out one by one; the others are written. */

import type { Chunk, Position, Step, StepContext, Written } from './job.ts';
import { BadItem } from './job.ts';

/** What a chunk came to; nothing of it is committed yet. */
export interface ChunkDone {
  read: number;
  written: number;
  /** by reason */
  skips: Record<string, number>;
  result: Record<string, unknown>;
  position: Position;
  done: boolean;
  /** the last item that could not be done, in its own words */
  bad: string | null;
}

export const BAD_ITEM = 'bad_item';
const LEFT_OUT = 'left_out';

export async function doChunk(
  step: Step,
  context: StepContext,
  position: Position | null,
  size: number,
): Promise<ChunkDone> {
  const chunk: Chunk<unknown> = await step.read(context, position, size);
  const done: ChunkDone = {
    read: chunk.items.length,
    written: 0,
    skips: {},
    result: {},
    position: chunk.position,
    done: chunk.done,
    bad: null,
  };
  const items = step.process ? await processed(step, context, chunk.items, done) : chunk.items;
  if (items.length > 0) await write(step, context, items, done);
  return done;
}

async function processed(step: Step, context: StepContext, items: unknown[], done: ChunkDone) {
  const out: unknown[] = [];
  for (const item of items) {
    try {
      const made = await step.process?.(context, item);
      if (made === null || made === undefined) skip(done, LEFT_OUT, 1);
      else out.push(made);
    } catch (error) {
      leaveOut(done, error);
    }
  }
  return out;
}

/** All at once; when one of them cannot be written, each by itself, so that the others are. */
async function write(step: Step, context: StepContext, items: unknown[], done: ChunkDone): Promise<void> {
  try {
    add(done, await step.write(context, items));
    return;
  } catch (error) {
    if (!(error instanceof BadItem)) throw error;
  }
  for (const item of items) {
    try {
      add(done, await step.write(context, [item]));
    } catch (error) {
      leaveOut(done, error);
    }
  }
}

function add(done: ChunkDone, { written, skipped = {}, result = {} }: Written): void {
  done.written += written;
  for (const [reason, count] of Object.entries(skipped)) skip(done, reason, count);
  Object.assign(done.result, result);
}

function skip(done: ChunkDone, reason: string, count: number): void {
  done.skips[reason] = (done.skips[reason] ?? 0) + count;
}

function leaveOut(done: ChunkDone, error: unknown): void {
  if (!(error instanceof BadItem)) throw error;
  skip(done, BAD_ITEM, 1);
  done.bad = error.message;
}

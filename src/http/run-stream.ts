/** The progress of a run as server-sent events. Whichever process does the run, what it has committed is read. */

import type { ServerResponse } from 'node:http';
import type { JobRun } from '../ports/job-runs.ts';
import type { HttpContext } from './context.ts';
import { runBody } from './job-body.ts';

export interface RunStreams {
  room(): boolean;
  open(run: JobRun, res: ServerResponse): void;
}

const LOOK_MS = 500;
const STREAMS_MAX = 100;
const LOOKS_A_HEARTBEAT = 30;

const isOver = ({ status }: JobRun): boolean => status !== 'queued' && status !== 'running';

export function runStreams(
  { parts, leaving }: HttpContext,
  read: (id: string) => Promise<JobRun | null>,
  bodyOf: (run: JobRun) => object = runBody,
): RunStreams {
  let open = 0;

  function follow(first: JobRun, res: ServerResponse): void {
    let told = '';
    let looks = 0;
    let reading = false;
    const tell = (run: JobRun): void => {
      const text = JSON.stringify(bodyOf(run));
      if (text !== told) res.write(`event: progress\ndata: ${text}\n\n`);
      told = text;
      if (isOver(run)) res.end(`event: ended\ndata: ${JSON.stringify({ status: run.status })}\n\n`);
    };
    const timer = parts.system.every(LOOK_MS, () => {
      looks += 1;
      if (looks % LOOKS_A_HEARTBEAT === 0) res.write(': still here\n\n');
      if (leaving.now) res.end('retry: 2000\n\n');
      if (reading || res.writableEnded || res.writableNeedDrain) return;
      reading = true;
      read(first.id)
        .then((run) => {
          if (!res.writableEnded && run !== null) tell(run);
        })
        // The record may be away: the next look asks again.
        .catch(() => undefined)
        .finally(() => {
          reading = false;
        });
    });
    res.once('close', () => {
      open -= 1;
      timer.stop();
    });
    tell(first);
  }

  return {
    room: () => open < STREAMS_MAX,
    open(run, res) {
      open += 1;
      follow(run, res);
    },
  };
}

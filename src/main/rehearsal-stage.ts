/**
 * Rehearsals are played by a process of their own, which brings up a server of its own in a folder of its own: what is
 * killed there is really killed, and nothing of it can touch what serves people.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RehearsalNews } from '../cli/rehearsal/child.ts';
import type { RehearsalPlan, RehearsalProgress, RehearsalResult } from '../core/rehearsal.ts';
import type { RehearsalStage, Rehearsing } from '../ports/rehearsal-stage.ts';
import type { System } from '../ports/system.ts';

/** Beyond its own limit, before it is ended from here. */
const GRACE_MS = 15_000;
/** After a stop, for taking its server and its folder with it. */
const LEAVE_MS = 3_000;
const SAYS_MAX = 500;

/** Begins rehearsals; `stop` breaks off those that are under way. */
export function makeRehearsalStage(
  system: Pick<System, 'after'>,
): RehearsalStage & { stop(): Promise<void> } {
  const under = new Set<Rehearsing>();
  return {
    begin(plan) {
      const rehearsing = begin(system, plan);
      under.add(rehearsing);
      const over = (): void => void under.delete(rehearsing);
      rehearsing.ended.then(over, over);
      return rehearsing;
    },
    async stop() {
      const all = [...under];
      for (const one of all) one.stop();
      await Promise.allSettled(all.map(({ ended }) => ended));
    },
  };
}

function begin(system: Pick<System, 'after'>, plan: RehearsalPlan): Rehearsing {
  let progress: RehearsalProgress = { stage: 'preparing', presses: 0, finished: 0, words: {} };
  const child = forkChild();
  const ended = new Promise<RehearsalResult>((resolve, reject) => {
    let outcome: (() => void) | null = null;
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-SAYS_MAX);
    });
    child.on('message', (news: RehearsalNews) => {
      if (news.is === 'progress') ({ progress } = news);
      else if (news.is === 'done') outcome = () => resolve(news.result);
      else outcome = () => reject(new Error(news.says));
    });
    child.once('error', reject);
    // Only when it has gone is nothing of it left.
    child.once('exit', (code, signal) => {
      const how = signal ?? `exit code ${code}`;
      if (outcome) outcome();
      else reject(new Error(`The rehearsal was broken off (${how}). ${said}`.trim()));
    });
  });
  const stop = (): void => {
    child.kill('SIGTERM');
    system.after(LEAVE_MS, () => child.kill('SIGKILL'));
  };
  const late = system.after(plan.limitMs + GRACE_MS, stop);
  const clear = (): void => late.stop();
  ended.then(clear, clear);
  child.send(plan);
  return { ended, progress: () => progress, stop };
}

function forkChild(): ChildProcess {
  // The compiled package has .js files; from source it is .ts.
  const file = import.meta.url.endsWith('.ts') ? 'child.ts' : 'child.js';
  const path = fileURLToPath(new URL(`../cli/rehearsal/${file}`, import.meta.url));
  return fork(path, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], execArgv: [] });
}

/**
 * The process of a rehearsal: told what to play, it says how far it is, hands back what came of it, and ends. It ends at
 * once, with all that it has started, when whoever started it is gone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RehearsalPlan, RehearsalProgress, RehearsalResult } from '../../core/rehearsal.ts';
import { playRehearsal } from './play-rehearsal.ts';

/** Child → parent. The parent sends nothing but the plan. */
export type RehearsalNews =
  | { is: 'progress'; progress: RehearsalProgress }
  | { is: 'done'; result: RehearsalResult }
  | { is: 'failed'; says: string };

/** Whatever serves people on this machine goes first. */
const NICE = 5;

const folder = mkdtempSync(join(tmpdir(), 'dibs-rehearsal-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));
process.on('disconnect', () => process.exit(1));
process.once('message', (plan: RehearsalPlan) => void play(plan));

function tell(news: RehearsalNews, then?: () => void): void {
  process.send?.(news, undefined, {}, () => then?.());
}

async function play(plan: RehearsalPlan): Promise<void> {
  try {
    setPriority(NICE);
    const result = await playRehearsal(plan, folder, (progress) => tell({ is: 'progress', progress }));
    tell({ is: 'done', result }, () => process.exit(0));
  } catch (error) {
    tell({ is: 'failed', says: (error as Error).message }, () => process.exit(1));
  }
}

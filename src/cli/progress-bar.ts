/** A bar on stderr for what takes a while; it goes away when it is done. */

import type { SingleBar } from 'cli-progress';

/** `format` as cli-progress has it: `{bar} {percentage}%`. It begins to show with `start`. */
export async function progressBar(format: string): Promise<SingleBar> {
  const { default: cliProgress } = await import('cli-progress');
  return new cliProgress.SingleBar({
    format: `  {bar} {percentage}%  ${format}`,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 28,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    stream: process.stderr,
  });
}

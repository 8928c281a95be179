// Disks for tests: one that is small, and full when a test wants it so.

import { execFileSync } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { dataFolder } from './data-folder.ts';

/** Mounts until the test at hand has finished; false where that is not allowed. */
export function mounted(args: string[], at: string): boolean {
  try {
    execFileSync('mount', args, { stdio: 'ignore' });
  } catch {
    return false;
  }
  onTestFinished(() => void execFileSync('umount', ['-l', at]));
  return true;
}

/** A small disk of its own; null where mounting is not allowed. */
export function smallDisk(sizeKib: number): string | null {
  const folder = dataFolder();
  return mounted(['-t', 'tmpfs', '-o', `size=${sizeKib}k`, 'tmpfs', folder], folder) ? folder : null;
}

/** Takes all the room there is, in a file `filler`. */
export function fillUp(folder: string): void {
  const file = openSync(join(folder, 'filler'), 'w');
  try {
    for (const size of [65_536, 4096, 1]) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size));
      } catch (error) {
        expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
      }
    }
  } finally {
    closeSync(file);
  }
}

// A copy of the sources with one protection taken out, to be started like ours: what a test cannot see go, it does not
// protect.

import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** `find` stands in `file` exactly once. */
export interface Change {
  file: string;
  find: string;
  put: string;
}

export interface ChangedSources {
  root: string;
  remove(): void;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Throws when a change no longer fits, so that a protection that has moved is not believed to be taken out. */
export function changedSources(changes: readonly Change[]): ChangedSources {
  const root = mkdtempSync(join(tmpdir(), 'dibs-changed-'));
  for (const name of ['src', 'scripts', 'package.json']) {
    cpSync(join(ROOT, name), join(root, name), { recursive: true });
  }
  for (const name of ['web', 'node_modules']) symlinkSync(join(ROOT, name), join(root, name));
  for (const { file, find, put } of changes) {
    const text = readFileSync(join(root, file), 'utf8');
    if (text.split(find).length !== 2) throw new Error(`${file} does not hold "${find}" exactly once`);
    writeFileSync(
      join(root, file),
      text.replace(find, () => put),
    );
  }
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

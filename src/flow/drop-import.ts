/** What was staged and never taken in is forgotten, a piece at a time. */

import type { CodeImports } from '../ports/code-pool.ts';
import type { System } from '../ports/system.ts';

/** An import that takes longer has died. */
const STALE_MS = 24 * 3_600_000;

export async function dropImport(imports: Pick<CodeImports, 'drop'>, importNo: number): Promise<void> {
  while (await imports.drop(importNo));
}

/** Imports that were broken off. Resolves with how many there were; for the sweep, and before each import. */
export async function dropStaleImports(parts: {
  codeImports: Pick<CodeImports, 'drop' | 'stale'>;
  system: Pick<System, 'now'>;
}): Promise<number> {
  const { codeImports, system } = parts;
  const stale = await codeImports.stale(system.now() - STALE_MS);
  for (const importNo of stale) await dropImport(codeImports, importNo);
  return stale.length;
}

/** Secrets that a first start makes by itself: the master secret (codes, cursors) and the first operator key. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mintKey } from '../flow/operator-key.ts';
import type { Operators } from '../ports/operators.ts';
import type { System } from '../ports/system.ts';

/** The configured master secret, else the folder's own, made at first start and readable by its owner only. */
export function masterSecret(configured: string | null, dataDir: string, system: System): Buffer {
  if (configured !== null) return Buffer.from(configured, 'utf8');
  const path = join(dataDir, 'master.secret');
  try {
    return Buffer.from(readFileSync(path, 'utf8').trim(), 'base64url');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const made = system.randomBytes(32);
  writeFileSync(path, `${made.toString('base64url')}\n`, { mode: 0o600, flag: 'wx' });
  return made;
}

/**
 * Makes the first operator key when there is none: returned once, and left in `admin.key` (0600) for the commands.
 * Returns null when keys exist already.
 */
export async function firstOperatorKey(
  operators: Operators,
  dataDir: string,
  system: System,
): Promise<string | null> {
  if ((await operators.listKeys()).length > 0) return null;
  const { key, secret } = mintKey('first', 'admin', system);
  const { hash: _, ...told } = key;
  await operators.addKey(key, {
    at: key.createdAt,
    actor: 'system',
    action: 'key.add',
    target: key.id,
    before: null,
    after: told,
    requestId: null,
  });
  writeFileSync(join(dataDir, 'admin.key'), `${secret}\n`, { mode: 0o600 });
  return secret;
}

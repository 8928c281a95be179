/** Secrets that a first start makes by itself: the master secret (codes, cursors) and the first operator key. */

import { closeSync, fsyncSync, openSync, readFileSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { StorageFault } from '../adapters/sqlite/open.ts';
import type { Catalog } from '../flow/catalog.ts';
import type { Codes } from '../flow/codes.ts';
import { mintKey } from '../flow/operator-key.ts';
import type { Operators } from '../ports/operators.ts';
import type { System } from '../ports/system.ts';

const SECRET_BYTES = 32;

/** The configured master secret, else the folder's own, made at first start and readable by its owner only. */
export function masterSecret(configured: string | null, dataDir: string, system: System): Buffer {
  if (configured !== null) return Buffer.from(configured, 'utf8');
  const path = join(dataDir, 'master.secret');
  try {
    return readSecret(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const made = system.randomBytes(SECRET_BYTES);
  writeSafely(path, `${made.toString('base64url')}\n`);
  return made;
}

function readSecret(path: string): Buffer {
  const secret = Buffer.from(readFileSync(path, 'utf8').trim(), 'base64url');
  if (secret.length >= SECRET_BYTES) return secret;
  throw new StorageFault(
    `${path} holds no whole secret. Restore it from a backup: with another one, all codes would change. ` +
      'If nothing was ever given out from this folder, remove the file.',
  );
}

/** On the disk before it is used: a code that was told must be the same after a power cut. */
function writeSafely(path: string, text: string): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } catch (error) {
    unlinkSync(path);
    throw error;
  } finally {
    closeSync(file);
  }
  if (process.platform === 'win32') return;
  const folder = openSync(dirname(path), 'r');
  fsyncSync(folder);
  closeSync(folder);
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
  // The file first: a start that dies in between makes another key, and none is lost.
  writeFileSync(join(dataDir, 'admin.key'), `${secret}\n`, { mode: 0o600 });
  await operators.addKey(key, {
    at: key.createdAt,
    actor: 'system',
    action: 'key.add',
    target: key.id,
    before: null,
    after: told,
    requestId: null,
  });
  return secret;
}

/** Under another master secret a campaign's winners would be shown other codes than they were told. */
export function refuseOtherMaster(catalog: Catalog, codes: Codes): void {
  for (const { campaign } of catalog.all()) {
    if (campaign.codes.source !== 'generated' || campaign.archivedAt !== null) continue;
    if (campaign.codeKeyId === codes.keyId) continue;
    throw new StorageFault(
      `Campaign ${campaign.id} was made under another master secret (${campaign.codeKeyId}, not ${codes.keyId}). ` +
        'Start with the DIBS_MASTER_SECRET of then (or the master.secret of its data folder). Nothing was changed.',
    );
  }
}

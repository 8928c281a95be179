// Why this file exists: two starts of the launcher at once must not install, or build, over each other. Plain
// JavaScript that any Node >= 18 runs, as the launcher itself.

import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const POLL_MS = 200;
const WAIT_MAX_MS = 10 * 60_000;

/** A reason to stop that the reader can do something about: printed without a stack. */
export class LaunchProblem extends Error {}

/**
 * Runs `work` while holding a lock folder below `folder`, so that two starts at once do not install over each other.
 * It appears by rename, with the owner's pid already inside: there is no moment in which it stands without an owner.
 * `onWait` is told once whose turn it is (a pid).
 */
export async function takeTurns(folder, work, onWait) {
  const lock = join(folder, 'installing');
  const mine = `${lock}-${process.pid}`;
  try {
    rmSync(mine, { recursive: true, force: true });
    mkdirSync(mine, { recursive: true });
    writeFileSync(join(mine, 'pid'), String(process.pid));
  } catch (error) {
    throw new LaunchProblem(
      `Cannot write to ${folder}: ${error.message}. Make the folder writable and run this again.`,
    );
  }
  let told = false;
  const started = Date.now();
  while (!tryRename(mine, lock)) {
    const owner = readOwner(lock);
    if (owner !== undefined && !isAlive(owner)) {
      takeAway(lock, owner);
      continue;
    }
    if (!told && owner !== undefined) onWait(owner);
    told ||= owner !== undefined;
    if (Date.now() - started > WAIT_MAX_MS) {
      throw new LaunchProblem(
        `Waited too long for ${lock}. If no other start is installing, remove that folder.`,
      );
    }
    await new Promise((wake) => setTimeout(wake, POLL_MS));
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
}

/** Removes the lock of a dead owner. If somebody else's lock was caught instead, it is put back. */
function takeAway(lock, owner) {
  const aside = `${lock}-stale-${process.pid}`;
  if (!tryRename(lock, aside)) return;
  if (readOwner(aside) !== owner) tryRename(aside, lock);
  rmSync(aside, { recursive: true, force: true });
}

function readOwner(lock) {
  try {
    return Number(readFileSync(join(lock, 'pid'), 'utf8'));
  } catch {
    return undefined;
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function tryRename(from, to) {
  try {
    renameSync(from, to);
    return true;
  } catch {
    return false;
  }
}

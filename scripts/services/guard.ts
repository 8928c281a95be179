// Nothing may be left behind, not even when this process is killed with -9 and can do nothing itself. So a small shell
// stands by, reading a pipe that only this process holds: when the pipe ends, it kills the process groups and removes
// the folders it was told of. It is told when a pid is gone, so that it never kills a stranger who got the same number.

import { type ChildProcess, spawn } from 'node:child_process';

const SCRIPT = `
trap '' INT TERM HUP
pids=' '
folders=''
while read -r verb what; do
  case "$verb" in
    pid) pids="$pids$what " ;;
    gone) pids=$(printf '%s' "$pids" | sed "s/ $what / /") ;;
    folder) folders="$folders$what
" ;;
  esac
done
for pid in $pids; do kill -9 "-$pid" 2>/dev/null; done
printf '%s' "$folders" | while read -r folder; do
  for again in 1 2 3; do rm -rf "$folder" && break; sleep 0.2; done
done
`;

let guard: ChildProcess | null = null;

function tell(line: string): void {
  guard ??= standBy();
  guard.stdin?.write(`${line}\n`);
}

function standBy(): ChildProcess {
  // A group of its own: Ctrl-C in a terminal must not end the guard before what it guards.
  const shell = spawn('/bin/sh', ['-c', SCRIPT], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  shell.unref();
  (shell.stdin as unknown as { unref(): void }).unref();
  shell.stdin?.on('error', () => undefined);
  return shell;
}

/** Kills the group that `pid` leads when this process ends, in whatever way. */
export const guardPid = (pid: number): void => tell(`pid ${pid}`);
/** `pid` has ended. */
export const releasePid = (pid: number): void => tell(`gone ${pid}`);
/** Removes `folder` when this process ends, in whatever way. */
export const guardFolder = (folder: string): void => tell(`folder ${folder}`);

/** What processes have cost so far, read from the outside: CPU by /proc, where there is one. */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts CPU in these on every machine that Node runs on. */
const tickMs = 10;

/**
 * CPU that some processes and all that they have started have used, in ms.
 * @returns null where it cannot be read
 */
export function cpuMsOf(pids: readonly number[]): number | null {
  let sum = 0;
  for (const pid of pids) {
    for (const one of [pid, ...descendants(pid)]) {
      const ms = cpuOf(one);
      if (ms === null && one === pid) return null;
      sum += ms ?? 0;
    }
  }
  return pids.length === 0 ? null : sum;
}

/** User and system time, of children that have ended too. */
function cpuOf(pid: number): number | null {
  const stat = read(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is a name in brackets, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * tickMs, 0);
}

function descendants(pid: number): number[] {
  const found: number[] = [];
  for (const thread of list(`/proc/${pid}/task`)) {
    const text = read(`/proc/${pid}/task/${thread}/children`) ?? '';
    for (const child of text.trim().split(' ').filter(Boolean).map(Number))
      found.push(child, ...descendants(child));
  }
  return found;
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

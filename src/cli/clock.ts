/**
 * The clock and the timers of the command line. Commands run outside the server, where nothing is injected, so
 * they share this one small file instead of reaching for the globals each.
 */

/** How far `performance.now()` is from the machine's monotonic clock, which all processes of a machine share. */
const offsetMs = measureOffset();

function measureOffset(): number {
  // The second reading is always a little later than the first, so each difference is too small: the largest is best.
  let best = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < 20; i++)
    best = Math.max(best, Number(process.hrtime.bigint()) / 1e6 - performance.now());
  return best;
}

/** Monotonic ms, the same for every process on this machine; fractions to the microsecond. */
export const monotonicMs = (): number => performance.now() + offsetMs;

/** ms since 1970 by this machine's clock. */
export const wallMs = (): number => Date.now();

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs `act` once after `ms`; the answer cancels it. */
export function after(ms: number, act: () => void): () => void {
  const timer = setTimeout(act, ms);
  return () => clearTimeout(timer);
}

/** Runs `act` every `ms`, without keeping the process alive; the answer stops it. */
export function every(ms: number, act: () => void): () => void {
  const timer = setInterval(act, ms);
  timer.unref();
  return () => clearInterval(timer);
}

/** What the machine gives: time, chance, and turns. The only way to them, so that a simulator can stand in for all. */

export interface Timer {
  stop(): void;
}

export interface System {
  /** wall clock, epoch ms */
  now(): number;
  /** for measuring only: ms that never step back */
  monotonic(): number;
  randomBytes(size: number): Buffer;
  /** runs once after `ms`; does not keep the process alive */
  after(ms: number, run: () => void): Timer;
  /** runs every `ms`; does not keep the process alive */
  every(ms: number, run: () => void): Timer;
  /** runs when the current turn of the event loop has handled what was ready */
  afterTurn(run: () => void): void;
}

/** Resolves after `ms`. */
export function wait(system: Pick<System, 'after'>, ms: number): Promise<void> {
  return new Promise((resolve) => void system.after(ms, resolve));
}

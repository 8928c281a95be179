/** Figures as Prometheus reads them. Of many label sets one number is made: that is enough for a glance. */

export interface Metrics {
  /** ms of some clock of this browser */
  at: number;
  sum(name: string): number;
  max(name: string): number;
}

const LINE = /^([a-zA-Z_:][\w:]*)(?:\{.*\})? (\S+)$/;

export function readMetrics(text: string, at: number): Metrics {
  const values = new Map<string, number[]>();
  for (const line of text.split('\n')) {
    const [, name, value] = LINE.exec(line) ?? [];
    if (name === undefined || !Number.isFinite(Number(value))) continue;
    const known = values.get(name);
    if (known) known.push(Number(value));
    else values.set(name, [Number(value)]);
  }
  const of = (name: string): readonly number[] => values.get(name) ?? [];
  return {
    at,
    sum: (name) => of(name).reduce((all, one) => all + one, 0),
    max: (name) => of(name).reduce((most, one) => Math.max(most, one), 0),
  };
}

/** How fast a counter rose; null: it began anew, or no time has passed. */
export function perSecond(before: Metrics, now: Metrics, name: string): number | null {
  const seconds = (now.at - before.at) / 1000;
  const rose = now.sum(name) - before.sum(name);
  return seconds <= 0 || rose < 0 ? null : rose / seconds;
}

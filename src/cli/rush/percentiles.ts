/** Latencies of a crowd in four figures. */

export interface LatencyMs {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Exact, by sorting: every latency is kept. */
export function percentiles(times: Float64Array): LatencyMs {
  times.sort();
  const at = (share: number): number => times[Math.max(0, Math.ceil(share * times.length) - 1)] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: times.at(-1) ?? 0 };
}

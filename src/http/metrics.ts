/** /metrics: counts, lags and depths. Labels have no ids: a campaign or a user never becomes a series. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Gauge, Histogram, Registry } from '@prometheus-io/client';
import type { HttpParts } from './parts.ts';

const BUCKETS_SEC = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5,
];

export interface Metrics {
  text(): Promise<string>;
  contentType: string;
  decision(ms: number): void;
  answer(ms: number): void;
  stop(): void;
}

export function makeMetrics(parts: HttpParts, streamCount: () => number): Metrics {
  const registers = [new Registry()];
  const registry = registers[0] as Registry;
  const { catalog, claims, log, recorderState } = parts;
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const histogram = (name: string, help: string): Histogram =>
    new Histogram({
      name,
      help: `${help} One claim in sixteen is measured.`,
      buckets: BUCKETS_SEC,
      registers,
    });
  const decision = histogram(
    'dibs_claim_decision_seconds',
    'From the request to the outcome, durability included.',
  );
  const answer = histogram(
    'dibs_claim_answer_seconds',
    'From the request to its answer handed to the socket.',
  );

  new Gauge({
    name: 'dibs_claims_total',
    help: 'Claims answered since the start, by verdict or problem.',
    labelNames: ['verdict'],
    registers,
    collect() {
      const sums = new Map<string, number>();
      for (const { told } of catalog.all())
        for (const [name, n] of told) sums.set(name, (sums.get(name) ?? 0) + n);
      for (const [verdict, sum] of sums) this.set({ verdict }, sum);
    },
  });

  function gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  }
  gauge('dibs_journal_waiting', 'Facts accepted and not durable yet.', () => log.state().waiting);
  gauge('dibs_recorder_lag_facts', 'Durable facts that are not recorded yet.', () => {
    const { next, end } = recorderState();
    return Math.max(0, end - next);
  });
  gauge(
    'dibs_recorder_lag_seconds',
    'Age of the oldest fact that is not recorded yet.',
    () => recorderState().lagMs / 1000,
  );
  gauge('dibs_claims_in_flight', 'Claims whose answer is still owed.', () => claims.waiting());
  gauge('dibs_streams', 'Open server-sent event streams.', streamCount);
  gauge('dibs_ready', '1 when ready.', () => (parts.ready().ready ? 1 : 0));
  gauge('dibs_event_loop_delay_p99_seconds', 'Since the last scrape.', () => {
    const p99 = delay.percentile(99) / 1e9;
    delay.reset();
    return Number.isFinite(p99) ? p99 : 0;
  });
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  gauge('process_cpu_seconds_total', 'User and system time.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  new Gauge({
    name: 'dibs_queue_depth',
    help: 'Depth of inner queues.',
    labelNames: ['queue'],
    registers,
    collect() {
      for (const [queue, depth] of Object.entries(parts.depths?.() ?? {})) this.set({ queue }, depth);
    },
  });

  return {
    text: () => registry.metrics(),
    contentType: registry.contentType,
    decision: (ms) => decision.observe(ms / 1000),
    answer: (ms) => answer.observe(ms / 1000),
    stop: () => delay.disable(),
  };
}

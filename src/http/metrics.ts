/**
 * /metrics: counts, lags and depths. Labels have no ids: a campaign or a user never becomes a series. They name parts
 * of the setup, such as a topic and a partition.
 */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from '@prometheus-io/client';
import type { LineCounts } from '../ports/line.ts';
import { renderGauges } from './gauges.ts';
import type { LaterCounts } from './later-verdicts.ts';
import type { HttpParts } from './parts.ts';
import { waitingIn } from './wire.ts';

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

/** What the HTTP layer itself has to tell. */
export interface EdgeFigures {
  streams(): number;
  /** polls that wait for news */
  polls(): number;
  later: LaterCounts;
}

export function makeMetrics(parts: HttpParts, edge: EdgeFigures): Metrics {
  const registry = new Registry();
  const registers = [registry];
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
  countClaims(parts, registry);
  countLater(parts, registry, edge.later);
  gaugePending(parts, registry);
  gaugeDepths(parts, registry);
  gaugeParts(parts, registry);
  gaugeAll(registry, [
    ...lagGauges(parts),
    ...lineGauges(parts),
    ...processGauges(delay),
    ...edgeGauges(edge),
  ]);
  return {
    text: async () => (await registry.metrics()) + renderGauges(parts.gauges?.() ?? []),
    contentType: registry.contentType,
    decision: (ms) => decision.observe(ms / 1000),
    answer: (ms) => answer.observe(ms / 1000),
    stop: () => delay.disable(),
  };
}

type Reading = [name: string, help: string, read: () => number];

function gaugeAll(registry: Registry, readings: Reading[]): void {
  for (const [name, help, read] of readings) {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  }
}

function countClaims({ catalog }: HttpParts, registry: Registry): void {
  new Counter({
    name: 'dibs_claims_total',
    help: 'Claims answered since the start, by verdict or problem.',
    labelNames: ['verdict'],
    registers: [registry],
    collect() {
      const sums = new Map<string, number>();
      for (const { told } of catalog.all()) {
        for (const [name, count] of told) sums.set(name, (sums.get(name) ?? 0) + count);
      }
      this.reset();
      for (const [verdict, sum] of sums) this.inc({ verdict }, sum);
    },
  });
}

function gaugeDepths(parts: HttpParts, registry: Registry): void {
  new Gauge({
    name: 'dibs_queue_depth',
    help: 'Depth of inner queues.',
    labelNames: ['queue'],
    registers: [registry],
    collect() {
      for (const [queue, depth] of Object.entries(parts.depths?.() ?? {})) this.set({ queue }, depth);
    },
  });
}

/** One line for each part, so that an alarm can say which one is away. */
function gaugeParts({ ready }: HttpParts, registry: Registry): void {
  new Gauge({
    name: 'dibs_part_away',
    help: '1 when this part of the process is not ready; /readyz says why.',
    labelNames: ['part'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [part, state] of Object.entries(ready().roles))
        this.set({ part }, state === 'ready' ? 0 : 1);
    },
  });
}

function lagGauges({ log, recorderState, claims, catalog, ready }: HttpParts): Reading[] {
  const rebuilding = (): number => [...catalog.all()].filter((live) => live.rebuilding).length;
  const behind = (): number => Math.max(0, recorderState().end - recorderState().next);
  return [
    ['dibs_journal_waiting', 'Facts accepted and not durable yet.', () => log.state().waiting],
    ['dibs_recorder_lag_facts', 'Durable facts that are not recorded yet.', behind],
    ['dibs_recorder_lag_seconds', 'How long the record has been behind.', () => recorderState().lagMs / 1000],
    ['dibs_claims_in_flight', 'Claims whose answer is still owed.', () => claims.waiting()],
    [
      'dibs_gate_rebuilding',
      'Campaigns that nobody is decided on until their gate is made good.',
      rebuilding,
    ],
    ['dibs_ready', '1 when ready.', () => (ready().ready ? 1 : 0)],
  ];
}

function edgeGauges({ streams, polls }: EdgeFigures): Reading[] {
  return [
    ['dibs_streams', 'Open server-sent event streams.', streams],
    ['dibs_polls_waiting', 'Polls that wait for a verdict to come.', polls],
  ];
}

/** Lines of all queued campaigns together. */
function lineGauges({ catalog, line }: HttpParts): Reading[] {
  const sum = (of: (counts: LineCounts) => number) => (): number => {
    let all = 0;
    for (const { campaign } of catalog.all()) {
      const counts = campaign.mode === 'queued' ? (line?.counts(campaign.id) ?? null) : null;
      if (counts !== null) all += of(counts);
    }
    return all;
  };
  return [
    ['dibs_line_waiting', 'People who wait in line.', sum(waitingIn)],
    ['dibs_line_serving', 'Highest numbers let in, of all lines together.', sum(({ serving }) => serving)],
    ['dibs_line_offered', 'People let in who must press once more.', sum(({ offered }) => offered)],
    ['dibs_line_at_gate', 'People let in whose turn at the gate it is.', sum(({ atGate }) => atGate)],
  ];
}

function countLater({ catalog }: HttpParts, registry: Registry, later: LaterCounts): void {
  new Counter({
    name: 'dibs_later_verdicts_total',
    help: 'Verdicts since the start that came after the answer to the press.',
    labelNames: ['mode', 'verdict'],
    registers: [registry],
    collect() {
      this.reset();
      for (const live of catalog.all()) {
        const { mode } = live.campaign;
        for (const [verdict, count] of later.of(live)) this.inc({ mode, verdict }, count);
      }
    },
  });
}

/** Tickets whose verdict is still to come. */
function gaugePending({ modes = {} }: HttpParts, registry: Registry): void {
  new Gauge({
    name: 'dibs_pending_tickets',
    help: 'Tries whose verdict is still to come, as far as this process knows.',
    labelNames: ['mode'],
    registers: [registry],
    collect() {
      for (const [mode, flow] of Object.entries(modes)) {
        const pending = flow.pending?.();
        if (pending !== undefined) this.set({ mode }, pending);
      }
    },
  });
}

function processGauges(delay: ReturnType<typeof monitorEventLoopDelay>): Reading[] {
  const delayP99 = (): number => {
    const p99 = delay.percentile(99) / 1e9;
    delay.reset();
    return Number.isFinite(p99) ? p99 : 0;
  };
  const cpu = (): number => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
  return [
    ['dibs_event_loop_delay_p99_seconds', 'Since the last scrape.', delayP99],
    ['process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss()],
    ['process_cpu_seconds_total', 'User and system time.', cpu],
  ];
}

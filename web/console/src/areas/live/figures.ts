/**
 * The figures of a campaign as they come: by the stream, and by a question now and then that also keeps the record's
 * figures counted. However fast they come, what is drawn changes four times a second.
 */

import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { ask, type Campaign } from '../../api.ts';
import { useStream } from '../../stream.ts';

/** As `GET …/stats` and the stream of operators tell them. */
export interface Stats {
  campaignId: string;
  status: Campaign['status'];
  quantity: number;
  /** units out, without those that came back */
  issued: number;
  returned: number;
  remaining: number;
  /** presses since the server began */
  claims: number;
  claimsPerSecond: number;
  winsPerSecond: number;
  verdicts: Record<string, number>;
  laterVerdicts: Record<string, number>;
  inFlight: number;
  line?: { servingNumber: number; lastNumber: number; waiting: number; offered: number; atGate: number };
  latencyMs: { p50: number; p99: number; measured: number } | null;
  record: {
    told: number;
    recorded: number;
    setAside: number;
    reserved: number;
    unissued: number;
    redeemed: number;
    revoked: number;
    at: string;
  } | null;
  lag: { journal: number; recorder: number; recorderMs: number };
  sellOutInMs: number | null;
  firstWonAt: string | null;
  lastWonAt: string | null;
}

/** A second of the campaign; without figures where the connection was cut. */
export interface Sample {
  /** ms of this browser's clock */
  at: number;
  stats: Stats | null;
}

export interface Live {
  stats: Stats | null;
  /** oldest first, a second apart, five minutes at most */
  samples: readonly Sample[];
  /** when the newest figures came; null: never */
  heardAt: number | null;
  /** figures come as they change; false: they are as old as `heardAt` */
  isLive: boolean;
}

const DRAW_MS = 250;
const SAMPLES_MAX = 300;
const SECOND_MS = 1000;
const ASK_MS = 10_000;
const ASK_CUT_MS = 2_000;

const NOTHING: Live = { stats: null, samples: [], heardAt: null, isLive: false };

/** Takes a sample in: the newest of its second is what is kept of it. */
export function withSample(samples: readonly Sample[], sample: Sample): Sample[] {
  const last = samples.at(-1);
  const sameSecond =
    last !== undefined && Math.floor(last.at / SECOND_MS) === Math.floor(sample.at / SECOND_MS);
  const before = sameSecond ? samples.slice(0, -1) : samples.slice(-(SAMPLES_MAX - 1));
  return [...before, sample];
}

/** As `GET …/stats/recent` tells it. */
interface Recent {
  serverTime: string;
  samples: (Partial<Stats> & { at: string })[];
}

/**
 * The minutes before anything came here, a second apart, by this browser's clock: between two samples of the server
 * everything was as in the first. `now` is what came first here, which knows the rest.
 */
export function samplesBefore({ serverTime, samples }: Recent, readAt: number, now: Sample): Sample[] {
  const { stats } = now;
  if (stats === null) return [];
  const apartMs = readAt - Date.parse(serverTime);
  const told = samples.map(({ at, ...figures }) => ({
    at: Date.parse(at) + apartMs,
    stats: { ...stats, ...figures, record: null },
  }));
  const before: Sample[] = [];
  told.forEach((sample, index) => {
    const until = Math.min(told[index + 1]?.at ?? now.at, now.at) - SECOND_MS / 2;
    const from = Math.max(sample.at, now.at - SAMPLES_MAX * SECOND_MS);
    for (let at = from; at < until; at += SECOND_MS) before.push({ at, stats: sample.stats });
  });
  return before;
}

/** What the server knows of the minutes before; asked for once, when there is something to go on from. */
function useBefore(id: string, first: Sample | undefined): readonly Sample[] {
  const { data, dataUpdatedAt } = useQuery({
    queryKey: ['stats-before', id],
    queryFn: () => ask<Recent>(`/v1/admin/campaigns/${encodeURIComponent(id)}/stats/recent`),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  return useMemo(
    () => (data && first ? samplesBefore(data, dataUpdatedAt, first) : []),
    [data, dataUpdatedAt, first],
  );
}

export function useLive(id: string): Live {
  const [drawn, setDrawn] = useState<Live>(NOTHING);
  const newest = useRef<Live>(NOTHING);
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null);

  const change = useCallback((more: Partial<Live>): void => {
    newest.current = { ...newest.current, ...more };
    timer.current ??= setTimeout(() => {
      timer.current = null;
      setDrawn(newest.current);
    }, DRAW_MS);
  }, []);

  const take = useCallback(
    (stats: Stats): void => {
      const at = Date.now();
      change({ stats, heardAt: at, samples: withSample(newest.current.samples, { at, stats }) });
    },
    [change],
  );

  const { connected } = useStream<{ campaigns: Stats[] }>(
    `/v1/admin/events?campaign=${encodeURIComponent(id)}`,
    (_name, { campaigns }) => {
      const mine = campaigns.find(({ campaignId }) => campaignId === id);
      if (mine) take(mine);
    },
  );
  const asked = useQuery({
    queryKey: ['stats', id],
    queryFn: () => ask<Stats>(`/v1/admin/campaigns/${encodeURIComponent(id)}/stats`),
    refetchInterval: connected ? ASK_MS : ASK_CUT_MS,
  });
  useEffect(() => {
    if (asked.data) take(asked.data);
  }, [asked.data, take]);

  // A stream may look open long after its server is gone; a question that is not answered tells.
  const isLive = connected && asked.failureCount === 0;
  useEffect(() => {
    change({ isLive });
    // What has not changed is not told again: then the second that has passed was like the one before.
    const every = setInterval(() => {
      const { samples, stats } = newest.current;
      const at = Date.now();
      if (at - (samples.at(-1)?.at ?? 0) < SECOND_MS) return;
      if (stats) change({ samples: withSample(samples, { at, stats: isLive ? stats : null }) });
    }, SECOND_MS);
    return () => clearInterval(every);
  }, [isLive, change]);

  useEffect(
    () => () => {
      if (timer.current) clearTimeout(timer.current);
      timer.current = null;
    },
    [],
  );
  const first = useRef<Sample>(undefined);
  first.current ??= drawn.samples.find(({ stats }) => stats !== null);
  const before = useBefore(id, first.current);
  return useMemo(
    () =>
      before.length === 0 ? drawn : { ...drawn, samples: [...before, ...drawn.samples].slice(-SAMPLES_MAX) },
    [drawn, before],
  );
}

/** How much a figure grows a second, over the last few seconds; null: not known yet. */
export function rateOf(samples: readonly Sample[], read: (stats: Stats) => number | null): number | null {
  const recent = samples.slice(-4).filter(({ stats }) => stats !== null);
  const [first, last] = [recent[0], recent.at(-1)];
  if (!first?.stats || !last?.stats || last.at <= first.at) return null;
  const [from, to] = [read(first.stats), read(last.stats)];
  if (from === null || to === null) return null;
  return Math.max(0, ((to - from) * SECOND_MS) / (last.at - first.at));
}

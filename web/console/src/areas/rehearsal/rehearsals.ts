/** Rehearsals as the server tells of them, asked for again as long as one is under way. */

import { useQuery } from '@tanstack/react-query';
import { ask, type List } from '../../api.ts';
import type { Said } from '../../said.tsx';

export interface Spread {
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

/** Times count from the first press, ms. */
export interface Kill {
  atMs: number;
  backAfterMs: number;
  unanswered: number;
  longestWaitMs: number;
}

export interface AnswerCheck {
  id: string;
  title: string;
  ok: boolean;
  compared: number;
  violations: number;
  findings: string[];
  skipped?: string;
}

export interface ShadowCheck {
  id: string;
  ok: boolean;
  says?: string;
  figures?: Record<string, number | boolean | null>;
}

export interface Result {
  ok: boolean;
  shadow: {
    id: string;
    mode: string;
    quantity: number;
    changed: { field: string; was: unknown; is: unknown }[];
  };
  crowd: {
    users: number;
    presses: number;
    tries: number;
    unresolved: number;
    durationMs: number;
    triesPerSecond: number;
  };
  verdicts: Record<string, number>;
  toldWins: number;
  recorded: number | null;
  soldOutAfterMs: number | null;
  toldWithinMs: Record<string, Spread>;
  latencyBuckets: [upToMs: number, count: number][];
  timeline: { stepMs: number; words: Record<string, number[]> };
  kill: Kill | null;
  answers: AnswerCheck[];
  integrity: ShadowCheck[];
}

export interface Rehearsal {
  id: string;
  shadowId: string;
  number: number;
  state: 'queued' | 'running' | 'completed' | 'failed' | 'stopped';
  ok: boolean | null;
  users: number;
  concurrency: number;
  kill: { part: 'server'; atSecond: number } | null;
  overSeconds: number | null;
  createdAt: string;
  endedAt: string | null;
  error: string | null;
  errorSaid: Said | null;
  progress: {
    stage: 'preparing' | 'rush' | 'killed' | 'checking' | 'over';
    presses: number;
    finished: number;
    words: Record<string, number>;
  } | null;
  result: Result | null;
}

export interface Wish {
  users: number;
  concurrency: number;
  kill: { part: 'server'; atSecond: number } | null;
  overSeconds: number | null;
}

const UNDER_WAY_MS = 500;
const QUIET_MS = 10_000;

export const isUnderWay = ({ state }: Rehearsal): boolean => state === 'queued' || state === 'running';

export const pathOf = (campaignId: string): string =>
  `/v1/admin/campaigns/${encodeURIComponent(campaignId)}/rehearsals`;

export const keyOf = (campaignId: string): string[] => ['rehearsals', campaignId];

/** The last ten, newest first. */
export function useRehearsals(campaignId: string) {
  return useQuery({
    queryKey: keyOf(campaignId),
    queryFn: async () => (await ask<List<Rehearsal>>(pathOf(campaignId))).items,
    refetchInterval: ({ state }) => (state.data?.some(isUnderWay) ? UNDER_WAY_MS : QUIET_MS),
  });
}

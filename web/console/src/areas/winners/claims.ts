/** Winners as the server tells them, page by page, and the one that is looked for. */

import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { ask, type Campaign, type List, Trouble } from '../../api.ts';

export interface Claim {
  id: string;
  campaignId: string;
  userId: string;
  seq: number;
  status: 'won' | 'issued' | 'redeemed' | 'revoked' | 'expired';
  code: string | null;
  wonAt: string;
  durability: string;
}

export interface Moment {
  at: string;
  what: string;
  by: string | null;
  reason: string | null;
}

export interface AuditLine {
  at: string;
  actor: string;
  action: string;
  after: unknown;
}

export interface Life {
  claim: Claim;
  moments: Moment[];
  audit: AuditLine[];
}

/** What is looked for; an empty text: everybody. */
export interface Search {
  kind: 'user' | 'seq' | 'code';
  text: string;
}

const PAGE = 500;

const pathOf = ({ id }: Campaign): string => `/v1/admin/campaigns/${encodeURIComponent(id)}/claims`;

export function useWinners(campaign: Campaign, enabled: boolean) {
  return useInfiniteQuery({
    queryKey: ['winners', campaign.id],
    enabled,
    initialPageParam: null as string | null,
    queryFn: ({ pageParam }) => {
      const cursor = pageParam === null ? '' : `&cursor=${encodeURIComponent(pageParam)}`;
      return ask<List<Claim>>(`${pathOf(campaign)}?limit=${PAGE}${cursor}`);
    },
    getNextPageParam: ({ next }) => next,
    staleTime: 5_000,
  });
}

export function useFound(campaign: Campaign, { kind, text }: Search) {
  return useQuery({
    queryKey: ['found', campaign.id, kind, text],
    enabled: text !== '',
    retry: false,
    queryFn: () => find(campaign, kind, text),
  });
}

/** Nobody: []. A number that is none finds nobody; a code is told apart from one of another campaign by its claim. */
async function find(campaign: Campaign, kind: Search['kind'], text: string): Promise<Claim[]> {
  if (kind === 'code') return [await ask<Claim>(`/v1/admin/coupons/${encodeURIComponent(text)}`)];
  if (kind === 'seq' && !/^[1-9]\d{0,14}$/.test(text)) return [];
  return (await ask<List<Claim>>(`${pathOf(campaign)}?${kind}=${encodeURIComponent(text)}`)).items;
}

/** What cannot be a code, or is none: nobody has it. */
export const isNobody = (error: unknown): boolean =>
  error instanceof Trouble && [400, 404, 422].includes(error.status);

export function useLife(id: string) {
  return useQuery({
    queryKey: ['claim', id],
    queryFn: () => ask<Life>(`/v1/admin/claims/${encodeURIComponent(id)}`),
    refetchInterval: 5_000,
  });
}

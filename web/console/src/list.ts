/** Long lists, page by page: the next page is asked for when its rows come into sight. */

import { type UseQueryResult, useInfiniteQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { ask, type List } from './api.ts';

export interface Rows<T> {
  /** for `Loaded` */
  query: UseQueryResult<T[]>;
  /** for the table's `onEnd` */
  more(): void;
  /** whether there are rows that have not been asked for */
  isMore: boolean;
}

export interface RowsAsk {
  /** asked for again so often while only the first page is there; all pages would be many */
  everyMs?: number;
  /** false: not asked at all */
  enabled?: boolean;
}

/** @param path without `cursor` and `limit`: `/v1/admin/audit`, `/v1/admin/dead-letters?state=dead` */
export function useRows<T>(path: string, { everyMs, enabled = true }: RowsAsk = {}): Rows<T> {
  const query = useInfiniteQuery({
    queryKey: ['rows', path],
    enabled,
    queryFn: ({ pageParam, signal }) => {
      const sign = path.includes('?') ? '&' : '?';
      const cursor = pageParam === null ? '' : `&cursor=${encodeURIComponent(pageParam)}`;
      return ask<List<T>>(`${path}${sign}limit=100${cursor}`, { signal });
    },
    initialPageParam: null as string | null,
    getNextPageParam: ({ next }) => next,
    select: ({ pages }) => pages.flatMap(({ items }) => items),
    refetchInterval: (state) =>
      everyMs !== undefined && (state.state.data?.pages.length ?? 0) <= 1 ? everyMs : false,
  });
  const { fetchNextPage, hasNextPage, isFetching } = query;
  const more = useCallback(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [fetchNextPage, hasNextPage, isFetching]);
  return { query: query as unknown as UseQueryResult<T[]>, more, isMore: hasNextPage };
}

/** A campaign as it stands, asked for every two seconds while it is looked at. */

import { useQuery } from '@tanstack/react-query';
import { ask, type Campaign } from '../api.ts';

export function useCampaign(id: string) {
  return useQuery({
    queryKey: ['campaign', id],
    queryFn: () => ask<Campaign>(`/v1/admin/campaigns/${encodeURIComponent(id)}`),
    refetchInterval: 2_000,
  });
}

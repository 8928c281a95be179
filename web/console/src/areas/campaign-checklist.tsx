/** What must be true before it opens. */

import type { Campaign } from '../api.ts';

export default function View({ campaign }: { campaign: Campaign }) {
  return <p className="quiet">{campaign.id}</p>;
}

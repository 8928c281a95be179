/** The definition as a form. */

import type { Campaign } from '../api.ts';

export default function View({ campaign }: { campaign: Campaign }) {
  return <p className="quiet">{campaign.id}</p>;
}

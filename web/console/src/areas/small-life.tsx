/** The life of a campaign, small: being prepared, waiting for its time, open, sold out, over. */

import type { Campaign } from '../api.ts';

const STOPS = ['draft', 'scheduled', 'open', 'sold_out', 'closed'] as const;
type Stop = (typeof STOPS)[number];

interface LifePoint {
  stop: Stop;
  is: 'passed' | 'now' | 'ahead';
}

const AT: Readonly<Record<Campaign['status'], Stop>> = {
  draft: 'draft',
  scheduled: 'scheduled',
  open: 'open',
  paused: 'open',
  sold_out: 'sold_out',
  closed: 'closed',
  archived: 'closed',
};

/** What it has been through. Nothing was sold out that closed with something left, or set that was opened by hand. */
function lifeOf(campaign: Campaign): LifePoint[] {
  const now = AT[campaign.status];
  const isGone = campaign.remaining === 0 && campaign.issued > 0;
  const wasOpen = campaign.openedAt !== null || campaign.issued > 0 || now === 'open';
  const skipped: Partial<Record<Stop, boolean>> = {
    scheduled: campaign.opensAt === null,
    open: now === 'closed' && !wasOpen && campaign.opensAt === null,
    sold_out: !isGone,
  };
  return STOPS.map((stop, index) => {
    if (stop === now) return { stop, is: 'now' };
    return { stop, is: index < STOPS.indexOf(now) && !skipped[stop] ? 'passed' : 'ahead' };
  });
}

const [WIDTH, HEIGHT, R] = [84, 12, 3.5];
const xOf = (index: number): number => R + 1 + (index * (WIDTH - 2 * R - 2)) / (STOPS.length - 1);

/** Beside the word of the state, which says the same to those who do not see it. */
export function SmallLife({ campaign }: { campaign: Campaign }) {
  const points = lifeOf(campaign);
  const at = points.findIndex(({ is }) => is === 'now');
  const y = HEIGHT / 2;
  return (
    <svg
      className="small-life"
      width={WIDTH}
      height={HEIGHT}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      aria-hidden="true"
    >
      <line className="life-ahead" x1={xOf(0)} x2={xOf(STOPS.length - 1)} y1={y} y2={y} />
      <line className="life-passed" x1={xOf(0)} x2={xOf(at)} y1={y} y2={y} />
      {points.map(({ stop, is }, index) => (
        <circle
          key={stop}
          className={`${is} ${is === 'now' ? campaign.status : ''}`}
          cx={xOf(index)}
          cy={y}
          r={is === 'now' ? R + 1 : R - 1}
        />
      ))}
    </svg>
  );
}

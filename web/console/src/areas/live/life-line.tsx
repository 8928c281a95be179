/** The life of a campaign as a line with its times: what was, where it stands, and what is planned. */

import type { Campaign } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import type { Stats } from './figures.ts';
import { words } from './words.ts';

type Step = 'draft' | 'scheduled' | 'open' | 'sold_out' | 'closed';
type State = 'was' | 'is' | 'planned' | 'not';

interface Point {
  step: Step;
  at: string | null;
  state: State;
}

/** Where it stands on the line; a pause is a pause of being open. */
const STANDS: Readonly<Record<Campaign['status'], Step>> = {
  draft: 'draft',
  scheduled: 'scheduled',
  open: 'open',
  paused: 'open',
  sold_out: 'sold_out',
  closed: 'closed',
  archived: 'closed',
};

function pointsOf(campaign: Campaign, stats: Stats | null): Point[] {
  const status = stats?.status ?? campaign.status;
  const stands = STANDS[status];
  const left = stats?.remaining ?? campaign.remaining;
  // `opensAt` opens by the clock and leaves no mark of its own.
  const isUnopened = stands === 'draft' || stands === 'scheduled';
  const openedAt = campaign.openedAt ?? (isUnopened ? null : campaign.opensAt);
  const soldOutAt = left === 0 && !isUnopened ? (stats?.lastWonAt ?? null) : null;
  const closedAt = campaign.closedAt ?? (stands === 'closed' ? campaign.closesAt : null);
  const point = (step: Step, at: string | null, planned: string | null = null): Point => {
    if (step === stands) return { step, at: at ?? planned, state: 'is' };
    if (at !== null) return { step, at, state: 'was' };
    return { step, at: planned, state: planned === null ? 'not' : 'planned' };
  };
  const points = [
    point('draft', campaign.createdAt),
    point('scheduled', isUnopened ? null : campaign.opensAt, campaign.opensAt),
    point('open', openedAt, campaign.opensAt),
    point('sold_out', soldOutAt),
    point('closed', closedAt, campaign.closesAt),
  ];
  // What did not come before where it stands never will.
  const reached = points.findIndex(({ state }) => state === 'is');
  return points.filter(({ state }, index) => state !== 'not' || index > reached);
}

export function LifeLine({ campaign, stats }: { campaign: Campaign; stats: Stats | null }) {
  const w = useWords(words);
  const format = useFormat();
  return (
    <ol className="life" aria-label={w.life}>
      {pointsOf(campaign, stats).map(({ step, at, state }) => (
        <li key={step} className={state} aria-current={state === 'is' ? 'step' : undefined}>
          <b>{w.steps[step]}</b>
          <span>
            {at === null ? (state === 'is' ? w.now : w.notYet) : format.time(at)}
            {state === 'planned' ? ` · ${w.planned}` : ''}
          </span>
        </li>
      ))}
    </ol>
  );
}

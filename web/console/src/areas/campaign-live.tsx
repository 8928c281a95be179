/** A campaign as it runs: what is left, the way of each win through the parts, and what can be done about it. */

import './live/live.css';
import { useEffect, useState } from 'react';
import type { Campaign } from '../api.ts';
import { useFormat, useWords } from '../language.tsx';
import { Mark } from '../parts/pieces.tsx';
import { Needs } from '../parts/role.tsx';
import { Acts } from './live/acts.tsx';
import { Happenings, LineFigures, PartsHealth, useParts } from './live/aside.tsx';
import { type Live, useLive } from './live/figures.ts';
import { FlowStrip } from './live/flow-strip.tsx';
import { LifeLine } from './live/life-line.tsx';
import { Plots } from './live/plots.tsx';
import { words } from './live/words.ts';

export default function View({ campaign }: { campaign: Campaign }) {
  const live = useLive(campaign.id);
  const parts = useParts();
  const { stats } = live;
  return (
    <div className={`live${live.isLive || live.heardAt === null ? '' : ' stale'}`}>
      <div className="live-top">
        <Hero campaign={campaign} live={live} />
        <div className="live-acts">
          <Needs least="operate">
            <Acts campaign={campaign} stats={stats} />
          </Needs>
          <Freshness live={live} />
        </div>
      </div>
      <div className="ages">
        <FlowStrip live={live} />
      </div>
      <LifeLine campaign={campaign} stats={stats} />
      <div className="live-below">
        <div className="ages">
          <Plots live={live} />
        </div>
        <aside>
          <LineFigures campaign={campaign} live={live} />
          <PartsHealth parts={parts} />
          <Happenings campaign={campaign} live={live} parts={parts} />
        </aside>
      </div>
    </div>
  );
}

function Hero({ campaign, live }: { campaign: Campaign; live: Live }) {
  const w = useWords(words);
  const format = useFormat();
  const { stats } = live;
  const left = stats?.remaining ?? campaign.remaining;
  return (
    <div className="hero ages">
      <p className="hero-number" data-remaining={left}>
        {format.number(left)}
      </p>
      <p>
        {w.left(format.number(stats?.quantity ?? campaign.quantity))}
        {stats?.sellOutInMs ? (
          <span className="quiet"> · {w.soldOutIn(format.span(stats.sellOutInMs))}</span>
        ) : null}
      </p>
    </div>
  );
}

/** Says whether figures come, and when they do not, how old they are. */
function Freshness({ live }: { live: Live }) {
  const w = useWords(words);
  const format = useFormat();
  const { isLive, heardAt } = live;
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (isLive) return;
    const every = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(every);
  }, [isLive]);
  if (isLive) {
    return (
      <p className="freshness" role="status" data-live="true">
        <Mark shape="●" tone="signal" says={w.live} />
      </p>
    );
  }
  const age = heardAt === null ? null : Math.max(1000, Math.round((now - heardAt) / 1000) * 1000);
  return (
    <p className="freshness" role="status" data-live="false">
      {age === null ? (
        <Mark shape="◌" tone="quiet" says={`${w.reaching} ${w.never}`} />
      ) : (
        <Mark shape="✕" tone="fault" says={w.cut(format.span(age))} />
      )}
    </p>
  );
}

/** The strip across the top of a campaign: claims → gate → log → record → issued, and whether told is recorded. */

import { memo, useEffect, useRef } from 'react';
import { useFormat, useWords } from '../../language.tsx';
import { Mark } from '../../parts/pieces.tsx';
import { placeOf } from '../../route.ts';
import type { Live, Stats } from './figures.ts';
import { type Balance, balanceOf, differenceOf, isBehind, type Stage, stagesOf, toldOf } from './flow.ts';
import { words } from './words.ts';

/** What is between a stage and the next; null: nothing is. */
function useLag(stats: Stats): Readonly<Record<Stage['name'], string | null>> {
  const w = useWords(words);
  const format = useFormat();
  const { inFlight, lag, record } = stats;
  const open =
    (stats.verdicts['pending'] ?? 0) - Object.values(stats.laterVerdicts).reduce((a, b) => a + b, 0);
  return {
    claims: open > 0 && !stats.line ? w.lagDeciding(format.number(open)) : null,
    gate: inFlight > 0 ? w.lagWins(format.number(inFlight)) : null,
    log: lag.recorder > 0 ? w.lagFacts(format.number(lag.recorder), format.span(lag.recorderMs)) : null,
    record: record && record.unissued > 0 ? w.lagJob(format.number(record.unissued)) : null,
    issued: null,
  };
}

export const FlowStrip = memo(function FlowStrip({ live }: { live: Live }) {
  const w = useWords(words);
  const { stats } = live;
  if (stats === null) return null;
  return <Stages stats={stats} live={live} label={w.strip} />;
});

function Stages({ stats, live, label }: { stats: Stats; live: Live; label: string }) {
  const w = useWords(words);
  const format = useFormat();
  const lags = useLag(stats);
  const balance = useBalance(stats);
  const isFault = balance.kind === 'differ' || balance.kind === 'setAside';
  return (
    <section aria-label={label}>
      <ol className={`strip${isFault ? ' broken' : ''}`}>
        {stagesOf(stats, live.samples).map(({ name, count, perSecond }) => (
          <li key={name} data-stage={name}>
            <h2>{w.stages[name]}</h2>
            <p className="strip-count">
              <span data-count={count ?? ''}>{count === null ? '–' : format.number(count)}</span>{' '}
              <small>{w.stageUnits[name]}</small>
            </p>
            <p className="quiet">
              {perSecond === null ? w.counting : w.perSecond(format.number(Math.round(perSecond)))}
              {name === 'claims' ? ` · ${w.sinceStart}` : ''}
            </p>
            {name === 'issued' ? null : (
              <p className={`strip-lag ${lags[name] === null ? 'quiet' : 'behind'}`}>
                <span aria-hidden="true">{lags[name] === null ? '→' : '⇢'}</span> {lags[name] ?? w.lagNone}
              </p>
            )}
          </li>
        ))}
      </ol>
      <BalanceLine stats={stats} balance={balance} />
    </section>
  );
}

/** Remembers since when told and recorded differ while nothing is on its way. */
function useBalance(stats: Stats): Balance {
  const since = useRef<number | null>(null);
  const odd = differenceOf(stats) > 0 && !isBehind(stats);
  useEffect(() => {
    if (!odd) since.current = null;
    else since.current ??= Date.now();
  }, [odd]);
  return balanceOf(stats, odd && since.current !== null ? Date.now() - since.current : 0);
}

/** What is not counted yet is neither the same nor another. */
const SIGNS: Readonly<Partial<Record<Balance['kind'], string>>> = { same: '=', counting: '…' };

function BalanceLine({ stats, balance }: { stats: Stats; balance: Balance }) {
  const w = useWords(words);
  const format = useFormat();
  const { record } = stats;
  return (
    <p className="balance" data-balance={balance.kind}>
      <span>
        {w.told} <b>{format.number(record?.told ?? toldOf(stats))}</b>
      </span>
      <span aria-hidden="true">{SIGNS[balance.kind] ?? '≠'}</span>
      <span>
        {w.recorded} <b>{record === null ? '–' : format.number(record.recorded)}</b>
      </span>
      <Says balance={balance} />
      {record ? <span className="quiet">{w.asOf(format.clock(record.at))}</span> : null}
    </p>
  );
}

function Says({ balance }: { balance: Balance }) {
  const w = useWords(words);
  const format = useFormat();
  switch (balance.kind) {
    case 'counting':
      return <Mark shape="◌" tone="quiet" says={w.counting} />;
    case 'same':
      return <Mark shape="✓" tone="won" says={w.same} />;
    case 'onTheWay':
      return <Mark shape="⇢" tone="wait" says={w.onTheWay(format.number(balance.count))} />;
    case 'differ':
      return (
        <span className="fault" role="alert">
          ✕ {w.differ(format.number(balance.count))}
        </span>
      );
    case 'setAside':
      return (
        <span className="fault" role="alert">
          ✕ {w.setAside(format.number(balance.count))} <a href={placeOf('letters')}>{w.toLetters}</a>
        </span>
      );
  }
}

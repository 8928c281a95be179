/** Claims a second by verdict, what is left, and how long people wait for their answer. */

import { memo, useMemo } from 'react';
import { useFormat, useWords } from '../../language.tsx';
import type { Live, Stats } from './figures.ts';
import { Plot } from './plot.tsx';
import { countsOf, GROUPS, LOOKS, ratesOf, stackedOf } from './verdicts.ts';
import { words } from './words.ts';

export const Plots = memo(function Plots({ live }: { live: Live }) {
  return (
    <div className="plots">
      <Rates live={live} />
      <Left live={live} />
      <Latency live={live} />
    </div>
  );
});

const secondsOf = ({ samples }: Live): number[] => samples.map(({ at }) => at / 1000);

function Rates({ live }: { live: Live }) {
  const w = useWords(words);
  const format = useFormat();
  const { samples, stats } = live;
  // What lies on top is drawn first: each area covers what is under its own upper edge.
  const top = useMemo(() => [...GROUPS].reverse(), []);
  const data = useMemo(
    () => [secondsOf({ samples } as Live), ...stackedOf(ratesOf(samples)).reverse()] as never,
    [samples],
  );
  const lines = top.map((group) => ({ label: w.verdictGroups[group], ...LOOKS[group] }));
  const counts = stats && countsOf(stats);
  const says = counts
    ? `${w.ratePlot}. ${GROUPS.map((group) => `${w.verdictGroups[group]} ${format.number(counts[group])}`).join(', ')}`
    : w.ratePlot;
  return (
    <figure>
      <figcaption>
        <h2>{w.ratePlot}</h2> <span className="quiet">{w.perSecondUnit}</span>{' '}
        <span className="quiet">· {w.recent}</span>
      </figcaption>
      <Plot says={says} lines={lines} data={data} height={208} value={format.number} clock={format.clock} />
      <Legend stats={stats} />
    </figure>
  );
}

function Legend({ stats }: { stats: Stats | null }) {
  const w = useWords(words);
  const format = useFormat();
  const counts = stats && countsOf(stats);
  return (
    <ul className="legend" aria-label={w.answers}>
      {GROUPS.map((group) => (
        <li key={group} data-verdict={group}>
          <span className={`swatch ${group}`} aria-hidden="true" /> {w.verdictGroups[group]}{' '}
          <b>{counts ? format.number(counts[group]) : '–'}</b>
        </li>
      ))}
    </ul>
  );
}

function Left({ live }: { live: Live }) {
  const w = useWords(words);
  const format = useFormat();
  const { samples, stats } = live;
  const data = useMemo(
    () => [secondsOf({ samples } as Live), samples.map((one) => one.stats?.remaining ?? null)] as never,
    [samples],
  );
  const says = `${w.leftPlot}: ${stats ? format.number(stats.remaining) : '–'} ${w.countUnit}`;
  return (
    <figure>
      <figcaption>
        <h2>{w.leftPlot}</h2> <span className="quiet">{w.countUnit}</span>
      </figcaption>
      <Plot
        says={says}
        lines={[{ label: w.leftPlot, token: '--ink', filling: 'hatch', stepped: true }]}
        data={data}
        height={136}
        value={format.number}
        clock={format.clock}
      />
    </figure>
  );
}

function Latency({ live }: { live: Live }) {
  const w = useWords(words);
  const format = useFormat();
  const { samples, stats } = live;
  const data = useMemo(() => {
    const of = (name: 'p50' | 'p99') => samples.map((one) => one.stats?.latencyMs?.[name] ?? null);
    return [secondsOf({ samples } as Live), of('p50'), of('p99')] as never;
  }, [samples]);
  const now = stats?.latencyMs ?? null;
  const figure = (ms: number): string => `${Number(ms.toPrecision(2))} ms`;
  return (
    <figure>
      <figcaption>
        <h2>{w.latencyPlot}</h2>{' '}
        {now === null ? (
          <span className="quiet">{w.noLatency}</span>
        ) : (
          <span>
            p50 <b>{figure(now.p50)}</b> · p99 <b>{figure(now.p99)}</b>{' '}
            <span className="quiet">{w.measured(format.number(now.measured))}</span>
          </span>
        )}
      </figcaption>
      <Plot
        says={now ? `${w.latencyPlot}: p50 ${figure(now.p50)}, p99 ${figure(now.p99)}` : w.noLatency}
        lines={[
          { label: 'p50', token: '--ink' },
          { label: 'p99', token: '--wait', dash: [6, 4] },
        ]}
        data={data}
        height={136}
        value={(ms) => `${format.number(ms)} ms`}
        clock={format.clock}
      />
      <p className="quiet small">
        <span className="stroke" aria-hidden="true" /> p50{' '}
        <span className="stroke dashed" aria-hidden="true" /> p99 · {w.sampled}
      </p>
    </figure>
  );
}

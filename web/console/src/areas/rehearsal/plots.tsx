/** What came of a rehearsal in three small plots: answers over time with the kill, times to an answer, verdicts. */

import { useFormat, useWords } from '../../language.tsx';
import type { Kill, Result } from './rehearsals.ts';
import { words } from './words.ts';

/** From the axis up. Each has a filling of its own: colour is not the only sign. */
const DRAWN = ['won', 'already_won', 'pending', 'sold_out', 'others', 'unanswered'] as const;
type Drawn = (typeof DRAWN)[number];

export function OverTime({ timeline, kill }: Pick<Result, 'timeline' | 'kill'>) {
  const w = useWords(words);
  const format = useFormat();
  const { stepMs } = timeline;
  const shown = DRAWN.filter((word) => timeline.words[word] !== undefined);
  const steps = Math.max(...shown.map((word) => timeline.words[word]?.length ?? 0), 1);
  const sumAt = (step: number): number =>
    shown.reduce((sum, word) => sum + (timeline.words[word]?.[step] ?? 0), 0);
  const most = Math.max(1, ...Array.from({ length: steps }, (_, step) => sumAt(step)));
  const allMs = steps * stepMs;
  return (
    <figure className="rehearsal-plot">
      <figcaption>
        {w.overTime} <span className="quiet">{w.overTimeUnder(format.span(stepMs))}</span>
      </figcaption>
      <Legend shown={shown} kill={kill} />
      <div className="plot-box" role="img" aria-label={saysOf(timeline, kill, w, format)}>
        <span className="plot-most">{format.number(most)}</span>
        {kill === null ? null : <Away kill={kill} allMs={allMs} />}
        <div className="plot-bars">
          {Array.from({ length: steps }, (_, step) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place in time
            <div key={step} className="plot-bar">
              {shown.map((word) => {
                const count = timeline.words[word]?.[step] ?? 0;
                return count === 0 ? null : (
                  <span
                    key={word}
                    className={`fill-${word}`}
                    style={{ height: `${(100 * count) / most}%` }}
                  />
                );
              })}
            </div>
          ))}
        </div>
      </div>
      <div className="plot-axis" aria-hidden="true">
        <span>0</span>
        <span>{format.span(allMs / 2)}</span>
        <span>{format.span(allMs)}</span>
      </div>
    </figure>
  );
}

function saysOf(
  timeline: Result['timeline'],
  kill: Kill | null,
  w: (typeof words)['ko'],
  format: ReturnType<typeof useFormat>,
): string {
  const counts = DRAWN.flatMap((word) => {
    const sum = (timeline.words[word] ?? []).reduce((all, one) => all + one, 0);
    return sum === 0 ? [] : [`${w.words[word]} ${format.number(sum)}`];
  });
  const away =
    kill === null ? [] : [w.awaySays(format.span(kill.atMs), format.span(kill.atMs + kill.backAfterMs))];
  return [w.overTime, ...counts, ...away].join(', ');
}

/** Where nobody answered. */
function Away({ kill, allMs }: { kill: Kill; allMs: number }) {
  const left = (100 * kill.atMs) / allMs;
  const width = Math.min(100 - left, (100 * kill.backAfterMs) / allMs);
  return <div className="plot-away" style={{ left: `${left}%`, width: `${width}%` }} />;
}

function Legend({ shown, kill }: { shown: readonly Drawn[]; kill: Kill | null }) {
  const w = useWords(words);
  return (
    <ul className="plot-legend">
      {shown.map((word) => (
        <li key={word}>
          <span className={`swatch fill-${word}`} aria-hidden="true" /> {w.words[word]}
        </li>
      ))}
      {kill === null ? null : (
        <li>
          <span className="swatch plot-away-swatch" aria-hidden="true" /> {w.away}
        </li>
      )}
    </ul>
  );
}

export function Waits({ latencyBuckets }: Pick<Result, 'latencyBuckets'>) {
  const w = useWords(words);
  const format = useFormat();
  const counts = new Map(latencyBuckets);
  const last = Math.max(1, ...counts.keys());
  const columns: [number, number][] = [];
  for (let upTo = 1; upTo <= last; upTo *= 2) columns.push([upTo, counts.get(upTo) ?? 0]);
  const most = Math.max(1, ...columns.map(([, count]) => count));
  const says = columns.map(([upTo, count]) => `≤ ${format.span(upTo)}: ${format.number(count)}`).join(', ');
  return (
    <figure className="rehearsal-plot">
      <figcaption>
        {w.waits} <span className="quiet">{w.waitsUnder}</span>
      </figcaption>
      <div className="plot-box low" role="img" aria-label={`${w.waits}: ${says}`}>
        <span className="plot-most">{format.number(most)}</span>
        <div className="plot-bars wide">
          {columns.map(([upTo, count]) => (
            <div key={upTo} className="plot-bar">
              {count === 0 ? null : (
                <span className="fill-plain" style={{ height: `max(2px, ${(100 * count) / most}%)` }} />
              )}
            </div>
          ))}
        </div>
      </div>
      <div className="plot-ticks" aria-hidden="true">
        {ticksOf(columns.map(([upTo]) => upTo)).map(({ upTo, at, side }) => (
          <span key={upTo} className={side} style={{ left: `${at}%` }}>
            ≤ {format.span(upTo)}
          </span>
        ))}
      </div>
    </figure>
  );
}

/** The first, the one in the middle and the last, where their columns stand, in percent. */
function ticksOf(upTos: readonly number[]): { upTo: number; at: number; side: string }[] {
  const middle = Math.floor((upTos.length - 1) / 2);
  const last = upTos.length - 1;
  return [...new Set([0, middle, last])].flatMap((index) => {
    const upTo = upTos[index];
    if (upTo === undefined) return [];
    if (index === 0) return [{ upTo, at: 0, side: 'first' }];
    if (index === last) return [{ upTo, at: 100, side: 'last' }];
    return [{ upTo, at: (100 * (index + 0.5)) / upTos.length, side: 'middle' }];
  });
}

export function Verdicts({ verdicts, crowd }: Pick<Result, 'verdicts' | 'crowd'>) {
  const w = useWords(words);
  const format = useFormat();
  const most = Math.max(1, ...Object.values(verdicts));
  const fillOf = (word: string): string => {
    const own = DRAWN.find((one) => one === word);
    return own ?? (['connection_lost', 'unreachable', 'timeout'].includes(word) ? 'unanswered' : 'others');
  };
  return (
    <section className="rehearsal-plot">
      <h3>
        {w.verdicts} <span className="quiet">{w.tries(format.number(crowd.tries))}</span>
      </h3>
      <dl className="verdict-bars">
        {Object.entries(verdicts).map(([word, count]) => (
          <div key={word} data-verdict={word}>
            <dt>{w.words[word] ?? word}</dt>
            <dd>
              <span className="verdict-count">{format.number(count)}</span>
              <span
                className={`verdict-bar fill-${fillOf(word)}`}
                style={{ width: `max(2px, ${(100 * count) / most}%)` }}
                aria-hidden="true"
              />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

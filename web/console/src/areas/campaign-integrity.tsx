/** What is always true of the campaign, asked again every few seconds, with the figures that show it. */

import './integrity/integrity.css';
import { Button } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { Campaign } from '../api.ts';
import { useFormat, useLanguage, useWords } from '../language.tsx';
import { Mark } from '../parts/pieces.tsx';
import { Fault, Loading } from '../parts/states.tsx';
import { type Check, checkText, type Past, type Report, save, useReport } from './integrity/checks.ts';
import { words } from './integrity/words.ts';

export default function View({ campaign }: { campaign: Campaign }) {
  const { query, past } = useReport(campaign.id);
  const { data, failureCount } = query;
  if (!data) {
    return query.isError ? <Fault error={query.error} again={() => void query.refetch()} /> : <Loading />;
  }
  return (
    <div className="integrity" data-ok={data.ok}>
      <Says report={data} isOld={failureCount > 0} />
      <Strip past={past} />
      <Invariants checks={data.checks} />
    </div>
  );
}

function Says({ report, isOld }: { report: Report; isOld: boolean }) {
  const w = useWords(words);
  const format = useFormat();
  const { ok, checks, checkedAt, drained, gate } = report;
  const broken = checks.filter((check) => !check.ok).map(({ id }) => id);
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!isOld) return;
    setNow(Date.now());
    const every = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(every);
  }, [isOld]);
  return (
    <div className="verdict-head">
      <div>
        <p className={`verdict-says ${ok ? 'won' : 'fault'}`} role="status">
          <span aria-hidden="true">{ok ? '✓' : '✕'}</span> {ok ? w.holds : w.broken(broken.join(', '))}
        </p>
        <p className="quiet">
          {w.checkedAt(format.time(checkedAt))} {w.gate[gate]} {drained ? '' : w.notDrained}
        </p>
        {isOld ? (
          <p className="fault" role="alert">
            ✕ {w.old(format.span(Math.max(1000, now - Date.parse(checkedAt))))}
          </p>
        ) : null}
      </div>
      <Button variant="default" onClick={() => save(report)}>
        {w.save}
      </Button>
    </div>
  );
}

/** A mark for each result: tall where something was broken. */
function Strip({ past }: { past: readonly Past[] }) {
  const w = useWords(words);
  const format = useFormat();
  const bad = past.filter(({ broken }) => broken.length > 0).length;
  const [first] = past;
  if (!first) return null;
  const says = w.stripSays(format.number(past.length - bad), format.number(bad), format.clock(first.at));
  return (
    <section>
      <h2>{w.strip}</h2>
      <div className="integrity-strip" role="img" aria-label={says}>
        {past.map(({ at, broken }) => (
          <span
            key={at}
            className={broken.length > 0 ? 'bad' : ''}
            title={`${format.clock(at)} ${broken.join(', ')}`}
          />
        ))}
      </div>
      <p className="quiet">{says}</p>
    </section>
  );
}

function Invariants({ checks }: { checks: readonly Check[] }) {
  const w = useWords(words);
  return (
    <table className="invariants" aria-label={w.title}>
      <thead>
        <tr>
          <th scope="col">{w.id}</th>
          <th scope="col">{w.what}</th>
          <th scope="col">{w.ok}</th>
          <th scope="col">{w.how}</th>
          <th scope="col">{w.figures}</th>
        </tr>
      </thead>
      <tbody>
        {checks.map((check) => (
          <Row key={check.id} check={check} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ check }: { check: Check }) {
  const w = useWords(words);
  const format = useFormat();
  const { language } = useLanguage();
  const { id, ok, basis, figures } = check;
  const more = checkText(check, language, format.number);
  const value = (name: string, figure: number | boolean | null): string => {
    if (figure === null) return '–';
    if (typeof figure === 'boolean') return figure ? w.yes : w.no;
    return /At$|^starts|^closes/.test(name) ? format.time(figure) : format.number(figure);
  };
  return (
    <tr data-check={id} data-ok={ok}>
      <th scope="row">{id}</th>
      <td>
        {w.checks[id] ?? id}
        {more === null ? null : <p className={ok ? 'quiet' : 'broken-says'}>{more}</p>}
      </td>
      <td>
        {ok && basis === 'sampled' && figures['compared'] === 0 ? (
          <Mark shape="◌" tone="quiet" says={w.nothing} />
        ) : (
          <Mark shape={ok ? '✓' : '✕'} tone={ok ? 'won' : 'fault'} says={ok ? w.ok : w.fault} />
        )}
      </td>
      <td>{basis === 'sampled' ? w.sampled : w.counted}</td>
      <td>
        <ul>
          {Object.entries(figures).map(([name, figure]) => (
            <li key={name}>
              <span>{w.names[name] ?? name}</span> {value(name, figure)}
            </li>
          ))}
        </ul>
      </td>
    </tr>
  );
}

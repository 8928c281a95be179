/** What came of a rehearsal: one sentence, the figures, three plots, and each thing that was checked. */

import { Button } from '@mantine/core';
import { textOf } from '../../api.ts';
import { useFormat, useLanguage, useWords } from '../../language.tsx';
import { Figure, Mark } from '../../parts/pieces.tsx';
import { Original } from '../../said.tsx';
import { checkText } from '../integrity/checks.ts';
import { words as invariantWords } from '../integrity/words.ts';
import { OverTime, Verdicts, Waits } from './plots.tsx';
import type { AnswerCheck, Rehearsal, Result } from './rehearsals.ts';
import { words } from './words.ts';

export function ResultPage({ rehearsal, result }: { rehearsal: Rehearsal; result: Result }) {
  const w = useWords(words);
  return (
    <section className="rehearsal-result" data-ok={result.ok}>
      <div className="verdict-head">
        <p className={`verdict-says ${result.ok ? 'won' : 'fault'}`} role="status">
          <span aria-hidden="true">{result.ok ? '✓' : '✕'}</span> {result.ok ? w.says.green : w.says.red}
        </p>
        <Button variant="default" onClick={() => save(rehearsal)}>
          {w.download}
        </Button>
      </div>
      <WhatHappened result={result} />
      <Figures result={result} />
      <OverTime timeline={result.timeline} kill={result.kill} />
      <div className="rehearsal-two">
        <Verdicts verdicts={result.verdicts} crowd={result.crowd} />
        <Waits latencyBuckets={result.latencyBuckets} />
      </div>
      <Answers result={result} />
      <Changed result={result} />
    </section>
  );
}

/** A file of it, as the server told it. */
function save(rehearsal: Rehearsal): void {
  const link = document.createElement('a');
  const text = `${JSON.stringify(rehearsal, null, 2)}\n`;
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/json' }));
  link.download = `${rehearsal.shadowId}.json`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function WhatHappened({ result }: { result: Result }) {
  const w = useWords(words);
  const { number } = useFormat();
  const { crowd, kill, soldOutAfterMs, toldWins, recorded, shadow } = result;
  const span = (ms: number): string => w.seconds((ms / 1000).toFixed(ms < 950 ? 2 : 1));
  const quantity = number(shadow.quantity);
  const sentences = [
    w.says.crowd(number(crowd.users), number(crowd.presses)),
    soldOutAfterMs === null
      ? w.says.left(number(toldWins), quantity)
      : w.says.soldOut(quantity, span(soldOutAfterMs)),
    ...(kill === null
      ? []
      : [
          w.says.kill(span(kill.atMs), span(kill.backAfterMs)),
          w.says.waited(number(kill.unanswered), span(kill.longestWaitMs)),
        ]),
    w.says.recorded(number(toldWins), number(recorded ?? 0)),
    ...(crowd.unresolved === 0 ? [] : [w.says.unresolved(number(crowd.unresolved))]),
  ];
  return <p className="rehearsal-story">{sentences.join(' ')}</p>;
}

function Figures({ result }: { result: Result }) {
  const w = useWords(words);
  const { number, span } = useFormat();
  const { soldOutAfterMs, toldWins, kill, toldWithinMs, crowd } = result;
  const all = toldWithinMs['all'];
  const time = (ms: number): { value: string; unit: string } => {
    const [value = '', unit = ''] = span(ms).split(/(?<=[\d.])\s*(?=[^\d.\s])/);
    return { value, unit };
  };
  return (
    <div className="rehearsal-figures">
      {soldOutAfterMs === null ? null : <Figure {...time(soldOutAfterMs)} label={w.figures.soldOut} />}
      <Figure value={number(toldWins)} unit={w.units} label={w.figures.given} tone="won" />
      {all === undefined ? null : <Figure {...time(all.p99)} label={w.figures.p99} />}
      {all === undefined ? null : <Figure {...time(all.max)} label={w.figures.longest} />}
      {kill === null ? (
        <Figure value={number(Math.round(crowd.triesPerSecond))} unit={w.perSecond} label={w.figures.pace} />
      ) : (
        <Figure {...time(kill.backAfterMs)} label={w.figures.back} tone="wait" />
      )}
    </div>
  );
}

function Answers({ result: { answers, integrity } }: { result: Result }) {
  const w = useWords(words);
  const { language } = useLanguage();
  const { number } = useFormat();
  const broken = integrity.filter(({ ok }) => !ok);
  const good = number(integrity.length - broken.length);
  return (
    <div>
      <h3>{w.answers}</h3>
      <ul className="rehearsal-checks">
        {answers.map((check) => (
          <Answer key={check.id} check={check} />
        ))}
      </ul>
      <h3>{w.integrity}</h3>
      <p>
        <Mark
          shape={broken.length === 0 ? '✓' : '✕'}
          tone={broken.length === 0 ? 'won' : 'fault'}
          says={w.integritySays(good, number(integrity.length))}
        />
      </p>
      {broken.map(({ id, ok, says = '', figures = {} }) => (
        <p key={id} className="fault">
          {id} {checkText({ id, ok, figures, says }, language, number)}
        </p>
      ))}
    </div>
  );
}

function Answer({ check }: { check: AnswerCheck }) {
  const w = useWords(words);
  const { number } = useFormat();
  const { language } = useLanguage();
  const { id, ok, title, compared, violations, findings, skipped } = check;
  const inKorean = w.checks[id] ?? invariantWords.ko.checks[id];
  const [shape, tone, says] =
    skipped !== undefined
      ? (['–', 'quiet', w.skipped] as const)
      : ok
        ? (['✓', 'won', w.ok] as const)
        : (['✕', 'fault', w.fault] as const);
  return (
    <li data-check={id} data-ok={ok}>
      <span className="check-id">{id}</span>
      <span>
        {language === 'ko' ? (inKorean ?? title) : title}
        {findings.map((finding) => (
          <span key={finding} className="fault check-finding">
            <Original>{finding}</Original>
          </span>
        ))}
      </span>
      <Mark shape={shape} tone={tone} says={says} />
      <span className="quiet check-count">
        {ok ? w.compared(number(compared)) : w.findings(number(violations))}
      </span>
    </li>
  );
}

/** What the copy has otherwise than its campaign. */
function Changed({ result: { shadow } }: { result: Result }) {
  const w = useWords(words);
  if (shadow.changed.length === 0) return null;
  return (
    <div>
      <h3>{w.changed}</h3>
      <ul className="rehearsal-changed">
        {shadow.changed.map(({ field, was, is }) => (
          <li key={field}>
            <code>{field}</code> {textOf(was) || '–'} → {textOf(is) || '–'}
          </li>
        ))}
      </ul>
    </div>
  );
}

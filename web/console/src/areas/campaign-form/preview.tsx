/**
 * The participant's page as it would look, drawn here with the same tokens: the page itself may not be put into a
 * frame, and the campaign may not exist yet. And what will happen, in sentences.
 */

import { useState } from 'react';
import { useFormat, useLanguage, useWords } from '../../language.tsx';
import { benefitLine } from './benefit.tsx';
import { Choice } from './choice.tsx';
import type { Form } from './form.ts';
import { withOffset } from './times.ts';
import { formWords } from './words.ts';

type Shown = 'scheduled' | 'open' | 'won' | 'sold_out';

const SAMPLE_CODE = '7K3M-Q2ZD-9FHR-X';
const SHAPE: Readonly<Record<Shown, string>> = { scheduled: '○', open: '●', won: '✓', sold_out: '–' };

function usePage(form: Form, shown: Shown, openedAt: string | null) {
  const w = useWords(formWords);
  const format = useFormat();
  const { language } = useLanguage();
  const quantity = Number(form.quantity.replaceAll(/[,\s]/g, ''));
  const count = Number.isFinite(quantity) ? format.number(quantity) : '–';
  const opensAt = openedAt ?? withOffset(form.opensAt);
  const time = opensAt === null ? null : shortTime(opensAt, language);
  const p = w.preview;
  const of: Record<Shown, { number: string; under: string; says: string; act: string | null }> = {
    scheduled: {
      number: opensAt === null ? '–' : countdown(opensAt),
      under: opensAt === null ? '' : p.until,
      says: time === null ? p.draft : p.opens(time),
      act: time === null ? null : p.press,
    },
    open: { number: count, under: p.left(count), says: p.now, act: form.mode === 'queued' ? p.join : p.get },
    won: { number: '1', under: '', says: p.seq(count), act: form.source === 'none' ? null : p.copyCode },
    sold_out: { number: '0', under: p.left(count), says: p.gone(count), act: null },
  };
  return { w: p, count, time, ...of[shown] };
}

export interface PreviewProps {
  form: Form;
  /** when it was opened by hand; that counts, whatever was set */
  openedAt: string | null;
}

export function Preview({ form, openedAt }: PreviewProps) {
  const [shown, setShown] = useState<Shown>('open');
  const { language } = useLanguage();
  const { w, count, time, number, under, says, act } = usePage(form, shown, openedAt);
  const options = Object.fromEntries(Object.entries(w.states).map(([name, word]) => [name, [word]]));
  const benefit = benefitLine(form.benefit, language);
  return (
    <section className="preview" aria-label={w.title}>
      <h2>{w.title}</h2>
      <Choice
        name="preview"
        legend={w.state}
        quietLegend
        inRow
        options={options}
        value={shown as string}
        onChange={(chosen) => setShown(chosen as Shown)}
      />
      <div className={`phone ${shown}`}>
        <div className="phone-top">
          <strong>Dibs</strong>
        </div>
        <div className="phone-about">
          <p className="phone-name">{form.name || w.noName}</p>
          {benefit ? <p>{benefit}</p> : null}
          <p className="phone-fact">{w.facts(count)}</p>
          <p className="phone-fact">{time === null ? w.soon : w.from(time)}</p>
        </div>
        <div className="phone-stage">
          <p className="phone-state">
            <span aria-hidden="true">{SHAPE[shown]}</span> {w.states[shown]}
          </p>
          <p className={`phone-number${number.length > 4 ? ' long' : ''}`}>
            {shown === 'won' ? <span className="phone-no">No.</span> : null}
            {number}
          </p>
          <p className="phone-fact">{under}</p>
          {shown === 'won' && form.source !== 'none' ? <p className="phone-code">{SAMPLE_CODE}</p> : null}
          <p>{says}</p>
        </div>
        {act === null ? null : <div className={`phone-act${shown === 'open' ? ' does' : ''}`}>{act}</div>}
      </div>
      <p className="quiet small">{w.sample}</p>
    </section>
  );
}

/** What will happen, in the order in which it does. */
export function Sums({ form, openedAt }: PreviewProps) {
  const w = useWords(formWords).sums;
  const format = useFormat();
  const plain = (typed: string): number => Number(typed.replaceAll(/[,\s]/g, ''));
  const shown = (typed: string): string =>
    Number.isFinite(plain(typed)) ? format.number(plain(typed)) : typed;
  const [quantity, pace] = [plain(form.quantity), plain(form.perSecond)];
  const span = quantity > 0 && pace > 0 ? format.span((quantity / pace) * 1000) : null;
  const [opensAt, closesAt] = [withOffset(form.opensAt), withOffset(form.closesAt)];
  const isForSome = [form.allowUsers, form.denyUsers, form.tokenClaims].some((one) => one.trim() !== '');
  const sentences = [
    w.gives(shown(form.quantity), form.perUserLimit.trim()),
    ...(form.source === 'pool' ? [w.pool(shown(form.quantity))] : []),
    openedAt !== null
      ? w.opened(format.time(openedAt))
      : opensAt === null
        ? w.byHand
        : w.opens(format.time(opensAt)),
    form.mode === 'queued' ? w.mode.queued(shown(form.perSecond), span) : w.mode[form.mode],
    closesAt === null ? w.noClose : w.closes(format.time(closesAt)),
    ...(isForSome ? [w.some] : []),
  ];
  return (
    <section className="sums" aria-label={w.title}>
      <h2>{w.title}</h2>
      <ol>
        {sentences.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ol>
    </section>
  );
}

function shortTime(time: string, language: 'ko' | 'en'): string {
  if (Number.isNaN(Date.parse(time))) return time;
  return new Intl.DateTimeFormat(language, {
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  }).format(new Date(time));
}

function countdown(time: string): string {
  if (Number.isNaN(Date.parse(time))) return '–';
  const seconds = Math.max(0, Math.ceil((Date.parse(time) - Date.now()) / 1000));
  const two = (value: number): string => String(Math.trunc(value)).padStart(2, '0');
  if (seconds >= 86_400) return `${Math.floor(seconds / 86_400)}d`;
  return `${two(seconds / 3600)}:${two((seconds % 3600) / 60)}:${two(seconds % 60)}`;
}

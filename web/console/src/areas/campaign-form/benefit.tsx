/** What one gets: a line for the page, in two languages where there are two, over free JSON for other programs. */

import { TextInput } from '@mantine/core';
import { useWords } from '../../language.tsx';
import { Lines, useEditing } from './fields.tsx';
import { frozenBy } from './frozen.ts';
import { formWords } from './words.ts';

type Json = Record<string, unknown>;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** null: it is no object, and nobody but its writer can mend it. */
export function benefitOf(text: string): Json | null {
  if (text.trim() === '') return {};
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
  } catch {
    return null;
  }
}

/** The line that the page shows, as the page itself finds it. */
export function benefitLine(text: string, language: 'ko' | 'en'): string {
  const benefit = benefitOf(text);
  const line = benefit?.['title'] ?? benefit?.['name'] ?? benefit?.['text'] ?? '';
  if (typeof line === 'string') return line;
  return textOf((line as Json)[language]);
}

function titles(benefit: Json | null): { ko: string; en: string } {
  const title = benefit?.['title'] ?? '';
  if (typeof title !== 'object' || title === null) return { ko: textOf(title), en: '' };
  const both = title as Json;
  return { ko: textOf(both['ko']), en: textOf(both['en']) };
}

function withTitles(benefit: Json, { ko, en }: { ko: string; en: string }): string {
  const { title: _, ...rest } = benefit;
  const title = en === '' ? ko : { ko, en };
  const next = ko === '' && en === '' ? rest : { title, ...rest };
  return Object.keys(next).length === 0 ? '' : JSON.stringify(next, null, 2);
}

export function Benefit() {
  const w = useWords(formWords);
  const { form, set, campaign, locked } = useEditing();
  const benefit = benefitOf(form.benefit);
  const now = titles(benefit);
  const frozen = frozenBy(campaign, 'benefit');
  const why = frozen === null ? (benefit === null ? w.titleBlocked : null) : w.frozen[frozen];
  const write = (part: Partial<typeof now>): void =>
    set('benefit', withTitles(benefit ?? {}, { ...now, ...part }));
  const disabled = benefit === null || frozen !== null || locked;
  return (
    <>
      <TextInput
        id="f-title"
        label={w.title}
        description={why ?? w.hints.title}
        value={now.ko}
        disabled={disabled}
        autoComplete="off"
        onChange={(event) => write({ ko: event.currentTarget.value })}
      />
      <TextInput
        id="f-title-en"
        label={w.titleEn}
        description={why ?? w.hints.titleEn}
        value={now.en}
        disabled={disabled}
        autoComplete="off"
        onChange={(event) => write({ en: event.currentTarget.value })}
      />
      <details className="more" open={benefit === null}>
        <summary>{w.raw}</summary>
        <Lines input="benefit" hint={w.hints.json} mono />
      </details>
    </>
  );
}

/** How a run stands, what a job is called, and what it was asked with, in words. */

import { useLanguage, useWords } from '../../language.tsx';
import { Mark } from '../../parts/pieces.tsx';
import { KOREAN } from './korean.ts';
import { type Job, RUN_SHAPES, words } from './words.ts';

export function RunStatusMark({ of }: { of: keyof typeof RUN_SHAPES }) {
  const w = useWords(words);
  const [shape, tone] = RUN_SHAPES[of];
  return <Mark shape={shape} tone={tone} says={w.status[of]} />;
}

/** What a job is called and does, in the language in use. */
export function useJobText(): (job: Pick<Job, 'name' | 'summary'>) => { name: string; summary: string } {
  const { language } = useLanguage();
  return ({ name, summary }) => (language === 'ko' ? KOREAN[name] : undefined) ?? { name, summary };
}

export function paramsText(params: Record<string, unknown>): string {
  const named = Object.entries(params).map(([name, value]) => `${name}: ${String(value)}`);
  return named.length === 0 ? '–' : named.join(', ');
}

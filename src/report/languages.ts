/** Which language a report is in, and which words that gives it. */

import type { Language } from './formats.ts';
import { LANGUAGES } from './formats.ts';
import type { Words } from './words.ts';
import { english } from './words-en.ts';
import { korean } from './words-ko.ts';

export const WORDS: Readonly<Record<Language, Words>> = { en: english, ko: korean };

/** What is asked for by name, else what the browser prefers, else English. */
export function languageOf(asked: string | undefined, accepted: string | undefined): Language {
  const named = LANGUAGES.find((one) => one === asked);
  if (named) return named;
  const wanted = (accepted ?? '')
    .split(',')
    .map((part) => {
      const [tag = '', ...rest] = part.trim().toLowerCase().split(';');
      const quality = rest.map((one) => /^\s*q=([0-9.]+)$/.exec(one)?.[1]).find((one) => one !== undefined);
      return { tag: tag.split('-')[0], quality: quality === undefined ? 1 : Number(quality) };
    })
    .sort((a, b) => b.quality - a.quality);
  for (const { tag, quality } of wanted) {
    const known = LANGUAGES.find((one) => one === tag);
    if (known && quality > 0) return known;
  }
  return 'en';
}

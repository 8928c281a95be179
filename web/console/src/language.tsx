/** Korean or English: by the browser at first, then as chosen. Each area brings its own words in both. */

import { createContext, type ReactNode, useContext, useEffect, useMemo, useState } from 'react';

export type Language = 'ko' | 'en';

interface Speaking {
  language: Language;
  speak(language: Language): void;
}

const Speaking = createContext<Speaking>({ language: 'en', speak: () => undefined });
const KEPT = 'dibs.console.language';

function firstLanguage(): Language {
  const kept = localStorage.getItem(KEPT);
  if (kept === 'ko' || kept === 'en') return kept;
  return navigator.language.toLowerCase().startsWith('ko') ? 'ko' : 'en';
}

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState(firstLanguage);
  useEffect(() => {
    document.documentElement.lang = language;
  }, [language]);
  const speaking = useMemo(
    () => ({
      language,
      speak(next: Language) {
        localStorage.setItem(KEPT, next);
        setLanguage(next);
      },
    }),
    [language],
  );
  return <Speaking.Provider value={speaking}>{children}</Speaking.Provider>;
}

export const useLanguage = (): Speaking => useContext(Speaking);

/** The words of an area in the language in use. Both have the same names; what needs figures is a function. */
export function useWords<T>(words: { ko: T; en: T }): T {
  return words[useLanguage().language];
}

/** Numbers and times as people in that language write them, in the reader's own zone with the zone named. */
export function useFormat() {
  const { language } = useLanguage();
  return useMemo(() => {
    const digits = new Intl.NumberFormat(language);
    // Twenty-four hours in both languages; a month in words where the order of numbers could be misread.
    const locale = language === 'ko' ? 'ko' : 'en-GB';
    const date = new Intl.DateTimeFormat(locale, {
      year: 'numeric',
      month: language === 'ko' ? 'numeric' : 'short',
      day: 'numeric',
    });
    const named = new Intl.DateTimeFormat(locale, { timeZoneName: 'short' });
    const zone = (at: Date): string =>
      named.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    const short = new Intl.DateTimeFormat(language, {
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    });
    const day = new Intl.DateTimeFormat(locale, {
      month: 'short',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    return {
      number: (value: number): string => digits.format(value),
      /** with the zone: 2026. 11. 21. 21:27:46 GMT+9 */
      time: (text: string | number | null | undefined): string => {
        if (text === null || text === undefined) return '–';
        const at = new Date(text);
        // What is no time is shown as it is: it may be what somebody is just typing.
        if (Number.isNaN(at.getTime())) return String(text);
        return `${date.format(at)}${language === 'ko' ? '' : ','} ${short.format(at)} ${zone(at)}`;
      },
      /** for lists, where the zone stands in the head: 11월 21일 21:27 */
      day: (text: string | number): string => day.format(new Date(text)),
      clock: (text: string | number): string => short.format(new Date(text)),
      /** 950 ms, 12.3 s, 4 min; 950 ms, 12.3초, 4분 */
      span: (ms: number): string => {
        if (ms < 1000) return `${Math.round(ms)} ms`;
        if (ms < 120_000) return `${(ms / 1000).toFixed(1)}${language === 'ko' ? '초' : ' s'}`;
        return language === 'ko' ? `${Math.round(ms / 60_000)}분` : `${Math.round(ms / 60_000)} min`;
      },
    };
  }, [language]);
}

/** Times in tables: as short as they can be compared by eye, in the reader's zone. What is opened tells them whole. */

import { useMemo } from 'react';
import { useLanguage } from '../language.tsx';

/** `11. 21. 21:26:05`; `–` for none */
export function useMoment(): (text: string | null | undefined) => string {
  const { language } = useLanguage();
  return useMemo(() => {
    const short = new Intl.DateTimeFormat(language, {
      month: language === 'ko' ? 'numeric' : 'short',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
      hourCycle: 'h23',
    });
    return (text) => (text === null || text === undefined ? '–' : short.format(new Date(text)));
  }, [language]);
}

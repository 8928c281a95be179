/** Numbers, times and lengths of time as people write them, in the language and the zone of the report. */

export const LANGUAGES = ['en', 'ko'] as const;
export type Language = (typeof LANGUAGES)[number];

const LOCALE: Readonly<Record<Language, string>> = { en: 'en-GB', ko: 'ko-KR' };

/** Where nobody says another. */
export const ZONE: Readonly<Record<Language, string>> = { en: 'UTC', ko: 'Asia/Seoul' };

export interface Formats {
  language: Language;
  zone: string;
  count(value: number): string;
  /** for axes: 1.2K, 1.2만 */
  short(value: number): string;
  share(value: number): string;
  /** a length of time with its unit: 0.83 s, 12 min 4 s */
  duration(ms: number): string;
  /** a waiting time: 1.4 ms */
  latency(ms: number): string;
  /** the two parts of a moment: its date, and its time with milliseconds; without its zone */
  day(ms: number): string;
  time(ms: number): string;
  moment(ms: number): string;
  /** for axes, as exact as steps of this length ask for */
  tick(ms: number, stepMs: number): string;
}

const UNITS: Readonly<Record<Language, Readonly<Record<'ms' | 's' | 'min' | 'h' | 'd', string>>>> = {
  en: { ms: ' ms', s: ' s', min: ' min', h: ' h', d: ' d' },
  ko: { ms: 'ms', s: '초', min: '분', h: '시간', d: '일' },
};

/** Is it a time zone that can be written in? */
export function isZone(text: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

export function makeFormats(language: Language, zone: string = ZONE[language]): Formats {
  const locale = LOCALE[language];
  const unit = UNITS[language];
  const plain = new Intl.NumberFormat(locale);
  const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const digits = (value: number, most: number): string =>
    new Intl.NumberFormat(locale, { maximumFractionDigits: most }).format(value);
  const clock = { timeZone: zone, hour: '2-digit', minute: '2-digit', hour12: false } as const;
  const day = { timeZone: zone, month: 'short', day: 'numeric' } as const;
  const ofDay = new Intl.DateTimeFormat(locale, day);
  const ofMinute = new Intl.DateTimeFormat(locale, clock);
  const ofSecond = new Intl.DateTimeFormat(locale, { ...clock, second: '2-digit' });
  const ofDate = new Intl.DateTimeFormat(locale, { ...day, year: 'numeric' });
  const ofTime = new Intl.DateTimeFormat(locale, {
    ...{ ...clock, second: '2-digit' },
    fractionalSecondDigits: 3,
  });
  return {
    language,
    zone,
    count: (value) => plain.format(value),
    short: (value) => compact.format(value),
    share: (value) => percent.format(value),
    duration(ms) {
      if (ms < 1000) return `${digits(ms / 1000, 2)}${unit.s}`;
      if (ms < 60_000) return `${digits(ms / 1000, ms < 10_000 ? 2 : 1)}${unit.s}`;
      const [minutes, hours] = [Math.floor(ms / 60_000), Math.floor(ms / 3_600_000)];
      if (hours === 0) return `${minutes}${unit.min} ${Math.floor((ms % 60_000) / 1000)}${unit.s}`;
      if (hours < 48) return `${hours}${unit.h} ${minutes % 60}${unit.min}`;
      return `${Math.floor(hours / 24)}${unit.d} ${hours % 24}${unit.h}`;
    },
    latency(ms) {
      if (ms >= 1000) return `${digits(ms / 1000, 2)}${unit.s}`;
      return `${digits(ms, ms < 10 ? 2 : ms < 100 ? 1 : 0)}${unit.ms}`;
    },
    day: (ms) => ofDate.format(ms),
    time: (ms) => ofTime.format(ms),
    moment: (ms) => `${ofDate.format(ms)} ${ofTime.format(ms)}`,
    tick(ms, stepMs) {
      if (stepMs >= 86_400_000) return ofDay.format(ms);
      return stepMs >= 60_000 ? ofMinute.format(ms) : ofSecond.format(ms);
    },
  };
}

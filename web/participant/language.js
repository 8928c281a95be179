// @ts-check
/** Which language is spoken, and how numbers and times are said in it. */

/** @typedef {'ko' | 'en'} Language */

const KEPT = 'dibs.language';

/** @type {Language | null} what somebody else has chosen for what is said next */
let spoken = null;

/** For elements of which each has a language of its own: what is said from here on. @param {Language | null} next */
export const speakIn = (next) => {
  spoken = next;
};

/** The language chosen before on this device, else the browser's. @returns {Language} */
export function language() {
  if (spoken) return spoken;
  const kept = localStorage.getItem(KEPT);
  if (kept === 'ko' || kept === 'en') return kept;
  return navigator.language.toLowerCase().startsWith('ko') ? 'ko' : 'en';
}

/** @returns {Language} the language after the switch */
export function switchLanguage() {
  const next = language() === 'ko' ? 'en' : 'ko';
  localStorage.setItem(KEPT, next);
  return next;
}

/** @template T @param {{ ko: T, en: T }} both @returns {T} what is said in the language chosen */
export const inLanguage = (both) => both[language()];

/**
 * A number by groups of three, which both languages part alike. Not by `Intl`: its first number takes a slow phone longer
 * than all else on the page together.
 * @param {number} n
 */
export const count = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, ',');

/** @param {number} at @param {number} now @returns {Intl.DateTimeFormat} */
function formatOf(at, now) {
  const date = new Date(at);
  /** @type {Intl.DateTimeFormatOptions} */
  const shape = { hour: 'numeric', minute: '2-digit' };
  if (date.getSeconds() !== 0) shape.second = '2-digit';
  if (date.toDateString() !== new Date(now).toDateString()) {
    Object.assign(shape, { month: 'short', day: 'numeric', weekday: 'short' });
  }
  return new Intl.DateTimeFormat(language(), shape);
}

/**
 * A moment as people say it: the time alone when it is today, else with its date; seconds only when they matter.
 * @param {number} at epoch ms
 * @param {number} now epoch ms
 */
export const moment = (at, now) => formatOf(at, now).format(at);

/** The zone of this device as its language names it. @param {number} at epoch ms */
export const zoneAt = (at) =>
  new Intl.DateTimeFormat(language(), { timeZoneName: 'short' })
    .formatToParts(at)
    .find(({ type }) => type === 'timeZoneName')?.value ?? '';

const FROM = {
  ko: (/** @type {string} */ from) => `${from}부터`,
  en: (/** @type {string} */ from) => `from ${from}`,
};
const UNTIL = {
  ko: (/** @type {string} */ to) => `${to}까지`,
  en: (/** @type {string} */ to) => `until ${to}`,
};

/**
 * The window of a campaign with its zone, as short as the language allows; empty when there is none.
 * @param {string | null} opensAt
 * @param {string | null} closesAt
 * @param {number} now epoch ms
 */
export function windowText(opensAt, closesAt, now) {
  if (opensAt === null && closesAt === null) return '';
  const from = Date.parse(opensAt ?? '');
  const to = Date.parse(closesAt ?? '');
  let said = '';
  if (closesAt === null) said = inLanguage(FROM)(moment(from, now));
  else if (opensAt === null) said = inLanguage(UNTIL)(moment(to, now));
  else said = formatOf(to, now).formatRange(from, to);
  return `${said} (${zoneAt(opensAt === null ? to : from)})`;
}

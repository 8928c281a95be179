// @ts-check
/** The words of the language chosen. A built page brings one language; the other one is fetched when it is chosen. */

import { language } from './language.js';
import { en, ko } from './words-given.js';

/** @typedef {typeof import('./words-ko.js').ko} Words @typedef {import('./language.js').Language} Language */

/** @type {Record<Language, Words | undefined>} */
const known = { ko, en };

/** In the language chosen, or in the one that is there until that has come. @returns {Words} */
export const words = () => /** @type {Words} */ (known[language()] ?? ko ?? en);

/** Fetches the words of the language chosen where they are missing. Rejects when they cannot be had now. */
export async function loadWords() {
  if (known[language()]) return;
  if (language() === 'ko') known.ko = (await import('./words-ko.js')).ko;
  else known.en = (await import('./words-en.js')).en;
}

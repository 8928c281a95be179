/** What the form says, in both languages. */

import { en } from './words-en.ts';
import { ko } from './words-ko.ts';

export type FormWords = typeof ko;
export const formWords: { ko: FormWords; en: FormWords } = { ko, en };

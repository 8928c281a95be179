// @ts-check
/** The switch between the languages, in the corner of every page. */

import { part } from './dom.js';
import { inLanguage, language, switchLanguage } from './language.js';
import { loadWords } from './words.js';

const MINE = { ko: '내 쿠폰', en: 'My coupons' };

/** @param {() => void} render draws everything anew in the language chosen */
export function speak(render) {
  const button = part('language');
  function say() {
    document.documentElement.lang = language();
    part('mine').textContent = inLanguage(MINE);
    button.textContent = inLanguage({ ko: 'English', en: '한국어' });
    button.lang = language() === 'ko' ? 'en' : 'ko';
    render();
  }
  button.addEventListener('click', () => {
    switchLanguage();
    // Without its words the language stays what it was.
    void loadWords().catch(switchLanguage).then(say);
  });
  loadWords().then(say, say);
}

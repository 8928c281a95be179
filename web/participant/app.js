// @ts-check
/** Which page this is: the list, or one campaign. And the switch between the languages. */

import { campaignPage } from './campaign-page.js';
import { part } from './campaign-view.js';
import { listPage } from './list-page.js';
import { takeToken } from './who.js';
import { language, switchLanguage, words } from './words.js';

takeToken();

const path = /^\/c\/([^/]+)\/?$/.exec(location.pathname);
const render = path?.[1] ? campaignPage(decodeURIComponent(path[1])) : listPage();

function speak() {
  const button = part('language');
  document.documentElement.lang = language();
  button.textContent = words().other;
  button.lang = language() === 'ko' ? 'en' : 'ko';
  render();
}

part('language').addEventListener('click', () => {
  switchLanguage();
  speak();
});
speak();

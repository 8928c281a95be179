// @ts-check
/** Which page this is: the list, or one campaign. And the switch between the languages. */

import { CampaignPage } from './campaign-page.js';
import { part } from './campaign-view.js';
import { listPage } from './list-page.js';
import { takeToken } from './who.js';
import { language, switchLanguage, words } from './words.js';

takeToken();

const path = /^\/c\/([^/]+)\/?$/.exec(location.pathname);
const id = path?.[1];
/** @type {() => void} */
let render;
if (id) {
  const page = new CampaignPage(decodeURIComponent(id));
  render = () => page.turn();
} else render = listPage();

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

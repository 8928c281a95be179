// @ts-check
/** Draws a campaign: what it is, the one number, the line that says what is going on, the one button. */

import { part, put } from './dom.js';
import { count, windowText } from './language.js';
import { aheadOf } from './states.js';
import { labelOf, numberOf, saysOf, waited } from './telling.js';
import * as who from './who.js';
import { words } from './words.js';

/** @typedef {import('./states.js').State} State @typedef {import('./states.js').Sight} Sight */
/** @typedef {object} Page what only the drawing needs
 * @property {boolean} copied
 * @property {boolean} badUser the name was not one that the server takes
 * @property {number} seenAt when news came last, on the performance clock */

/** States in which the press is still to come, and so the name has to be known. */
const BEFORE_PRESS = new Set(['scheduled', 'armed', 'open', 'left']);

/** After the frame that shows the button. */
const WINDOW_MS = 50;

/** What screen readers were told last: a state is told once, its figures are not told as they run. */
let told = '';

/** @param {State} state @param {Sight} sight @param {Page} page */
export function draw(state, sight, page) {
  const wantsToken = sight.campaign?.signIn === 'token' && !who.isKnown();
  const wanted = wantsToken && BEFORE_PRESS.has(state) ? 'signin' : state;
  const main = part('campaign');
  main.dataset.state = wanted;
  main.classList.toggle('holds', sight.mine !== null);
  put('state', words().state[wanted]);
  drawAbout(wanted, sight);
  drawNumber(numberOf(state, sight));
  put('code', sight.mine?.claim.code ?? '');
  const says = saysOf(wanted, sight, page.seenAt);
  // A sentence has a line of its own.
  put('says', says.replaceAll('. ', '.\n'));
  drawLine(wanted, sight);
  drawReach(wanted, sight, page);
  const news = `${wanted} ${document.documentElement.lang} ${sight.refused?.code}`;
  if (news === told) return;
  told = news;
  part('told').textContent = `${words().state[wanted]}. ${says}`;
}

/** @param {State} state @param {Sight} sight */
function drawAbout(state, { campaign, now }) {
  if (campaign === null) return put('name', words().state[state]);
  const w = words();
  document.title = `${campaign.name} · Dibs`;
  put('name', campaign.name);
  put('benefit', textOf(campaign.benefit));
  put('facts', w.facts(count(campaign.quantity)));
  drawWindow(campaign, now);
}

/** Which window is shown, in which language. */
let shown = '';

/** The first time that is put into words takes a slow phone long: the button comes before it, and its line waits for it. */
function drawWindow(
  /** @type {import('./live.js').Campaign} */ { opensAt, closesAt },
  /** @type {number} */ now,
) {
  const wanted = opensAt + document.documentElement.lang + closesAt;
  if (wanted === shown) return;
  shown = wanted;
  put('window', opensAt || closesAt ? '\u00a0' : '');
  setTimeout(() => put('window', windowText(opensAt, closesAt, now)), WINDOW_MS);
}

/** The benefit is the operator's own JSON; a title, a name or a text in it is shown, in the language if there are two. */
function textOf(/** @type {Record<string, any> | null} */ benefit) {
  const text = benefit?.title ?? benefit?.name ?? benefit?.text ?? '';
  if (typeof text === 'string') return text;
  return String(text?.[document.documentElement.lang] ?? '');
}

/** The number is as large as the screen lets it be: the style divides the width by how many digits there are. */
function drawNumber(
  /** @type {import('./telling.js').Figure} */ { before = '', figure, after = '', under = '' },
) {
  put('before', before);
  put('figure', figure);
  put('after', after);
  put('under', under);
  let widths = 0;
  for (const sign of figure) widths += /[\d–…]/.test(sign) ? 1 : 0.45;
  if (before) widths += 0.55;
  if (after) widths += 0.5;
  part('number').style.setProperty('--widths', String(widths));
}

/** How far the line has come, and the question before it is left. @param {State} state @param {Sight} sight */
function drawLine(state, sight) {
  const bar = /** @type {HTMLProgressElement} */ (part('bar'));
  const share = state === 'waiting' ? waited(sight) : null;
  bar.hidden = share === null;
  bar.value = share ?? 0;
  const { bar: label, leave } = words();
  bar.setAttribute('aria-label', label);
  if (state !== 'waiting') /** @type {HTMLDialogElement} */ (part('leave')).close();
  const ahead = sight.place && aheadOf(sight.place, sight.campaign?.servingNumber ?? 0);
  put('leave-title', leave.title);
  put('leave-says', leave.says(count(ahead ?? 0)));
  put('leave-yes', leave.yes);
  put('leave-no', leave.no);
}

/** @param {State} state @param {Sight} sight @param {Page} page */
function drawReach(state, sight, { copied, badUser }) {
  const w = words();
  const asks = BEFORE_PRESS.has(state) && !who.isKnown();
  part('who-form').hidden = !asks;
  put('who-label', w.whoLabel);
  put('who-save', w.whoSave);
  put('who-hint', badUser ? w.whoBad : w.whoHint);
  part('who-hint').classList.toggle('bad', badUser);
  const name = who.isKnown() && state !== 'missing' && state !== 'signin' ? who.displayName() : '';
  part('me').hidden = name === '';
  put('me-name', name === '' ? '' : w.me(name));
  const mayChange = who.userId() !== null && (BEFORE_PRESS.has(state) || sight.mine !== null);
  put('me-change', mayChange ? w.meChange : '');
  const act = part('act');
  const hadFocus = document.activeElement === act;
  const label = asks ? '' : labelOf(state, sight);
  put('act', copied && label ? w.act.copied : label);
  act.classList.toggle('quiet', state === 'armed' || state === 'waiting' || sight.mine !== null);
  // Who goes by keyboard is not thrown back to the top when the button goes.
  if (hadFocus && act.hidden) part('stage').focus();
}

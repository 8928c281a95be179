// @ts-check
/** Draws a campaign: what it is, the one number, the line that says what is going on, the one button. */

import { aheadOf, timeLeft } from './states.js';
import * as who from './who.js';
import { count, moment, windowText, words } from './words.js';

/** @typedef {import('./states.js').State} State @typedef {import('./states.js').Sight} Sight */
/** @typedef {{ before?: string, figure: string, after?: string, under?: string }} Figure */

/** @template {HTMLElement} T @param {string} id @returns {T} */
export const part = (id) => /** @type {T} */ (document.getElementById(id));

/** Touches the page only where something changed, so that a live region speaks once. @param {string} id @param {string} text */
function put(id, text) {
  const element = part(id);
  if (element.textContent !== text) element.textContent = text;
  element.hidden = text === '';
}

/** States in which the press is still to come, and so the name has to be known. */
const BEFORE_PRESS = new Set(['scheduled', 'armed', 'open', 'left']);

/**
 * @param {State} state
 * @param {Sight} sight
 * @param {{ copied: boolean, seenAt: number, badUser: boolean }} page
 */
export function draw(state, sight, page) {
  const page_ = part('campaign');
  page_.dataset.state = state;
  page_.classList.toggle('holds', sight.mine !== null);
  page_.classList.toggle('dim', state === 'offline');
  const w = words();
  put('state', w.state[state]);
  drawAbout(sight);
  drawNumber(numberOf(state, sight));
  put('code', sight.mine?.claim.code ?? '');
  put('says', saysOf(state, sight, page.seenAt));
  drawReach(state, sight, page);
}

/** @param {Sight} sight */
function drawAbout({ campaign, now }) {
  if (campaign === null) return;
  const w = words();
  put('name', campaign.name);
  put('benefit', textOf(campaign.benefit));
  put('facts', w.facts(count(campaign.quantity)));
  put('window', windowText(campaign.opensAt, campaign.closesAt, now));
}

/** The benefit is the operator's own JSON; a title, a name or a text in it is shown, in the language if there are two. */
function textOf(/** @type {Record<string, any> | null} */ benefit) {
  const text = benefit?.title ?? benefit?.name ?? benefit?.text ?? '';
  if (typeof text === 'string') return text;
  return String(text?.[document.documentElement.lang] ?? '');
}

/** @param {State} state @param {Sight} sight @returns {Figure} */
function numberOf(state, { campaign, mine, place, now }) {
  const w = words();
  if (place && !mine) return standingOf(place, campaign?.servingNumber ?? 0);
  if (mine) return { before: 'No.', figure: count(mine.claim.seq) };
  if (campaign === null) return { figure: '–' };
  const quantity = count(campaign.quantity);
  const remaining = count(campaign.remaining);
  switch (state) {
    case 'scheduled':
    case 'armed':
      return countdown(campaign.opensAt, now);
    case 'sold_out':
      return { figure: count(0), under: w.under.sold_out(quantity) };
    case 'closed':
      return { figure: count(campaign.quantity - campaign.remaining), under: w.under.closed(quantity) };
    case 'open':
    case 'left':
    case 'asking':
    case 'retrying':
    case 'paused':
      return { figure: remaining, under: w.under.open(quantity) };
    case 'offline':
      if (campaign.opensAt && now < Date.parse(campaign.opensAt)) return countdown(campaign.opensAt, now);
      return { figure: remaining, under: w.under.open(quantity) };
    default:
      return { figure: '–' };
  }
}

/** How many stand before me. @param {import('./claim.js').Pending} place @param {number} serving @returns {Figure} */
function standingOf(place, serving) {
  const ahead = aheadOf(place, serving);
  if (ahead === null || place.position === null || place.position === undefined) return { figure: '–' };
  return { figure: count(ahead), under: words().under.waiting(count(place.position), count(serving)) };
}

/** @param {string | null} opensAt @param {number} now @returns {Figure} */
function countdown(opensAt, now) {
  if (opensAt === null) return { figure: '–' };
  const w = words();
  const left = timeLeft(Date.parse(opensAt) - now);
  const after = left.unit === null ? '' : w[left.unit];
  return { figure: left.figure, after, under: [left.rest, w.under.scheduled].filter(Boolean).join(' ') };
}

/** The number is as large as the screen lets it be: the style divides the width by how many digits there are. */
function drawNumber(/** @type {Figure} */ { before = '', figure, after = '', under = '' }) {
  put('before', before);
  put('figure', figure);
  put('after', after);
  put('under', under);
  let widths = 0;
  for (const sign of figure) widths += /\d|–/.test(sign) ? 1 : 0.45;
  if (before) widths += 0.55;
  if (after) widths += 0.5;
  part('number').style.setProperty('--widths', String(widths));
}

/** @param {State} state @param {Sight} sight @param {number} seenAt @returns {string} */
function saysOf(state, sight, seenAt) {
  const { campaign, mine, asking, refused, now, place, left } = sight;
  const says = words().says;
  const quantity = count(campaign?.quantity ?? 0);
  switch (state) {
    case 'loading':
      return words().loading;
    case 'missing':
      return words().missing;
    case 'scheduled':
      return says.scheduled(moment(Date.parse(campaign?.opensAt ?? ''), now));
    case 'retrying':
      return asking?.waiting?.why === 'busy' ? says.busy(secondsTo(asking.waiting.untilMs)) : says.retrying;
    case 'waiting':
      return place?.position === null ? says.lots : says.waiting(waitOf(place?.estimatedWaitMs ?? null));
    case 'turn':
      return says.turn(moment(Date.parse(place?.confirmBy ?? ''), now));
    case 'left':
      return left === 'expired' ? says.passed : says.left;
    case 'won':
      return says.won(quantity, count(mine?.claim.seq ?? 0));
    case 'already_won':
      return alreadyWon(mine?.claim.status ?? '');
    case 'sold_out':
      return campaign ? soldOut(campaign) : '';
    case 'ineligible':
      return [says.ineligible, refused?.reason].filter(Boolean).join(' ');
    case 'closed':
      return says.closed(count((campaign?.quantity ?? 0) - (campaign?.remaining ?? 0)));
    case 'offline':
      return says.offline(ageOf(performance.now() - seenAt));
    case 'faulty':
      return refused?.code === 'line_full' || refused?.code === 'no_chance'
        ? says[refused.code]
        : says.faulty(refused?.code ?? '');
    default:
      return says[state];
  }
}

/** @param {number | null} ms @returns {string} empty when nobody can say */
function waitOf(ms) {
  if (ms === null) return '';
  const seconds = Math.ceil(ms / 1000);
  return seconds < 90 ? words().age.s(seconds) : words().age.m(Math.ceil(seconds / 60));
}

/** @param {string} status */
function alreadyWon(status) {
  const says = words().says;
  if (status === 'redeemed') return says.redeemed;
  if (status === 'revoked') return says.returned;
  return status === 'expired' ? says.expired : says.already_won;
}

/** With the seconds it took, rounded up, when the server has told both ends; never guessed. */
function soldOut(/** @type {import('./live.js').Campaign} */ { quantity, opensAt, lastWonAt }) {
  const says = words().says;
  if (!opensAt || !lastWonAt) return says.sold_out(count(quantity));
  const seconds = (Date.parse(lastWonAt) - Date.parse(opensAt)) / 1000;
  return says.soldOutIn(
    count(quantity),
    count(seconds < 60 ? Math.ceil(seconds * 10) / 10 : Math.ceil(seconds)),
  );
}

/** @param {number} at on the performance clock */
const secondsTo = (at) => Math.max(1, Math.ceil((at - performance.now()) / 1000));

/** @param {number} ms */
function ageOf(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return seconds < 60 ? words().age.s(seconds) : words().age.m(Math.floor(seconds / 60));
}

/** @param {State} state @param {Sight} sight @param {{ copied: boolean, badUser: boolean }} page */
function drawReach(state, sight, { copied, badUser }) {
  const w = words();
  const asks = BEFORE_PRESS.has(state) && !who.isKnown();
  part('who-form').hidden = !asks;
  put('who-label', w.whoLabel);
  put('who-save', w.whoSave);
  put('who-hint', badUser ? w.whoBad : w.whoHint);
  part('who-hint').classList.toggle('bad', badUser);
  const user = who.userId();
  part('me').hidden = user === null || state === 'missing';
  put('me-name', user === null ? '' : w.me(user));
  put('me-change', BEFORE_PRESS.has(state) || sight.mine ? w.meChange : '');
  const label = asks ? '' : labelOf(state, sight, copied);
  put('act', label);
  part('act').classList.toggle('quiet', state === 'armed' || state === 'waiting' || sight.mine !== null);
}

/** @param {State} state @param {Sight} sight @param {boolean} copied @returns {string} */
function labelOf(state, sight, copied) {
  const { act } = words();
  if (sight.mine) return sight.mine.claim.code ? (copied ? act.copied : act.won) : '';
  return state in act ? act[/** @type {'open'} */ (state)] : '';
}

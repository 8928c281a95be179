// @ts-check
/** What is told in each state: the one number, the one sentence, and what the one button does. Pure words, no page. */

import { count, moment } from './language.js';
import { aheadOf, timeLeft } from './states.js';
import { words } from './words.js';

/** @typedef {import('./states.js').State} State @typedef {import('./states.js').Sight} Sight */
/** @typedef {{ before?: string, figure: string, after?: string, under?: string }} Figure */

/** @param {State} state @param {Sight} sight @returns {Figure} */
export function numberOf(state, { campaign, mine, place, now }) {
  const w = words();
  if (state === 'turn') return countdown(place?.confirmBy ?? null, now, '');
  if (state === 'waiting' && place) return standingOf(place, campaign?.servingNumber ?? 0);
  if (state === 'pending') return { figure: '…' };
  if (mine) return { before: 'No.', figure: count(mine.claim.seq) };
  if (campaign === null) return { figure: '–' };
  const quantity = count(campaign.quantity);
  const remaining = count(campaign.remaining);
  switch (state) {
    case 'scheduled':
    case 'armed':
      return countdown(campaign.opensAt, now, w.under.scheduled);
    case 'sold_out':
      return { figure: count(0), under: w.under.sold_out(quantity) };
    case 'closed':
      return { figure: count(campaign.quantity - campaign.remaining), under: w.under.closed(quantity) };
    case 'opening':
    case 'open':
    case 'left':
    case 'asking':
    case 'retrying':
    case 'paused':
      return { figure: remaining, under: w.under.open(quantity) };
    case 'offline':
      if (campaign.opensAt && now < Date.parse(campaign.opensAt)) {
        return countdown(campaign.opensAt, now, w.under.scheduled);
      }
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

/** @param {string | null} at @param {number} now @param {string} what is then @returns {Figure} */
function countdown(at, now, what) {
  if (at === null) return { figure: '–' };
  const left = timeLeft(Date.parse(at) - now);
  const after = left.unit === null ? '' : words()[left.unit];
  return { figure: left.figure, after, under: [left.rest, what].filter(Boolean).join(' ') };
}

/** @param {State} state @param {Sight} sight @param {number} seenAt @returns {string} */
export function saysOf(state, sight, seenAt) {
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
      return says.turn(count(Math.max(0, Math.ceil((Date.parse(place?.confirmBy ?? '') - now) / 1000))));
    case 'armed':
      return campaign?.pressSpreadMs ? says.armedIn(count(campaign.pressSpreadMs / 1000)) : says.armed;
    case 'left':
      return left === 'expired' ? says.passed : says.left;
    case 'won':
      return (mine?.later ? says.wonLater : says.won)(quantity, count(mine?.claim.seq ?? 0));
    case 'already_won':
      return mine?.later ? says.later : says.already_won;
    case 'redeemed':
      return mine?.claim.redeemedAt
        ? says.redeemedAt(moment(Date.parse(mine.claim.redeemedAt), now))
        : says.redeemed;
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

/** What the button says; empty: there is none. @param {State} state @param {Sight} sight @returns {string} */
export function labelOf(state, { campaign, mine }) {
  const { act } = words();
  if (mine) return mine.claim.code && (state === 'won' || state === 'already_won') ? act.won : '';
  if (state === 'scheduled' && campaign?.line?.shuffle) return act.lots;
  return state in act ? act[/** @type {'open'} */ (state)] : '';
}

/** How far somebody's wait has come, 0 … 1; null where there is no line. @param {Sight} sight */
export function waited({ place, campaign }) {
  const ahead = place && aheadOf(place, campaign?.servingNumber ?? 0);
  if (!place?.position || ahead === null) return null;
  return 1 - Math.min(1, ahead / Math.max(1, place.position - 1));
}

// @ts-check
/** What the list of campaigns and the list of one's own coupons say. */

import { inLanguage } from './language.js';

const ko = {
  listTitle: '선착순 이벤트',
  listEmpty: '아직 열린 이벤트가 없어요. 열리면 여기에 보여요.',
  away: '불러오지 못했어요. 잠시 뒤 다시 불러올게요.',
  mineTitle: '내 쿠폰',
  mineEmpty: '아직 받은 쿠폰이 없어요. 받으면 여기에 모여요.',
  mineOf: (/** @type {string} */ user) => `${user} 님의 쿠폰이에요.`,
  later: '쿠폰 번호는 나중에 여기로 와요.',
  noCode: '번호가 필요 없는 당첨이에요.',
  until: (/** @type {string} */ time, /** @type {string} */ zone) => `${time}까지 (${zone})`,
  redeemed: (/** @type {string} */ time) => `${time}에 사용`,
  open: '쿠폰 보기',
  signin: '로그인이 필요해요. 이벤트를 연 서비스에서 다시 들어와 주세요.',
  ask: '누구의 쿠폰을 볼까요?',
  save: '보기',
  change: '바꾸기',
};

/** @type {typeof ko} */
const en = {
  listTitle: 'First come, first served',
  listEmpty: 'Nothing is on yet. What opens will be shown here.',
  away: 'This could not be loaded. We try again in a moment.',
  mineTitle: 'My coupons',
  mineEmpty: 'No coupons yet. What you win is kept here.',
  mineOf: (user) => `What ${user} holds.`,
  later: 'The code comes later, here.',
  noCode: 'Nothing but the number is needed.',
  until: (time, zone) => `until ${time} (${zone})`,
  redeemed: (time) => `used ${time}`,
  open: 'Show the coupon',
  signin: 'Please sign in: come back from the service that runs this.',
  ask: 'Whose coupons?',
  save: 'Show',
  change: 'Change',
};

export const homeWords = () => inLanguage({ ko, en });

// @ts-check
/** Everything the page says, in both languages. Short, exact, kind; a number is never rounded into a lie. */

/** @typedef {'ko' | 'en'} Language */

const ko = {
  other: 'English',
  listTitle: '선착순 이벤트',
  listEmpty: '아직 열린 이벤트가 없어요. 열리면 여기에 보여요.',
  listAway: '목록을 불러오지 못했어요. 잠시 뒤 다시 열어 주세요.',
  loading: '불러오고 있어요.',
  missing: '이런 이벤트는 없어요. 주소를 확인해 주세요.',
  facts: (/** @type {string} */ quantity) => `${quantity}개 한정`,
  from: (/** @type {string} */ from, /** @type {string} */ zone) => `${from}부터 (${zone})`,
  state: {
    loading: '여는 중',
    missing: '없음',
    draft: '준비 중',
    scheduled: '열리기 전',
    armed: '대신 누를게요',
    open: '열림',
    asking: '확인 중',
    retrying: '다시 묻는 중',
    won: '당첨',
    already_won: '이미 당첨',
    waiting: '대기 중',
    turn: '내 차례',
    left: '줄에서 나감',
    sold_out: '소진',
    ineligible: '대상 아님',
    paused: '잠시 멈춤',
    closed: '끝남',
    rebuilding: '기록 확인 중',
    offline: '연결 없음',
    signin: '로그인 필요',
    faulty: '확인 필요',
  },
  under: {
    scheduled: '뒤에 열려요',
    waiting: (/** @type {string} */ position, /** @type {string} */ serving) =>
      `명이 앞에 있어요. 내 번호 ${position}, 지금 ${serving}번까지 입장했어요`,
    open: (/** @type {string} */ quantity) => `${quantity}개 중 남은 수`,
    sold_out: (/** @type {string} */ quantity) => `${quantity}개 중 남은 수`,
    closed: (/** @type {string} */ quantity) => `${quantity}개 중 나간 수`,
  },
  days: '일',
  seconds: '초',
  says: {
    draft: '아직 여는 시간이 정해지지 않았어요.',
    scheduled: (/** @type {string} */ time) => `${time}에 열려요. 서버 시계 기준이에요.`,
    armed: '열리는 순간 대신 눌러 드릴게요. 화면을 켜 두세요.',
    open: '지금 받을 수 있어요.',
    asking: '확인하고 있어요. 다시 눌러도 순서는 그대로예요.',
    retrying: '연결이 끊겨 다시 묻고 있어요. 이미 눌렀으니 안심하세요.',
    busy: (/** @type {number} */ s) => `사람이 몰렸어요. ${s}초 뒤에 대신 다시 누를게요.`,
    won: (/** @type {string} */ quantity, /** @type {string} */ seq) =>
      `${quantity}명 중 ${seq}번째예요. 쿠폰이 저장됐어요.`,
    already_won: '이미 받으셨어요. 같은 쿠폰이에요.',
    waiting: (/** @type {string} */ wait) =>
      wait
        ? `약 ${wait} 뒤에 차례가 와요. 화면을 닫아도 자리는 그대로예요.`
        : '차례를 기다리고 있어요. 자리는 그대로예요.',
    lots: '순서는 열릴 때 추첨으로 정해요. 자리는 그대로예요.',
    turn: (/** @type {string} */ time) => `차례가 왔어요. ${time}까지 한 번 더 눌러 주세요.`,
    left: '줄에서 나왔어요. 다시 서면 맨 뒤예요.',
    passed: '시간 안에 누르지 않아 다음 분께 차례가 넘어갔어요.',
    line_full: '지금은 줄이 가득 찼어요. 잠시 뒤에 다시 와 주세요.',
    no_chance: '앞에 기다리는 분이 많아 받을 수 없어요.',
    returned: '돌려주셨거나 회수된 쿠폰이에요.',
    redeemed: '이미 사용한 쿠폰이에요.',
    expired: '기한이 지난 쿠폰이에요.',
    soldOutIn: (/** @type {string} */ quantity, /** @type {string} */ seconds) =>
      `${quantity}개가 ${seconds}초 만에 모두 나갔어요.`,
    sold_out: (/** @type {string} */ quantity) => `${quantity}개가 모두 나갔어요.`,
    ineligible: '이 이벤트의 대상이 아니에요.',
    paused: '잠시 멈췄어요. 자리는 그대로예요.',
    closed: (/** @type {string} */ issued) => `끝났어요. ${issued}명이 받았어요.`,
    rebuilding: '기록을 확인하고 있어요. 받은 쿠폰은 안전해요.',
    offline: (/** @type {string} */ age) => `인터넷 연결이 없어요. ${age} 전 정보예요.`,
    signin: '로그인이 필요해요. 이벤트를 연 서비스에서 다시 들어와 주세요.',
    faulty: (/** @type {string} */ code) => `지금은 참여할 수 없어요. (${code})`,
  },
  act: {
    scheduled: '열리면 바로 참여하기',
    armed: '취소',
    open: '받기',
    waiting: '줄에서 나가기',
    turn: '지금 받기',
    left: '다시 줄 서기',
    won: '코드 복사',
    copied: '복사했어요',
  },
  whoLabel: '누구로 참여할까요?',
  whoHint: '이 기기에만 저장해요. 한 사람에 하나씩이에요.',
  whoSave: '계속',
  whoBad: '보이지 않는 글자 없이 1~128바이트로, 앞뒤를 비우지 않고 적어 주세요.',
  me: (/** @type {string} */ user) => `${user} 님으로 참여해요`,
  meChange: '바꾸기',
  age: { s: (/** @type {number} */ n) => `${n}초`, m: (/** @type {number} */ n) => `${n}분` },
};

/** @type {typeof ko} */
const en = {
  other: '한국어',
  listTitle: 'First come, first served',
  listEmpty: 'Nothing is on yet. What opens will be shown here.',
  listAway: 'The list could not be loaded. Please open this again in a moment.',
  loading: 'Loading.',
  missing: 'There is no such campaign. Please check the address.',
  facts: (quantity) => `${quantity} in all`,
  from: (from, zone) => `from ${from} (${zone})`,
  state: {
    loading: 'Loading',
    missing: 'Not found',
    draft: 'Being prepared',
    scheduled: 'Not open yet',
    armed: 'Will press for you',
    open: 'Open',
    asking: 'Checking',
    retrying: 'Asking again',
    won: 'Won',
    already_won: 'Won already',
    waiting: 'In line',
    turn: 'Your turn',
    left: 'Not in line',
    sold_out: 'Sold out',
    ineligible: 'Not open to you',
    paused: 'Paused',
    closed: 'Over',
    rebuilding: 'Checking records',
    offline: 'No connection',
    signin: 'Sign in',
    faulty: 'Needs a look',
  },
  under: {
    scheduled: 'until it opens',
    waiting: (position, serving) => `ahead of you. You are number ${position}, now serving ${serving}`,
    open: (quantity) => `left of ${quantity}`,
    sold_out: (quantity) => `left of ${quantity}`,
    closed: (quantity) => `given of ${quantity}`,
  },
  days: 'd',
  seconds: 's',
  says: {
    draft: 'The opening time is not set yet.',
    scheduled: (time) => `Opens at ${time}, by our clock.`,
    armed: 'We press the moment it opens. Keep this page on.',
    open: 'Open now.',
    asking: 'Checking. Pressing again changes nothing.',
    retrying: 'Connection lost, asking again. Your press counts once.',
    busy: (s) => `Many people are here. We press again for you in ${s} s.`,
    won: (quantity, seq) => `You are number ${seq} of ${quantity}. It is saved.`,
    already_won: 'You have one already: this one.',
    waiting: (wait) =>
      wait
        ? `Your turn comes in about ${wait}. Your place is kept.`
        : 'Waiting for your turn. Your place is kept.',
    lots: 'Places are drawn by lot when it opens. Yours is kept.',
    turn: (time) => `It is your turn. Press once more until ${time}.`,
    left: 'You have left the line. Joining again means its end.',
    passed: 'There was no press in time, so your turn went to the next.',
    line_full: 'The line is full for now. Please come back in a while.',
    no_chance: 'Too many people are in line for what is left.',
    returned: 'This one was given or taken back.',
    redeemed: 'This one has been used.',
    expired: 'This one is past its date.',
    soldOutIn: (quantity, seconds) => `All ${quantity} went in ${seconds} s.`,
    sold_out: (quantity) => `All ${quantity} are gone.`,
    ineligible: 'Not open to you.',
    paused: 'Paused for a moment. Places are kept.',
    closed: (issued) => `Over. ${issued} people got one.`,
    rebuilding: 'Checking our records. What was given is safe.',
    offline: (age) => `No connection. This is ${age} old.`,
    signin: 'Please sign in: come back from the service that runs this.',
    faulty: (code) => `Taking part is not possible now. (${code})`,
  },
  act: {
    scheduled: 'Press for me when it opens',
    armed: 'Cancel',
    open: 'Get one',
    waiting: 'Leave the line',
    turn: 'Get it now',
    left: 'Join again',
    won: 'Copy code',
    copied: 'Copied',
  },
  whoLabel: 'Who is taking part?',
  whoHint: 'Kept on this device only. One for each person.',
  whoSave: 'Continue',
  whoBad: 'Use 1 to 128 bytes, nothing invisible, no space at either end.',
  me: (user) => `Taking part as ${user}`,
  meChange: 'Change',
  age: { s: (n) => `${n} s`, m: (n) => `${n} min` },
};

const BOTH = { ko, en };
const KEPT = 'dibs.language';

/** The language chosen before on this device, else the browser's. @returns {Language} */
export function language() {
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

export const words = () => BOTH[language()];

/** A whole number with the separators of the language. @param {number} n */
export const count = (n) => n.toLocaleString(language());

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

/**
 * The window of a campaign with its zone, as short as the language allows; empty when there is none.
 * @param {string | null} opensAt
 * @param {string | null} closesAt
 * @param {number} now epoch ms
 */
export function windowText(opensAt, closesAt, now) {
  if (opensAt === null) return '';
  const from = Date.parse(opensAt);
  const zone = new Intl.DateTimeFormat(language(), { timeZoneName: 'short' })
    .formatToParts(from)
    .find((part) => part.type === 'timeZoneName')?.value;
  if (closesAt === null) return words().from(moment(from, now), zone ?? '');
  const to = Date.parse(closesAt);
  return `${formatOf(to, now).formatRange(from, to)} (${zone})`;
}

// @ts-check
/** What the operators' page says, in both languages. */

const ko = {
  other: 'English',
  title: 'Dibs 운영',
  people: '참여 화면',
  docs: 'API 문서',
  leave: '나가기',
  keyLabel: '운영자 키',
  enter: '들어가기',
  keyHint: '처음 시작할 때 한 번 보여 드렸고, 데이터 폴더의 admin.key 파일에도 있어요. 이 탭에만 저장해요.',
  keyRefused: '이 키로는 들어갈 수 없어요.',
  away: '서버에 닿지 않아요. 다시 해 보고 있어요.',
  campaigns: '캠페인',
  campaign: '이름',
  status: '상태',
  issued: '나간 수 / 전체',
  opens: '여는 때',
  closes: '닫는 때',
  level: '보존 수준',
  empty: '아직 캠페인이 없어요. 이렇게 만들어 보세요:',
  pick: '줄을 고르면 정합성 보고서를 보여 드려요.',
  report: '정합성 검증',
  holds: '모두 지켜짐',
  broken: '깨진 것이 있음',
  checkedAt: (/** @type {string} */ time) => `${time} 확인`,
  checking: '확인하고 있어요.',
  sampled: '표본',
  commands: '명령',
  api: '운영자 API',
  statuses: {
    draft: '준비 중',
    scheduled: '열리기 전',
    open: '열림',
    paused: '멈춤',
    sold_out: '소진',
    closed: '끝남',
    archived: '보관',
  },
  checks: {
    I1: '수량보다 많이 나가지 않았다',
    I2: '한 사람이 한도를 넘지 않았다',
    I3: '당첨이라고 알린 것은 모두 기록에 있다',
    I4: '판정하지 않은 것은 기록에 없다',
    I5: '찾는 사람이 충분하면 정확히 수량만큼 나간다',
    I6: '순번에 빈 곳도 겹침도 없다',
    I7: '번호 하나에 당첨 하나',
    I8: '다시 물어도 같은 답',
    I9: '먼저 답을 들은 사람의 순번이 앞선다',
    I10: '기간 밖의 당첨이 없다',
    I11: '소진은 사실일 때만 알린다',
  },
};

/** @type {typeof ko} */
const en = {
  other: '한국어',
  title: 'Dibs operators',
  people: 'People’s page',
  docs: 'API reference',
  leave: 'Leave',
  keyLabel: 'Operator key',
  enter: 'Enter',
  keyHint:
    'Shown once at the first start, and kept in the file admin.key of the data folder. Stays in this tab only.',
  keyRefused: 'This key does not open anything here.',
  away: 'The server cannot be reached. Trying again.',
  campaigns: 'Campaigns',
  campaign: 'Name',
  status: 'Status',
  issued: 'Issued / quantity',
  opens: 'Opens',
  closes: 'Closes',
  level: 'Durability',
  empty: 'No campaigns yet. Make one like this:',
  pick: 'Choose a row to see its integrity report.',
  report: 'Integrity',
  holds: 'all hold',
  broken: 'broken',
  checkedAt: (time) => `looked at ${time}`,
  checking: 'Looking.',
  sampled: 'sampled',
  commands: 'Commands',
  api: 'Operators’ API',
  statuses: {
    draft: 'Draft',
    scheduled: 'Scheduled',
    open: 'Open',
    paused: 'Paused',
    sold_out: 'Sold out',
    closed: 'Closed',
    archived: 'Archived',
  },
  checks: {
    I1: 'never more units than the quantity',
    I2: 'never more than the limit for one person',
    I3: 'every told win is in the record',
    I4: 'nothing in the record that was not decided',
    I5: 'enough demand gives exactly the quantity',
    I6: 'numbers without gaps and without doubles',
    I7: 'one code, one claim',
    I8: 'asking again gives the same answer',
    I9: 'who was answered first has the lower number',
    I10: 'no win outside the window',
    I11: 'sold out is told only when it is true',
  },
};

const BOTH = { ko, en };
/** The participants' page keeps its choice under the same name. */
const KEPT = 'dibs.language';

/** @returns {'ko' | 'en'} */
export function language() {
  const kept = localStorage.getItem(KEPT);
  if (kept === 'ko' || kept === 'en') return kept;
  return navigator.language.toLowerCase().startsWith('ko') ? 'ko' : 'en';
}

export function switchLanguage() {
  localStorage.setItem(KEPT, language() === 'ko' ? 'en' : 'ko');
}

export const words = () => BOTH[language()];

/** @param {string | null | undefined} at RFC 3339 @returns {string} with its zone; a dash for none */
export function time(at) {
  if (!at) return '–';
  /** @type {Intl.DateTimeFormatOptions} */
  const shape = { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' };
  return new Intl.DateTimeFormat(language(), { ...shape, hourCycle: 'h23', timeZoneName: 'short' }).format(
    new Date(at),
  );
}

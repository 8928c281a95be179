// @ts-check
/** The commands and calls an operator needs first. The full list is in `npm run dibs -- --help` and /docs. */

/** @typedef {{ term: string, ko: string, en: string }} Line */

/** @type {Line[]} */
export const COMMANDS = [
  {
    term: 'npm run dibs -- campaign apply -f campaign.yaml',
    ko: '캠페인을 만들거나 고쳐요',
    en: 'make or change a campaign',
  },
  { term: 'npm run dibs -- campaign list', ko: '목록', en: 'list them' },
  { term: 'npm run dibs -- campaign open ID', ko: '지금 열기', en: 'open now' },
  { term: 'npm run dibs -- campaign close ID', ko: '닫기', en: 'close' },
  { term: 'npm run dibs -- winners --campaign ID', ko: '순번대로 당첨자', en: 'winners in order' },
  { term: 'npm run dibs -- verify --campaign ID', ko: '모든 불변 조건 검사', en: 'check every invariant' },
  {
    term: 'npm run dibs -- rush --campaign ID --users 10000',
    ko: '사람을 흉내 내 몰려 보기',
    en: 'send a crowd, and check it',
  },
  { term: 'npm run dibs -- doctor', ko: '설정과 부품 점검', en: 'look at settings and parts' },
  { term: 'npm run dibs -- key add', ko: '운영자 키 더 만들기', en: 'make more operator keys' },
];

/** @type {Line[]} */
export const CALLS = [
  { term: 'POST /v1/admin/campaigns', ko: '만들기', en: 'define' },
  { term: 'GET /v1/admin/campaigns', ko: '목록', en: 'list' },
  { term: 'PATCH /v1/admin/campaigns/{id}', ko: '고치기 (If-Match 필요)', en: 'change (needs If-Match)' },
  { term: 'POST …/{id}/open · pause · resume · close · archive', ko: '상태 바꾸기', en: 'life cycle' },
  { term: 'GET …/{id}/claims · claims.csv', ko: '당첨자', en: 'winners' },
  { term: 'GET …/{id}/stats', ko: '판정별 수, 지연', en: 'counters by verdict, lag' },
  { term: 'GET …/{id}/integrity', ko: '정합성 검증', en: 'every invariant with its figures' },
  { term: 'GET /v1/admin/coupons/{code}', ko: '쿠폰 찾기', en: 'look a coupon up' },
  { term: 'POST …/{code}/redeem · revoke', ko: '사용, 회수', en: 'use once, take back' },
  { term: 'GET /v1/admin/dead-letters', ko: '데드 레터', en: 'what was set aside, and why' },
  { term: 'GET /v1/admin/audit', ko: '누가 무엇을 바꿨는지', en: 'who changed what' },
  { term: 'GET /v1/admin/events', ko: '실시간 (SSE)', en: 'live (SSE)' },
];

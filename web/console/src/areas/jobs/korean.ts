/** What the server calls jobs, their params, steps and reasons, in Korean; in English it says it itself. */

/** What a job is, and its params, in Korean; the server speaks English. A new job is shown as the server says. */
export const KOREAN: Readonly<Record<string, { name: string; summary: string }>> = {
  issue: { name: '발급', summary: '한 캠페인의 당첨자에게 쿠폰을 발급하고 뒤처리를 해요.' },
  grant: { name: '명단 지급', summary: 'CSV에 적힌 참여자에게 선착순 없이 쿠폰을 줘요.' },
  'import-codes': {
    name: '코드 가져오기',
    summary: '파일의 코드를 쿠폰 번호 풀에 넣어요. 전부 넣거나 하나도 넣지 않아요.',
  },
  export: { name: '내보내기', summary: '당첨자, 사용한 쿠폰, 감사 기록을 CSV로 만들어요.' },
  reconcile: {
    name: '정합성 검증',
    summary: '선착순 판정, 이벤트 로그, 발급 기록을 비교하고 규칙대로 고쳐요.',
  },
  'retry-dead-letters': {
    name: '데드 레터 재처리',
    summary: '따로 둔 당첨을 다시 보내요. 아직 안 되는 것은 남아요.',
  },
  report: { name: '보고서', summary: '캠페인이 어떻게 끝났는지 HTML, JSON, CSV로 만들어요.' },
  rehearse: { name: '리허설', summary: '캠페인의 사본에 사람들을 보내 미리 해 봐요.' },
  sweep: { name: '정리', summary: '끝난 캠페인의 자리, 만료된 쿠폰, 오래된 행을 치워요.' },
};

/** Why items were left out, and what steps do, by the names that the server has for them. */
export const KOREAN_REASONS: Readonly<Record<string, string>> = {
  left_out: '대상이 아님',
  bad_item: '할 수 없는 것',
  revoked: '회수됨',
  already_issued: '이미 발급함',
  already_won: '이미 당첨',
  ineligible: '대상 아님',
  invalid_user_id: '잘못된 참여자 아이디',
  duplicate: '이미 있는 번호',
  changed_meanwhile: '그 사이 바뀜',
  not_listed: '목록에 없음',
  gone: '없어짐',
  not_archived: '보관되지 않음',
  moving: '아직 옮기는 중',
  nothing: '치울 것 없음',
  still_dead: '아직 받지 못함',
};
export const KOREAN_STEPS: Readonly<Record<string, string>> = {
  begin: '준비',
  rows: '적기',
  finish: '마무리',
  grant: '지급',
  import: '가져오기',
  collect: '당첨자 모으기',
  issue: '발급',
  'clean-up': '뒤처리',
  compare: '견주기',
  play: '리허설',
  write: '쓰기',
  replay: '다시 보내기',
  erase: '참여자 지우기',
  gates: '판정 자리 치우기',
  units: '남은 수량 정리',
  'old-stagings': '오래된 가져오기 치우기',
};

export const KOREAN_PARAMS: Readonly<Record<string, string>> = {
  campaign: '캠페인',
  file: 'CSV 파일',
  soFar: '진행 중이어도 지금까지의 당첨자까지',
  chunkSize: '한 묶음의 쿠폰 수',
  header: '첫 줄은 열 이름',
  skipDuplicates: '이미 있는 코드는 빼고 넣기',
  what: '목록',
  codes: '코드 포함 (admin만 받을 수 있어요)',
  raw: '수식처럼 보이는 칸을 그대로 두기',
  gzip: 'gzip으로 묶기',
  apply: '규칙대로 고치기 (끄면 보기만 해요)',
  reason: '이유에 든 말',
  perSecond: '초당 최대 건수',
  language: '언어',
  zone: '시간대',
  erase: '참여자를 지울 보관된 캠페인',
  users: '사람 수',
  concurrency: '동시 연결 수',
  killAtSecond: '몇 초에 사본 서버를 강제로 끌지 (비우면 끄지 않아요)',
  overSeconds: '몇 초에 걸쳐 올지 (비우면 답이 오는 대로)',
  number: '사본 아이디의 번호',
};

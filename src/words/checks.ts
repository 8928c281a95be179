/**
 * What checks of integrity say in Korean, by their id and figures, and what their figures are called. In English a check
 * says it itself (core/audit, core/audit-line). What holds is said by each page in its own way.
 */

export interface CheckSaid {
  id: string;
  ok: boolean;
  figures: Readonly<Record<string, number | boolean | null>>;
}

type Say = (figure: (name: string) => string) => string;

const BROKEN_KO: Readonly<Record<string, Say>> = {
  I1: (n) => `수량은 ${n('quantity')}개인데 ${n('gate')}개를 판정했고 ${n('recorded')}개가 기록돼 있어요.`,
  I2: (n) => `한 사람에 ${n('perUserLimit')}개까지인데 ${n('perUserMax')}개를 가진 사람이 있어요.`,
  I3: (n) => `당첨 ${n('missing')}건이 기록에 없고, ${n('deadLetters')}건이 데드 레터로 빠져 있어요.`,
  I4: (n) => `판정은 ${n('decided')}건인데 기록은 ${n('recorded')}건, 마지막 순번은 ${n('lastSeq')}이에요.`,
  I5: (n) => `${n('stranded')}개가 남아 있는데 소진이라고 알렸어요.`,
  I6: (n) => `순번에 빈 곳이 ${n('gaps')}개, 겹침이 ${n('doubles')}개 있어요.`,
  I7: (n) =>
    `쿠폰 번호 ${n('withCode')}개 중 서로 다른 것은 ${n('distinct')}개이고, 번호 없는 당첨이 ${n('without')}건이에요.`,
  I8: (n) => `견준 답 ${n('compared')}개 중 ${n('wrong')}개가 처음과 달랐어요.`,
  I9: (n) => `견준 ${n('compared')}쌍 중 ${n('wrong')}쌍은 나중에 누른 사람의 순번이 앞서요.`,
  I10: () => '정해진 기간 밖의 당첨이 있어요.',
  I11: (n) => `소진이라는 답 ${n('compared')}개 중 ${n('wrong')}개는 아직 남아 있을 때 나갔어요.`,
  L1: (n) => `대기 순번이 빠지거나 겹친 곳이 ${n('wrong')}군데예요. 처음은 ${n('first')}번이에요.`,
  L2: (n) => `자리가 둘이거나 두 번 잃은 경우가 ${n('wrong')}건이에요. 처음은 ${n('first')}번이에요.`,
  L3: (n) =>
    `입장 순번이 뒤로 가거나 줄보다 앞선 경우가 ${n('wrong')}건이에요. 처음은 ${n('first')}번이에요.`,
  L4: (n) => `자리 순서에 맞지 않는 당첨이 ${n('wrong')}건이에요. 처음은 ${n('first')}번이에요.`,
  L5: (n) => `차례 전에 당첨됐거나 건너뛴 사람이 ${n('wrong')}명이에요. 처음은 ${n('first')}번이에요.`,
  L6: (n) => `대기열과 기록의 당첨자가 다른 경우가 ${n('wrong')}건이에요. 처음은 ${n('first')}번이에요.`,
};

/** What is said in Korean of a check that does not hold, or holds with something to add; null: it just holds. */
export function checkSaysKo(
  { id, ok, figures }: CheckSaid,
  number: (value: number) => string,
): string | null {
  const figure = (name: string): string => {
    const value = figures[name];
    return typeof value === 'number' ? number(Math.max(0, value)) : '–';
  };
  if (!ok) return BROKEN_KO[id]?.(figure) ?? null;
  if (figures['compared'] === 0 && id.startsWith('I')) return '견줄 답이 아직 없어요.';
  if (id === 'I3' && Number(figures['missing']) > 0) {
    return `당첨 ${figure('missing')}건이 기록으로 가는 중이에요.`;
  }
  if (id === 'I6' && Number(figures['accountedFor']) > 0) {
    return '순번에 겹침이 없어요. 빈 곳은 판정을 복구하기 전의 것이에요.';
  }
  return null;
}

const ko: Readonly<Record<string, string>> = {
  quantity: '수량',
  gate: '판정',
  recorded: '기록',
  returned: '돌아옴',
  reserved: '보류',
  perUserLimit: '한도',
  perUserMax: '최대',
  decided: '판정',
  deadLetters: '데드 레터',
  setAside: '빠짐',
  missing: '없음',
  drained: '다 옮김',
  lastSeq: '마지막 순번',
  issued: '나감',
  toldSoldOut: '소진 알림',
  stranded: '못 나감',
  distinct: '서로 다름',
  gaps: '빈 곳',
  doubles: '겹침',
  epoch: '에폭',
  baseSeq: '복구할 때의 순번',
  accountedFor: '까닭을 아는 빈 곳',
  withCode: '번호 있음',
  without: '번호 없음',
  unissued: '발급 대기',
  compared: '견줌',
  wrong: '틀림',
  first: '처음 틀린 순번',
  startsAt: '시작',
  firstWonAt: '첫 당첨',
  lastWonAt: '마지막 당첨',
  closesAt: '닫힘',
};

/** Those whose name in the API is no plain word. */
const en: Readonly<Record<string, string>> = {
  perUserLimit: 'limit',
  perUserMax: 'most',
  deadLetters: 'dead letters',
  setAside: 'set aside',
  lastSeq: 'last number',
  toldSoldOut: 'told sold out',
  baseSeq: 'last number before',
  accountedFor: 'gaps accounted for',
  withCode: 'with code',
  startsAt: 'starts',
  firstWonAt: 'first win',
  lastWonAt: 'last win',
  closesAt: 'closes',
  first: 'first wrong',
};

export const FIGURE_NAMES = { ko, en };

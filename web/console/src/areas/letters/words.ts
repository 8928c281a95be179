/** The words about dead letters. */

import type { Said } from '../../said.tsx';

export const words = {
  ko: {
    title: '데드 레터',
    under:
      '발급 기록이 받지 못해 따로 둔 사실이에요. 다시 처리하거나 버릴 때까지 그 수량은 나간 것으로 세요.',
    empty: '따로 둔 사실이 없어요. 모든 당첨이 기록됐어요.',
    none: '이 조건에 맞는 것이 없어요.',
    campaign: '캠페인',
    all: '전체',
    state: '상태',
    reason: '이유에 든 말',
    dead: '처리 안 됨',
    replayed: '재처리됨',
    discarded: '버림',
    count: (shown: string, more: boolean) => `${shown}건${more ? ' 이상' : ''}`,
    no: '번호',
    seq: '순번',
    user: '참여자',
    why: '이유',
    tries: '시도',
    first: '처음 시도',
    last: '마지막 시도',
    times: (count: string) => `${count}번`,
    kind: '사실',
    source: '온 곳',
    letter: (id: number) => `데드 레터 ${id}`,
    causes: '원인',
    payload: '내용',
    resolved: '처리한 때',
    by: '처리한 키',
    said: '처리한 이유',
    now: '지금 재처리하면',
    would: {
      would_issue: '발급돼요. 알려 준 순번과 코드 그대로예요.',
      already_there: '이미 기록돼 있어요. 두 번 발급되지 않아요.',
      would_stay: '그대로 남아요.',
    },
    noWin: '당첨이 아니어서 재처리할 수 없어요. 내용을 확인하고 버려 주세요.',
    replay: '재처리',
    dryRun: '해 보기 (바꾸지 않음)',
    discard: '버리기',
    dryTold: {
      issued: '해 보니 발급돼요.',
      already_there: '해 보니 이미 기록돼 있어요.',
      stays: '해 보니 그대로 남아요.',
    },
    told: { issued: '발급했어요.', already_there: '이미 기록돼 있었어요.', stays: '아직 받지 못해요.' },
    gaveUp: '버렸어요.',
    discardTitle: '이 데드 레터를 버릴까요?',
    frees: (campaign: string) => `${campaign}의 수량 1개가 풀려 다른 사람에게 나가요.`,
    loses: (user: string, seq: string) => `${user} 님은 ${seq}번째로 당첨됐다고 들었지만 받지 못해요.`,
    freesNothing: '수량 0개가 풀려요. 이 사실은 어느 수량에도 매여 있지 않아요.',
    final: '되돌릴 수 없어요.',
    many: '모두 재처리',
    manyTitle: '조건에 맞는 것을 모두 재처리해요',
    manyWhat: (campaign: string | null, reason: string) =>
      `대상: ${campaign ?? '모든 캠페인'}, ${reason === '' ? '모든 이유' : `이유에 “${reason}”이 든 것`}. 처리 안 된 당첨만 오래된 것부터 다시 보내요.`,
    looking: (count: string) => `세어 보고 있어요. 지금까지 ${count}건이에요.`,
    found: (all: string) => `모두 ${all}건이에요. 지금 재처리하면:`,
    issue: '발급됨',
    there: '이미 있음',
    stay: '남음',
    unit: '건',
    go: (count: string) => `${count}건 재처리`,
    going: (done: string, all: string) => `${all}건 가운데 ${done}건을 처리했어요.`,
    ended: '끝났어요.',
    stopped: '멈췄어요. 한 것은 그대로 남아요.',
    stop: '멈추기',
    close: '닫기',
    progress: '재처리 진행',
    nothing: '재처리할 것이 없어요.',
  },
  en: {
    title: 'Dead letters',
    under:
      'Facts that the record could not take in. Their units count as issued until they are replayed or discarded.',
    empty: 'Nothing was set aside. Every win is in the record.',
    none: 'None is like this.',
    campaign: 'Campaign',
    all: 'All',
    state: 'State',
    reason: 'Reason contains',
    dead: 'Dead',
    replayed: 'Replayed',
    discarded: 'Discarded',
    count: (shown: string, more: boolean) => `${shown}${more ? ' or more' : ''} letters`,
    no: 'No.',
    seq: 'Seq',
    user: 'User',
    why: 'Reason',
    tries: 'Tries',
    first: 'First try',
    last: 'Last try',
    times: (count: string) => `${count} ×`,
    kind: 'Fact',
    source: 'From',
    letter: (id: number) => `Dead letter ${id}`,
    causes: 'Causes',
    payload: 'Payload',
    resolved: 'Resolved',
    by: 'By the key',
    said: 'Why',
    now: 'A replay now',
    would: {
      would_issue: 'It would be issued, with the seq and the code that were told.',
      already_there: 'It is in the record already. Nothing would be issued twice.',
      would_stay: 'It would stay dead.',
    },
    noWin: 'It is no win and cannot be replayed. Look at the payload, then discard it.',
    replay: 'Replay',
    dryRun: 'Dry run',
    discard: 'Discard',
    dryTold: {
      issued: 'Dry run: it would be issued.',
      already_there: 'Dry run: it is there already.',
      stays: 'Dry run: it would stay dead.',
    },
    told: {
      issued: 'It was issued.',
      already_there: 'It was there already.',
      stays: 'The record still refuses it.',
    },
    gaveUp: 'It was discarded.',
    discardTitle: 'Discard this dead letter?',
    frees: (campaign: string) => `Frees 1 unit of ${campaign}: it goes to somebody else.`,
    loses: (user: string, seq: string) => `${user} was told that he won as number ${seq}, and gets nothing.`,
    freesNothing: 'Frees 0 units: this fact stands for none.',
    final: 'This cannot be undone.',
    many: 'Replay all of these',
    manyTitle: 'Replay all that are like this',
    manyWhat: (campaign: string | null, reason: string) =>
      `Of ${campaign ?? 'all campaigns'}, ${reason === '' ? 'for any reason' : `with “${reason}” in their reason`}. Only wins that are dead, the oldest first.`,
    looking: (count: string) => `Counting: ${count} so far.`,
    found: (all: string) => `${all} in all. A replay now:`,
    issue: 'issued',
    there: 'there already',
    stay: 'stay dead',
    unit: 'letters',
    go: (count: string) => `Replay ${count}`,
    going: (done: string, all: string) => `${done} of ${all} done.`,
    ended: 'Done.',
    stopped: 'Stopped. What was done stays done.',
    stop: 'Stop',
    close: 'Close',
    progress: 'Progress of the replay',
    nothing: 'There is nothing to replay.',
  },
};

export type LetterWords = typeof words.ko;

export interface Letter {
  id: number;
  campaignId: string | null;
  type: string;
  seq: number | null;
  userId: string | null;
  state: 'dead' | 'replayed' | 'discarded';
  reason: string;
  reasonSaid: Said | null;
  causes: { message: string; code: string | null }[];
  source: string;
  payload: string;
  tries: number;
  firstAt: string;
  lastAt: string;
  resolvedAt: string | null;
  resolvedBy: string | null;
  resolvedReason: string | null;
  wouldDo: {
    kind: 'would_issue' | 'already_there' | 'would_stay';
    why: string | null;
    whySaid: Said | null;
  } | null;
}

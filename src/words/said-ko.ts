/** The server's sentences (core/said) in Korean, with the same places in them. English is what the server says itself. */

import type { SaidCode } from '../core/said.ts';

export const SAID_KO: Readonly<Record<SaidCode, string>> = {
  gate_rebuilding: '판정을 복구하는 중이에요. 끝날 때까지 아무도 판정하지 않아요.',
  redis_silent: 'Redis가 답하지 않아요.',
  record_silent: '발급 기록이 제때 답하지 않았어요.',
  other_writer: '다른 프로세스가 같은 이름으로 쓰고 있어요: {source}',
  right_not_renewed: '접수 토픽에 쓸 권리를 제때 이어 받지 못했어요.',
  thread_died: '스레드 {thread} 하나가 멈췄어요.',
  over_quantity: '수량을 넘었어요.',
  seq_taken: '이 순번은 다른 당첨이 갖고 있어요.',
  unknown_campaign: '그런 캠페인이 없어요.',
  epoch_not_begun: '에폭 {epoch}이 아직 시작되지 않았어요.',
  late_untold:
    '늦었어요. 에폭 {epoch}에서 판정했지만 그 뒤 에폭이 이것 없이 열렸어요. 아무에게도 알리지 않았어요.',
  late_told:
    '늦었어요. 에폭 {epoch}에서 판정했지만 그 뒤 에폭이 이것 없이 열렸어요. 당첨이라고 들었을 수 있어요.',
  unit_held: '이 참여자가 이미 갖고 있는 수량이에요.',
  record_refuses: '발급 기록이 받지 않았어요.',
  no_campaign: '캠페인이 없어요: {campaign}',
  record_behind:
    '{campaign}에서 알린 당첨을 기록이 아직 따라가지 못했어요. docs/runbook/recorder-lag.md를 봐 주세요.',
  invariants_broken:
    '{campaign}에서 지켜지지 않은 것이 있어 발급하지 않았어요({ids}). 정합성 화면을 봐 주세요.',
  too_many_bad: '할 수 없는 것이 {limit}건을 넘었어요. 마지막 것의',
  no_code: '순번 {seq}의 쿠폰 번호가 없어요.',
  grant_undecided: '{line}번째 줄을 판정하지 못했어요({code}).',
  grant_sold_out: '{line}번째 줄에서 수량이 다했어요. 수량을 늘리고 이어서 하면 거기서부터 해요.',
  grant_not_open: '{line}번째 줄에서 캠페인이 열려 있지 않았어요({verdict}). 열고 이어서 해 주세요.',
  rehearsal_cut: '중간에 서버가 다시 시작됐어요. 새로 리허설해 주세요.',
  rehearsal_other: '다른 리허설이 진행 중이에요: {run}',
  rehearsal_hot: '진짜 이벤트에 사람이 몰려 멈췄어요. 한가해지면 다시 해 주세요.',
  rehearsal_near:
    '{campaign}, {minutes}분 뒤에 열려요. 여는 시각 10분 전보다 일찍, 또는 연 뒤에 리허설해 주세요.',
  rehearsal_hot_now: '진짜 이벤트에 사람이 몰려 있어요. 한가해지면 리허설해 주세요.',
  file_gone: '파일이 없어요: {file}',
  file_removed: '파일 {file} 하나가 지워졌어요. 작업을 다시 시작해 주세요.',
  file_removed_early: '파일 {file} 하나가 쓰는 도중에 지워졌어요. 작업을 다시 시작해 주세요.',
  file_empty: '파일에 아무도 적혀 있지 않아요: {file}',
  file_separators: '열은 쉼표로 나눠 주세요. 이 파일은 다른 기호로 나뉘어 있어요.',
  file_not_text: '{line}번째 줄 뒤는 UTF-8 글이 아니에요.',
  file_other_type: '파일 {file}의 형식이 CSV가 아니라 {type}예요.',
  file_not_gzip: '온전한 gzip 파일이 아니에요.',
  file_too_large: '풀고 나니 파일이 너무 커요. 나눠 주세요.',
  import_gone: '올려 둔 것이 없어졌어요. 작업을 다시 시작해 주세요.',
  import_others: '다른 가져오기와 자꾸 겹쳤어요. 이어서 해 주세요.',
  erase_moving: '캠페인의 사실 일부가 아직 기록으로 가는 중이에요.',
  erase_changed: '그 사이 누군가 캠페인을 바꿨어요.',
  hook_by_operator: '운영자가 껐어요.',
  hook_gone: '받는 곳이 410으로 답했어요. 더는 없는 주소예요.',
  hook_failing: '{tries}번 보냈지만 한 번도 성공하지 못했어요.',
  hook_silent: '{pending}건이 기다리고 있고, {minutes}분 동안 하나도 받지 않았어요.',
};

/** A template with its places filled; numbers are written by `number`. */
export function fill(
  template: string,
  figures: Readonly<Record<string, string | number>>,
  number: (value: number) => string = String,
): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = figures[name] ?? '';
    return typeof value === 'number' ? number(value) : value;
  });
}

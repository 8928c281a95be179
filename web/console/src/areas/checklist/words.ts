/** What the checklist says of each point: that it holds, or what to do about it. */

/** What the server says with a point, by name. */
export type Figures = Readonly<Record<string, unknown>>;

/** A figure as text: a number in the reader's language, names in a row. */
export function figureText(figure: unknown, number: (value: number) => string): string {
  if (typeof figure === 'number') return number(figure);
  if (Array.isArray(figure)) return figure.join(', ');
  return typeof figure === 'string' ? figure : '';
}

type Says = Readonly<Record<string, (figure: (name: string) => string) => string>>;

const ko = {
  title: '열기 전에 확인할 것',
  ready: '모두 준비됐어요. 열 수 있어요.',
  notReady: (count: number) => `${count}가지를 먼저 해 주세요.`,
  open: '지금 열기',
  again: '다시 점검',
  checkedAt: (time: string) => `${time} 점검`,
  opened: '이미 열렸어요. 지금 모습은 여기서 볼 수 있어요.',
  live: '지금 화면으로',
  over: '이미 끝난 캠페인이에요. 같은 규칙으로 다시 하려면 복사해 주세요.',
  ok: '준비됨',
  bad: '할 일',
  names: {
    parts: '구성 요소',
    level: '판정 방식과 보존 수준',
    codes: '쿠폰 번호',
    gate: '선착순 판정',
    clock: '시계',
    record: '발급 기록',
  } as Record<string, string>,
  says: {
    parts_ready: () => '판정, 이벤트 로그, 발급 기록이 모두 떠 있어요.',
    parts_not_ready: () => '준비되지 않은 구성 요소가 있어요. 구성 화면에서 상태를 보고 다시 띄워 주세요.',
    level_kept: () => '고른 판정 방식과 보존 수준을 이 서버가 지킬 수 있어요.',
    mode_unavailable: (n) =>
      `이 서버로는 ${n('mode')} 방식을 쓸 수 없어요. 서버에 ${n('setting')}을 설정하거나, 고치기 화면에서 ${n('choices')} 중에 골라 주세요.`,
    durability_unavailable: (n) =>
      n('setting') === ''
        ? `ordered 방식은 ${n('choices')} 수준에서만 알려요. 고치기 화면에서 그것을 골라 주세요.`
        : `이 서버는 ${n('level')} 수준을 지킬 수 없어요. 서버에 ${n('setting')}을 설정하거나, 고치기 화면에서 ${n('choices')} 중에 골라 주세요.`,
    code_key_mismatch: () => '번호를 만드는 비밀 값이 만들 때와 달라요. DIBS_MASTER_SECRET을 되돌려 주세요.',
    pool_large_enough: (n) => `번호 ${n('imported')}개를 가져왔고, ${n('quantity')}개가 필요해요.`,
    no_pool_needed: () => '가져올 번호가 없어도 돼요.',
    pool_too_small: (n) =>
      `번호 ${n('imported')}개뿐이에요. ${n('quantity')}개가 필요하니 ${n('missing')}개를 더 가져와 주세요.`,
    gate_holds: () => '판정이 이 캠페인을 알고 있고, 답할 준비가 됐어요.',
    gate_armed: () => '판정이 이 캠페인을 알고 있고, 답할 준비가 됐어요.',
    gate_unknown: () => '판정이 아직 이 캠페인을 몰라요. 저절로 알게 되니 잠시 뒤 다시 점검해 주세요.',
    gate_silent: () =>
      'Redis가 답하지 않거나 아직 이 캠페인의 규칙을 받지 못했어요. Redis가 떠 있는지 봐 주세요.',
    gate_rebuilding: () => '판정을 복구하는 중이에요. 저절로 끝나니 잠시 뒤 다시 점검해 주세요.',
    one_clock: () => '시계 하나로 판정해요.',
    clocks_agree: (n) => `판정의 시계와 이 서버의 시계가 ${n('skewMs')} ms 차이예요.`,
    clocks_differ: (n) =>
      `판정의 시계와 이 서버의 시계가 ${n('skewMs')} ms 어긋나 있어요. 둘 다 NTP로 맞춰 주세요.`,
    record_caught_up: () => '이벤트 로그에 있는 것이 기록에 모두 있어요.',
    record_behind: () =>
      '기록이 로그를 따라가는 중이에요. 다 따라간 뒤에 열어 주세요. 오래 걸리면 기록기를 확인해 주세요.',
  } as Says,
  toCodes: '코드 가져오기',
  toEdit: '고치기',
  toParts: '구성 보기',
  confirm: (name: string, quantity: string) =>
    `지금부터 누구나 ${name}에 참여할 수 있고, ${quantity}개가 나가기 시작해요.`,
  mode: {
    instant: '누르는 즉시 당첨과 소진을 알려요.',
    ordered: '접수한 순서대로 판정해서 알려요.',
    queued: (perSecond: string) => `줄을 세우고 1초에 ${perSecond}명씩 들여보내요.`,
  },
  early: (time: string) => `예약한 ${time}보다 먼저 여는 거예요.`,
  until: (time: string) => `${time}에 닫혀요.`,
  noEnd: '닫는 시각이 없어요. 다 나가거나 직접 닫을 때까지 열려 있어요.',
  frozen: '열고 나면 판정 방식, 보존 수준, 여는 시각, 쿠폰 번호 방식은 바꿀 수 없어요.',
  despite: (names: string) => `아직 준비되지 않은 것: ${names}`,
  schedule: {
    title: '시각을 정해 두기',
    label: '여는 시각',
    act: '이 시각으로 예약',
    cancel: '예약 취소',
    now: (time: string) => `${time}에 저절로 열려요.`,
    past: '이미 지난 시각이에요. 지금 바로 열려요.',
    confirm: (time: string, quantity: string) =>
      `${time}에 ${quantity}개가 저절로 나가기 시작해요. 그때까지는 바꿀 수 있어요.`,
    confirmCancel: '저절로 열리지 않아요. 예약을 보고 기다리던 사람에게는 아직 정해지지 않았다고 보여요.',
    hint: (zone: string) => `${zone} 시각이에요.`,
    empty: '시각을 적어 주세요.',
    stale: '그 사이 다른 곳에서 바뀌었어요. 바뀐 것을 보고 다시 눌러 주세요.',
  },
};

const en: typeof ko = {
  title: 'Before it opens',
  ready: 'All is ready. It can be opened.',
  notReady: (count) => `${count} thing${count === 1 ? '' : 's'} to do first.`,
  open: 'Open now',
  again: 'Check again',
  checkedAt: (time) => `Checked ${time}`,
  opened: 'It is open already. This is where it is seen.',
  live: 'To the live view',
  over: 'This campaign is over. Copy it to run another one by the same rules.',
  ok: 'Ready',
  bad: 'To do',
  names: {
    parts: 'Parts',
    level: 'Mode and level',
    codes: 'Codes',
    gate: 'Gate',
    clock: 'Clock',
    record: 'Record',
  },
  says: {
    parts_ready: () => 'Gate, log and record are up.',
    parts_not_ready: () => 'Some part is not ready. See Parts for which, and start it again.',
    level_kept: () => 'This server can keep the mode and the level that were chosen.',
    mode_unavailable: (n) =>
      `This server cannot run the mode ${n('mode')}. Set ${n('setting')} for the server, or choose ${n('choices')}.`,
    durability_unavailable: (n) =>
      n('setting') === ''
        ? `In ordered mode a verdict is told at the level ${n('choices')}. Choose that.`
        : `This server cannot keep the level ${n('level')}. Set ${n('setting')} for the server, or choose one of: ${n('choices')}.`,
    code_key_mismatch: () =>
      'The secret that codes are made from is another one than when it was made. Bring DIBS_MASTER_SECRET back.',
    pool_large_enough: (n) => `${n('imported')} codes are imported, ${n('quantity')} are needed.`,
    no_pool_needed: () => 'No codes have to be imported.',
    pool_too_small: (n) =>
      `Only ${n('imported')} codes of ${n('quantity')} are imported: ${n('missing')} are missing.`,
    gate_holds: () => 'The gate knows the campaign and is ready to answer.',
    gate_armed: () => 'The gate knows the campaign and is ready to answer.',
    gate_unknown: () =>
      'The gate does not know the campaign yet. It will by itself: check again in a moment.',
    gate_silent: () => 'Redis does not answer, or has no rule of it yet. See that Redis runs.',
    gate_rebuilding: () => 'The gate is being made good. It ends by itself: check again in a moment.',
    one_clock: () => 'One clock decides.',
    clocks_agree: (n) => `The gate's clock and this one differ by ${n('skewMs')} ms.`,
    clocks_differ: (n) => `The gate's clock and this one differ by ${n('skewMs')} ms: set both by NTP.`,
    record_caught_up: () => 'The record has all that the log has.',
    record_behind: () => 'The record is behind the log: wait until it has caught up, or see to the recorder.',
  },
  toCodes: 'Import codes',
  toEdit: 'Edit',
  toParts: 'See the parts',
  confirm: (name, quantity) =>
    `From now on anybody can take part in ${name}, and ${quantity} units begin to go out.`,
  mode: {
    instant: 'People are told won or sold out at once.',
    ordered: 'People are told in the order of arrival.',
    queued: (perSecond) => `People stand in line, and ${perSecond} are let in each second.`,
  },
  early: (time) => `That is before ${time}, for which it is set.`,
  until: (time) => `It closes at ${time}.`,
  noEnd: 'No closing time is set: it stays open until all is gone or you close it.',
  frozen: 'Once open, the mode, the level, the opening time and the kind of codes do not change.',
  despite: (names) => `Not ready yet: ${names}`,
  schedule: {
    title: 'Open by the clock',
    label: 'Opens at',
    act: 'Set this time',
    cancel: 'Cancel the opening',
    now: (time) => `It opens by itself at ${time}.`,
    past: 'This moment has passed: it would open right away.',
    confirm: (time, quantity) =>
      `At ${time} ${quantity} units begin to go out by themselves. Until then all of it can be changed.`,
    confirmCancel: 'It will not open by itself. Whoever waits for the time will see that none is set.',
    hint: (zone) => `Time in ${zone}.`,
    empty: 'Write a time.',
    stale: 'Somebody changed it meanwhile. See what is new, and press again.',
  },
};

export const words = { ko, en };

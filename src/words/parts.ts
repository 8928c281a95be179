/** The parts of a server by the names that `/readyz` has for them, and what it means that one does not work. */

/** In the order of the flow. */
export const PARTS = [
  'gate',
  'requests',
  'log',
  'decider',
  'relay',
  'recorder',
  'record',
  'verdicts',
] as const;
export type Part = (typeof PARTS)[number];

interface PartWords {
  name: string;
  /** what does not go meanwhile, and what is safe */
  fault: string;
}

const ko: Readonly<Record<Part, PartWords>> = {
  gate: { name: '선착순 판정', fault: '지금은 판정할 수 없어요. 누른 사람은 다시 물어 달라는 답을 들어요.' },
  requests: {
    name: '참여 접수',
    fault: '참여를 접수할 수 없어요. 누른 사람은 다시 물어 달라는 답을 들어요.',
  },
  log: {
    name: '이벤트 로그',
    fault: '로그에 쓸 수 없어요. 저절로 다시 쓰고, 로그에 남겨야 하는 당첨은 그때까지 알리지 않아요.',
  },
  decider: { name: '순서 판정', fault: '순서 판정이 멈춰 있어요. 접수된 참여는 로그에서 기다려요.' },
  relay: {
    name: '릴레이',
    fault: '판정을 돌보고 로그로 옮기는 일이 멈춰 있어요. 옮길 것은 그대로 남아 있어요.',
  },
  recorder: { name: '기록 저장', fault: '당첨을 기록에 옮기지 못하고 있어요. 당첨은 로그에 있어 안전해요.' },
  record: { name: '발급 기록', fault: '발급 기록에 닿지 않아요. 당첨은 로그에 있어 안전해요.' },
  verdicts: {
    name: '판정 전달',
    fault: '내려진 판정을 읽지 못하고 있어요. 기다리는 사람에게 답이 늦게 가요.',
  },
};

const en: Readonly<Record<Part, PartWords>> = {
  gate: { name: 'Gate', fault: 'Nothing can be decided now: whoever presses is told to ask again.' },
  requests: { name: 'Requests', fault: 'Presses cannot be taken: whoever presses is told to ask again.' },
  log: {
    name: 'Log',
    fault: 'The log takes no facts. It is tried again, and a win that needs the log is not told before.',
  },
  decider: { name: 'Decider', fault: 'The decider stands still. What was received waits on the log.' },
  relay: {
    name: 'Relay',
    fault: 'Nobody looks after the gate, and nothing is brought from it to the log. It is kept there.',
  },
  recorder: { name: 'Recorder', fault: 'Wins do not get into the record. They are safe on the log.' },
  record: { name: 'Record', fault: 'The record is out of reach. Wins are safe on the log.' },
  verdicts: {
    name: 'Verdicts',
    fault: 'Verdicts that were given cannot be read: whoever waits is told late.',
  },
};

export const PART_WORDS = { ko, en };

/** Null: a part that this page knows nothing of. */
export function partWords(language: 'ko' | 'en', part: string): PartWords | null {
  return PART_WORDS[language][part as Part] ?? null;
}

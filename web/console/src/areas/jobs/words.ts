/** The words about jobs, and what the server says of them. */

import type { Tone } from '../../parts/pieces.tsx';
import type { Said } from '../../said.tsx';

export type RunStatus = 'queued' | 'running' | 'completed' | 'failed' | 'stopped';

export interface Step {
  name: string;
  status: RunStatus | 'waiting';
  total: number | null;
  read: number;
  written: number;
  skipped: number;
  /** how many were left out, by reason */
  skips: Record<string, unknown>;
  retries: number;
  lastError: string | null;
  lastErrorSaid: Said | null;
}

export interface Run {
  id: string;
  job: string;
  status: RunStatus;
  params: Record<string, unknown>;
  by: string;
  createdAt: string;
  startedAt: string | null;
  endedAt: string | null;
  starts: number;
  stopAsked: boolean;
  lastError: string | null;
  lastErrorSaid: Said | null;
  result: Record<string, unknown>;
  total: number | null;
  read: number;
  written: number;
  skipped: number;
  steps: Step[];
}

export interface Schedule {
  id: string;
  cron: string;
  timeZone: string;
  enabled: boolean;
  params: Record<string, unknown>;
  nextAt: string | null;
}

/** One param, as its JSON schema says. */
export interface Param {
  type?: 'string' | 'boolean' | 'integer' | 'number';
  description?: string;
  enum?: string[];
  anyOf?: { const: string }[];
  default?: unknown;
  pattern?: string;
  minimum?: number;
  maximum?: number;
  maxLength?: number;
}

export interface Job {
  name: string;
  summary: string;
  params: { required?: string[]; properties?: Record<string, Param> };
  lastRun: Run | null;
  schedules: Schedule[];
}

export interface StoredFile {
  id: string;
  name: string;
  type: string;
  role: 'read' | 'operate' | 'admin';
  by: string;
  createdAt: string;
  finishedAt: string | null;
  bytes: number;
}

export const RUN_SHAPES: Readonly<Record<RunStatus | 'waiting', [string, Tone]>> = {
  waiting: ['○', 'quiet'],
  queued: ['◔', 'wait'],
  running: ['▶', 'signal'],
  completed: ['●', 'won'],
  failed: ['✕', 'fault'],
  stopped: ['‖', 'wait'],
};

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
const KOREAN_REASONS: Readonly<Record<string, string>> = {
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
const KOREAN_STEPS: Readonly<Record<string, string>> = {
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
};

export const words = {
  ko: {
    title: '작업',
    under: '한꺼번에 하는 일이에요. 시간이 되면 스스로 돌고, 여기서 바로 돌릴 수도 있어요.',
    none: '이 서버에는 작업이 없어요. jobs 역할로 띄워 주세요.',
    job: '작업',
    about: '하는 일',
    lastRun: '마지막 실행',
    when: '언제',
    next: '다음 실행',
    never: '아직 없음',
    off: '꺼짐',
    back: '모든 작업',
    run: '실행',
    runTitle: '지금 실행',
    params: '넣은 값',
    runs: '실행 기록',
    stateHead: '상태',
    noRuns: '아직 실행한 적이 없어요. 위에서 실행하거나 이렇게 해 보세요.',
    all: '전체',
    choose: '고르기',
    unset: '정하지 않음',
    required: '꼭 필요해요.',
    status: {
      waiting: '기다림',
      queued: '차례 기다림',
      running: '실행 중',
      completed: '끝남',
      failed: '실패',
      stopped: '멈춤',
    },
    by: '누가',
    bySchedule: '예약',
    asked: '맡긴 때',
    began: '시작',
    ended: '끝',
    took: '걸린 시간',
    starts: '시작 횟수',
    times: (count: string) => `${count}번`,
    read: '읽음',
    written: '처리',
    skipped: '건너뜀',
    retries: '다시 시도',
    step: '단계',
    steps: '단계',
    items: '건',
    ofAll: (read: string, total: string) => `${total}건 가운데 ${read}건`,
    soFar: (read: string) => `${read}건`,
    progress: '진행',
    reasons: KOREAN_REASONS,
    stepNames: KOREAN_STEPS,
    lastError: '마지막 오류',
    result: '결과',
    runOf: (id: string) => `실행 ${id}`,
    stop: '멈추기',
    stopTitle: '이 실행을 멈출까요?',
    stopSays: (written: string) =>
      `지금까지 처리한 ${written}건은 그대로 남아요. 하던 묶음을 끝내고 멈춰요. 나중에 이어서 할 수 있어요.`,
    stopping: '하던 묶음을 끝내고 멈추고 있어요.',
    restart: '이어서 하기',
    running: '같은 일이 이미 돌고 있어요.',
    finished: '같은 일을 이미 마쳤어요.',
    see: '그 실행 보기',
    schedules: '예약',
    noSchedules: '스스로 도는 예약이 없어요.',
    addSchedule: '예약 추가',
    editSchedule: '예약 고치기',
    removeSchedule: '예약 지우기',
    removeSays: (next: string) => `예약 1개를 지워요. 다음 실행(${next})은 없어요.`,
    usualSays: '기본 예약은 다음에 서버가 시작할 때 다시 생겨요. 계속 쉬게 하려면 꺼 두세요.',
    scheduleId: '이름',
    scheduleIdHint: '영어 소문자, 숫자, 붙임표',
    cron: '주기 (cron)',
    cronHint: '분 시 일 월 요일. 매일 오전 3시는 0 3 * * *',
    zone: '시간대',
    enabled: '켜기',
    nextTimes: '다음 실행',
    wrongCron: '읽을 수 없는 주기예요.',
    wrongZone: '그런 시간대는 없어요.',
    save: '저장',
    cancel: '그만두기',
    remove: '지우기',
    edit: '고치기',
    files: '파일',
    filesUnder: '작업에 쓸 파일과 작업이 만든 파일이에요.',
    noFiles: '파일이 없어요.',
    file: '파일',
    size: '크기',
    made: '만든 때',
    download: '받기',
    downloadOf: (name: string) => `${name} 받기`,
    removeOf: (name: string) => `${name} 지우기`,
    removeFile: '파일 지우기',
    removeFileSays: (name: string, size: string) => `${name} 1개(${size})를 지워요. 되돌릴 수 없어요.`,
    needs: (role: string) => `${role} 이상`,
    newFile: '파일 올리기',
    orKept: '올려 둔 파일',
    upload: 'CSV 또는 CSV.gz, 256 MiB까지',
    uploading: (done: string, all: string) => `올리는 중: ${all} 가운데 ${done}`,
    notWhole: '아직 다 만들지 않았어요',
    live: '서버와 이어져 있어요.',
    cut: '연결이 끊겨 다시 잇고 있어요. 마지막으로 본 상태예요.',
  },
  en: {
    title: 'Jobs',
    under: 'Work in bulk. It runs by itself when its time comes, or now, from here.',
    none: 'This server has no jobs. Start one with the role jobs.',
    job: 'Job',
    about: 'What it does',
    lastRun: 'Last run',
    when: 'When',
    next: 'Next run',
    never: 'Never',
    off: 'Off',
    back: 'All jobs',
    run: 'Run',
    runTitle: 'Run it now',
    params: 'Params',
    runs: 'Runs',
    stateHead: 'State',
    noRuns: 'It has not run yet. Run it above, or so.',
    all: 'All',
    choose: 'Choose one',
    unset: 'Not set',
    required: 'It cannot run without this.',
    status: {
      waiting: 'Waiting',
      queued: 'Queued',
      running: 'Running',
      completed: 'Completed',
      failed: 'Failed',
      stopped: 'Stopped',
    },
    by: 'By',
    bySchedule: 'schedule',
    asked: 'Asked for',
    began: 'Began',
    ended: 'Ended',
    took: 'Took',
    starts: 'Starts',
    times: (count: string) => `${count} ×`,
    read: 'Read',
    written: 'Written',
    skipped: 'Skipped',
    retries: 'Retries',
    step: 'Step',
    steps: 'Steps',
    items: 'items',
    ofAll: (read: string, total: string) => `${read} of ${total} items`,
    soFar: (read: string) => `${read} items`,
    progress: 'Progress',
    reasons: {} as Readonly<Record<string, string>>,
    stepNames: {} as Readonly<Record<string, string>>,
    lastError: 'Last error',
    result: 'Result',
    runOf: (id: string) => `Run ${id}`,
    stop: 'Stop',
    stopTitle: 'Stop this run?',
    stopSays: (written: string) =>
      `The ${written} items that are written stay. It ends the chunk it is in, and can go on later.`,
    stopping: 'It ends the chunk it is in, then stops.',
    restart: 'Go on with it',
    running: 'The same work is running already.',
    finished: 'The same work is done already.',
    see: 'See that run',
    schedules: 'Schedules',
    noSchedules: 'Nothing runs it by itself.',
    addSchedule: 'Add a schedule',
    editSchedule: 'Change the schedule',
    removeSchedule: 'Remove the schedule',
    removeSays: (next: string) => `Removes 1 schedule. Its next run (${next}) will not be.`,
    usualSays: 'A usual schedule is made again when the server starts. To keep it quiet, switch it off.',
    scheduleId: 'Name',
    scheduleIdHint: 'small letters, digits and hyphens',
    cron: 'Cron',
    cronHint: 'minute hour day month weekday; 0 3 * * * is every day at 3',
    zone: 'Time zone',
    enabled: 'On',
    nextTimes: 'Next runs',
    wrongCron: 'This is no cron expression.',
    wrongZone: 'There is no such time zone.',
    save: 'Save',
    cancel: 'Cancel',
    remove: 'Remove',
    edit: 'Change',
    files: 'Files',
    filesUnder: 'Files for jobs, and those that jobs have made.',
    noFiles: 'There are no files.',
    file: 'File',
    size: 'Size',
    made: 'Made',
    download: 'Download',
    downloadOf: (name: string) => `Download ${name}`,
    removeOf: (name: string) => `Remove ${name}`,
    removeFile: 'Remove the file',
    removeFileSays: (name: string, size: string) =>
      `Removes 1 file, ${name} (${size}). This cannot be undone.`,
    needs: (role: string) => `takes ${role}`,
    newFile: 'Upload a file',
    orKept: 'One that is there',
    upload: 'CSV or CSV.gz, at most 256 MiB',
    uploading: (done: string, all: string) => `Uploading: ${done} of ${all}`,
    notWhole: 'not whole yet',
    live: 'Connected to the server.',
    cut: 'The connection is cut and being made again. This is what was seen last.',
  },
};

/** 950 B, 1.2 MiB */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1_048_576) return `${(bytes / 1024).toFixed(1)} KiB`;
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

export const isOver = ({ status }: Run): boolean => status !== 'queued' && status !== 'running';

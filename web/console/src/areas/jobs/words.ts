/** The words about jobs, and what the server says of them. */

import type { Tone } from '../../parts/pieces.tsx';
import type { Said } from '../../said.tsx';
import { KOREAN_REASONS, KOREAN_STEPS } from './korean.ts';

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

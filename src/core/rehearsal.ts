/**
 * A rehearsal: a shadow copy of a campaign on a server of its own that is thrown away, and a crowd against it. Here is
 * what may be asked for, what the copy is like, when nobody rehearses, and what comes of it. Nothing of the campaign
 * itself is touched.
 */

import type { Campaign } from './campaign.ts';
import { QUANTITY_MAX, quantitySaid, startsAt } from './campaign.ts';
import type { HistoryCheck } from './history-sight.ts';
import { said } from './said.ts';

/** The job that does them, one run each. */
export const REHEARSE = 'rehearse';
/** `server`: all parts of the shadow in one, gate, log and record. */
export const KILLED_PARTS = ['server'] as const;

export const REHEARSAL_USERS_MAX = 20_000;
export const REHEARSAL_CONCURRENCY_MAX = 1_000;
/** A crowd may come over so long, and a kill may be as late. */
export const REHEARSAL_SECONDS_MAX = 60;
/** Whatever is not over then is broken off. */
export const REHEARSAL_LIMIT_MS = 120_000;
/** Nobody rehearses so shortly before people come. */
export const QUIET_BEFORE_OPENING_MS = 600_000;
/** A line is let in so fast that it is over in about this time, if its own pace is slower. */
const LINE_SECONDS = 45;

/** What an operator asks for. */
export interface RehearsalWish {
  users: number;
  /** connections, each with one request at a time */
  concurrency: number;
  kill: { part: (typeof KILLED_PARTS)[number]; atSecond: number } | null;
  /** how long people keep coming, s; null: see {@link arrivalSeconds} */
  overSeconds: number | null;
}

/** What the shadow has otherwise than its campaign. */
export interface ShadowChange {
  field: string;
  was: unknown;
  is: unknown;
}

/** All that somebody needs to play one. */
export interface RehearsalPlan {
  /** as POST /v1/admin/campaigns takes it */
  shadow: Record<string, unknown> & { id: string };
  changed: ShadowChange[];
  users: number;
  concurrency: number;
  /** from the first press; null: nothing is killed */
  killAtMs: number | null;
  /** over how long the crowd comes; null: as fast as answers come back */
  overMs: number | null;
  limitMs: number;
}

export const REHEARSAL_STAGES = ['preparing', 'rush', 'killed', 'checking', 'over'] as const;

export interface RehearsalProgress {
  stage: (typeof REHEARSAL_STAGES)[number];
  presses: number;
  finished: number;
  /** tries by verdict, problem code, or what cut them short */
  words: Record<string, number>;
}

/** Four figures of many times, ms. */
export interface Spread {
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

/** What was killed, and what people noticed. Times count from the first press. */
export interface KillTold {
  part: (typeof KILLED_PARTS)[number];
  atMs: number;
  /** from the kill until the server was ready again */
  backAfterMs: number;
  /** tries that were cut short, and asked again */
  unanswered: number;
  /** the longest that anybody waited for the verdict */
  longestWaitMs: number;
}

/** One invariant as the shadow's own report has it. */
export interface ShadowCheck {
  id: string;
  ok: boolean;
  basis?: string;
  says?: string;
  figures?: Readonly<Record<string, unknown>>;
}

export interface RehearsalResult {
  /** every check of both lists holds, and everybody had his answer */
  ok: boolean;
  shadow: { id: string; mode: string; quantity: number; changed: ShadowChange[] };
  crowd: {
    users: number;
    presses: number;
    tries: number;
    unresolved: number;
    durationMs: number;
    triesPerSecond: number;
  };
  verdicts: Readonly<Record<string, number>>;
  toldWins: number;
  recorded: number | null;
  soldOutAfterMs: number | null;
  /** of each answer, by verdict */
  latencyMs: Readonly<Record<string, Spread>>;
  /** from a press to its verdict, asking again included */
  toldWithinMs: Readonly<Record<string, Spread>>;
  /** answers that took at most so long, by doubling: [ms, count] */
  latencyBuckets: [upToMs: number, count: number][];
  /** answers by verdict over time */
  timeline: { stepMs: number; words: Record<string, number[]> };
  kill: KillTold | null;
  /** all answers against each other and the record */
  answers: HistoryCheck[];
  /** gate, log and record of the shadow against each other */
  integrity: ShadowCheck[];
}

/** Over how many seconds the crowd comes; null: as fast as answers come back. A kill falls into its middle. */
export function arrivalSeconds({ overSeconds, kill }: RehearsalWish): number | null {
  if (overSeconds !== null || kill === null) return overSeconds;
  return Math.min(REHEARSAL_SECONDS_MAX, 2 * kill.atSecond + 1);
}

/** What types alone cannot say about a wish; null: nothing. */
export function wishFault(wish: RehearsalWish): { pointer: string; detail: string } | null {
  const seconds = arrivalSeconds(wish);
  if (wish.kill === null || seconds === null || wish.kill.atSecond < seconds) return null;
  const detail = `The crowd comes over ${seconds} s: kill.atSecond must be less, or everybody is through by then.`;
  return { pointer: '/kill/atSecond', detail };
}

/** Why nobody rehearses now: people come first. null: go on. */
export function whyNotNow(
  campaigns: Iterable<Pick<Campaign, 'id' | 'openedAt' | 'opensAt' | 'closedAt' | 'archivedAt'>>,
  hot: boolean,
  now: number,
): string | null {
  if (hot) return said('rehearsal_hot_now');
  for (const campaign of campaigns) {
    const start = startsAt(campaign);
    const isOver = campaign.closedAt !== null || campaign.archivedAt !== null;
    if (isOver || start === null || start <= now || start - now > QUIET_BEFORE_OPENING_MS) continue;
    const minutes = Math.ceil((start - now) / 60_000);
    return said('rehearsal_near', { campaign: campaign.id, minutes });
  }
  return null;
}

/** The id of the n-th shadow of a campaign: one that a campaign may have. */
export function shadowId(campaignId: string, n: number): string {
  const end = `-rehearsal-${n}`;
  return campaignId.slice(0, 64 - end.length) + end;
}

/** How a campaign is rehearsed. Its shadow has its rules, except where they would keep an invented crowd out or waiting. */
export function planRehearsal(campaign: Campaign, n: number, wish: RehearsalWish): RehearsalPlan {
  const quantity = Math.min(QUANTITY_MAX, quantitySaid(campaign));
  const { name, kind, perUserLimit, mode, benefit, validDays, line, confirm } = campaign;
  const shadow: RehearsalPlan['shadow'] = {
    ...{ id: shadowId(campaign.id, n), name, kind, quantity, perUserLimit, mode, validDays },
    ...(benefit === null ? {} : { benefit }),
    durability: campaign.durability === 'memory' ? 'memory' : 'disk',
    codes: { ...campaign.codes, source: campaign.codes.source === 'none' ? 'none' : 'generated' },
    returnUnits: 'no',
  };
  if (mode === 'queued') {
    shadow['release'] = { perSecond: paceOf(campaign, Math.min(quantity, wish.users)) };
    if (confirm !== null) shadow['confirm'] = confirm;
    if (line !== null) shadow['line'] = { ...line, shuffleBeforeOpen: false };
  }
  const seconds = arrivalSeconds(wish);
  return {
    shadow,
    changed: changesOf(campaign, shadow),
    users: wish.users,
    concurrency: wish.concurrency,
    killAtMs: wish.kill === null ? null : wish.kill.atSecond * 1000,
    overMs: seconds === null ? null : seconds * 1000,
    limitMs: REHEARSAL_LIMIT_MS,
  };
}

const paceOf = ({ release }: Campaign, letIn: number): number =>
  Math.max(release?.perSecond ?? 1, Math.ceil(letIn / LINE_SECONDS));

function changesOf(campaign: Campaign, shadow: Readonly<Record<string, unknown>>): ShadowChange[] {
  const { eligibility, opensAt, closesAt, line } = campaign;
  const release = shadow['release'] as Campaign['release'] | undefined;
  const codes = shadow['codes'] as Campaign['codes'];
  const all: ShadowChange[] = [
    { field: 'durability', was: campaign.durability, is: shadow['durability'] },
    { field: 'codes.source', was: campaign.codes.source, is: codes.source },
    { field: 'returnUnits', was: campaign.returnUnits, is: shadow['returnUnits'] },
    { field: 'release.perSecond', was: campaign.release?.perSecond, is: release?.perSecond },
    { field: 'line.shuffleBeforeOpen', was: line?.shuffleBeforeOpen === true, is: false },
    { field: 'eligibility', was: eligibility === null ? null : 'set', is: null },
    { field: 'window', was: opensAt === null && closesAt === null ? null : 'set', is: null },
  ];
  return all.filter(({ was, is }) => was !== is);
}

/**
 * What this process knows of the waiting lines: which places are on the log, how far each line has come, and who waits
 * for that to change. One for all flows that have to do with lines.
 */

import type { Campaign } from '../core/campaign.ts';
import { keepsLine } from '../core/campaign.ts';
import type { LineFact } from '../core/line-fact.ts';
import { type LineRule, lineRule } from '../core/line-state.ts';
import { type Estimate, estimate, newPace, type Pace, setPace } from '../core/pace.ts';
import type { Line, LineCounts, NearLine } from '../ports/line.ts';
import type { Log } from '../ports/log.ts';
import type { System } from '../ports/system.ts';
import type { Catalog, LiveCampaign, Waiter } from './catalog.ts';
import { isOver } from './fill-gate.ts';
import { SeqMarks } from './seq-marks.ts';
import { asksTheLog } from './win.ts';

export interface LineUpParts {
  catalog: Catalog;
  line: Line | NearLine;
  log: Log;
  system: System;
  /** the seed of a campaign's shuffle, hex */
  seedOf(campaignId: string): string;
  /** other processes let people in too, and this one hears of it a moment later */
  shared: boolean;
}

/** How often a line is asked to move. */
export const STEP_MS = 50;

/** Somebody who waits for news of a number. */
interface Watcher {
  number: number;
  wake(): void;
}

/** One campaign's line, as this process knows it. */
export interface KnownLine {
  /** as far as it is on the log: a crash takes nothing of it back */
  counts: LineCounts | null;
  /** whether the campaign was over when that was noted */
  isClosed: boolean;
  /** the highest number that was served in the epochs before, by what was known here */
  serving: number;
  pace: Pace;
  /** by number; those from before a shuffle by their distance from 0 */
  onLog: SeqMarks;
  earlyOnLog: SeqMarks;
  /** number -> who waits for its place to be on the log */
  appending: Map<number, Waiter[]>;
  /** who waits for the newest fact on its way that says how people stand; null: none is on its way */
  moving: Waiter[] | null;
  /** the log has failed to take a fact of this line, and has taken none since */
  failed: boolean;
  watchers: Set<Watcher>;
}

function newKnown(pace: Pace): KnownLine {
  return {
    counts: null,
    isClosed: false,
    serving: 0,
    pace,
    onLog: new SeqMarks(),
    earlyOnLog: new SeqMarks(),
    appending: new Map(),
    moving: null,
    failed: false,
    watchers: new Set(),
  };
}

export class LineUp {
  readonly parts: LineUpParts;
  readonly #known = new Map<string, KnownLine>();

  constructor(parts: LineUpParts) {
    this.parts = parts;
  }

  of({ campaign }: LiveCampaign): KnownLine {
    const perSecond = campaign.release?.perSecond ?? 1;
    let known = this.#known.get(campaign.id);
    if (!known) {
      known = newKnown(newPace(perSecond, STEP_MS));
      this.#known.set(campaign.id, known);
    }
    setPace(known.pace, perSecond);
    return known;
  }

  /** Another epoch has begun: a line that was made anew from the log may lack what only its gate knew. */
  forget(campaignId: string): void {
    const known = this.#known.get(campaignId);
    if (known === undefined) return;
    const { pace, counts, serving, watchers } = known;
    this.#known.set(campaignId, { ...newKnown(pace), serving: counts?.serving ?? serving, watchers });
  }

  ruleOf(campaign: Campaign): LineRule {
    const { maxLength, cutAt, shuffleBeforeOpen } = campaign.line ?? PLAIN;
    const options = {
      maxLength,
      cutAt,
      confirmWithinMs: campaign.confirm === null ? null : 1000 * campaign.confirm.withinSeconds,
      shuffleSeed: shuffleBeforeOpen ? this.parts.seedOf(campaign.id) : null,
      keepsLine: keepsLine(campaign),
    };
    return lineRule(campaign, options);
  }

  /** Puts facts on the log in order. Whoever has to know when all are there adds himself to the waiters; null: no facts. */
  append(live: LiveCampaign, facts: readonly LineFact[]): Waiter[] | null {
    const known = this.of(live);
    let last: Waiter[] | null = null;
    for (const fact of facts) last = this.#appendOne(known, fact);
    return last;
  }

  #appendOne(known: KnownLine, fact: LineFact): Waiter[] {
    const waiters: Waiter[] = [];
    const numbers = fact.type === 'line.joined' ? numbersOf(fact) : [];
    for (const number of numbers) known.appending.set(number, waiters);
    // A newcomer changes nothing for those before him.
    if (fact.type !== 'line.joined') known.moving = waiters;
    this.parts.log.append(fact, (error) => {
      // A log that refuses at once is heard by those who are about to wait.
      queueMicrotask(() => {
        for (const number of numbers) {
          known.appending.delete(number);
          if (error === null) marksOf(known, number).add(Math.abs(number));
        }
        if (known.moving === waiters) known.moving = null;
        known.failed = error !== null;
        for (const waiter of waiters) waiter(error);
      });
    });
    return waiters;
  }

  /** Whether a place is on the log or on its way there from here. */
  isOnLog(live: LiveCampaign, number: number): boolean {
    const known = this.of(live);
    // Of one process's own line, what is not on its way to the journal came from there.
    if (!this.parts.shared || known.appending.has(number)) return true;
    return marksOf(known, number).has(Math.abs(number));
  }

  /**
   * What has still to reach the log before a place may be told as it stands now; null: something has not and may never.
   * The log keeps order, so whatever is needed of others' facts is there when the newest of them is.
   */
  owed(live: LiveCampaign, number: number): Waiter[][] | null {
    if (!asksTheLog(live, this.parts.shared)) return [];
    const { appending, moving, failed } = this.of(live);
    if (failed && this.parts.log.state().fault !== null) return null;
    return [appending.get(number) ?? null, moving].filter((waiters) => waiters !== null);
  }

  /** Takes in how a line stands now, as soon as that is on the log, and wakes those whom it may concern. */
  note(live: LiveCampaign, counts: LineCounts): void {
    const { moving } = this.of(live);
    if (moving === null || !asksTheLog(live, this.parts.shared)) return this.#noted(live, counts);
    moving.push((error) => {
      if (error === null) this.#noted(live, counts);
    });
    return undefined;
  }

  #noted(live: LiveCampaign, counts: LineCounts): void {
    const known = this.of(live);
    const { counts: before, isClosed } = known;
    // Of two answers that overtook each other on their way the older one says nothing.
    const serving = Math.max(counts.serving, known.serving);
    if (before !== null && serving < before.serving) return;
    known.counts = { ...counts, serving };
    known.isClosed = isOver(live.campaign, this.parts.system.now());
    const over = counts.soldOut && before?.soldOut !== true;
    const shuffled = before?.unnumbered === true && !counts.unnumbered;
    if (over || shuffled || (known.isClosed && !isClosed)) return this.wake(live, Number.POSITIVE_INFINITY);
    if (before === null || LET_IN.some((of) => before[of] !== counts[of])) this.wake(live, counts.serving);
  }

  /** Wakes those who wait for news of numbers up to `serving`. */
  wake(live: LiveCampaign, serving: number): void {
    const { watchers } = this.of(live);
    for (const watcher of watchers) if (watcher.number <= serving) watcher.wake();
  }

  /** Wakes those who wait for news of one number. */
  wakeOne(live: LiveCampaign, number: number): void {
    const { watchers } = this.of(live);
    for (const watcher of watchers) if (watcher.number === watchedNumber(number)) watcher.wake();
  }

  /** Resolves when there may be news of a number, and after `maxMs` in any case. */
  changed(live: LiveCampaign, number: number, maxMs: number): Promise<void> {
    const { watchers, counts, isClosed } = this.of(live);
    // What was told when it was over nobody is woken for again.
    const patienceMs = counts?.soldOut || isClosed ? Math.min(maxMs, OVER_MS) : maxMs;
    return new Promise((resolve) => {
      const watcher: Watcher = {
        number: watchedNumber(number),
        wake: () => {
          watchers.delete(watcher);
          late.stop();
          resolve();
        },
      };
      const late = this.parts.system.after(patienceMs, watcher.wake);
      watchers.add(watcher);
    });
  }

  /** When nothing will be left, by the pace that is told; null: nobody can say, or the units are in people's hands. */
  endsInMs(live: LiveCampaign): number | null {
    const { counts, pace } = this.of(live);
    if (counts === null || counts.free === 0 || live.campaign.pausedAt !== null || pace.shown <= 0)
      return null;
    return (1000 * counts.free) / pace.shown;
  }

  /** How long somebody with so many before him still waits, by all that is known here. */
  waitOf(live: LiveCampaign, ahead: number): Estimate {
    const { counts, pace } = this.of(live);
    const { pausedAt } = live.campaign;
    const isStock = counts !== null && counts.free === 0 && !counts.soldOut;
    return estimate(pace, ahead, pausedAt === null ? (isStock ? 'stock' : null) : 'held');
  }
}

/** How soon somebody looks again at a line that is over. */
const OVER_MS = 100;

/** What tells of those who were let in. */
const LET_IN = ['serving', 'offered', 'atGate', 'won'] as const;

/** Who has no number yet hears of everything that everybody hears of. */
const watchedNumber = (number: number): number => (number < 0 ? Number.POSITIVE_INFINITY : number);

const PLAIN = { maxLength: null, cutAt: null, shuffleBeforeOpen: false };

const marksOf = (known: KnownLine, number: number): SeqMarks => (number < 0 ? known.earlyOnLog : known.onLog);

function numbersOf({ first, userIds }: Extract<LineFact, { type: 'line.joined' }>): number[] {
  return userIds.map((_, i) => (first < 0 ? first - i : first + i));
}

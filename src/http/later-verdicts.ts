/**
 * Verdicts that come after the answer to the press: counted, and told to whoever watches. When nothing is left, or the
 * campaign is over, everybody who watches and still waits is told so: a few hundred are looked at in each turn, so that
 * ten thousand of them are told within a second and nobody's press waits for it.
 */

import { keepsLine, statusOf } from '../core/campaign.ts';
import type { Catalog, LiveCampaign } from '../flow/catalog.ts';
import type { LookUp } from '../flow/look-up.ts';
import type { ModeFlow, ModeFlows } from '../flow/mode.ts';
import type { Found, Outcome } from '../flow/outcome.ts';
import type { System } from '../ports/system.ts';
import { foundAnswer } from './found-answer.ts';
import type { Streams, Watcher } from './sse.ts';
import { outcomeJson } from './wire.ts';

export interface LaterVerdictParts {
  system: Pick<System, 'now' | 'every'>;
  catalog: Pick<Catalog, 'get'>;
  lookUp: Pick<LookUp, 'mine'>;
  modes: ModeFlows;
  streams: Pick<Streams, 'unit' | 'settled' | 'verdict' | 'watched' | 'watchers'>;
  /** told of each, before the streams are */
  see: (live: LiveCampaign, outcome: Outcome) => void;
  counts: LaterCounts;
}

const TICK_MS = 50;
/** Streams looked at in a tick, in all campaigns together. */
const LOOKS_MAX = 500;
const ROUND_MS = 1000;
/** Rounds of a campaign that is over: who began to watch during the first is found by the next. */
const ROUNDS_MIN = 2;

/** Verdicts of a campaign that came later, by name. */
export class LaterCounts {
  readonly #counts = new WeakMap<LiveCampaign, Map<string, number>>();

  of(live: LiveCampaign): ReadonlyMap<string, number> {
    return this.#counts.get(live) ?? new Map();
  }

  add(live: LiveCampaign, name: string): void {
    const counts = this.#counts.get(live) ?? new Map<string, number>();
    counts.set(name, (counts.get(name) ?? 0) + 1);
    this.#counts.set(live, counts);
  }
}

/** Looking through the streams of a campaign that is over. */
interface Pass {
  /** why, and at which version; another one begins anew */
  key: string;
  /** streams below this place are still to be looked at; 0: the round is over */
  from: number;
  roundAt: number;
  rounds: number;
  /** somebody is still waiting for his verdict */
  again: boolean;
}

/** What a stream keeps of an outcome that its user is told. */
export function toldBy(outcome: Outcome): { toldSeq: number; settledAt: number } {
  if ('claim' in outcome) return { toldSeq: outcome.claim.seq, settledAt: 0 };
  const isFinal = outcome.verdict === 'sold_out' || outcome.verdict === 'closed';
  return { toldSeq: 0, settledAt: isFinal ? outcome.campaign.version : 0 };
}

/** Begins to listen and to look; stopped by what it returns. */
export function tellLaterVerdicts(parts: LaterVerdictParts): { stop(): void } {
  const later = new LaterVerdicts(parts);
  const flows = Object.values(parts.modes);
  for (const flow of flows) flow.onVerdict((live, userId, outcome) => later.tell(live, userId, outcome));
  if (flows.length === 0) return { stop: () => undefined };
  return parts.system.every(TICK_MS, () => void later.tick());
}

export class LaterVerdicts {
  readonly #parts: LaterVerdictParts;
  readonly #passes = new Map<string, Pass>();
  #busy = false;

  constructor(parts: LaterVerdictParts) {
    this.#parts = parts;
  }

  tell(live: LiveCampaign, userId: string, outcome: Outcome): void {
    const { counts, see, streams } = this.#parts;
    counts.add(live, outcome.verdict === 'none' ? outcome.problem.code : outcome.verdict);
    see(live, outcome);
    const { id } = live.campaign;
    const text = (): string => outcomeJson(outcome) ?? '';
    if (outcome.verdict === 'none') return;
    if ('claim' in outcome) streams.unit(id, userId, outcome.claim.seq, text);
    else streams.verdict(id, userId, toldBy(outcome), text);
  }

  /** One tick's worth of looks. A tick that takes longer is not joined by another. */
  async tick(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      await this.#lookAll();
    } finally {
      this.#busy = false;
    }
  }

  async #lookAll(): Promise<void> {
    const { catalog, streams, system } = this.#parts;
    const over = new Map<string, LiveCampaign>();
    for (const id of streams.watched()) {
      const live = catalog.get(id);
      if (live && this.#flowOf(live) && endOf(live, system.now()) !== null) over.set(id, live);
    }
    for (const id of this.#passes.keys()) if (!over.has(id)) this.#passes.delete(id);
    let looks = LOOKS_MAX;
    for (const live of over.values()) if (looks > 0) looks -= await this.#look(live, looks);
  }

  #flowOf({ campaign: { mode } }: LiveCampaign): ModeFlow | null {
    return (mode === 'instant' ? undefined : this.#parts.modes[mode]) ?? null;
  }

  #passOf(live: LiveCampaign, now: number): Pass {
    const { id } = live.campaign;
    const key = `${endOf(live, now)} ${live.campaign.version}`;
    let pass = this.#passes.get(id);
    if (pass?.key === key) return pass;
    pass = { key, from: Number.POSITIVE_INFINITY, roundAt: now, rounds: 0, again: false };
    this.#passes.set(id, pass);
    return pass;
  }

  /** Resolves with how many streams were looked at. */
  async #look(live: LiveCampaign, max: number): Promise<number> {
    const now = this.#parts.system.now();
    const pass = this.#passOf(live, now);
    if (pass.from === 0) {
      const isOver = pass.rounds >= ROUNDS_MIN && !pass.again;
      if (isOver || Math.abs(now - pass.roundAt) < ROUND_MS) return 0;
      Object.assign(pass, { from: Number.POSITIVE_INFINITY, roundAt: now, again: false });
    }
    const { id, version, perUserLimit } = live.campaign;
    const { next, looked, users } = this.#parts.streams.watchers(id, pass.from, max);
    pass.from = next;
    if (next === 0) pass.rounds += 1;
    const open = users.filter(
      ({ toldSeq, settledAt }) => settledAt !== version && (toldSeq === 0 || perUserLimit > 1),
    );
    const settled = await Promise.all(open.map((watcher) => this.#settle(live, watcher)));
    if (settled.includes(false)) pass.again = true;
    return looked;
  }

  /** False: it cannot be told yet. */
  async #settle(live: LiveCampaign, { userId }: Watcher): Promise<boolean> {
    const { lookUp, streams } = this.#parts;
    const { id, version } = live.campaign;
    const now = live.atGate && !live.rebuilding ? this.#flowOf(live)?.askNow?.(live, userId) : null;
    const found: Found | null = now ?? (await lookUp.mine(id, userId).catch(() => null));
    if (found === null || found.kind === 'waiting' || found.kind === 'unknown') return false;
    const answer = foundAnswer(found, null);
    if (!answer.ok) return true;
    if (found.kind === 'claim') streams.unit(id, userId, found.claim.seq, () => answer.body);
    else streams.settled(id, userId, version, () => answer.body);
    return true;
  }
}

/** Why nobody wins any more; null: somebody may. */
function endOf({ campaign, issued }: LiveCampaign, now: number): string | null {
  const status = statusOf(campaign, issued, now);
  if (status === 'sold_out' && keepsLine(campaign)) return null;
  return status === 'sold_out' || status === 'closed' || status === 'archived' ? status : null;
}

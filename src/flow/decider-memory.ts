/**
 * The campaigns of a decider while it decides: resumed from the record at first use, forgotten when nobody asks for them
 * any more, and all at once when it is not certain that the record has what is known here. What is forgotten costs time
 * and nothing else: the record has all of it.
 */

import type { Campaign } from '../core/campaign.ts';
import type { DecidedCampaign, Ruling } from '../core/decider.ts';
import { goOver, newDecided, resumedDecided } from '../core/decider.ts';
import type { GateRule, GateState } from '../core/gate.ts';
import { evolvePast, gateRule } from '../core/gate.ts';
import type { Request } from '../core/request.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { RecordStore } from '../ports/record.ts';
import type { Rulings } from '../ports/rulings.ts';
import type { System } from '../ports/system.ts';

/** A campaign as it stands after the newest request, and what of that the record has. */
export interface Standing {
  id: string;
  decided: DecidedCampaign;
  /** as an operator wrote it down, for its codes; null: not asked for yet */
  definition: Campaign | null;
  /** null: the record has no ruling of it, or one from another source */
  stored: { rule: GateRule; issued: number; lastSeq: number; phases: number } | null;
  /** `system.monotonic()` */
  usedAt: number;
}

export interface MemoryParts {
  /** what its decider reads */
  source: string;
  record: Pick<RecordStore, 'holders'>;
  rulings: Pick<Rulings, 'of'>;
  campaigns: Pick<Campaigns, 'get'>;
  system: Pick<System, 'now' | 'monotonic'>;
}

const HOLDERS_PAGE = 10_000;
const CAMPAIGNS_MAX = 1_000;
const OVER_IDLE_MS = 60_000;
const IDLE_MS = 3_600_000;

export class DeciderMemory {
  readonly #parts: MemoryParts;
  /** what was not used longest comes first */
  readonly #known = new Map<string, Standing>();

  constructor(parts: MemoryParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#known.size;
  }

  known(campaignId: string): Standing | null {
    return this.#known.get(campaignId) ?? null;
  }

  /**
   * The campaign that this request is about, as it stands before it; null: there is none that is decided in order.
   * Without a ruling it begins by the rule that the request itself brings, so that nothing is decided by a rule that an
   * operator made later; a try finds the rule that is stored now.
   */
  async bring(request: Request): Promise<Standing | null> {
    const standing = (await this.#resume(request.campaignId)) ?? (await this.#begin(request));
    if (standing !== null) this.#known.set(standing.id, standing);
    return standing;
  }

  /** As its operator wrote it down, at least as new as the rule in force; null: it is gone. */
  async definition(standing: Standing): Promise<Campaign | null> {
    const { version } = standing.decided.gate.rule;
    if (standing.definition === null || standing.definition.version < version) {
      standing.definition = await this.#parts.campaigns.get(standing.id);
    }
    return standing.definition;
  }

  /** Those were used now. Lets go of what is over and idle, and of what nobody has asked for in an hour. */
  tidy(used: Iterable<Standing>): void {
    const { system } = this.#parts;
    const now = system.monotonic();
    for (const standing of used) {
      standing.usedAt = now;
      this.#known.delete(standing.id);
      this.#known.set(standing.id, standing);
    }
    for (const [id, { usedAt, decided }] of this.#known) {
      const isMuch = this.#known.size > CAMPAIGNS_MAX;
      const idleMs = now - usedAt;
      if (idleMs < OVER_IDLE_MS && !isMuch) return;
      const maxMs = isOver(decided.gate.rule, system.now()) ? OVER_IDLE_MS : IDLE_MS;
      if (idleMs >= maxMs || isMuch) this.#known.delete(id);
    }
  }

  clear(): void {
    this.#known.clear();
  }

  async #resume(campaignId: string): Promise<Standing | null> {
    const ruling = await this.#parts.rulings.of(campaignId);
    if (ruling === null) return null;
    const decided = resumedDecided(ruling);
    await this.#takeHolders(campaignId, decided.gate);
    if (ruling.source === this.#parts.source) return this.#standing(decided, null, ruling);
    goOver(decided, ruling.source);
    return this.#standing(decided, null, null);
  }

  async #begin(request: Request): Promise<Standing | null> {
    const definition = await this.#parts.campaigns.get(request.campaignId);
    if (definition?.mode !== 'ordered') return null;
    const rule = request.type === 'claim.requested' ? gateRule(definition) : request.rule;
    const decided = newDecided(rule);
    await this.#takeHolders(request.campaignId, decided.gate);
    return this.#standing(decided, definition, null);
  }

  #standing(decided: DecidedCampaign, definition: Campaign | null, ruling: Ruling | null): Standing {
    const { rule } = decided.gate;
    const stored = ruling && {
      rule,
      issued: ruling.issued,
      lastSeq: ruling.lastSeq,
      phases: ruling.phases.length,
    };
    return { id: rule.campaignId, decided, definition, stored, usedAt: this.#parts.system.monotonic() };
  }

  async #takeHolders(campaignId: string, gate: GateState): Promise<void> {
    const { record } = this.#parts;
    let page = await record.holders(campaignId, 0, HOLDERS_PAGE);
    while (page.seqs.length > 0) {
      // The next page is read while this one is taken in.
      const next = record.holders(campaignId, page.seqs.at(-1) as number, HOLDERS_PAGE);
      evolvePast(gate, page);
      page = await next;
    }
  }
}

/** Nobody can win any more, unless an operator moves the end. */
function isOver({ closed, closesAt }: GateRule, now: number): boolean {
  return closed || (closesAt !== null && now >= closesAt);
}

/** Would its ruling say anything that the stored one does not? The clock alone does not count: it only runs on. */
export function isChanged({ decided: { gate, phases }, stored }: Standing): boolean {
  return (
    stored === null ||
    stored.rule !== gate.rule ||
    stored.issued !== gate.issued ||
    stored.lastSeq !== gate.lastSeq ||
    stored.phases !== phases.length
  );
}

/** From now on the record has it as it stands. */
export function noteStored(standing: Standing): void {
  const { gate, phases } = standing.decided;
  const { rule, issued, lastSeq } = gate;
  standing.stored = { rule, issued, lastSeq, phases: phases.length };
}

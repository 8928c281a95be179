/**
 * The gate of campaigns in ordered mode, and the way to it: their tries are decided by whoever reads the log, so what an
 * operator changes goes onto the same log, and is in force when the decider has taken it. What they hold is known here
 * by flow/decided. All other campaigns go to the gate that decides at once.
 */

import type { Campaign } from '../core/campaign.ts';
import type { GateRule, Reconfigured } from '../core/gate.ts';
import { gateRule } from '../core/gate.ts';
import { ruleChange } from '../core/request.ts';
import type { Gate } from '../ports/gate.ts';
import type { RequestPlace, Requests } from '../ports/requests.ts';
import { type System, wait } from '../ports/system.ts';
import type { Catalog } from './catalog.ts';
import type { Decided, SourceOf } from './decided.ts';
import { undecided } from './undecided.ts';

export interface OrderedGateParts {
  requests: Pick<Requests, 'append' | 'state'>;
  decided: Decided;
  catalog: Pick<Catalog, 'all'>;
  system: Pick<System, 'monotonic' | 'after'>;
  sourceOf: SourceOf;
  /** how long other processes may go on refusing by an older rule; 0: there are none */
  settleMs: number;
}

export interface OrderedGate {
  /** Puts a rule in force. Rejects when its decider has not said in time what became of it. */
  configure(campaign: Campaign): Promise<Reconfigured>;
  /**
   * Brings rules to the deciders that are stored and did not get there: whoever stored them died, or the log was away.
   * Now and then, by whoever runs deciders.
   */
  catchUpRules(): void;
}

/** A changed rule is in force by then, or nobody knows. */
const DECIDER_MAX_MS = 5_000;
/** Whoever stores a rule brings it himself within this. */
const BEHIND_MS = 2_000;
/** A lowered quantity is with the decider before it is in the store; by then whoever lowers it is done, or is no more. */
const LOWERING_MS = 10_000;

export function makeOrderedGate(parts: OrderedGateParts): OrderedGate {
  return new RulesByLog(parts);
}

class RulesByLog implements OrderedGate {
  readonly #parts: OrderedGateParts;
  /** since when the decider has another rule than the store, or since when it was last told, monotonic ms */
  readonly #differing = new Map<string, number>();

  constructor(parts: OrderedGateParts) {
    this.#parts = parts;
  }

  async configure(campaign: Campaign): Promise<Reconfigured> {
    const { decided, system, settleMs } = this.#parts;
    const rule = gateRule(campaign);
    const before = this.#ruleOf(campaign.id);
    const until = system.monotonic() + DECIDER_MAX_MS;
    await this.#taken(campaign, await this.#append(before, rule, until), until);
    const now = decided.known(campaign.id)?.gate;
    if (now === undefined) throw new Error(`the decider of ${campaign.id} does not know it`);
    const refused = now.rule.version <= rule.version && now.rule.quantity !== rule.quantity;
    if (refused && now.issued > rule.quantity) return { kind: 'below_issued', issued: now.issued };
    if (settleMs > 0 && mayLoosen(before, rule)) await wait(system, settleMs);
    return { kind: 'ok' };
  }

  /** Resolves with the place that the rule has on the log. */
  #append(before: GateRule | null, rule: GateRule, until: number): Promise<RequestPlace> {
    const { requests, system } = this.#parts;
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new Error(`the log of requests has not taken the rule in time`));
      const timer = system.after(until - system.monotonic(), late);
      requests.append(ruleChange(before, rule), (error, at) => {
        timer.stop();
        if (error === null && at !== null) resolve(at);
        else reject(error ?? new Error('the log of requests has not said where it has put the rule'));
      });
    });
  }

  async #taken({ id }: Campaign, at: RequestPlace, until: number): Promise<void> {
    const { decided, system, sourceOf } = this.#parts;
    const source = sourceOf(at.topicVersion, at.partition);
    const leftMs = Math.max(0, until - system.monotonic());
    if (await decided.reached(source, at.place, leftMs)) return;
    throw new Error(`the decider of ${id} has not taken its rule within ${DECIDER_MAX_MS} ms`);
  }

  #ruleOf(campaignId: string): GateRule | null {
    return this.#parts.decided.known(campaignId)?.gate.rule ?? null;
  }

  catchUpRules(): void {
    const { catalog, requests, system } = this.#parts;
    if (requests.state().fault !== null) return;
    const now = system.monotonic();
    for (const { campaign } of catalog.all()) {
      const waitMs = this.#behindBy(campaign);
      if (waitMs === null) {
        this.#differing.delete(campaign.id);
        continue;
      }
      const since = this.#differing.get(campaign.id);
      if (since === undefined) this.#differing.set(campaign.id, now);
      else if (now - since >= waitMs) {
        this.#differing.set(campaign.id, now);
        requests.append(ruleChange(this.#ruleOf(campaign.id), gateRule(campaign)), () => undefined);
      }
    }
  }

  /** How long that may last before something is done about it; null: the decider has what is stored. */
  #behindBy(campaign: Campaign): number | null {
    // Nobody is archived who was not closed before, and then nothing is left to decide.
    if (campaign.mode !== 'ordered' || campaign.archivedAt !== null) return null;
    const rule = this.#ruleOf(campaign.id);
    if (rule === null || rule.version < campaign.version) return BEHIND_MS;
    return rule.version === campaign.version && rule.quantity !== campaign.quantity ? LOWERING_MS : null;
  }
}

/** May somebody win by it who was refused by the rule before? */
function mayLoosen(before: GateRule | null, rule: GateRule): boolean {
  if (before === null) return rule.startsAt !== null;
  if (rule.closed || rule.paused) return false;
  return (
    before.closed ||
    before.paused ||
    rule.quantity > before.quantity ||
    rule.startsAt !== before.startsAt ||
    rule.closesAt !== before.closesAt
  );
}

export interface RouteParts {
  /** null: there is none, and campaigns of the other modes cannot be opened */
  shared: Gate | null;
  ordered: Pick<OrderedGate, 'configure'>;
  decided: Pick<Decided, 'known' | 'holdings' | 'look'>;
  /** null: the campaign is not known here */
  campaignOf(campaignId: string): Campaign | null;
  system: Pick<System, 'now'>;
}

/** One gate for campaigns of every mode. */
export function routeGates({ shared, ordered, decided, campaignOf, system }: RouteParts): Gate {
  const isOrdered = (campaignId: string): boolean =>
    shared === null || campaignOf(campaignId)?.mode === 'ordered';
  return {
    claim(campaignId, attempt, answer) {
      if (shared === null || isOrdered(campaignId)) {
        const campaign = campaignOf(campaignId);
        const elsewhere = campaign === null || campaign.mode === 'ordered';
        return answer(elsewhere ? { verdict: 'unavailable' } : undecided(campaign, attempt, system.now()));
      }
      return shared.claim(campaignId, attempt, answer);
    },
    async begin(campaign) {
      if (campaign.mode === 'ordered') await ordered.configure(campaign);
      else await shared?.begin(campaign);
    },
    async configure(campaign) {
      if (campaign.mode === 'ordered') return ordered.configure(campaign);
      return shared === null ? { kind: 'ok' } : shared.configure(campaign);
    },
    async load(campaignId, past) {
      if (shared !== null && !isOrdered(campaignId)) await shared.load(campaignId, past);
    },
    async unload(campaignId) {
      if (shared !== null && !isOrdered(campaignId)) await shared.unload(campaignId);
    },
    async holdings(campaignId, userId) {
      if (shared === null || isOrdered(campaignId)) return decided.holdings(campaignId, userId);
      return shared.holdings(campaignId, userId);
    },
    async counts(campaignId) {
      if (shared !== null && !isOrdered(campaignId)) return shared.counts(campaignId);
      // Whoever asks compares it with the record, and what is there must be known here.
      await decided.look();
      const gate = decided.known(campaignId)?.gate;
      if (gate === undefined) return null;
      const { issued, lastSeq, rule, holders } = gate;
      return { issued, lastSeq, quantity: rule.quantity, holders: holders.size };
    },
  };
}

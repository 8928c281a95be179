/** The gate of one process: the rule itself, called in turn. JavaScript's single thread is its lock. */

import type { GateState } from '../../core/gate.ts';
import { decide, emptyGate, evolve, evolvePast, gateRule, holdings, reconfigure } from '../../core/gate.ts';
import type { Gate, GateAnswer } from '../../ports/gate.ts';
import type { System } from '../../ports/system.ts';

const UNKNOWN: GateAnswer = { verdict: 'unknown_campaign' };

export function makeMemoryGate(system: Pick<System, 'now'>): Gate {
  const states = new Map<string, GateState>();
  return {
    claim(campaignId, attempt, answer) {
      const state = states.get(campaignId);
      if (state === undefined) return answer(UNKNOWN);
      const decision = decide(state, attempt, system.now());
      if (decision.verdict === 'won') evolve(state, decision.fact);
      return answer(decision);
    },
    async begin(campaign) {
      states.set(campaign.id, emptyGate(gateRule(campaign)));
    },
    async configure(campaign) {
      const rule = gateRule(campaign);
      const state = states.get(campaign.id);
      if (state) return reconfigure(state, rule);
      states.set(campaign.id, emptyGate(rule));
      return { kind: 'ok' };
    },
    async load(campaignId, past) {
      const state = states.get(campaignId);
      if (!state) throw new Error(`campaign ${campaignId} is not at the gate`);
      evolvePast(state, past);
    },
    async unload(campaignId) {
      states.delete(campaignId);
    },
    async holdings(campaignId, userId) {
      const state = states.get(campaignId);
      return state ? holdings(state, userId) : [];
    },
    async counts(campaignId) {
      const state = states.get(campaignId);
      if (!state) return null;
      return {
        issued: state.issued,
        lastSeq: state.lastSeq,
        quantity: state.rule.quantity,
        holders: state.holders.size,
      };
    },
  };
}

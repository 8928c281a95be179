// One campaign in ordered mode, its log and decider in the test's hand, and as many API processes as a test wants.

import type { Campaign } from '../../src/core/campaign.ts';
import { gateRule } from '../../src/core/gate.ts';
import { ruleChange } from '../../src/core/request.ts';
import type { Ticket } from '../../src/core/ticket.ts';
import type { LiveCampaign } from '../../src/flow/catalog.ts';
import { makeCatalog } from '../../src/flow/catalog.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import { makeDecided } from '../../src/flow/decided.ts';
import type { UnitFound } from '../../src/flow/mode.ts';
import { makeOrderedGate } from '../../src/flow/ordered-gate.ts';
import type { Found, Outcome, Pending } from '../../src/flow/outcome.ts';
import { makeRequestFlow, type RequestParts } from '../../src/flow/request.ts';
import { makeTickets } from '../../src/flow/tickets.ts';
import { makeHandClock } from './hand-clock.ts';
import { makeHandDecider, makeHandRequests, SOURCE } from './hand-requests.ts';
import { sampleCampaign } from './samples.ts';

const master = Buffer.from('a master secret for tests only');
export const ID = 'chicken-100';

export type OrderedWorld = ReturnType<typeof makeOrderedWorld>;
export type Api = ReturnType<OrderedWorld['api']>;

export function makeOrderedWorld(over: Partial<Campaign> = {}) {
  const clock = makeHandClock();
  const requests = makeHandRequests(() => clock.now());
  const decider = makeHandDecider(requests);
  const row = { campaign: sampleCampaign({ mode: 'ordered', quantity: 2, ...over }) };
  const tickets = makeTickets(master);
  const sourceOf = (): string => SOURCE;

  /** What is on its way to the log is there, and decided. */
  function settle(): void {
    requests.letThrough();
    decider.decide();
  }

  /** An operator's change, decided. */
  function change(to: Partial<Campaign>): void {
    const before = gateRule(row.campaign);
    row.campaign = { ...row.campaign, ...to, version: row.campaign.version + 1 };
    requests.append(ruleChange(before, gateRule(row.campaign)), () => undefined);
    settle();
  }

  requests.append(ruleChange(null, gateRule(row.campaign)), () => undefined);
  settle();

  function api(parts: Partial<RequestParts> & { settleMs?: number } = {}) {
    const catalog = makeCatalog();
    const live: LiveCampaign = catalog.put(row.campaign);
    live.atGate = true;
    const decided = makeDecided({ ...decider, catalog, system: clock });
    const codes = makeCodes(master);
    const given = { requests, decided, tickets, codes, system: clock, sourceOf, catalog };
    const limits = { requestsWaitingMax: 100, staleMaxMs: Number.POSITIVE_INFINITY, clockSlackMs: 0 };
    const flow = makeRequestFlow({ ...given, ...limits, ...parts });
    const ordered = makeOrderedGate({ ...given, settleMs: parts.settleMs ?? 0 });
    const press = (userId: string, key: string | null = null, eligible = true): Promise<Outcome> =>
      new Promise((tell) => {
        const own = { campaignId: ID, userId, key, tokenClaims: {} };
        const tellBy = Number.POSITIVE_INFINITY;
        flow.press({ live, press: own, eligible, tellBy, tell, settle: () => undefined });
      });
    const ticketOf = (text: string): Ticket => {
      const ticket = tickets.read(ID, text, null);
      if (ticket === null) throw new Error('no ticket');
      return ticket;
    };
    return {
      catalog,
      live,
      decided,
      flow,
      ordered,
      press,
      ticketOf,
      /** A press that goes onto the log at once. */
      async wait(userId: string, key: string | null = null): Promise<string> {
        const pressed = press(userId, key);
        requests.letThrough();
        return ((await pressed) as Pending).ticket;
      },
      asks: (text: string, userId: string | null): Promise<Found | UnitFound> =>
        flow.byTicket(live, ticketOf(text), text, userId),
      mine: (userId: string): Promise<Found | UnitFound> => flow.mine(live, userId),
    };
  }

  return { clock, requests, decider, row, settle, change, api };
}

/** What is ready runs. */
export async function breathe(turns = 5): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resume) => setImmediate(resume));
}

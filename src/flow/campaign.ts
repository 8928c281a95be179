/**
 * What operators do to campaigns: define, change, open, pause, resume, close, archive.
 *
 * The store is told first and the gate second, so that nothing is given by a rule that a restart would forget. The one
 * exception is a lowered quantity: the gate alone knows what is out, so it is asked first, and a crash in between
 * leaves the higher quantity in the store, which harms nobody. The catalog comes last: it shows what is in force.
 */

import type { Action, Campaign, CampaignDefinition, CampaignDraft, Status } from '../core/campaign.ts';
import {
  CHANGEABLE_WHILE_OPEN,
  definitionFault,
  newCampaign,
  quantitySaid,
  startsAt,
  statusOf,
  transition,
} from '../core/campaign.ts';
import type { OutboxType } from '../core/event.ts';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { Campaigns, OutboxFact } from '../ports/campaigns.ts';
import type { Gate } from '../ports/gate.ts';
import type { AuditLine } from '../ports/operators.ts';
import type { RecordStore } from '../ports/record.ts';
import type { System } from '../ports/system.ts';
import type { Catalog, LiveCampaign } from './catalog.ts';
import type { Codes } from './codes.ts';
import { isOver } from './fill-gate.ts';
import type { OpeningParts } from './opening-fault.ts';
import { defaultLevel, openingFault, poolFault } from './opening-fault.ts';

/** Who changes something, for the audit log. */
export interface Actor {
  id: string;
  requestId: string | null;
}

export type CampaignChange = Partial<Omit<CampaignDefinition, 'id'>>;

export type CampaignResult =
  | { kind: 'done'; live: LiveCampaign; changed: boolean }
  | { kind: 'refused'; problem: Problem };

export interface CampaignParts extends OpeningParts {
  catalog: Catalog;
  gate: Gate;
  campaigns: Campaigns;
  record: RecordStore;
  codes: Codes;
  system: System;
  /** brings a campaign to the gate that was over, and no longer is */
  bring(live: LiveCampaign, campaign: Campaign): Promise<void>;
  /** takes in what other processes have changed in a campaign; absent: there are none */
  refresh?(campaignId: string): Promise<void>;
  /** told of a gate that could not be told; without it that is a fault of the program */
  onGateFault?(error: Error): void;
}

export interface CampaignFlow {
  create(draft: CampaignDraft, by: Actor): Promise<CampaignResult>;
  /** `expected` is the version the operator has read. */
  patch(id: string, expected: number, change: CampaignChange, by: Actor): Promise<CampaignResult>;
  act(id: string, action: Action, by: Actor): Promise<CampaignResult>;
  /**
   * Raises the quantity for units that came back; what the operator said stays. `back` tells how many there are, asked
   * when nothing else changes the campaign: the units, and how the raised campaign is stored with taking them off their
   * way. Null: nothing to do. False: somebody else was quicker, and it is to be asked again.
   */
  takeBack(id: string, by: Actor, back: TakeBack): Promise<boolean | null>;
}

export type TakeBack = (campaign: Campaign) => Promise<{ count: number; store: Campaigns['update'] } | null>;

const FACT_OF: Record<Action, OutboxType> = {
  open: 'campaign.opened',
  pause: 'campaign.paused',
  resume: 'campaign.resumed',
  close: 'campaign.closed',
  archive: 'campaign.archived',
};

const NOT_FOUND: CampaignResult = { kind: 'refused', problem: problem('campaign_not_found') };
const STALE: CampaignResult = { kind: 'refused', problem: problem('precondition_failed') };

function refused(what: Problem): CampaignResult {
  return { kind: 'refused', problem: what };
}

/** Some other id for a campaign whose operator gave none: its name where that can be read, and a few random letters. */
function madeId(name: string, system: System): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 40);
  const tail = system.randomBytes(5).toString('hex');
  return slug === '' ? `c-${tail}` : `${slug}-${tail}`;
}

/** The first field that may not change any more, or null. */
function frozenField(campaign: Campaign, change: CampaignChange): string | null {
  for (const [name, value] of Object.entries(change) as [keyof CampaignDefinition, unknown][]) {
    const same = JSON.stringify(campaign[name]) === JSON.stringify(value);
    if (!same && !CHANGEABLE_WHILE_OPEN.includes(name)) return name;
  }
  return null;
}

export function makeCampaignFlow(parts: CampaignParts): CampaignFlow {
  const changes = new CampaignChanges(parts);
  return {
    create: (draft, by) => changes.create(draft, by),
    patch: (id, expected, change, by) => changes.inTurn(id, () => changes.patch(id, expected, change, by)),
    act: (id, action, by) => changes.inTurn(id, () => changes.act(id, action, by)),
    takeBack: (id, by, back) => changes.inTurn(id, () => changes.takeBack(id, by, back)),
  };
}

class CampaignChanges {
  readonly #parts: CampaignParts;
  /** One change of a campaign at a time: the end of what is going on with each. */
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(parts: CampaignParts) {
    this.#parts = parts;
  }

  inTurn<T>(id: string, run: () => Promise<T>): Promise<T> {
    const newest = async (): Promise<T> => {
      await this.#parts.refresh?.(id);
      return run();
    };
    const mine = (this.#turns.get(id) ?? Promise.resolve()).then(newest, newest);
    this.#turns.set(id, mine);
    const leave = (): void => {
      if (this.#turns.get(id) === mine) this.#turns.delete(id);
    };
    mine.then(leave, leave);
    return mine;
  }

  #line(action: string, by: Actor, before: Campaign | null, after: Campaign): AuditLine {
    const { id: actor, requestId } = by;
    return {
      at: this.#parts.system.now(),
      actor,
      action: `campaign.${action}`,
      target: after.id,
      before,
      after,
      requestId,
    };
  }

  #newCampaign(draft: CampaignDraft): Campaign {
    const { system, durabilities, codes } = this.#parts;
    return newCampaign(draft, {
      id: draft.id ?? madeId(draft.name, system),
      durability: defaultLevel(durabilities),
      codeKeyId: codes.keyId,
      now: system.now(),
    });
  }

  async create(draft: CampaignDraft, by: Actor): Promise<CampaignResult> {
    const campaign = this.#newCampaign(draft);
    const fault =
      definitionFault(campaign) ?? (campaign.opensAt === null ? null : await this.#openingFault(campaign));
    if (fault) return refused(asProblem(fault));
    if (!(await this.#parts.campaigns.create(campaign, this.#line('create', by, null, campaign))))
      return refused(problem('exists'));
    // What a shared gate does not hear now, whoever looks after it will tell it.
    await this.#parts.gate.begin(campaign).catch(ignored(this.#parts));
    const live = this.#parts.catalog.put(campaign);
    live.atGate = true;
    return { kind: 'done', live, changed: true };
  }

  /** Stores, then puts in force; the other way round when the quantity falls. */
  async #store(
    live: LiveCampaign,
    next: Campaign,
    audit: AuditLine,
    type: OutboxType,
    update: Campaigns['update'] = (...change) => this.#parts.campaigns.update(...change),
  ): Promise<CampaignResult> {
    const { campaign } = live;
    const falls = next.quantity < campaign.quantity;
    if (falls && live.atGate) {
      const fault = await this.#lower(campaign, next);
      if (fault) return refused(fault);
    }
    const facts: OutboxFact[] = [
      { type, campaignId: next.id, data: { version: next.version, quantity: next.quantity } },
    ];
    if (!(await update(next, campaign.version, audit, facts))) {
      if (falls && live.atGate) await this.#takeBack(campaign);
      return STALE;
    }
    if (live.atGate) await this.#parts.gate.configure(next).catch(ignored(this.#parts));
    const put = this.#parts.catalog.put(next);
    // It was over before this process started, and its end has moved: its winners are not at the gate yet.
    if (!put.atGate && !isOver(next, audit.at)) await this.#parts.bring(put, next);
    return { kind: 'done', live: put, changed: true };
  }

  /** The gate takes the lower quantity at the version that is in force: if the store refuses it, that one still counts. */
  async #lower(campaign: Campaign, next: Campaign): Promise<Problem | null> {
    const asked = await this.#parts.gate
      .configure({ ...campaign, quantity: next.quantity })
      .catch((): null => null);
    if (asked === null) return problem('gate_unavailable');
    if (asked.kind === 'ok') return null;
    const issued = asked.issued - campaign.returned;
    return problem('below_issued', `${issued} are issued: quantity cannot be lower.`, { issued });
  }

  /** Somebody else has changed the campaign: what he stored is what counts. */
  async #takeBack(campaign: Campaign): Promise<void> {
    const stored = (await this.#parts.campaigns.get(campaign.id)) ?? campaign;
    await this.#parts.gate.configure(stored).catch(ignored(this.#parts));
    this.#parts.catalog.put(stored);
  }

  async #openingFault(campaign: Campaign): Promise<Problem | null> {
    return openingFault(campaign, this.#parts) ?? (await poolFault(campaign, this.#parts.codePool));
  }

  /** Of a campaign that begins, or will. A pool that was large enough for it stays so. */
  #runningFault(before: Campaign, next: Campaign): Promise<Problem | null> | Problem | null {
    const { quantity, codes } = before;
    const asksMore =
      next.quantity > quantity || startsAt(before) === null || next.codes.source !== codes.source;
    return asksMore ? this.#openingFault(next) : openingFault(next, this.#parts);
  }

  async #changeFault(
    live: LiveCampaign,
    next: Campaign,
    change: CampaignChange,
    now: number,
  ): Promise<Problem | null> {
    const { campaign } = live;
    const status: Status = statusOf(campaign, live.issued, now);
    if (status === 'archived') return problem('invalid_transition', 'An archived campaign does not change.');
    const start = startsAt(campaign);
    if (start !== null && now >= start) {
      const field = frozenField(campaign, change);
      if (field) return problem('immutable_while_open', undefined, { pointer: `/${field}` });
      if (next.closesAt !== null && next.closesAt !== campaign.closesAt && next.closesAt < now) {
        return problem('invalid_window', 'closesAt cannot move into the past; close the campaign instead.');
      }
    }
    const fault = definitionFault(next);
    if (fault) return asProblem(fault);
    return startsAt(next) === null ? null : this.#runningFault(campaign, next);
  }

  async patch(id: string, expected: number, change: CampaignChange, by: Actor): Promise<CampaignResult> {
    const live = this.#parts.catalog.get(id);
    if (!live) return NOT_FOUND;
    if (live.campaign.version !== expected) return STALE;
    const now = this.#parts.system.now();
    const quantity = (change.quantity ?? quantitySaid(live.campaign)) + live.campaign.returned;
    const next: Campaign = { ...live.campaign, ...change, quantity, version: expected + 1, updatedAt: now };
    const fault = await this.#changeFault(live, next, { ...change, quantity }, now);
    if (fault) return refused(fault);
    return this.#store(live, next, this.#line('change', by, live.campaign, next), 'campaign.changed');
  }

  async takeBack(id: string, by: Actor, back: TakeBack): Promise<boolean | null> {
    const live = this.#parts.catalog.get(id);
    const found = live === undefined ? null : await back(live.campaign);
    if (live === undefined || found === null) return null;
    const { campaign } = live;
    const { count, store } = found;
    const next: Campaign = {
      ...campaign,
      returned: campaign.returned + count,
      quantity: campaign.quantity + count,
      version: campaign.version + 1,
      updatedAt: this.#parts.system.now(),
    };
    const line = this.#line('return', by, campaign, next);
    const done = await this.#store(live, next, line, 'campaign.changed', store);
    return done.kind === 'done';
  }

  async act(id: string, action: Action, by: Actor): Promise<CampaignResult> {
    const live = this.#parts.catalog.get(id);
    if (!live) return NOT_FOUND;
    if (action === 'open' || action === 'resume') {
      const isNew = action === 'open' && live.campaign.openedAt === null;
      const fault = isNew
        ? await this.#openingFault(live.campaign)
        : openingFault(live.campaign, this.#parts);
      if (fault) return refused(fault);
    }
    const step = transition(live.campaign, action, live.issued, this.#parts.system.now());
    if (step.kind === 'unchanged') return { kind: 'done', live, changed: false };
    if (step.kind === 'refused') {
      const { status } = step;
      if (action === 'archive')
        return refused(problem('campaign_live', undefined, { campaignStatus: status }));
      return refused(
        problem('invalid_transition', `A campaign that is ${status} cannot ${action}.`, {
          campaignStatus: status,
        }),
      );
    }
    return this.#store(
      live,
      step.campaign,
      this.#line(action, by, live.campaign, step.campaign),
      FACT_OF[action],
    );
  }
}

/** A shared gate may be away; the store has the change, and from there it gets it. */
function ignored({ onGateFault }: CampaignParts): (error: Error) => void {
  return (error) => {
    if (!onGateFault) throw error;
    onGateFault(error);
  };
}

function asProblem(fault: Problem | NonNullable<ReturnType<typeof definitionFault>>): Problem {
  if ('pointer' in fault) return problem(fault.code, fault.detail, { pointer: fault.pointer });
  return fault;
}

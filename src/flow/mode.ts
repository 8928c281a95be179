/**
 * What differs between the modes, behind one shape: what a press brings about when the gate does not decide it at once,
 * and what somebody is told who asks later. Whoever holds a unit is answered by flow/claim and flow/look-up, whatever
 * the mode is.
 */

import type { Ticket } from '../core/ticket.ts';
import type { GateAnswer } from '../ports/gate.ts';
import type { LiveCampaign } from './catalog.ts';
import type { Found, Outcome, Press, Tell } from './outcome.ts';

/** Somebody's unit, to be told as every unit is. */
export interface UnitFound {
  kind: 'unit';
  userId: string;
  seq: number;
  wonAt: number;
}

export type VerdictListener = (live: LiveCampaign, userId: string, outcome: Outcome) => void;

/** A press on its way through a mode. */
export interface Pressed {
  live: LiveCampaign;
  press: Press;
  eligible: boolean;
  /** `system.monotonic()`: what is told later than this is told as unknown */
  tellBy: number;
  tell: Tell;
  /** tells it as if the gate had said so: `already_won`, a refusal, a fault */
  settle(given: GateAnswer): void;
}

export interface ModeFlow {
  /** Answers one press by calling `tell` or `settle` exactly once. */
  press(pressed: Pressed): void;
  /** How his latest try stands, for somebody who holds no unit; `none` when nothing is known of one. */
  mine(live: LiveCampaign, userId: string): Promise<Found | UnitFound>;
  /** How the try behind a ticket stands; `userId` null: whoever asks. The ticket is genuine, and of this mode. */
  byTicket(
    live: LiveCampaign,
    ticket: Ticket,
    text: string,
    userId: string | null,
  ): Promise<Found | UnitFound>;
  /**
   * The answer of `mine` (a text: the user) or `byTicket` without a wait, for the many who ask again and again; null, or
   * no such method: it has to be asked for. A user is answered only when it is known here that he holds no unit.
   */
  askNow?(
    live: LiveCampaign,
    of: string | { ticket: Ticket; text: string; userId: string | null },
  ): Found | null;
  /** Resolves when what is known may have become more for this ticket, and after `maxMs` in any case. */
  changed(live: LiveCampaign, ticket: Ticket, maxMs: number): Promise<void>;
  /** Gives his place up; absent: there are none in this mode. */
  leave?(live: LiveCampaign, userId: string): Promise<Found>;
  /** tries that wait for their verdict, in all campaigns, as far as it is known here; for /metrics */
  pending?(): number;
  /** Called with each verdict that comes after the answer to the press. */
  onVerdict(listener: VerdictListener): void;
}

/** Each mode but `instant`, where its parts are there. */
export type ModeFlows = Partial<Record<'ordered' | 'queued', ModeFlow>>;

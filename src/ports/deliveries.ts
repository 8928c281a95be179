/**
 * Facts on their way to endpoints, and how each delivery went. What is absent: who sends. A delivery that is due is
 * handed out as often as it is asked for; whoever sends knows what he has in hand.
 */

import type { DeliveryState, WebhookAnswer } from '../core/webhook.ts';
import type { AuditLine } from './operators.ts';

/** A fact as it will be sent. */
export interface LeftFact {
  /** follows from the fact: one delivery to each endpoint, however often it is left */
  eventId: string;
  type: string;
  campaignId: string;
  /** the claim it is about, else the campaign: those of one key are delivered in the order in which they were left */
  orderKey: string;
  body: string;
}

export interface Delivery extends LeftFact {
  id: number;
  endpointId: string;
  state: DeliveryState;
  /** tries that were made */
  tries: number;
  /** pending: when it is due; else when it was settled. Epoch ms */
  at: number;
  /** of the last tries, oldest first */
  answers: WebhookAnswer[];
  createdAt: number;
}

/** What became of one try. */
export interface SettledTry {
  id: number;
  /** tries before this one: nothing is written when somebody else has tried meanwhile */
  triesBefore: number;
  state: DeliveryState;
  at: number;
  answers: WebhookAnswer[];
}

export interface Backlog {
  pending: number;
  /** null: nothing was, or it is forgotten */
  lastDeliveredAt: number | null;
}

export interface Deliveries {
  /** One delivery of each fact to each endpoint, in this order; those that are there already stay as they are. */
  leave(endpointIds: readonly string[], facts: readonly LeftFact[], now: number): Promise<void>;
  /** Pending ones whose time has come, longest due first; of each order key only the first that is pending. */
  due(endpointId: string, now: number, limit: number): Promise<Delivery[]>;
  /** A delivery that stays pending keeps the later ones of its order key waiting as long. */
  settle(tries: readonly SettledTry[]): Promise<void>;
  /** `pending` is counted up to `most`. */
  backlog(endpointId: string, most: number): Promise<Backlog>;
  /** Newest first, before delivery `before`. */
  list(
    endpointId: string,
    state: DeliveryState | null,
    before: number | null,
    limit: number,
  ): Promise<Delivery[]>;
  /** Makes it pending again, as if it had never been tried. False when it is not there. */
  resend(endpointId: string, id: number, now: number, audit: AuditLine): Promise<boolean>;
  /** Forgets at most `limit` of an endpoint, pending or not. Resolves with how many. */
  forget(endpointId: string, limit: number): Promise<number>;
}

/** Where facts are sent by webhook: endpoints of operators. Deliveries to them are ports/deliveries. */

import type { FactFilter } from '../core/webhook.ts';
import type { AuditLine } from './operators.ts';

export type EndpointState = 'enabled' | 'disabled';

export interface Endpoint extends FactFilter {
  id: string;
  /** counts changes: a change says which one it was made from */
  version: number;
  url: string;
  description: string;
  /** sealed (flow/webhook-secret): the newest secret, and the one before while it is still in force */
  secrets: string;
  state: EndpointState;
  /** why it is disabled; null: it is not */
  why: string | null;
  disabledAt: number | null;
  createdAt: number;
  updatedAt: number;
}

export interface Webhooks {
  /** False when there are `most` already. */
  add(endpoint: Endpoint, most: number, audit: AuditLine): Promise<boolean>;
  /** Oldest first. */
  list(): Promise<Endpoint[]>;
  get(id: string): Promise<Endpoint | null>;
  /** False when it is not at version `endpoint.version - 1`, or is not there. */
  put(endpoint: Endpoint, audit: AuditLine): Promise<boolean>;
  /** Its deliveries are forgotten by themselves (ports/deliveries). False when there is none. */
  remove(id: string, audit: AuditLine): Promise<boolean>;
}

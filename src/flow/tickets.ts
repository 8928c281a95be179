/** The tickets of all campaigns: made for whoever has to wait, and told from those that somebody made up. */

import type { Hmac } from '../core/hmac.ts';
import type { Ticket } from '../core/ticket.ts';
import { makeTicket, ticketKey, verifyTicket } from '../core/ticket.ts';

export interface Tickets {
  make(campaignId: string, ticket: Ticket, userId: string): string;
  /** null: not of this campaign, not of this user, or made up. `userId` null: whoever's it is. */
  read(campaignId: string, text: string, userId: string | null): Ticket | null;
}

export function makeTickets(master: Buffer): Tickets {
  const keys = new Map<string, Hmac>();
  const keyOf = (campaignId: string): Hmac => {
    let key = keys.get(campaignId);
    if (!key) {
      key = ticketKey(master, campaignId);
      keys.set(campaignId, key);
    }
    return key;
  };
  return {
    make: (campaignId, ticket, userId) => makeTicket(keyOf(campaignId), ticket, userId),
    read: (campaignId, text, userId) => verifyTicket(keyOf(campaignId), text, userId),
  };
}

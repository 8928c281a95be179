/**
 * The tickets of all campaigns: made for whoever has to wait, and told from those that somebody made up. People ask with
 * the same ticket again and again, so those that were made or read lately are remembered: a signature costs as much as
 * the rest of an answer.
 */

import type { Hmac } from '../core/hmac.ts';
import { Recent } from '../core/recent.ts';
import type { Ticket } from '../core/ticket.ts';
import { makeTicket, ticketKey, verifyTicket } from '../core/ticket.ts';

export interface Tickets {
  make(campaignId: string, ticket: Ticket, userId: string): string;
  /** null: not of this campaign, not of this user, or made up. `userId` null: whoever's it is. */
  read(campaignId: string, text: string, userId: string | null): Ticket | null;
}

/** Of each campaign; about 10 MB while a crowd asks. */
const REMEMBERED_MAX = 50_000;

/** A genuine ticket, and whose it is. */
interface Known {
  text: string;
  ticket: Ticket;
  userId: string;
}

interface CampaignTickets {
  mac: Hmac;
  byText: Recent<string, Known>;
  /** of places in line, by their numbers */
  byNumber: Recent<number, Known>;
}

export function makeTickets(master: Buffer): Tickets {
  const campaigns = new Map<string, CampaignTickets>();
  const of = (campaignId: string): CampaignTickets => {
    let known = campaigns.get(campaignId);
    if (!known) {
      const byText = new Recent<string, Known>(REMEMBERED_MAX);
      known = { mac: ticketKey(master, campaignId), byText, byNumber: new Recent(REMEMBERED_MAX) };
      campaigns.set(campaignId, known);
    }
    return known;
  };
  return {
    make(campaignId, ticket, userId) {
      const { mac, byNumber } = of(campaignId);
      const known = ticket.kind === 'queued' ? byNumber.get(ticket.number) : undefined;
      if (known?.userId === userId) return known.text;
      const text = makeTicket(mac, ticket, userId);
      if (ticket.kind === 'queued') byNumber.set(ticket.number, { text, ticket, userId });
      return text;
    },
    read(campaignId, text, userId) {
      const { mac, byText } = of(campaignId);
      const known = byText.get(text);
      if (known && (userId === null || known.userId === userId)) return known.ticket;
      const ticket = verifyTicket(mac, text, userId);
      if (ticket !== null && userId !== null) byText.set(text, { text, ticket, userId });
      return ticket;
    },
  };
}

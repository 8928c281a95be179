/**
 * How a try stands, asked again and again by everybody who waits: by hand like the press (see server.ts), and without a
 * wait wherever the mode can answer from what it knows. With `?wait=10s` the answer comes when there is something to
 * tell, or when the time is over.
 */

import type { IncomingMessage } from 'node:http';
import { normalUserId } from '../core/claim.ts';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import { isTicketLike } from '../core/ticket.ts';
import type { Catalog, LiveCampaign } from '../flow/catalog.ts';
import type { LookUp } from '../flow/look-up.ts';
import type { ModeFlow, ModeFlows } from '../flow/mode.ts';
import type { Found } from '../flow/outcome.ts';
import type { Tickets } from '../flow/tickets.ts';
import type { System } from '../ports/system.ts';
import type { Identified, UserAuth } from './auth.ts';
import type { ClientAddress } from './client-address.ts';
import { foundAnswer } from './found-answer.ts';
import { partProblem } from './problem.ts';
import type { FlatHeaders, RawAnswerParts, RawAsk } from './raw-answer.ts';
import { RawAnswers } from './raw-answer.ts';
import type { Throttle } from './throttle.ts';
import { retrySeconds } from './wire.ts';

export interface PollParts extends RawAnswerParts {
  system: Pick<System, 'monotonic'>;
  catalog: Pick<Catalog, 'get'>;
  lookUp: Pick<LookUp, 'mine' | 'byTicket'>;
  modes: ModeFlows;
  tickets: Tickets;
  auth: UserAuth;
  clientAddress: ClientAddress;
  throttle: Throttle;
  seek?(campaignId: string): Promise<void>;
  onFault?(error: unknown, requestId: string): void;
}

/** What is asked, as it was written. */
export interface PollAsk {
  campaignId: string;
  /** null: the latest of whoever asks */
  ticket: string | null;
  userId: string | undefined;
  wait: string | undefined;
}

/** Polls that may wait for news at once; one more is answered with what is known. */
const WAITING_MAX = 20_000;
const WAIT_MS_MAX = 30_000;
/** A wait is begun anew after this, so that nothing is held for long for somebody who has gone. */
const SLICE_MS = 5000;

const NO_USER = problem('invalid_user_id', 'Name the user: ?userId=…');
const BAD_USER = problem('invalid_user_id');
const USER_MISMATCH = problem('user_mismatch');
const BAD_WAIT = problem('invalid_field', 'wait is a time like 10s or 500ms, at most 30s.', {
  pointer: '/wait',
});
const MISMATCH: Found = { kind: 'mismatch' };

/** A poll whose user is known. */
interface Poll extends RawAsk {
  campaignId: string;
  ticket: string | null;
  userId: string | null;
  /** by the monotonic clock; 0: it does not wait */
  until: number;
  slot: Slot | null;
  /** of the first answer that was not given: who has been let in since is told at once */
  confirmBy: number | null | undefined;
}

/** What a waiting poll holds. Emptied when its client has gone, so that nothing of it is kept. */
interface Slot {
  waiting: { poll: Poll; known: Found } | null;
}

export class Polls {
  readonly #parts: PollParts;
  readonly #raw: RawAnswers;
  readonly #slots = new Set<Slot>();

  constructor(parts: PollParts) {
    this.#parts = parts;
    this.#raw = new RawAnswers(parts);
  }

  /** Polls that wait for news. */
  waiting(): number {
    return this.#slots.size;
  }

  /** Answers all that wait, with what is known. */
  end(): void {
    for (const slot of this.#slots) {
      const { waiting } = slot;
      slot.waiting = null;
      if (waiting) this.#tell(waiting.poll, waiting.known);
    }
  }

  answer(ask: RawAsk, { campaignId, ticket, userId: raw, wait }: PollAsk): void {
    const named = raw === undefined ? null : normalUserId(raw);
    if (raw !== undefined && named === null) return this.#raw.problem(ask, BAD_USER);
    const waitMs = wait === undefined ? 0 : readWait(wait);
    if (waitMs === null) return this.#raw.problem(ask, BAD_WAIT);
    return this.#parts.auth.identify(ask.req.headers.authorization, (who) => {
      const userId = this.#userOf(ask.req, named, ticket === null, who);
      if (userId !== null && typeof userId !== 'string') return this.#raw.problem(ask, userId);
      const until = waitMs === 0 ? 0 : this.#parts.system.monotonic() + waitMs;
      return this.#begin({
        req: ask.req,
        res: ask.res,
        requestId: ask.requestId,
        campaignId,
        ticket,
        userId,
        until,
        slot: null,
        confirmBy: undefined,
      });
    });
  }

  #userOf(
    { headers, socket }: IncomingMessage,
    named: string | null,
    needed: boolean,
    who: Identified,
  ): string | null | Problem {
    if (!who.ok) return who.problem;
    const subject = who.identity.userId;
    if (subject !== null && named !== null && named !== subject) return USER_MISMATCH;
    const userId = subject ?? named;
    if (userId === null && needed) return NO_USER;
    const { throttle, clientAddress } = this.#parts;
    if (!throttle.on) return userId;
    const address = clientAddress(socket.remoteAddress, headers['x-forwarded-for'] as string | undefined);
    return throttle.refusal(userId, address) ?? userId;
  }

  #begin(poll: Poll): void {
    const { catalog, seek } = this.#parts;
    if (seek === undefined || catalog.get(poll.campaignId) !== undefined) return this.#ask(poll);
    seek(poll.campaignId).then(
      () => this.#ask(poll),
      (error: unknown) => this.#fault(poll, error),
    );
    return undefined;
  }

  #ask(poll: Poll): void {
    const live = this.#parts.catalog.get(poll.campaignId);
    const now = live === undefined ? null : this.#known(live, poll);
    if (now !== null) return this.#found(live, poll, now);
    const { lookUp } = this.#parts;
    const { campaignId, ticket, userId } = poll;
    const asked =
      ticket === null
        ? lookUp.mine(campaignId, userId as string)
        : lookUp.byTicket(campaignId, ticket, userId);
    asked.then(
      (found) => this.#found(live, poll, found),
      (error: unknown) => this.#fault(poll, error),
    );
    return undefined;
  }

  #modeOf({ campaign: { mode } }: LiveCampaign): ModeFlow | null {
    return (mode === 'instant' ? undefined : this.#parts.modes[mode]) ?? null;
  }

  /** What can be said without a wait; null: it has to be asked for. */
  #known(live: LiveCampaign, { ticket: text, userId }: Poll): Found | null {
    const flow = this.#modeOf(live);
    // What is archived may have been erased, here or elsewhere.
    if (live.campaign.archivedAt !== null) return null;
    if (!flow?.askNow || live.rebuilding || !live.atGate) return null;
    if (text === null) return flow.askNow(live, userId as string);
    if (!isTicketLike(text)) return null;
    const ticket = this.#parts.tickets.read(live.campaign.id, text, userId);
    if (ticket === null || ticket.kind !== live.campaign.mode) return MISMATCH;
    return flow.askNow(live, { ticket, text, userId });
  }

  #found(live: LiveCampaign | undefined, poll: Poll, found: Found): void {
    if (poll.until === 0 || live === undefined || found.kind !== 'waiting') return this.#tell(poll, found);
    const confirmBy = found.pending.place?.confirmBy ?? null;
    poll.confirmBy = poll.confirmBy === undefined ? confirmBy : poll.confirmBy;
    const leftMs = poll.until - this.#parts.system.monotonic();
    const goesOn = leftMs > 0 && confirmBy === poll.confirmBy && !this.#parts.leaving.now;
    const flow = this.#modeOf(live);
    const ticket = this.#parts.tickets.read(live.campaign.id, found.pending.ticket, poll.userId);
    if (!goesOn || flow === null || ticket === null || this.#slots.size >= WAITING_MAX)
      return this.#tell(poll, found);
    return this.#wait(poll, found, flow.changed(live, ticket, Math.min(leftMs, SLICE_MS)));
  }

  #wait(poll: Poll, known: Found, news: Promise<void>): void {
    const slot: Slot = { waiting: { poll, known } };
    const isFirst = poll.slot === null;
    poll.slot = slot;
    this.#slots.add(slot);
    if (isFirst) {
      poll.res.once('close', () => {
        if (poll.slot) poll.slot.waiting = null;
      });
    }
    const again = (): void => {
      this.#slots.delete(slot);
      const { waiting } = slot;
      slot.waiting = null;
      if (waiting) this.#ask(waiting.poll);
    };
    news.then(again, again);
  }

  #tell(poll: Poll, found: Found): void {
    if (poll.res.destroyed) return;
    const answer = foundAnswer(found, poll.ticket);
    if (!answer.ok) return this.#raw.problem(poll, answer.problem);
    const headers: FlatHeaders = ['Cache-Control', 'no-store'];
    if (answer.askAgainMs !== null) headers.push('Retry-After', retrySeconds(answer.askAgainMs));
    this.#raw.json(poll, 200, headers, answer.body);
  }

  #fault(poll: Poll, error: unknown): void {
    this.#parts.onFault?.(error, poll.requestId);
    this.#raw.problem(poll, partProblem(error) ?? problem('internal'));
  }
}

/** `10s`, `500ms`; null for anything else. */
function readWait(text: string): number | null {
  const match = /^(\d{1,5})(ms|s)$/.exec(text);
  if (!match) return null;
  const ms = Number(match[1]) * (match[2] === 's' ? 1000 : 1);
  return ms <= WAIT_MS_MAX ? ms : null;
}

const USUAL_PATH =
  /^\/v1\/campaigns\/([a-z0-9][a-z0-9-]{0,63})\/claims\/([A-Za-z0-9._-]{1,100})(?:\?userId=([A-Za-z0-9._~-]*)(?:&wait=([A-Za-z0-9]*))?|\?wait=([A-Za-z0-9]*))?$/;

/** The poll that an address asks for, when it is written as nearly everybody writes it; null: not, or no poll at all. */
export function usualPoll(url: string): PollAsk | null {
  const match = USUAL_PATH.exec(url);
  if (match === null) return null;
  const ticket = match[2] as string;
  return {
    campaignId: match[1] as string,
    ticket: ticket === 'me' ? null : ticket,
    userId: match[3],
    wait: match[4] ?? match[5],
  };
}

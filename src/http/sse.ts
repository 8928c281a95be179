/**
 * Server-sent events: one stream a page, many thousands at once. Nothing is kept per stream but its answer and its
 * user; one timer serves all. What changes is written in batches of 50 ms, so that ten thousand streams never stall a
 * press; what changes faster than a second is told once a second.
 */

import type { ServerResponse } from 'node:http';
import { quantitySaid, startsAt, statusOf } from '../core/campaign.ts';
import type { Catalog, LiveCampaign } from '../flow/catalog.ts';
import type { LineCounts } from '../ports/line.ts';
import type { System, Timer } from '../ports/system.ts';
import { remainingOf, servingJson, timeOrNull, timeText } from './wire.ts';

const TICK_MS = 50;
const TICKS_A_HEARTBEAT = 15_000 / TICK_MS;
const TICKS_A_ROUND = 10;
const ROUND_MS = 1000;
const SERVING_MS = 250;
const ADMIN_LOOK_MS = 250;
const UNSENT_BYTES_MAX = 65_536;

export interface Stream {
  res: ServerResponse;
  /** '' for somebody who did not say who he is, or an operator */
  userId: string;
  channel: Channel;
  /** the highest seq that it was told of; 0: none */
  toldSeq: number;
  /** the version of the campaign at which it was told that its user's try did not win; 0: it was not */
  settledAt: number;
  /** where it stands among all, and in its channel */
  at: number;
  atInChannel: number;
}

/** No campaign's id begins with a space: what operators hear of one campaign, or (alone) of all. */
const OPERATORS = ' ';

interface Channel {
  /** campaign id; for operators after a space */
  id: string;
  streams: Stream[];
  byUser: Map<string, Stream[]>;
  /** what was told last, to tell only changes */
  status: string;
  remaining: number;
  remainingAt: number;
  serving: string;
  servingAt: number;
  count: number;
  /** an update on its way through the streams */
  text: string;
  from: number;
}

export interface StreamLimits {
  streamsMax: number;
  streamsPerUserMax: number;
}

/** Somebody who watches: the units up to `toldSeq` he was told of, and at `settledAt` that he has none. */
export interface Watcher {
  userId: string;
  toldSeq: number;
  settledAt: number;
}

/** What a stream's user was told of his try before it begins; nothing: 0. */
export interface ToldBefore {
  toldSeq: number;
  settledAt: number;
}

export interface Streams {
  /** Takes a stream in, told the full state first. False: too many. */
  open(live: LiveCampaign, userId: string, res: ServerResponse, first: string, told: ToldBefore): boolean;
  /** A stream for operators, of one campaign or (null) of all. */
  openAdmin(keyId: string, campaignId: string | null, res: ServerResponse, first: string): boolean;
  room(campaignId: string, userId: string): boolean;
  roomAdmin(keyId: string, campaignId: string | null): boolean;
  /** Tells a user's streams what was just answered to his press: with a unit `toldSeq`, or that he has none. */
  verdict(campaignId: string, userId: string, told: ToldBefore, data: () => string): void;
  /** Tells those of a user's streams that have not heard at this version that his try did not win. */
  settled(campaignId: string, userId: string, version: number, data: () => string): void;
  /** Tells those of a user's streams that have not heard of his unit `seq` or a later one. False: he has no stream. */
  unit(campaignId: string, userId: string, seq: number, data: () => string): boolean;
  /** Campaigns that somebody watches. */
  watched(): IterableIterator<string>;
  /**
   * Who watches a campaign, newest first: from place `from` (past the end: from the newest) down to place `next`, at
   * most `max` streams. Those who have not said who they are are in `looked` and not in `users`.
   */
  watchers(campaignId: string, from: number, max: number): { next: number; looked: number; users: Watcher[] };
  count(): number;
  /** Ends all streams; `retry` tells their pages when to come back. */
  end(retryMs: number): void;
}

/** The full state of a campaign as events. */
export function stateEvents(live: LiveCampaign, now: number, id: number): string {
  const { campaign } = live;
  const status = JSON.stringify({
    status: statusOf(campaign, live.issued, now),
    opensAt: timeOrNull(startsAt(campaign)),
    closesAt: timeOrNull(campaign.closedAt ?? campaign.closesAt),
    quantity: quantitySaid(campaign),
    serverTime: timeText(now),
  });
  const remaining = JSON.stringify({ remaining: remainingOf(live), quantity: quantitySaid(campaign) });
  return `${event('status', status, id)}${event('remaining', remaining, id)}`;
}

/** How far a line has come, as an event. */
export function servingEvent(counts: LineCounts): string {
  return event('serving', servingJson(counts));
}

export function event(name: string, data: string, id?: number): string {
  return id === undefined
    ? `event: ${name}\ndata: ${data}\n\n`
    : `id: ${id}\nevent: ${name}\ndata: ${data}\n\n`;
}

export interface StreamParts {
  system: System;
  catalog: Catalog;
  /** what operators are told of a campaign, or (null) of all, as JSON */
  adminState: (campaignId: string | null) => string;
  /** how far a campaign's line has come; null: it has none */
  line?: ((campaignId: string) => LineCounts | null) | undefined;
}

export function makeStreams(parts: StreamParts, limits: StreamLimits): Streams {
  return new OpenStreams(parts, limits);
}

class OpenStreams implements Streams {
  readonly #parts: StreamParts;
  readonly #limits: StreamLimits;
  readonly #channels = new Map<string, Channel>();
  readonly #all: Stream[] = [];
  #timer: Timer | null = null;
  /** whose heartbeat was sent last, and how many are owed */
  #beat = 0;
  #owed = 0;

  constructor(parts: StreamParts, limits: StreamLimits) {
    this.#parts = parts;
    this.#limits = limits;
  }

  #channelOf(id: string): Channel {
    let channel = this.#channels.get(id);
    if (!channel) {
      const told = { status: '', remaining: -1, remainingAt: 0, serving: '', servingAt: 0 };
      channel = { id, streams: [], byUser: new Map(), ...told, count: 0, text: '', from: -1 };
      this.#channels.set(id, channel);
    }
    return channel;
  }

  #send(stream: Stream, text: string): void {
    if (stream.res.writableLength > UNSENT_BYTES_MAX) stream.res.destroy();
    else stream.res.write(text);
  }

  #take(id: string, userId: string, res: ServerResponse, first: string, told: ToldBefore): boolean {
    if (res.destroyed || !this.room(id, userId)) return false;
    const channel = this.#channelOf(id);
    const stream: Stream = {
      res,
      userId,
      channel,
      toldSeq: told.toldSeq,
      settledAt: told.settledAt,
      at: this.#all.length,
      atInChannel: channel.streams.length,
    };
    channel.streams.push(stream);
    this.#all.push(stream);
    if (userId !== '') {
      const mine = channel.byUser.get(userId);
      if (mine) mine.push(stream);
      else channel.byUser.set(userId, [stream]);
    }
    res.once('close', () => this.#leave(stream));
    res.write(first);
    this.#timer ??= this.#parts.system.every(TICK_MS, () => this.#tick());
    return true;
  }

  #leave(stream: Stream): void {
    const { channel, userId } = stream;
    // The last one takes the place of the one that leaves: nothing is searched for when ten thousand leave at once.
    const last = this.#all.pop() as Stream;
    last.at = stream.at;
    if (last !== stream) this.#all[stream.at] = last;
    const lastHere = channel.streams.pop() as Stream;
    lastHere.atInChannel = stream.atInChannel;
    if (lastHere !== stream) channel.streams[stream.atInChannel] = lastHere;
    const mine = channel.byUser.get(userId)?.filter((one) => one !== stream) ?? [];
    if (mine.length > 0) channel.byUser.set(userId, mine);
    else channel.byUser.delete(userId);
    if (channel.streams.length === 0) this.#channels.delete(channel.id);
    if (this.#all.length === 0) {
      this.#timer?.stop();
      this.#timer = null;
    }
  }

  room(channelId: string, userId: string): boolean {
    if (this.#all.length >= this.#limits.streamsMax) return false;
    const mine = userId === '' ? 0 : (this.#channels.get(channelId)?.byUser.get(userId)?.length ?? 0);
    return mine < this.#limits.streamsPerUserMax;
  }

  /** The next update of a channel, or '' when nothing changed or the last one is too young. */
  #news(channel: Channel, now: number): string {
    if (channel.id.startsWith(OPERATORS)) return this.#adminNews(channel, now);
    const live = this.#parts.catalog.get(channel.id);
    if (!live) return '';
    const status = `${statusOf(live.campaign, live.issued, now)} ${live.campaign.version}`;
    const remaining = remainingOf(live);
    const due =
      status !== channel.status || (remaining !== channel.remaining && now - channel.remainingAt >= ROUND_MS);
    if (!due) return this.#servingNews(channel, now);
    channel.status = status;
    channel.remaining = remaining;
    channel.remainingAt = now;
    return stateEvents(live, now, ++channel.count) + this.#servingNews(channel, now);
  }

  #adminNews(channel: Channel, now: number): string {
    // Also what has not changed costs being looked at.
    if (now - channel.remainingAt < ROUND_MS || now - channel.servingAt < ADMIN_LOOK_MS) return '';
    channel.servingAt = now;
    const state = this.#parts.adminState(channel.id.slice(OPERATORS.length) || null);
    if (state === channel.status) return '';
    channel.status = state;
    channel.remainingAt = now;
    return event('stats', state, ++channel.count);
  }

  /** A text for all streams of a campaign: where its line has come to. */
  #servingNews(channel: Channel, now: number): string {
    if (now - channel.servingAt < SERVING_MS) return '';
    const counts = this.#parts.line?.(channel.id) ?? null;
    if (counts === null) return '';
    const text = servingEvent(counts);
    if (text === channel.serving) return '';
    channel.serving = text;
    channel.servingAt = now;
    return text;
  }

  #push(channel: Channel, now: number): void {
    if (channel.from < 0) {
      channel.text = this.#news(channel, now);
      if (channel.text === '') return;
      channel.from = channel.streams.length;
    }
    // From the end to the start: whoever leaves meanwhile is replaced by one that was served already.
    const batch = Math.max(250, Math.ceil(channel.streams.length / TICKS_A_ROUND));
    let at = Math.min(channel.from, channel.streams.length);
    const stop = Math.max(0, at - batch);
    while (at > stop) this.#send(channel.streams[--at] as Stream, channel.text);
    channel.from = at === 0 ? -1 : at;
  }

  #tick(): void {
    const now = this.#parts.system.now();
    for (const channel of this.#channels.values()) this.#push(channel, now);
    this.#owed += this.#all.length / TICKS_A_HEARTBEAT;
    for (; this.#owed >= 1 && this.#all.length > 0; this.#owed -= 1) {
      this.#beat = (this.#beat + 1) % this.#all.length;
      this.#send(this.#all[this.#beat] as Stream, ':\n\n');
    }
  }

  open(live: LiveCampaign, userId: string, res: ServerResponse, first: string, told: ToldBefore): boolean {
    const isNew = !this.#channels.has(live.campaign.id);
    const taken = this.#take(live.campaign.id, userId, res, first, told);
    const channel = this.#channels.get(live.campaign.id);
    if (taken && isNew && channel) {
      channel.status = `${statusOf(live.campaign, live.issued, this.#parts.system.now())} ${live.campaign.version}`;
      channel.remaining = remainingOf(live);
      const counts = this.#parts.line?.(live.campaign.id) ?? null;
      channel.serving = counts === null ? '' : servingEvent(counts);
    }
    return taken;
  }

  openAdmin(keyId: string, campaignId: string | null, res: ServerResponse, first: string): boolean {
    return this.#take(OPERATORS + (campaignId ?? ''), keyId, res, first, { toldSeq: 0, settledAt: 0 });
  }

  roomAdmin(keyId: string, campaignId: string | null): boolean {
    return this.room(OPERATORS + (campaignId ?? ''), keyId);
  }

  verdict(campaignId: string, userId: string, told: ToldBefore, data: () => string): void {
    if (this.#all.length === 0) return;
    const mine = this.#channels.get(campaignId)?.byUser.get(userId);
    if (mine) this.#tell(mine, told, data());
  }

  unit(campaignId: string, userId: string, seq: number, data: () => string): boolean {
    const mine = this.#channels.get(campaignId)?.byUser.get(userId);
    if (mine === undefined) return false;
    const unheard = mine.filter((stream) => stream.toldSeq < seq);
    if (unheard.length > 0) this.#tell(unheard, { toldSeq: seq, settledAt: 0 }, data());
    return true;
  }

  settled(campaignId: string, userId: string, version: number, data: () => string): void {
    const mine = this.#channels.get(campaignId)?.byUser.get(userId) ?? [];
    const unheard = mine.filter((stream) => stream.settledAt !== version);
    if (unheard.length > 0) this.#tell(unheard, { toldSeq: 0, settledAt: version }, data());
  }

  #tell(streams: readonly Stream[], told: ToldBefore, data: string): void {
    const text = event('verdict', data);
    for (const stream of streams) {
      if (told.toldSeq > stream.toldSeq) stream.toldSeq = told.toldSeq;
      stream.settledAt = told.settledAt;
      this.#send(stream, text);
    }
  }

  *watched(): IterableIterator<string> {
    for (const { id, byUser } of this.#channels.values()) {
      if (!id.startsWith(OPERATORS) && byUser.size > 0) yield id;
    }
  }

  watchers(campaignId: string, from: number, max: number): ReturnType<Streams['watchers']> {
    const streams = this.#channels.get(campaignId)?.streams ?? [];
    const end = Math.min(from, streams.length);
    const next = Math.max(0, end - max);
    const users: Watcher[] = [];
    for (let at = end - 1; at >= next; at--) {
      const { userId, toldSeq, settledAt } = streams[at] as Stream;
      if (userId !== '') users.push({ userId, toldSeq, settledAt });
    }
    return { next, looked: end - next, users };
  }

  count(): number {
    return this.#all.length;
  }

  end(retryMs: number): void {
    for (const { res } of [...this.#all]) res.end(`retry: ${retryMs}\n\n`);
  }
}

/**
 * Server-sent events: one stream a page, many thousands at once. Nothing is kept per stream but its answer and its
 * user; one timer serves all. What changes is written in batches of 50 ms, so that ten thousand streams never stall a
 * press; what changes faster than a second is told once a second.
 */

import type { ServerResponse } from 'node:http';
import { startsAt, statusOf } from '../core/campaign.ts';
import type { Catalog, LiveCampaign } from '../flow/catalog.ts';
import type { System, Timer } from '../ports/system.ts';
import { remainingOf, timeOrNull, timeText } from './wire.ts';

const TICK_MS = 50;
const TICKS_A_HEARTBEAT = 15_000 / TICK_MS;
const TICKS_A_ROUND = 10;
const ROUND_MS = 1000;
const UNSENT_BYTES_MAX = 65_536;

export interface Stream {
  res: ServerResponse;
  /** '' for somebody who did not say who he is, or an operator */
  userId: string;
  channel: Channel;
}

interface Channel {
  /** campaign id; '' for operators */
  id: string;
  streams: Stream[];
  byUser: Map<string, Stream[]>;
  /** what was told last, to tell only changes */
  status: string;
  remaining: number;
  count: number;
  /** an update on its way through the streams */
  text: string;
  from: number;
  roundAt: number;
}

export interface StreamLimits {
  streamsMax: number;
  streamsPerUserMax: number;
}

export interface Streams {
  /** Takes a stream in, told the full state first. False: too many. */
  open(live: LiveCampaign, userId: string, res: ServerResponse, first: string): boolean;
  /** A stream of everything, for operators. */
  openAdmin(keyId: string, res: ServerResponse, first: string): boolean;
  room(channelId: string, userId: string): boolean;
  verdict(campaignId: string, userId: string, data: () => string): void;
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
    quantity: campaign.quantity,
    serverTime: timeText(now),
  });
  const remaining = JSON.stringify({ remaining: remainingOf(live), quantity: campaign.quantity });
  return `${event('status', status, id)}${event('remaining', remaining, id)}`;
}

export function event(name: string, data: string, id?: number): string {
  return id === undefined
    ? `event: ${name}\ndata: ${data}\n\n`
    : `id: ${id}\nevent: ${name}\ndata: ${data}\n\n`;
}

export function makeStreams(
  parts: { system: System; catalog: Catalog; adminState: () => string },
  limits: StreamLimits,
): Streams {
  const { system, catalog } = parts;
  const channels = new Map<string, Channel>();
  const all: Stream[] = [];
  let timer: Timer | null = null;
  let beat = 0;
  let owed = 0;

  function channelOf(id: string): Channel {
    let channel = channels.get(id);
    if (!channel) {
      const blank = { status: '', remaining: -1, count: 0, text: '', from: -1, roundAt: 0 };
      channel = { id, streams: [], byUser: new Map(), ...blank };
      channels.set(id, channel);
    }
    return channel;
  }

  function send(stream: Stream, text: string): void {
    if (stream.res.writableLength > UNSENT_BYTES_MAX) stream.res.destroy();
    else stream.res.write(text);
  }

  function take(id: string, userId: string, res: ServerResponse, first: string): boolean {
    if (!room(id, userId)) return false;
    const channel = channelOf(id);
    const stream: Stream = { res, userId, channel };
    channel.streams.push(stream);
    all.push(stream);
    if (userId !== '') {
      const mine = channel.byUser.get(userId);
      if (mine) mine.push(stream);
      else channel.byUser.set(userId, [stream]);
    }
    res.once('close', () => leave(stream));
    res.write(first);
    timer ??= system.every(TICK_MS, tick);
    return true;
  }

  function drop(list: Stream[], stream: Stream): void {
    const at = list.indexOf(stream);
    if (at < 0) return;
    const last = list.pop() as Stream;
    if (at < list.length) list[at] = last;
  }

  function leave(stream: Stream): void {
    const { channel, userId } = stream;
    drop(all, stream);
    drop(channel.streams, stream);
    const mine = channel.byUser.get(userId);
    if (mine) {
      drop(mine, stream);
      if (mine.length === 0) channel.byUser.delete(userId);
    }
    if (channel.streams.length === 0) channels.delete(channel.id);
    if (all.length === 0) {
      timer?.stop();
      timer = null;
    }
  }

  function room(channelId: string, userId: string): boolean {
    if (all.length >= limits.streamsMax) return false;
    const mine = userId === '' ? 0 : (channels.get(channelId)?.byUser.get(userId)?.length ?? 0);
    return mine < limits.streamsPerUserMax;
  }

  /** The next update of a channel, or '' when nothing changed or the last one is too young. */
  function news(channel: Channel, now: number): string {
    if (channel.id === '') {
      if (now - channel.roundAt < ROUND_MS) return '';
      const state = parts.adminState();
      if (state === channel.status) return '';
      channel.status = state;
      return event('stats', state, ++channel.count);
    }
    const live = catalog.get(channel.id);
    if (!live) return '';
    const status = `${statusOf(live.campaign, live.issued, now)} ${live.campaign.version}`;
    const remaining = remainingOf(live);
    const due =
      status !== channel.status || (remaining !== channel.remaining && now - channel.roundAt >= ROUND_MS);
    if (!due) return '';
    channel.status = status;
    channel.remaining = remaining;
    return stateEvents(live, now, ++channel.count);
  }

  function push(channel: Channel, now: number): void {
    if (channel.from < 0) {
      channel.text = news(channel, now);
      if (channel.text === '') return;
      channel.roundAt = now;
      channel.from = channel.streams.length;
    }
    // From the end to the start: whoever leaves meanwhile is replaced by one that was served already.
    const batch = Math.max(250, Math.ceil(channel.streams.length / TICKS_A_ROUND));
    let at = Math.min(channel.from, channel.streams.length);
    const stop = Math.max(0, at - batch);
    while (at > stop) send(channel.streams[--at] as Stream, channel.text);
    channel.from = at === 0 ? -1 : at;
  }

  function tick(): void {
    const now = system.now();
    for (const channel of channels.values()) push(channel, now);
    owed += all.length / TICKS_A_HEARTBEAT;
    for (; owed >= 1 && all.length > 0; owed -= 1) {
      beat = (beat + 1) % all.length;
      send(all[beat] as Stream, ':\n\n');
    }
  }

  return {
    open(live, userId, res, first) {
      const isNew = !channels.has(live.campaign.id);
      const taken = take(live.campaign.id, userId, res, first);
      const channel = channels.get(live.campaign.id);
      if (taken && isNew && channel) {
        channel.status = `${statusOf(live.campaign, live.issued, system.now())} ${live.campaign.version}`;
        channel.remaining = remainingOf(live);
      }
      return taken;
    },
    openAdmin: (keyId, res, first) => take('', keyId, res, first),
    room,
    verdict(campaignId, userId, data) {
      if (all.length === 0) return;
      const mine = channels.get(campaignId)?.byUser.get(userId);
      if (mine) for (const stream of mine) send(stream, event('verdict', data()));
    },
    count: () => all.length,
    end(retryMs) {
      for (const { res } of [...all]) res.end(`retry: ${retryMs}\n\n`);
    },
  };
}

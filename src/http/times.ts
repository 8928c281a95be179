/** Times as people write them: RFC 3339 with an offset, and only moments that exist. */

import type { LineDefinition } from '../core/campaign.ts';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';

const SHAPE = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)?$/;

export type TimeRead = { ok: true; ms: number } | { ok: false; problem: Problem };

/** Epoch ms of a time. Leap seconds and days that are in no calendar are refused, not rounded. */
export function readTime(text: string, pointer: string): TimeRead {
  const match = SHAPE.exec(text);
  const bad = (detail: string): TimeRead => ({
    ok: false,
    problem: problem('invalid_field', detail, { pointer }),
  });
  if (!match) return bad('Not a time by RFC 3339, like 2026-12-01T10:00:00+09:00.');
  const [, year, month, day, hour, minute, second, fraction = '', offset] = match;
  if (offset === undefined) {
    return { ok: false, problem: problem('timestamp_needs_offset', undefined, { pointer }) };
  }
  const local = Date.UTC(
    Number(year),
    Number(month) - 1,
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
  );
  const back = new Date(local).toISOString().slice(0, 19);
  if (back !== `${year}-${month}-${day}T${hour}:${minute}:${second}`)
    return bad('No such moment in the calendar.');
  const aside = offsetMs(offset);
  if (aside === null) return bad('No such offset.');
  return { ok: true, ms: local + Number(`${fraction}000`.slice(0, 3)) - aside };
}

function offsetMs(offset: string): number | null {
  if (offset === 'Z' || offset === 'z') return 0;
  const hours = Number(offset.slice(1, 3));
  const minutes = Number(offset.slice(4, 6));
  if (hours > 23 || minutes > 59) return null;
  return (offset.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

const PLAIN_LINE: LineDefinition = { maxLength: null, cutAt: null, shuffleBeforeOpen: false };
const TIME_FIELDS = ['opensAt', 'closesAt', 'couponExpiresAt'] as const;

export type CampaignRead = { ok: true; body: Record<string, unknown> } | { ok: false; problem: Problem };

/** The body of a campaign as the core has it: times as epoch ms, what a line does not say as its default. */
export function readCampaign(body: Record<string, unknown>): CampaignRead {
  const out = { ...body };
  for (const name of TIME_FIELDS) {
    const text = out[name];
    if (typeof text !== 'string') continue;
    const read = readTime(text, `/${name}`);
    if (!read.ok) return read;
    out[name] = read.ms;
  }
  if (typeof out['line'] === 'object' && out['line'] !== null)
    out['line'] = { ...PLAIN_LINE, ...out['line'] };
  return { ok: true, body: out };
}

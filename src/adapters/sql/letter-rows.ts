/**
 * How a fact that is set aside is written down, the same in both databases. Its key follows from all that is in it: the
 * same fact once more is the same letter, and one that differs in anything is another.
 */

import { createHash } from 'node:crypto';
import type { ClaimWon } from '../../core/event.ts';
import type { LineFact } from '../../core/line-fact.ts';
import { type SaidCode, said } from '../../core/said.ts';
import type { Cause } from '../../ports/dead-letters.ts';
import type { RecordBatch } from '../../ports/record.ts';
import { rowFault } from './row-faults.ts';

/** Why a fact is not taken in. */
export interface Why {
  reason: string;
  causes: Cause[];
}

/** A fact that is set aside. */
export interface Letter extends Why {
  /** whose unit it stands for */
  campaignId: string | null;
  source: string;
  type: string;
  fact: ClaimWon | null;
  payload: string;
  key: string;
}

const because = (code: string, reason: string): Why => ({ reason, causes: [{ message: reason, code }] });
const ours = (code: SaidCode): Why => because(code, said(code));

export const OVER = ours('over_quantity');
export const TAKEN = ours('seq_taken');
export const STRANGE = ours('unknown_campaign');
export const notBegun = (epoch: number): Why =>
  because('epoch_not_begun', said('epoch_not_begun', { epoch }));
export const late = (reason: string): Why => because('late', reason);

const REASON_MAX = 1_000;
const CAUSES_MAX = 10;
const NAME_MAX = 255;
const TYPE_MAX = 64;
const USER_ID_BYTES_MAX = 128;
const PAYLOAD_MAX = 256 * 1024;

/** The database's own words for what it does not take, with what they were caused by. */
export function refusedBy(error: unknown): Why {
  const { message } = error as Error;
  const isDouble = rowFault(error) === 'duplicate';
  const reason = said(isDouble ? 'unit_held' : 'record_refuses', { raw: message });
  return { reason, causes: causesOf(error) };
}

export function causesOf(error: unknown): Cause[] {
  const causes: Cause[] = [];
  for (let at = error; at instanceof Error && causes.length < CAUSES_MAX; at = at.cause) {
    const { code, errno } = at as { code?: unknown; errno?: unknown };
    const known = typeof code === 'string' ? code : typeof errno === 'number' ? String(errno) : null;
    causes.push({ message: at.message.slice(0, REASON_MAX), code: known });
  }
  return causes;
}

const keyOf = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');

/** `counts`: it stands for a unit of its campaign. */
export function winLetter(fact: ClaimWon, { source }: RecordBatch, why: Why, counts = true): Letter {
  const { campaignId, type, epoch, seq, userId, nth, key, wonAt } = fact;
  return {
    ...why,
    campaignId: counts ? campaignId : null,
    source,
    type,
    fact,
    payload: JSON.stringify(fact),
    key: keyOf([type, campaignId, epoch, seq, userId, nth, key, wonAt]),
  };
}

/** Of no campaign: a dead letter of a campaign stands for a unit of it. */
export function lineLetter(fact: LineFact, { source }: RecordBatch): Letter {
  const payload = JSON.stringify(fact);
  return {
    ...STRANGE,
    campaignId: null,
    source,
    type: fact.type,
    fact: null,
    payload,
    key: keyOf([payload]),
  };
}

export function unreadableLetter({ at, reason, payload }: RecordBatch['unreadable'][number]): Letter {
  const why = because('unreadable', reason);
  const key = keyOf([at, payload]);
  return { ...why, campaignId: null, source: at, type: 'unreadable', fact: null, payload, key };
}

export const LETTER_COLUMNS = [
  'campaign_id',
  'source',
  'reason',
  'payload',
  'created_at',
  'last_at',
  'type',
  'seq',
  'epoch',
  'user_id',
  'nth',
  'idem_key',
  'won_at',
  'causes',
  'fact_key',
] as const;

/** What the database did not take in the record, it must take here: what does not fit is in the payload only. */
const whole = (value: number | undefined): number | null =>
  Number.isSafeInteger(value) ? (value as number) : null;
const short = (text: string | undefined, bytesMax: number): string | null =>
  text !== undefined && Buffer.byteLength(text) <= bytesMax ? text : null;

/** In the order of {@link LETTER_COLUMNS}. */
export function letterValues(letter: Letter, now: number): (string | number | null)[] {
  const { campaignId, source, reason, payload, type, fact, causes, key } = letter;
  return [
    campaignId?.slice(0, NAME_MAX) ?? null,
    source.slice(0, NAME_MAX),
    reason.slice(0, REASON_MAX),
    payload.slice(0, PAYLOAD_MAX),
    now,
    now,
    type.slice(0, TYPE_MAX),
    whole(fact?.seq),
    whole(fact?.epoch),
    short(fact?.userId, USER_ID_BYTES_MAX),
    whole(fact?.nth),
    short(fact?.key ?? undefined, NAME_MAX),
    whole(fact?.wonAt),
    JSON.stringify(causes),
    key,
  ];
}

/** What a letter has of its win. */
export interface WinColumns {
  epoch: number | null;
  user_id: string | Buffer | null;
  nth: number | null;
  idem_key: string | null;
  won_at: number | null;
}

/** Is it this very fact that was set aside? */
export function isSetAside(row: WinColumns, fact: ClaimWon): boolean {
  return (
    Number(row.epoch) === fact.epoch &&
    String(row.user_id) === fact.userId &&
    Number(row.nth) === fact.nth &&
    row.idem_key === fact.key &&
    Number(row.won_at) === fact.wonAt
  );
}

/** Letters that count as issued, in SQL. */
export const COUNTS_AS_ISSUED = "(state = 'dead' OR (state = 'discarded' AND freed = 1))";

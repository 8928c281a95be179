/**
 * The log of requests on disk: a file as the journal's (journal-file), with requests in its rows. A row is a JSON object
 * {at, requests}; a try in it is an array of columns, [campaignId, userId, key], a changed rule an object.
 */

import type { PlacedRequest, Request } from '../../core/request.ts';
import { PACK_MAX, placeOf } from '../../core/request.ts';
import { ruleChangedOf } from '../../core/rule-change.ts';
import type { RequestSlice } from '../../ports/requests.ts';
import { JOURNAL_SCHEMA } from './journal-file.ts';
import { openSqlite, storageFault } from './open.ts';

/** What stands in a file that goes on at a number: there was nothing in it. */
const NOTHING = '[]';

/** One request as it stands in a row. */
export function encodeRequest(request: Request): string {
  if (request.type !== 'claim.requested') return JSON.stringify(request);
  return JSON.stringify([request.campaignId, request.userId, request.key]);
}

/** A row of encoded requests, at most {@link PACK_MAX}. */
export const encodeRequestRow = (at: number, requests: readonly string[]): string =>
  `{"at":${at},"requests":[${requests.join(',')}]}`;

function decodeRequest(value: unknown): Request | null {
  if (!Array.isArray(value)) return ruleChangedOf(value);
  const [campaignId, userId, key] = value as unknown[];
  if (typeof campaignId !== 'string' || typeof userId !== 'string') return null;
  if (key !== null && typeof key !== 'string') return null;
  return { type: 'claim.requested', campaignId, userId, key };
}

/** Reads one row, all or nothing; one that cannot be read is set aside with its reason. */
export function decodeRequestRow(id: number, text: string, into: RequestSlice): void {
  if (text === NOTHING) return;
  const aside = (reason: string): void =>
    void into.unreadable.push({ place: placeOf(id, 0), at: `requests:${id}`, reason, payload: text });
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch (error) {
    return aside(`not JSON: ${(error as Error).message}`);
  }
  const { at, requests } = (row ?? {}) as { at?: unknown; requests?: unknown };
  if (!Number.isSafeInteger(at)) return aside('no moment');
  if (!Array.isArray(requests) || requests.length === 0) return aside('no requests');
  if (requests.length > PACK_MAX) return aside(`more than ${PACK_MAX} requests`);
  const placed: PlacedRequest[] = [];
  for (const [index, one] of (requests as unknown[]).entries()) {
    const request = decodeRequest(one);
    if (request === null) return aside(`not a request: ${JSON.stringify(one)}`);
    placed.push({ request, place: placeOf(id, index), at: at as number });
  }
  into.requests.push(...placed);
}

/** The `at` of the newest row that has one; 0: there is none. */
export function newestAt(path: string): number {
  const db = openSqlite(path, { readonly: true, schemaMax: JOURNAL_SCHEMA });
  try {
    const rows = db.prepare<[], string>('SELECT facts FROM entry ORDER BY id DESC').pluck();
    for (const text of rows.iterate()) {
      const slice: RequestSlice = { requests: [], unreadable: [], next: 0 };
      decodeRequestRow(0, text, slice);
      const newest = slice.requests.at(-1);
      if (newest !== undefined) return newest.at;
    }
    return 0;
  } catch (error) {
    throw storageFault(error, path);
  } finally {
    db.close();
  }
}

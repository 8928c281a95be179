/**
 * Coupons for the users of a file, without a race, for instance to make up for a fault: presses on behalf of each, through
 * the same gate as everybody's, so that no limit is passed by. A campaign with `eligibility.allowUsers: []` is for such
 * gifts alone.
 *
 * Each chunk is done in two: first it is written down who of them has his coupons already, then the others are pressed
 * for. So a chunk that is done twice counts as it would have been done once.
 */

import { Type } from 'typebox';
import type { Campaign } from '../core/campaign.ts';
import { normalUserId } from '../core/claim.ts';
import { CsvFault, type CsvRow } from '../core/csv-rows.ts';
import { said } from '../core/said.ts';
import type { Catalog } from '../flow/catalog.ts';
import type { ClaimFlow } from '../flow/claim.ts';
import type { FileRows } from '../flow/file-rows.ts';
import { makeFileRows } from '../flow/file-rows.ts';
import type { Outcome } from '../flow/outcome.ts';
import type { Files } from '../ports/files.ts';
import type { Gate } from '../ports/gate.ts';
import { FILE_PARAM, fileRefusal } from './file-param.ts';
import type { Job, Position, Step, StepContext, Written } from './job.ts';
import { CAMPAIGN_PARAM } from './job.ts';
import { NotDecided } from './not-decided.ts';

export interface GrantParts {
  catalog: Pick<Catalog, 'get'>;
  claims: Pick<ClaimFlow, 'claim'>;
  gate: Pick<Gate, 'holdings'>;
  files: Pick<Files, 'find' | 'read'>;
  /** takes a campaign in that another process made a moment ago */
  seek?: ((campaignId: string) => Promise<void>) | undefined;
}

const params = Type.Object(
  {
    [CAMPAIGN_PARAM]: Type.String({ description: 'whose coupons; instant mode, open' }),
    [FILE_PARAM]: Type.String({
      description: 'CSV: a user id in the first column; a first row `userId` is a heading',
    }),
  },
  { additionalProperties: false },
);

/** Lines of which it is told that they name nobody. */
const TOLD_MAX = 100;
/** Rows looked at before anything is given. */
const LOOKED_AT = 1000;
/** Reading a million lines, to count them or to come back to where it was, takes its time. */
const CHUNK_MAX_MS = 300_000;

export function makeGrantJob(parts: GrantParts): Job {
  return {
    name: 'grant',
    summary: 'Coupons for the users of a CSV file, without a race',
    params,
    refuses: (given) => refuses(parts, given),
    steps: [grantStep(parts)],
  };
}

async function refuses(
  { catalog, files, seek }: GrantParts,
  given: Readonly<Record<string, unknown>>,
): Promise<{ code: string; detail: string } | null> {
  const id = String(given[CAMPAIGN_PARAM]);
  if (catalog.get(id) === undefined) await seek?.(id);
  const campaign = catalog.get(id)?.campaign;
  if (campaign === undefined) return { code: 'campaign_not_found', detail: `There is no campaign ${id}.` };
  if (campaign.mode !== 'instant') {
    const detail = `Coupons are granted in instant campaigns only; ${id} is ${campaign.mode}.`;
    return { code: 'mode_unavailable', detail };
  }
  return fileRefusal(files, given);
}

/** A row of the file on its way; `userId` null: it names nobody. */
interface Grant {
  line: number;
  userId: string | null;
  /** had all that he may have before this chunk */
  held: boolean;
  /** earlier lines that name nobody, the first of them */
  badLines: number[];
}

interface GrantPosition {
  after: number;
  badLines: number[];
  /** the chunk that comes next, and its lines whose users have all they may have; null: to be looked up */
  next: { rows: number; held: number[] } | null;
}

const BEGIN: GrantPosition = { after: 0, badLines: [], next: null };

function grantStep(parts: GrantParts): Step<Grant> {
  const rows = makeFileRows(parts.files);
  return {
    name: 'grant',
    chunkMaxMs: CHUNK_MAX_MS,
    total: ({ params: given }) => countRows(rows, String(given[FILE_PARAM])),
    async read({ params: given }, position: Position | null, size) {
      const { after, badLines, next } = (position ?? BEGIN) as GrantPosition;
      const found = await rows.read(String(given[FILE_PARAM]), after, next?.rows ?? size);
      const grants = found.filter((row) => !isHeading(row)).map((row) => grantOf(row, badLines));
      if (next === null) {
        const held = await heldLines(parts, String(given[CAMPAIGN_PARAM]), grants);
        const looked = { after, badLines, next: { rows: found.length, held } };
        return { items: [], position: looked, done: found.length === 0 };
      }
      const bad = [...badLines, ...grants.flatMap(({ line, userId }) => (userId === null ? [line] : []))];
      const done = { after: found.at(-1)?.line ?? after, badLines: bad.slice(0, TOLD_MAX), next: null };
      const held = new Set(next.held);
      const items = grants.map((grant) => ({
        ...grant,
        held: held.has(grant.line),
        badLines: done.badLines,
      }));
      return { items, position: { ...done }, done: false };
    },
    write: (context, grants) => grantAll(parts, context, grants),
  };
}

const isHeading = ({ line, cells }: CsvRow): boolean => line === 1 && cells[0]?.trim() === 'userId';

function grantOf({ line, cells }: CsvRow, badLines: number[]): Grant {
  return { line, userId: normalUserId((cells[0] ?? '').trim()), held: false, badLines };
}

/** How many rows there are to be granted. Throws when it is plainly not such a file. */
async function countRows(rows: FileRows, fileId: string): Promise<number> {
  const first = await rows.read(fileId, 0, LOOKED_AT);
  const named = first.filter((row) => !isHeading(row));
  if (named.length === 0) throw new CsvFault(said('file_empty', { file: fileId }));
  if (named.every(({ cells }) => cells.length === 1 && /[;\t]/.test(cells[0] as string)))
    throw new CsvFault(said('file_separators'));
  if (first.length < LOOKED_AT) return named.length;
  return (await rows.count(fileId)) - (first.length - named.length);
}

/** Lines whose users have as many units as they may, those from earlier lines of the same chunk counted. */
async function heldLines(
  { catalog, gate }: GrantParts,
  id: string,
  grants: readonly Grant[],
): Promise<number[]> {
  const users = [...new Set(grants.flatMap(({ userId }) => userId ?? []))];
  const held = await Promise.all(users.map(async (user) => (await gate.holdings(id, user)).length));
  const units = new Map(users.map((user, i) => [user, held[i] as number]));
  const limit = catalog.get(id)?.campaign.perUserLimit ?? 1;
  return grants.flatMap(({ line, userId }) => {
    if (userId === null) return [];
    const has = units.get(userId) ?? 0;
    units.set(userId, has + 1);
    return has >= limit ? [line] : [];
  });
}

async function grantAll(parts: GrantParts, context: StepContext, grants: Grant[]): Promise<Written> {
  const id = String(context.params[CAMPAIGN_PARAM]);
  const reasons = await Promise.all(
    grants.map(async ({ line, userId, held }) => {
      if (userId === null) return 'invalid_user_id';
      if (held) return 'already_won';
      const key = `grant:${context.runId}:${line}`;
      return granted(await pressed(parts, { id, userId, key }), line);
    }),
  );
  const skipped: Record<string, number> = {};
  for (const reason of reasons) if (reason !== null) skipped[reason] = (skipped[reason] ?? 0) + 1;
  const written = reasons.filter((reason) => reason === null).length;
  const badLines = grants[0]?.badLines ?? [];
  return { written, skipped, ...(badLines.length > 0 && { result: { badLines } }) };
}

function pressed(
  { claims }: GrantParts,
  { id, userId, key }: { id: string; userId: string; key: string },
): Promise<Outcome> {
  const press = { campaignId: id, userId, key, tokenClaims: {}, granted: true } as const;
  return new Promise((resolve) => claims.claim(press, resolve));
}

const ASK_AGAIN = new Set([
  'overloaded',
  'gate_unavailable',
  'gate_rebuilding',
  'outcome_unknown',
  'record_unavailable',
]);

/** null: he has it. A reason: he does not get one, and that is fine. Throws when nobody can get one now. */
function granted(outcome: Outcome, line: number): string | null {
  switch (outcome.verdict) {
    case 'won':
    case 'already_won':
      return null;
    case 'ineligible':
      return 'ineligible';
    case 'none': {
      const { code } = outcome.problem;
      if (ASK_AGAIN.has(code)) throw new NotDecided(said('grant_undecided', { line, code }));
      throw new Error(said('grant_undecided', { line, code }));
    }
    case 'sold_out':
      throw new Error(said('grant_sold_out', { line }));
    default:
      throw new Error(said('grant_not_open', { verdict: wordOf(outcome), line }));
  }
}

const wordOf = ({ verdict }: { verdict: string; campaign?: Campaign }): string => verdict.replace('_', ' ');

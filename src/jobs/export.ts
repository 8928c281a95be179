/**
 * Lists as a CSV file: winners, those who have used their coupons, or the audit log. A file grows by one piece a chunk and
 * is whole when the last step has counted it, so nobody takes half a list for the whole. Its id is `export-<run>`.
 *
 * Cells that a spreadsheet would take for a formula start with an apostrophe, unless `raw` is asked for. Codes are in it
 * when `codes` is asked for, and then only the role admin may download it.
 */

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { stringify } from 'csv-stringify/sync';
import { Type } from 'typebox';
import { said } from '../core/said.ts';
import type { CatchUp } from '../flow/catch-up.ts';
import type { Codes } from '../flow/codes.ts';
import { fileBytes } from '../flow/files.ts';
import type { Campaigns } from '../ports/campaigns.ts';
import type { Files } from '../ports/files.ts';
import type { Operators } from '../ports/operators.ts';
import type { RecordStore } from '../ports/record.ts';
import type { Listed, ListParts, ListRow } from './export-lists.ts';
import { LISTS, listNamed } from './export-lists.ts';
import type { Job, Position, Step, StepContext } from './job.ts';
import { CAMPAIGN_PARAM } from './job.ts';
import { RecordBehind } from './record-behind.ts';

export interface ExportParts extends ListParts {
  campaigns: Pick<Campaigns, 'get'>;
  record: Pick<RecordStore, 'page' | 'counts'>;
  operators: Pick<Operators, 'listAudit'>;
  codes: Codes;
  files: Files;
  caughtUp: CatchUp;
}

/** So that a piece of the longest rows is a part or two. */
const ROWS_A_PIECE = 500;
const PATIENCE_MS = 10_000;

const params = Type.Object(
  {
    what: { type: 'string', enum: Object.keys(LISTS), description: 'which list' } as never,
    [CAMPAIGN_PARAM]: Type.Optional(
      Type.String({ description: 'of which campaign; the audit log also of all' }),
    ),
    codes: Type.Optional(
      Type.Boolean({
        description: 'with the codes, and then for the role admin only; else that column is empty',
      }),
    ),
    raw: Type.Optional(
      Type.Boolean({ description: 'for machines: cells that look like formulas are left as they are' }),
    ),
    gzip: Type.Optional(Type.Boolean({ description: 'packed' })),
  },
  { additionalProperties: false },
);

export function makeExportJob(parts: ExportParts): Job {
  return {
    name: 'export',
    summary: 'Winners, used coupons or the audit log as a CSV file',
    params,
    refuses: (given) => refuses(parts, given),
    steps: [beginStep(parts), rowsStep(parts), finishStep(parts)],
  };
}

async function refuses(
  { campaigns }: ExportParts,
  given: Readonly<Record<string, unknown>>,
): Promise<{ code: string; detail: string } | null> {
  const id = campaignOf(given);
  if (id === null && listNamed(given['what']).needsCampaign)
    return { code: 'invalid_field', detail: 'This list is of one campaign: say which.' };
  if (id === null || (await campaigns.get(id)) !== null) return null;
  return { code: 'campaign_not_found', detail: `There is no campaign ${id}.` };
}

/** null: of all */
function campaignOf(given: Readonly<Record<string, unknown>>): string | null {
  const id = given[CAMPAIGN_PARAM];
  return typeof id === 'string' ? id : null;
}

interface Asked {
  list: Listed;
  campaignId: string | null;
  withCodes: boolean;
  raw: boolean;
  gzip: boolean;
  fileId: string;
}

function askedOf({ runId, params: given }: StepContext): Asked {
  return {
    list: listNamed(given['what']),
    campaignId: campaignOf(given),
    withCodes: given['codes'] === true,
    raw: given['raw'] === true,
    gzip: given['gzip'] === true,
    fileId: `export-${runId}`,
  };
}

/** Members of gzip one after the other are one gzip: each piece is packed by itself. */
function pieceOf(rows: readonly ListRow[], { raw, gzip }: Asked): Uint8Array {
  const text = stringify([...rows], { escape_formulas: !raw });
  return gzip ? gzipSync(text) : Buffer.from(text);
}

const once = <Item>(item: Item, position: Position | null) => ({
  items: position === null ? [item] : [],
  position: 1,
  done: true,
});

/** Piece 0 is the heading. */
function beginStep({ files, caughtUp }: ExportParts): Step<Asked> {
  return {
    name: 'begin',
    read: async (context, position) => once(askedOf(context), position),
    async write({ system, by }, [asked]) {
      const { list, campaignId, withCodes, gzip, fileId } = asked as Asked;
      // A list that stops short would pass for the whole one.
      if (list.needsCampaign && !(await caughtUp(PATIENCE_MS))) throw new RecordBehind(campaignId as string);
      const now = system.now();
      const name = `${campaignId === null ? '' : `${campaignId}-`}${list.name}.csv${gzip ? '.gz' : ''}`;
      const role = withCodes ? 'admin' : list.role;
      const type = gzip ? 'application/gzip' : 'text/csv';
      await files.begin({ id: fileId, name, type, role, by, createdAt: now });
      await written(files, fileId, 0, pieceOf([list.columns], asked as Asked), now);
      return { written: 1, result: { file: fileId } };
    },
  };
}

interface RowsPosition {
  after: unknown;
  piece: number;
}

type Piece = { no: number; unit: unknown };

function rowsStep(parts: ExportParts): Step<Piece> {
  return {
    name: 'rows',
    chunkSize: ROWS_A_PIECE,
    async total(context) {
      const { list, campaignId } = askedOf(context);
      return list.total === undefined ? null : list.total(parts, campaignId as string, context.system.now());
    },
    async read(context, position, size) {
      const { list, campaignId } = askedOf(context);
      const { after, piece } = (position ?? { after: null, piece: 1 }) as unknown as RowsPosition;
      const page = await list.page(parts, campaignId, after, Math.min(size, list.pageMax ?? size));
      return {
        items: page.units.map((unit) => ({ no: piece, unit })),
        position: { after: page.next, piece: piece + 1 },
        done: page.done,
      };
    },
    async write(context, units) {
      const asked = askedOf(context);
      const { list, campaignId, withCodes, fileId } = asked;
      const all = units.map(({ unit }) => unit as never);
      const rows = await list.rows(parts, campaignId, all, withCodes);
      const piece = pieceOf(rows, asked);
      const no = units[0]?.no ?? 1;
      if (rows.length > 0) await written(parts.files, fileId, no, piece, context.system.now());
      const left = all.length - rows.length;
      return { written: rows.length, ...(left > 0 && { skipped: { not_listed: left } }) };
    },
  };
}

async function written(files: Files, id: string, no: number, data: Uint8Array, now: number): Promise<void> {
  if (await files.write(id, no, data, now)) return;
  throw new Error(said('file_removed_early', { file: id }));
}

function finishStep({ files }: ExportParts): Step<string> {
  return {
    name: 'finish',
    read: async ({ runId }, position) => once(`export-${runId}`, position),
    async write({ system, by, params: given }, [id]) {
      const hash = createHash('sha256');
      let bytes = 0;
      for await (const part of fileBytes(files, id as string)) {
        hash.update(part);
        bytes += part.length;
      }
      const sha256 = hash.digest('hex');
      const now = system.now();
      const made = { at: now, actor: by, action: 'file.export', target: id as string, requestId: null };
      const after = { ...given, bytes, sha256 };
      if (!(await files.finish(id as string, { bytes, sha256, now }, { ...made, before: null, after })))
        throw new Error(said('file_removed', { file: String(id) }));
      return { written: 1, result: { bytes, sha256 } };
    },
  };
}

/**
 * The job `import-codes`: a stored file of codes into a campaign's pool, all of it or nothing, as a request would
 * (flow/import-codes), but chunk by chunk: whoever is broken off goes on at the line where he was. Staged codes are
 * nothing until the last chunk takes them in; that one may be done twice and takes them in once.
 *
 *   stage … stage ─▶ take                    doubles refuse the file
 *   stage … stage ─▶ look ─▶ copy … ─▶ take  doubles are left out, and what stays is numbered anew
 */

import { Type } from 'typebox';
import { CsvFault } from '../core/csv-rows.ts';
import type { Problem } from '../core/problem.ts';
import { said } from '../core/said.ts';
import type { Catalog } from '../flow/catalog.ts';
import { makeCodeRows } from '../flow/code-rows.ts';
import { dropImport } from '../flow/drop-import.ts';
import { COPY_PLACES, duplicateProblem, importFault, lookThrough } from '../flow/import-codes.ts';
import { Staging } from '../flow/stage-codes.ts';
import type { CodeImports, CodePool } from '../ports/code-pool.ts';
import type { Files } from '../ports/files.ts';
import type { System } from '../ports/system.ts';
import { FILE_PARAM, fileRefusal } from './file-param.ts';
import type { Job, Position, Step, StepContext, Written } from './job.ts';
import { CAMPAIGN_PARAM } from './job.ts';

export interface ImportCodesJobParts {
  catalog: Pick<Catalog, 'get'>;
  codeImports: CodeImports;
  codePool: Pick<CodePool, 'counts'>;
  files: Pick<Files, 'find' | 'read'>;
  master: Buffer;
  system: System;
  /** takes a campaign in that another process made a moment ago */
  seek?: ((campaignId: string) => Promise<void>) | undefined;
}

const CODES_A_CHUNK = 2000;
/** Looking a million codes through takes its time. */
const CHUNK_MAX_MS = 300_000;
const MOVES_MAX = 20;

const params = Type.Object(
  {
    [CAMPAIGN_PARAM]: Type.String({ description: 'whose pool' }),
    [FILE_PARAM]: Type.String({ description: 'CSV: one code a line' }),
    header: Type.Optional(Type.Boolean({ description: 'the first line names the column' })),
    skipDuplicates: Type.Optional(
      Type.Boolean({ description: 'codes that are there already are left out; else they refuse the file' }),
    ),
  },
  { additionalProperties: false },
);

export function makeImportCodesJob(parts: ImportCodesJobParts): Job {
  return {
    name: 'import-codes',
    summary: 'A file of codes into the pool of a campaign, all of it or nothing',
    params,
    refuses: (given) => refuses(parts, given),
    steps: [importStep(parts)],
  };
}

async function refuses(
  { catalog, files, seek }: ImportCodesJobParts,
  given: Readonly<Record<string, unknown>>,
): Promise<{ code: string; detail: string } | null> {
  const id = String(given[CAMPAIGN_PARAM]);
  if (catalog.get(id) === undefined) await seek?.(id);
  const fault = importFault(catalog.get(id)?.campaign);
  if (fault === null) return fileRefusal(files, given);
  return { code: fault.code, detail: fault.detail ?? `Codes cannot be imported into ${id}.` };
}

/** `codes`: staged so far. `source`: the import that was copied, to be forgotten. */
type Place =
  | { phase: 'stage'; importNo: number; after: number; codes: number }
  | { phase: 'look'; importNo: number; codes: number }
  | { phase: 'copy'; source: number; importNo: number; places: number; from: number; codes: number }
  | { phase: 'take'; importNo: number; codes: number; source: number | null; skipped: number };

type Item =
  | { kind: 'code'; line: number; code: string; place: Extract<Place, { phase: 'stage' }> }
  | { kind: 'take'; place: Extract<Place, { phase: 'take' }> };

function importStep(parts: ImportCodesJobParts): Step<Item> {
  const rows = makeCodeRows(parts.files);
  const next = async (context: StepContext, position: Place | null, size: number) => {
    const { params: given } = context;
    const skips = given['skipDuplicates'] === true;
    if (position === null)
      return goOn({ phase: 'stage', importNo: await begin(parts, given), after: 0, codes: 0 });
    if (position.phase === 'look') return goOn(await look(parts, context, position));
    if (position.phase === 'copy') return goOn(await copy(parts, position));
    if (position.phase === 'take') {
      return { items: [{ kind: 'take', place: position } as const], position: { ...position }, done: true };
    }
    const { importNo, after, codes } = position;
    const some = await rows
      .read(fileOf(given), after, size)
      .catch((error: unknown) => givenUp(parts, importNo, error));
    const items = some.map(({ line, code }) => ({ kind: 'code', line, code, place: position }) as const);
    const staged = codes + some.length;
    if (some.length === size)
      return goOn({ ...position, after: some.at(-1)?.line ?? after, codes: staged }, items);
    if (staged === 0) return givenUp(parts, importNo, new CsvFault('There is no code in the file.'));
    if (skips) return goOn({ phase: 'look', importNo, codes: staged }, items);
    return goOn({ phase: 'take', importNo, codes: staged, source: null, skipped: 0 }, items);
  };
  return {
    name: 'import',
    chunkSize: CODES_A_CHUNK,
    chunkMaxMs: CHUNK_MAX_MS,
    // Taking them in counts as one more.
    total: async ({ params: given }) => (await rows.count(fileOf(given))) + 1,
    read: (context, position: Position | null, size) => next(context, position as Place | null, size),
    async write(context, items) {
      const [first] = items as [Item];
      if (first.kind === 'take') return take(parts, context, first.place);
      await stage(parts, context, items as Extract<Item, { kind: 'code' }>[]);
      return { written: 0 };
    },
  };
}

const fileOf = (given: Readonly<Record<string, unknown>>) => {
  return { id: String(given[FILE_PARAM]), header: given['header'] === true };
};

const goOn = (place: Place, items: Item[] = []) => ({ items, position: { ...place }, done: false });

async function begin(
  { codeImports, system }: ImportCodesJobParts,
  given: Readonly<Record<string, unknown>>,
): Promise<number> {
  const id = String(given[CAMPAIGN_PARAM]);
  const importNo = await codeImports.begin(id, system.now());
  if (importNo === null) throw new Error(said('no_campaign', { campaign: id }));
  return importNo;
}

/** What will not be taken in is forgotten, unless a restart may still go on with it. */
async function givenUp(parts: ImportCodesJobParts, importNo: number, error: unknown): Promise<never> {
  if (error instanceof CsvFault) await dropImport(parts.codeImports, importNo).catch(() => undefined);
  throw error;
}

const refusal = ({ detail, code }: Problem): CsvFault => new CsvFault(detail ?? code);

/** The same codes again take the place of what is staged there. */
async function stage(
  { codeImports, master, system }: ImportCodesJobParts,
  { params: given }: StepContext,
  items: readonly Extract<Item, { kind: 'code' }>[],
): Promise<void> {
  const { importNo, codes: staged } = (items[0] as Extract<Item, { kind: 'code' }>).place;
  const campaignId = String(given[CAMPAIGN_PARAM]);
  const fill = async (): Promise<void> => {
    const staging = new Staging({ codeImports, master, system, campaignId, importNo, staged });
    for (const { line, code } of items) staging.add(line, code);
    await staging.finish();
  };
  await fill().catch(async () => {
    await codeImports.leaveOut(
      importNo,
      items.map((_item, i) => staged + 1 + i),
    );
    await fill();
  });
}

async function look(
  parts: ImportCodesJobParts,
  { params: given }: StepContext,
  { importNo, codes }: Extract<Place, { phase: 'look' }>,
): Promise<Place> {
  await lookThrough(parts, importNo, codes, { leaveOut: true });
  return {
    phase: 'copy',
    source: importNo,
    importNo: await begin(parts, given),
    places: codes,
    from: 1,
    codes: 0,
  };
}

async function copy(
  { codeImports }: ImportCodesJobParts,
  place: Extract<Place, { phase: 'copy' }>,
): Promise<Place> {
  const { source, importNo, places, from, codes } = place;
  if (from > places) return { phase: 'take', importNo, codes, source, skipped: places - codes };
  const range = { from, to: from + COPY_PLACES, first: codes + 1 };
  const copied = await codeImports.copy(source, importNo, range).catch(async () => {
    const those = Array.from({ length: COPY_PLACES }, (_, i) => range.first + i);
    await codeImports.leaveOut(importNo, those);
    return codeImports.copy(source, importNo, range);
  });
  return { ...place, from: range.to, codes: codes + copied };
}

/** Of a chunk that is done again: it was taken in, and its own codes are no doubles of it. */
const NOWHERE = -1;

/** Behind what is there; whatever others bring in between is looked through once more. */
async function take(
  parts: ImportCodesJobParts,
  { params: given, by, system }: StepContext,
  { importNo, codes, source, skipped }: Extract<Place, { phase: 'take' }>,
): Promise<Written> {
  const { codeImports, codePool } = parts;
  const id = String(given[CAMPAIGN_PARAM]);
  const takeIn = async (behind: number): Promise<boolean> => {
    const line = { at: system.now(), actor: by, action: 'codes.import', target: id, requestId: null };
    const after = { total: behind + codes, imported: codes, skipped, file: given[FILE_PARAM] };
    const audit = { ...line, before: { total: behind }, after };
    const taken = await codeImports.take(importNo, { codes, behind }, audit);
    if (taken === 'gone') throw new Error(said('import_gone'));
    return taken === 'taken';
  };
  let done = codes === 0 || (await takeIn(NOWHERE));
  for (let moves = 0; moves < MOVES_MAX && !done; moves++) {
    const { imported: behind } = await codePool.counts(id);
    const found = await lookThrough(parts, importNo, codes, { leaveOut: false });
    if (found.total > 0) return givenUp(parts, importNo, refusal(duplicateProblem(found)));
    done = await takeIn(behind);
  }
  if (!done) throw new Error(said('import_others'));
  for (const old of codes > 0 ? [source] : [source, importNo]) {
    if (old !== null) await dropImport(codeImports, old).catch(() => undefined);
  }
  const { imported: total } = await codePool.counts(id);
  return {
    written: codes,
    ...(skipped > 0 && { skipped: { duplicate: skipped } }),
    result: { imported: codes, total },
  };
}

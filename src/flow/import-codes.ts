/**
 * A file of codes into a campaign's pool: all of it or nothing. It is staged as it comes, however long that takes, looked
 * through for codes that are there twice, and taken in by one small transaction, behind what is there. A file that is cut,
 * or a server that dies, leaves nothing but staged rows, which the next import forgets.
 */

import type { Campaign } from '../core/campaign.ts';
import { QUANTITY_MAX } from '../core/campaign.ts';
import type { CodeLinesOptions, LineFault } from '../core/code-lines.ts';
import { CodeLines } from '../core/code-lines.ts';
import type { Duplicate } from '../core/pool-lookups.ts';
import { PoolLookups } from '../core/pool-lookups.ts';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import type { CodeImports, CodePool } from '../ports/code-pool.ts';
import type { System } from '../ports/system.ts';
import type { Actor } from './campaign.ts';
import type { Catalog } from './catalog.ts';
import { dropImport, dropStaleImports } from './drop-import.ts';
import { Staging } from './stage-codes.ts';
import { Unpackable, unpacked } from './unpacked.ts';

export interface ImportCodesParts {
  catalog: Pick<Catalog, 'get'>;
  codeImports: CodeImports;
  codePool: Pick<CodePool, 'counts'>;
  master: Buffer;
  system: System;
}

export interface ImportCodesAsk extends CodeLinesOptions {
  campaignId: string;
  /** `skip`: codes that are there already are left out; `refuse`: then nothing is imported */
  onDuplicate: 'refuse' | 'skip';
  by: Actor;
  /** told now and then how many codes are staged */
  onStaged?(codes: number): void;
}

export interface ImportReport {
  /** codes that this import has brought */
  imported: number;
  /** numbers that they have in the pool; null when there are none */
  first: number | null;
  last: number | null;
  /** codes in the pool now */
  total: number;
  lines: number;
  empty: number;
  /** codes left out because they were there before */
  skipped: number;
  bom: boolean;
}

export type ImportResult = { kind: 'imported'; report: ImportReport } | { kind: 'refused'; problem: Problem };

/** What a file may unpack to, bytes. */
export const IMPORT_BYTES_MAX = 1024 ** 3;
/** Most of them empty, or there would be too many codes. */
const LINES_MAX = 2 * QUANTITY_MAX;
const TOO_MANY_LINES = `A file of codes has at most ${LINES_MAX} lines.`;
/** Lines that a report names. */
export const LINES_TOLD_MAX = 100;
/** Codes looked at in one turn. Rows of more of them outlive the young generation. */
const LOOK_CODES = 2_000;
/** Places copied at once. */
export const COPY_PLACES = 10_000;
/** Imports of others that may come in between. */
const MOVES_MAX = 20;

/**
 * Imports what `bytes` holds, packed as gzip or not. Rejects when the record does not answer, and with whatever `bytes`
 * throws; nothing is imported then.
 */
export async function importCodes(
  parts: ImportCodesParts,
  ask: ImportCodesAsk,
  bytes: AsyncIterable<Uint8Array>,
): Promise<ImportResult> {
  const refusal = importFault(parts.catalog.get(ask.campaignId)?.campaign);
  if (refusal !== null) return { kind: 'refused', problem: refusal };
  await dropStaleImports(parts).catch(() => undefined);
  const importing = new Importing(parts, ask);
  try {
    return await importing.run(bytes);
  } finally {
    await importing.drop();
  }
}

/** Why nothing can be imported into it; null: it can. */
export function importFault(campaign: Campaign | undefined): Problem | null {
  if (campaign === undefined) return problem('campaign_not_found');
  if (campaign.codes.source !== 'pool') return problem('not_a_pool');
  if (campaign.archivedAt === null) return null;
  return problem('invalid_transition', 'An archived campaign takes no codes.');
}

class Importing {
  readonly #parts: ImportCodesParts;
  readonly #ask: ImportCodesAsk;
  /** imports that were begun here and are not taken in */
  readonly #begun = new Set<number>();
  readonly #faults: { line: number; reason: LineFault }[] = [];

  constructor(parts: ImportCodesParts, ask: ImportCodesAsk) {
    this.#parts = parts;
    this.#ask = ask;
  }

  async run(bytes: AsyncIterable<Uint8Array>): Promise<ImportResult> {
    const importNo = await this.#begin();
    if (importNo === null) return refused(problem('campaign_not_found'));
    const { codeImports, master, system } = this.#parts;
    const { campaignId, format, header, onStaged } = this.#ask;
    const staging = new Staging({ codeImports, master, system, campaignId, importNo, onStaged });
    const lines = new CodeLines(
      { format, header },
      {
        code: (line, code) => staging.add(line, code),
        fault: (line, reason) => this.#faults.push({ line, reason }),
      },
    );
    const cut = await this.#read(bytes, lines, staging);
    if (cut !== null) return refused(cut);
    const fault = this.#fileFault() ?? (staging.codes === 0 ? problem('no_codes') : null);
    return fault === null ? this.#take(importNo, staging.codes, lines) : refused(fault);
  }

  /** Also when it failed half-way: it is tidied up later then. */
  async drop(): Promise<void> {
    for (const importNo of this.#begun) {
      await dropImport(this.#parts.codeImports, importNo).catch(() => undefined);
    }
  }

  async #begin(): Promise<number | null> {
    const { codeImports, system } = this.#parts;
    const importNo = await codeImports.begin(this.#ask.campaignId, system.now());
    if (importNo !== null) this.#begun.add(importNo);
    return importNo;
  }

  /** Reads and stages all of it; a problem when it cannot be read to its end. */
  async #read(bytes: AsyncIterable<Uint8Array>, lines: CodeLines, staging: Staging): Promise<Problem | null> {
    try {
      for await (const piece of unpacked(bytes, IMPORT_BYTES_MAX)) {
        lines.push(piece);
        await staging.settle();
        if (lines.isHopeless()) lines.end();
        if (this.#faults.length >= LINES_TOLD_MAX || lines.isHopeless()) return this.#fileFault();
        if (staging.codes > QUANTITY_MAX) return problem('pool_full');
        if (lines.lines > LINES_MAX) return problem('body_too_large', TOO_MANY_LINES);
      }
    } catch (error) {
      if (!(error instanceof Unpackable)) throw error;
      return problem(error.fault === 'cut' ? 'incomplete_upload' : 'body_too_large');
    }
    lines.end();
    await staging.finish();
    return null;
  }

  /** The lines that are no codes, as far as they were looked for. */
  #fileFault(): Problem | null {
    return linesProblem(this.#faults);
  }

  async #take(staged: number, stagedCodes: number, lines: CodeLines): Promise<ImportResult> {
    let importNo = staged;
    let codes = stagedCodes;
    for (let moves = 0; moves < MOVES_MAX; moves++) {
      const { imported: behind } = await this.#parts.codePool.counts(this.#ask.campaignId);
      const found = await lookThrough(this.#parts, importNo, codes, {
        leaveOut: this.#ask.onDuplicate === 'skip',
      });
      if (found.total > 0 && this.#ask.onDuplicate === 'refuse') return refused(duplicateProblem(found));
      if (found.total > 0) [importNo, codes] = await this.#closeUp(importNo, codes);
      if (behind + codes > QUANTITY_MAX) return refused(problem('pool_full'));
      const report: ImportReport = {
        imported: codes,
        first: codes === 0 ? null : behind + 1,
        last: codes === 0 ? null : behind + codes,
        total: behind + codes,
        lines: lines.lines,
        empty: lines.empty,
        skipped: stagedCodes - codes,
        bom: lines.hasBom,
      };
      if (codes === 0) return { kind: 'imported', report };
      const line = this.#line(report);
      const take = () => this.#parts.codeImports.take(importNo, { codes, behind }, line);
      // An answer that did not come may have been given: asked once more, it is the same.
      const taken = await take().catch(take);
      if (taken === 'taken') {
        this.#begun.delete(importNo);
        return { kind: 'imported', report };
      }
      if (taken === 'gone') break;
    }
    return refused(problem('import_conflict'));
  }

  #line(report: ImportReport) {
    const { by, campaignId } = this.#ask;
    const { total, imported, skipped, first, last } = report;
    return {
      at: this.#parts.system.now(),
      actor: by.id,
      action: 'codes.import',
      target: campaignId,
      before: { total: total - imported },
      after: { total, imported, skipped, first, last },
      requestId: by.requestId,
    };
  }

  /** Numbers what is left without gaps, in an import of its own. Resolves with that and with how many they are. */
  async #closeUp(importNo: number, places: number): Promise<[importNo: number, codes: number]> {
    const to = (await this.#begin()) as number;
    let codes = 0;
    for (let from = 1; from <= places; from += COPY_PLACES) {
      const range = { from, to: from + COPY_PLACES, first: codes + 1 };
      codes += await this.#parts.codeImports.copy(importNo, to, range);
    }
    return [to, codes];
  }
}

/**
 * Codes that are there twice, or were before. `leaveOut`: they are left out of the import right away.
 * `places`: the last one that something is staged at.
 */
export async function lookThrough(
  parts: Pick<ImportCodesParts, 'codeImports' | 'system'>,
  importNo: number,
  places: number,
  { leaveOut }: { leaveOut: boolean },
): Promise<Found> {
  const { codeImports } = parts;
  const found: Found = { total: 0, first: [] };
  for await (const some of duplicatesOf(parts, importNo, places)) {
    found.total += some.length;
    found.first = [...found.first, ...some].sort((a, b) => a.line - b.line).slice(0, LINES_TOLD_MAX);
    const those = some.map(({ place }) => place);
    if (leaveOut) await codeImports.leaveOut(importNo, those);
  }
  return found;
}

/** In turns: whoever presses meanwhile does not wait for long. */
async function* duplicatesOf(
  { codeImports, system }: Pick<ImportCodesParts, 'codeImports' | 'system'>,
  importNo: number,
  places: number,
): AsyncGenerator<Duplicate[]> {
  const lookups = new PoolLookups(places);
  for (let from = 1; from <= places; from += LOOK_CODES) {
    lookups.add(await codeImports.lookups(importNo, from, from + LOOK_CODES));
  }
  for (let block = 0; block < lookups.blocks; block++) {
    lookups.sort(block);
    await new Promise<void>((resume) => system.afterTurn(resume));
  }
  for (let first = 1, more = true; more; first += LOOK_CODES) {
    const known = await codeImports.known(importNo, first, LOOK_CODES);
    lookups.noteKnown(known);
    more = known.marks.length === LOOK_CODES;
  }
  for (let from = 1; lookups.isSeen && from <= places; from += LOOK_CODES) {
    const some = lookups.duplicatesIn(await codeImports.staged(importNo, from, from + LOOK_CODES));
    if (some.length > 0) yield some;
  }
}

export interface Found {
  total: number;
  /** the first of them by line */
  first: Duplicate[];
}

const refused = (what: Problem): ImportResult => ({ kind: 'refused', problem: what });

const UTF_16 = 'This is UTF-16. Save the file as UTF-8, one code a line.';

const WHY: Record<Exclude<LineFault, 'utf_16'>, string> = {
  too_long: 'more than 256 bytes.',
  control_character: 'a control character, as in a binary file or in UTF-16.',
  not_text: 'not UTF-8.',
  columns: 'more than one column; a file of codes has one code a line.',
  quotes: 'quotes that do not close, or text after them.',
};

/** Lines that are no codes, in order; null: there are none. */
export function linesProblem(faults: readonly { line: number; reason: LineFault }[]): Problem | null {
  const [first] = faults;
  if (first === undefined) return null;
  if (first.reason === 'utf_16') return problem('unsupported_media_type', UTF_16);
  const detail = `Line ${first.line}: ${WHY[first.reason]} Nothing was imported.`;
  const lines = faults.slice(0, LINES_TOLD_MAX);
  return problem('invalid_line', detail, { line: first.line, lines, total: faults.length });
}

export function duplicateProblem({ total, first }: Found): Problem {
  const lines = first.map(({ line, sameAs }) =>
    sameAs === null ? { line, reason: 'in_pool' } : { line, reason: 'in_file', sameAs },
  );
  const [one] = first as [Duplicate];
  const where = one.sameAs === null ? 'is in the pool already' : `is the same as line ${one.sameAs}`;
  const detail = `${total} of the codes are there already: line ${one.line} ${where}. Nothing was imported; onDuplicate=skip leaves them out.`;
  return problem('duplicate_codes', detail, { line: one.line, lines, total });
}

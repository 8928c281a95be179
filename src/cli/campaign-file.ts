/** Reads campaign files (YAML or JSON, several documents in one) and compares them with what the server has. */
import { readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { Ajv, type ErrorObject } from 'ajv';
import { LineCounter, parseAllDocuments } from 'yaml';
import { campaignSchema } from './campaign-schema.ts';
import { type CommandFailure, usageFailure } from './failure.ts';

export interface CampaignDocument {
  readonly id: string;
  readonly [field: string]: unknown;
}

/** One field that a file and the server see differently. */
export interface Change {
  readonly field: string;
  readonly before: unknown;
  readonly after: unknown;
}

const timeFields = new Set(['opensAt', 'closesAt', 'couponExpiresAt']);
const rfc3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?(?<offset>[Zz]|[+-]\d\d:\d\d)?$/;

/**
 * @param file a path, or `-` for standard input
 * @throws a usage failure that names file, line and field
 */
export function readCampaignFile(file: string): CampaignDocument[] {
  const text = readText(file);
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, version: '1.2' });
  if (!Array.isArray(documents) || documents.length === 0) throw usageFailure(`${file} holds no campaign`);
  const read: CampaignDocument[] = [];
  for (const [at, document] of documents.entries()) {
    const fault = document.errors[0];
    if (fault) throw usageFailure(`${file}: ${fault.message.split('\n')[0]}`);
    const value: unknown = document.toJS();
    // A file that ends in --- has an empty document at its end.
    if (value === null && documents.length > 1) continue;
    const lineOf = (path: string[]): number | null => {
      const node = document.getIn(path, true) as { range?: [number, number, number] } | undefined;
      return node?.range ? lines.linePos(node.range[0]).line : null;
    };
    const where = documents.length > 1 ? `${file}, document ${at + 1}` : file;
    read.push(checked(value, where, lineOf));
  }
  const twice = read.find((one, at) => read.findIndex((other) => other.id === one.id) !== at);
  if (twice) throw usageFailure(`${file} defines ${twice.id} twice`);
  return read;
}

function readText(file: string): string {
  try {
    return readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw usageFailure(`cannot read ${file}`, error instanceof Error ? error.message : null);
  }
}

const validate = new Ajv({
  allErrors: false,
  allowUnionTypes: true,
  validateFormats: false,
}).compile<CampaignDocument>(campaignSchema);

function checked(value: unknown, where: string, lineOf: (path: string[]) => number | null): CampaignDocument {
  if (!validate(value)) {
    const [fault] = validate.errors ?? [];
    throw fault ? schemaFailure(fault, where, lineOf) : usageFailure(`${where} is not a campaign`);
  }
  for (const field of timeFields) {
    const time = value[field];
    if (typeof time !== 'string') continue;
    const line = lineOf([field]);
    const at = line === null ? where : `${where}, line ${line}`;
    const offset = rfc3339.exec(time)?.groups?.['offset'];
    if (offset === undefined) {
      const example = 'Write it like 2026-12-01T10:00:00+09:00: the same moment wherever the file is read.';
      throw usageFailure(`${at}: ${field} needs a date, a time and an offset: ${time}`, example);
    }
    if (Number.isNaN(Date.parse(time))) throw usageFailure(`${at}: ${field} is no moment: ${time}`);
  }
  return value;
}

function schemaFailure(
  fault: ErrorObject,
  where: string,
  lineOf: (path: string[]) => number | null,
): CommandFailure {
  const path = fault.instancePath.split('/').slice(1);
  const params = fault.params as { additionalProperty?: string; allowedValues?: unknown[] };
  const unknown = params.additionalProperty;
  const line = lineOf(unknown === undefined ? path : [...path, unknown]);
  const at = line === null ? where : `${where}, line ${line}`;
  if (unknown !== undefined) {
    const known = path.length === 0 ? `Known: ${Object.keys(campaignSchema.properties).join(', ')}.` : null;
    return usageFailure(`${at}: unknown field ${[...path, unknown].join('.')}`, known);
  }
  const allowed = params.allowedValues ? `: ${params.allowedValues.join(', ')}` : '';
  return usageFailure(`${at}: ${path.join('.') || 'the campaign'} ${fault.message}${allowed}`);
}

/** What the file says differently; what it does not mention stays as it is. Times are compared as moments. */
export function changesOf(wanted: CampaignDocument, current: Readonly<Record<string, unknown>>): Change[] {
  const changes: Change[] = [];
  for (const [field, after] of Object.entries(wanted)) {
    if (field === 'id') continue;
    const before = current[field] ?? null;
    if (!isSame(field, before, after)) changes.push({ field, before, after });
  }
  return changes;
}

function isSame(field: string, before: unknown, after: unknown): boolean {
  if (timeFields.has(field) && typeof before === 'string' && typeof after === 'string') {
    return Date.parse(before) === Date.parse(after);
  }
  return isDeepStrictEqual(before, field === 'line' && after ? { ...plainLine, ...after } : (after ?? null));
}

/** What a line is where a file says nothing: the server tells it in full. */
const plainLine = { maxLength: null, cutAt: null, shuffleBeforeOpen: false };

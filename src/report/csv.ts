/**
 * A report as CSV: one figure a line, `section,name,at,value`, so that a spreadsheet can filter and draw it. Cells that
 * it would take for a formula begin with an apostrophe (OWASP), unless a program asked for them as they are.
 */

import type { Report } from '../flow/report.ts';
import { reportJson } from './json.ts';

type Cell = string | number | boolean | null;
type Row = [section: string, name: string, at: string, value: Cell];

const FORMULA = /^[=+\-@\t\r\uff0b\uff0d\uff1d\uff20]/;
const TO_QUOTE = /[",\r\n]/;

/** `raw`: for programs. */
export function reportCsv(report: Report, raw: boolean): string {
  const rows: Row[] = [];
  for (const [section, value] of Object.entries(reportJson(report))) collect(rows, section, '', '', value);
  return `section,name,at,value\n${rows.map((row) => `${row.map((cell) => cellText(cell, raw)).join(',')}\n`).join('')}`;
}

/** Leaves of a value, each under the names that lead to it; a list of moments is one line a moment and name. */
function collect(rows: Row[], section: string, name: string, at: string, value: unknown): void {
  if (Array.isArray(value)) {
    value.forEach((one: unknown, i) => {
      const moment = momentOf(one);
      collect(rows, section, moment === null ? join(name, String(i + 1)) : name, moment ?? at, one);
    });
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      if (key !== 'at') collect(rows, section, key === 'steps' ? name : join(name, key), at, inner);
    }
  } else rows.push([section, name, at, value as Cell]);
}

function join(name: string, key: string): string {
  return name === '' ? key : `${name}.${key}`;
}

function momentOf(value: unknown): string | null {
  if (typeof value !== 'object' || value === null || !('at' in value)) return null;
  return typeof value.at === 'string' ? value.at : null;
}

function cellText(cell: Cell, raw: boolean): string {
  if (cell === null) return '';
  if (typeof cell !== 'string') return String(cell);
  const safe = !raw && FORMULA.test(cell) ? `'${cell}` : cell;
  return safe !== cell || TO_QUOTE.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

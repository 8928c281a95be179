/**
 * JSON as the contract wants it: UTF-8 without byte order mark, no field twice, nothing nested too deep, no field that
 * means something to JavaScript itself. `JSON.parse` decides the syntax; one pass over the text finds the rest.
 */

import { isUtf8 } from 'node:buffer';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';

export const JSON_DEPTH_MAX = 16;

export type Parsed = { ok: true; value: Record<string, unknown> } | { ok: false; problem: Problem };

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;
const FORBIDDEN_FIELDS = new Set(['__proto__', 'constructor']);

interface Level {
  /** null in an array */
  names: Set<string> | null;
  name: string;
  index: number;
}

function refuse(what: Problem): Parsed {
  return { ok: false, problem: what };
}

/** Parses one JSON object. Never throws. */
export function parseStrict(bytes: Buffer): Parsed {
  if (bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    return refuse(problem('malformed_json', 'The body starts with a byte order mark: leave it out.'));
  }
  if (!isUtf8(bytes)) return refuse(problem('malformed_json', 'The body is not valid UTF-8.'));
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse(problem('malformed_json'));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse(problem('invalid_body'));
  const fault = structureFault(text);
  return fault ? refuse(fault) : { ok: true, value: value as Record<string, unknown> };
}

/** Depth, doubled and forbidden fields of a text that is known to be JSON. */
function structureFault(text: string): Problem | null {
  const levels: Level[] = [];
  let fieldComes = false;
  for (const [token] of text.matchAll(TOKEN)) {
    const level = levels.at(-1);
    if (token === '{' || token === '[') {
      if (levels.length === JSON_DEPTH_MAX) return problem('invalid_body');
      levels.push({ names: token === '{' ? new Set() : null, name: '', index: 0 });
      fieldComes = token === '{';
    } else if (token === '}' || token === ']') {
      levels.pop();
      fieldComes = false;
    } else if (token === ',' && level) {
      fieldComes = level.names !== null;
      level.index += 1;
    } else if (fieldComes && level?.names) {
      level.name = JSON.parse(token) as string;
      const fault = nameFault(levels, level.names, level.name);
      if (fault) return fault;
      fieldComes = false;
    }
  }
  return null;
}

function nameFault(levels: Level[], names: Set<string>, name: string): Problem | null {
  const pointer = levels
    .map((level) => `/${escapePointer(level.names ? level.name : String(level.index))}`)
    .join('');
  if (names.has(name)) return problem('malformed_json', 'A field is there twice.', { pointer });
  names.add(name);
  return FORBIDDEN_FIELDS.has(name) ? problem('unknown_field', undefined, { pointer }) : null;
}

/** One segment of a JSON pointer (RFC 6901). */
export function escapePointer(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}

/**
 * The judge of bodies and queries: ajv by the schemas of the OpenAPI document. Bodies are taken as they are, nothing is
 * converted or dropped; in a query everything is text, so numbers are read from it.
 */

import type { ErrorObject } from 'ajv';
import { Ajv } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';
import type { Problem } from '../core/problem.ts';
import { problem } from '../core/problem.ts';
import { escapePointer } from './json.ts';

export function makeValidatorCompiler(): FastifySchemaCompiler<object> {
  const strict = new Ajv({ coerceTypes: false, removeAdditional: false, useDefaults: false, strict: false });
  const reading = new Ajv({ coerceTypes: true, removeAdditional: false, useDefaults: true, strict: false });
  for (const ajv of [strict, reading]) ajv.addFormat('date-time', true);
  return ({ schema, httpPart }) => (httpPart === 'body' ? strict : reading).compile(schema);
}

/** What ajv found, as a problem of the part it was found in. */
export function validationProblem(part: string | undefined, found: readonly Partial<ErrorObject>[]): Problem {
  const first = found.find((one) => one.keyword === 'additionalProperties') ?? found[0] ?? {};
  const at = first.instancePath ?? '';
  if (part !== 'body') {
    const name = at.slice(1) || String(first.params?.['missingProperty'] ?? part);
    return problem('invalid_query', `${name} ${first.message ?? 'is wrong'}.`);
  }
  if (first.keyword === 'additionalProperties') {
    const name = String(first.params?.['additionalProperty']);
    return problem('unknown_field', undefined, { pointer: `${at}/${escapePointer(name)}` });
  }
  if (at === '' && first.keyword === 'type') return problem('invalid_body');
  const pointer = first.keyword === 'required' ? `${at}/${String(first.params?.['missingProperty'])}` : at;
  return problem('invalid_field', `The value ${first.message ?? 'is wrong'}.`, { pointer });
}

/** What the server refuses, at the input that it is about. */

import type { Trouble } from '../../api.ts';
import type { Input } from './form.ts';
import type { FormWords } from './words.ts';

export interface Fault {
  /** null: it is about none of them */
  input: Input | null;
  says: string;
}

/** Longest first. */
const POINTERS: readonly (readonly [string, Input])[] = [
  ['/eligibility/tokenClaims', 'tokenClaims'],
  ['/eligibility/denyUsers', 'denyUsers'],
  ['/eligibility', 'allowUsers'],
  ['/line/maxLength', 'maxLength'],
  ['/line/cutAt', 'cutAt'],
  ['/line', 'shuffle'],
  ['/release', 'perSecond'],
  ['/confirm', 'withinSeconds'],
  ['/codes/issue', 'issue'],
  ['/codes', 'source'],
];

const CODES: Readonly<Record<string, Input>> = {
  exists: 'id',
  invalid_window: 'closesAt',
  below_issued: 'quantity',
  durability_unavailable: 'durability',
  mode_unavailable: 'mode',
  pool_too_small: 'opensAt',
  code_key_mismatch: 'source',
};

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export function faultOf(trouble: Trouble, inputs: readonly string[], w: FormWords): Fault {
  const pointer = text(trouble.body['pointer']);
  const deep = POINTERS.find(([prefix]) => pointer.startsWith(prefix))?.[1];
  const flat = pointer.split('/')[1] ?? '';
  const input = deep ?? (inputs.includes(flat) ? (flat as Input) : (CODES[trouble.code] ?? null));
  return { input, says: sayingOf(trouble, input, w) };
}

function sayingOf(trouble: Trouble, input: Input | null, w: FormWords): string {
  const { code, body, message } = trouble;
  const figure = (name: string): number => Number(body[name]);
  if (code === 'exists') return w.faults.exists;
  if (code === 'invalid_window') return w.faults.window;
  if (code === 'immutable_while_open') return w.frozen.begun;
  if (code === 'below_issued') return w.faults.below(figure('issued'));
  if (code === 'pool_too_small') return w.faults.pool(figure('imported'), figure('quantity'));
  if (code === 'durability_unavailable' || code === 'mode_unavailable') {
    return w.faults.parts(message, text(body['setting']));
  }
  if (code === 'forbidden') return w.faults.forbidden;
  if (trouble.status === 0) return w.faults.away;
  const rule = input === null ? undefined : w.rules[input];
  return rule ?? message;
}

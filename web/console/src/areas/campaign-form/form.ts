/**
 * A definition as it stands in the form: all that is typed is text, as it was typed. What is wrong in it is not found
 * here: it is sent as it is, and the server says at which field.
 */

import type { Campaign } from '../../api.ts';
import { localText, withOffset } from './times.ts';

export interface Form {
  id: string;
  name: string;
  kind: Campaign['kind'];
  quantity: string;
  perUserLimit: string;
  mode: Campaign['mode'];
  /** empty: what the server's parts can keep best */
  durability: Campaign['durability'] | '';
  /** of `input type=datetime-local`, in the reader's zone; empty: none */
  opensAt: string;
  closesAt: string;
  perSecond: string;
  maxLength: string;
  cutAt: string;
  shuffle: boolean;
  withinSeconds: string;
  source: Campaign['codes']['source'];
  issue: 'at_win' | 'by_job';
  returnUnits: Campaign['returnUnits'];
  /** JSON */
  benefit: string;
  couponExpiresAt: string;
  validDays: string;
  /** one a line */
  allowUsers: string;
  denyUsers: string;
  /** `name: value, value`, one a line */
  tokenClaims: string;
}

export type Input = keyof Form;

/** Fields of a definition, each with the inputs that it is made of. */
export const FIELDS = {
  id: ['id'],
  name: ['name'],
  kind: ['kind'],
  quantity: ['quantity'],
  perUserLimit: ['perUserLimit'],
  mode: ['mode'],
  durability: ['durability'],
  opensAt: ['opensAt'],
  closesAt: ['closesAt'],
  release: ['perSecond'],
  line: ['maxLength', 'cutAt', 'shuffle'],
  confirm: ['withinSeconds'],
  codes: ['source', 'issue'],
  returnUnits: ['returnUnits'],
  benefit: ['benefit'],
  couponExpiresAt: ['couponExpiresAt'],
  validDays: ['validDays'],
  eligibility: ['allowUsers', 'denyUsers', 'tokenClaims'],
} as const satisfies Record<string, readonly Input[]>;

export type Field = keyof typeof FIELDS;
export const FIELD_NAMES = Object.keys(FIELDS) as Field[];

export type Body = Partial<Record<Field, unknown>>;

export const EMPTY: Form = {
  id: '',
  name: '',
  kind: 'coupon',
  quantity: '100',
  perUserLimit: '1',
  mode: 'instant',
  durability: '',
  opensAt: '',
  closesAt: '',
  perSecond: '10',
  maxLength: '',
  cutAt: '',
  shuffle: false,
  withinSeconds: '',
  source: 'generated',
  issue: 'at_win',
  returnUnits: 'no',
  benefit: '',
  couponExpiresAt: '',
  validDays: '',
  allowUsers: '',
  denyUsers: '',
  tokenClaims: '',
};

const text = (value: number | null | undefined): string =>
  value === null || value === undefined ? '' : String(value);

/** What the server has, as it would have been typed. */
export function formOf(campaign: Campaign): Form {
  const { benefit, codes, line } = campaign;
  const eligibility = (campaign.eligibility ?? {}) as Eligibility;
  return {
    id: campaign.id,
    name: campaign.name,
    kind: campaign.kind,
    quantity: String(campaign.quantity),
    perUserLimit: String(campaign.perUserLimit),
    mode: campaign.mode,
    durability: campaign.durability,
    opensAt: localText(campaign.opensAt),
    closesAt: localText(campaign.closesAt),
    perSecond: text(campaign.release?.perSecond ?? Number(EMPTY.perSecond)),
    maxLength: text(line?.maxLength),
    cutAt: text(line?.cutAt),
    shuffle: line?.shuffleBeforeOpen ?? false,
    withinSeconds: text(campaign.confirm?.withinSeconds),
    source: codes.source,
    issue: codes.issue ?? 'at_win',
    returnUnits: campaign.returnUnits,
    benefit: benefit === null ? '' : JSON.stringify(benefit, null, 2),
    couponExpiresAt: localText(campaign.couponExpiresAt),
    validDays: text(campaign.validDays),
    allowUsers: (eligibility.allowUsers ?? []).join('\n'),
    denyUsers: (eligibility.denyUsers ?? []).join('\n'),
    tokenClaims: claimsText(eligibility.tokenClaims ?? {}),
  };
}

/** A new one like another: what is its own (address, window) is left out. */
export function copyOf(campaign: Campaign, name: string): Form {
  return { ...formOf(campaign), id: '', name, opensAt: '', closesAt: '', couponExpiresAt: '' };
}

/** The whole definition as the server takes it. */
export function bodyOf(form: Form): Body {
  const isQueued = form.mode === 'queued';
  return {
    ...(form.id.trim() === '' ? {} : { id: form.id.trim() }),
    name: form.name,
    kind: form.kind,
    quantity: numberOf(form.quantity),
    perUserLimit: numberOf(form.perUserLimit),
    mode: form.mode,
    ...(form.durability === '' ? {} : { durability: form.durability }),
    opensAt: withOffset(form.opensAt),
    closesAt: withOffset(form.closesAt),
    release: isQueued ? { perSecond: numberOf(form.perSecond) } : null,
    line: isQueued ? lineOf(form) : null,
    confirm: isQueued && form.withinSeconds.trim() ? { withinSeconds: numberOf(form.withinSeconds) } : null,
    codes:
      form.issue === 'by_job' && form.source !== 'none'
        ? pick(form, 'source', 'issue')
        : pick(form, 'source'),
    returnUnits: form.returnUnits,
    benefit: jsonOf(form.benefit),
    couponExpiresAt: withOffset(form.couponExpiresAt),
    validDays: numberOf(form.validDays),
    eligibility: eligibilityOf(form),
  };
}

/** What a new one has to say; the server knows the rest. */
export function newBodyOf(form: Form): Body {
  return Object.fromEntries(
    Object.entries(bodyOf(form)).filter(([, value]) => value !== null || value === 0),
  );
}

/** Fields that are not what they were. */
export function changesOf(before: Form, after: Form): Body {
  const [was, is] = [bodyOf(before), bodyOf(after)];
  const changed = FIELD_NAMES.filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]));
  return Object.fromEntries(changed.map((name) => [name, is[name]]));
}

/** `base` with some fields of `other`. */
export function withFields(base: Form, other: Form, fields: readonly Field[]): Form {
  const taken = fields.flatMap((field) => FIELDS[field].map((input) => [input, other[input]]));
  return { ...base, ...Object.fromEntries(taken) };
}

function pick<K extends Input>(form: Form, ...names: K[]): Pick<Form, K> {
  return Object.fromEntries(names.map((name) => [name, form[name]])) as Pick<Form, K>;
}

/** Empty is null; what is no number goes as it is, to be refused. */
function numberOf(typed: string): number | string | null {
  const plain = typed.replaceAll(/[,\s]/g, '');
  if (plain === '') return null;
  const value = Number(plain);
  return Number.isFinite(value) ? value : typed;
}

function lineOf({ maxLength, cutAt, shuffle }: Form): object | null {
  if (maxLength.trim() === '' && cutAt.trim() === '' && !shuffle) return null;
  return { maxLength: numberOf(maxLength), cutAt: numberOf(cutAt), shuffleBeforeOpen: shuffle };
}

function jsonOf(typed: string): unknown {
  if (typed.trim() === '') return null;
  try {
    return JSON.parse(typed);
  } catch {
    return typed;
  }
}

interface Eligibility {
  allowUsers?: string[];
  denyUsers?: string[];
  tokenClaims?: Record<string, unknown[]>;
}

function linesOf(typed: string): string[] {
  return typed
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function eligibilityOf(form: Form): Eligibility | null {
  const allowUsers = linesOf(form.allowUsers);
  const denyUsers = linesOf(form.denyUsers);
  const tokenClaims = claimsOf(form.tokenClaims);
  const asked = {
    ...(allowUsers.length > 0 ? { allowUsers } : {}),
    ...(denyUsers.length > 0 ? { denyUsers } : {}),
    ...(Object.keys(tokenClaims).length > 0 ? { tokenClaims } : {}),
  };
  return Object.keys(asked).length > 0 ? asked : null;
}

/** `grade: vip, gold` → { grade: ['vip', 'gold'] }; `age: 20` is a number, `age: "20"` is text. */
function claimsOf(typed: string): Record<string, unknown[]> {
  const found: [string, unknown[]][] = linesOf(typed).map((line) => {
    const at = line.indexOf(':');
    if (at < 0) return [line, []];
    const values = line
      .slice(at + 1)
      .split(',')
      .map((one) => one.trim());
    return [line.slice(0, at).trim(), values.filter((one) => one !== '').map(literal)];
  });
  return Object.fromEntries(found);
}

function literal(typed: string): unknown {
  if (/^(?:true|false|-?\d+(?:\.\d+)?|".*")$/.test(typed)) return jsonOf(typed);
  return typed;
}

function claimsText(claims: Record<string, unknown[]>): string {
  const write = (value: unknown): string =>
    typeof value === 'string' && literal(value) === value ? value : JSON.stringify(value);
  return Object.entries(claims)
    .map(([name, values]) => `${name}: ${values.map(write).join(', ')}`)
    .join('\n');
}

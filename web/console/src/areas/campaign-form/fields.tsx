/** The inputs of the form: each knows its label, its hint, whether it may change, and what the server said of it. */

import { Checkbox, Textarea, TextInput } from '@mantine/core';
import { createContext, type ReactNode, useContext } from 'react';
import type { Campaign } from '../../api.ts';
import { useWords } from '../../language.tsx';
import { Choice } from './choice.tsx';
import type { Fault } from './faults.ts';
import { FIELD_NAMES, FIELDS, type Field, type Form, type Input } from './form.ts';
import { frozenBy } from './frozen.ts';
import { withOffset, zone } from './times.ts';
import { formWords } from './words.ts';

export interface Editing {
  form: Form;
  set<K extends Input>(input: K, value: Form[K]): void;
  /** null: a new one */
  campaign: Campaign | null;
  fault: Fault | null;
  /** the key may not change anything */
  locked: boolean;
}

export const EditingContext = createContext<Editing | null>(null);

export function useEditing(): Editing {
  const editing = useContext(EditingContext);
  if (editing === null) throw new Error('an input outside of the form');
  return editing;
}

const fieldOf = (input: Input): Field =>
  FIELD_NAMES.find((name) => (FIELDS[name] as readonly Input[]).includes(input)) as Field;

/** What holds of an input, whatever it looks like. */
function useInput(input: Input) {
  const w = useWords(formWords);
  const { form, set, campaign, fault, locked } = useEditing();
  const frozen = frozenBy(campaign, fieldOf(input));
  return {
    w,
    value: form[input] as string,
    set,
    why: frozen === null ? null : w.frozen[frozen],
    disabled: frozen !== null || locked,
    error: fault?.input === input ? `✕ ${fault.says}` : null,
  };
}

type Names<T> = { [K in Input]: Form[K] extends T ? K : never }[Input];

export interface TextProps {
  input: Names<string>;
  hint?: ReactNode;
  label?: string;
  placeholder?: string;
  mono?: boolean;
  required?: boolean;
  /** stands at the end of the field */
  unit?: string;
  number?: boolean;
}

export function Text({ input, hint, label, placeholder, mono, required, unit, number }: TextProps) {
  const { w, value, set, why, disabled, error } = useInput(input);
  return (
    <TextInput
      id={`f-${input}`}
      label={label ?? w.labels[input]}
      description={why ?? hint}
      error={error}
      disabled={disabled}
      value={value}
      onChange={(event) => set(input, event.currentTarget.value)}
      className={number ? 'number-field' : ''}
      classNames={{ input: mono ? 'mono' : '' }}
      autoComplete="off"
      spellCheck={false}
      {...(required ? { 'aria-required': true } : {})}
      {...(placeholder ? { placeholder } : {})}
      {...(number ? { inputMode: 'decimal' as const } : {})}
      {...(unit ? { rightSection: <span className="unit">{unit}</span>, rightSectionWidth: 48 } : {})}
    />
  );
}

/** A moment: typed in the reader's zone, sent with its offset, and both are said. */
export function Moment({ input, hint }: { input: 'opensAt' | 'closesAt' | 'couponExpiresAt'; hint: string }) {
  const { w, value, set, why, disabled, error } = useInput(input);
  const sent = withOffset(value);
  const says =
    sent === null ? `${hint} ${w.hints.time(zone())}` : `${w.hints.time(zone())} ${w.hints.sent(sent)}`;
  return (
    <TextInput
      id={`f-${input}`}
      type="datetime-local"
      step={1}
      label={w.labels[input]}
      description={why ?? says}
      error={error}
      disabled={disabled}
      value={value}
      className="moment-field"
      onChange={(event) => set(input, event.currentTarget.value)}
    />
  );
}

export function Lines({ input, hint, mono }: { input: Names<string>; hint: string; mono?: boolean }) {
  const { w, value, set, why, disabled, error } = useInput(input);
  return (
    <Textarea
      id={`f-${input}`}
      label={w.labels[input]}
      description={why ?? hint}
      error={error}
      disabled={disabled}
      autosize
      minRows={2}
      maxRows={14}
      value={value}
      spellCheck={false}
      classNames={{ input: mono ? 'mono' : '' }}
      onChange={(event) => set(input, event.currentTarget.value)}
    />
  );
}

export function Tick({ input, hint }: { input: Names<boolean>; hint: string }) {
  const { w, set, why, disabled, error } = useInput(input);
  const { form } = useEditing();
  return (
    <Checkbox
      id={`f-${input}`}
      label={w.labels[input]}
      description={why ?? hint}
      error={error}
      disabled={disabled}
      checked={form[input]}
      color="ink"
      onChange={(event) => set(input, event.currentTarget.checked)}
    />
  );
}

type Chosen = 'kind' | 'mode' | 'durability' | 'source' | 'issue' | 'returnUnits';

/** One of a few. `without`: what is not offered here. */
export function Pick({
  input,
  inRow,
  quietLegend,
  without = [],
}: {
  input: Chosen;
  inRow?: boolean;
  quietLegend?: boolean;
  without?: readonly string[];
}) {
  const { w, value, set, why, disabled, error } = useInput(input);
  const options = Object.fromEntries(
    Object.entries(w.choices[input] as Record<string, string[]>).filter(([name]) => !without.includes(name)),
  );
  return (
    <Choice
      name={input}
      legend={w.labels[input]}
      quietLegend={quietLegend ?? false}
      options={options}
      value={value}
      onChange={(chosen) => set(input, chosen as Form[Chosen])}
      why={why ?? (disabled ? '' : null)}
      error={error}
      inRow={inRow ?? false}
    />
  );
}

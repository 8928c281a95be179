/** A form made from the JSON schema of a job's params. */

import { Button, Checkbox, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { ask, type Campaign, type List, type Trouble, textOf } from '../../api.ts';
import { useLanguage, useWords } from '../../language.tsx';
import { Refusal } from '../../said.tsx';
import { FileParam } from './file-param.tsx';
import { KOREAN_PARAMS } from './korean.ts';
import { type Job, type Param, words } from './words.ts';

/** As typed: '' is not set. */
export type Given = Record<string, string | boolean>;

export interface ParamsFormProps {
  job: Job;
  action: string;
  /** what was given before */
  given?: Record<string, unknown>;
  trouble: Trouble | null;
  /** beside the params, in the same form */
  children?: ReactNode;
  onSubmit(params: Record<string, unknown>): Promise<void>;
}

function firstOf(param: Param, given: unknown): string | boolean {
  const value = given ?? param.default;
  if (param.type === 'boolean') return value === true;
  return textOf(value);
}

/** What is sent: nothing for what was left as it is without it. */
export function paramsOf(properties: Readonly<Record<string, Param>>, given: Given): Record<string, unknown> {
  const sent: Record<string, unknown> = {};
  for (const [name, param] of Object.entries(properties)) {
    const value = given[name] ?? '';
    if (typeof value === 'boolean') {
      if (value !== (param.default ?? false)) sent[name] = value;
    } else if (value.trim() !== '') {
      sent[name] = param.type === 'integer' || param.type === 'number' ? Number(value) : value.trim();
    }
  }
  return sent;
}

const choicesOf = (param: Param): string[] | null =>
  param.enum ?? param.anyOf?.map((one) => one.const) ?? null;

export function ParamsForm({
  job,
  action,
  given: before = {},
  trouble,
  children,
  onSubmit,
}: ParamsFormProps) {
  const properties = job.params.properties ?? {};
  const [given, setGiven] = useState<Given>(() =>
    Object.fromEntries(
      Object.entries(properties).map(([name, param]) => [name, firstOf(param, before[name])]),
    ),
  );
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    await onSubmit(paramsOf(properties, given)).finally(() => setBusy(false));
  };
  const pointer = textOf(trouble?.body['pointer']);
  const isPlaced = Object.keys(properties).some((name) => pointer === `/params/${name}`);
  const isElsewhere = trouble !== null && !isPlaced && trouble.body['run'] === undefined;
  return (
    <form className="form" onSubmit={(event) => void submit(event)}>
      {children}
      {Object.entries(properties).map(([name, param]) => (
        <ParamField
          key={name}
          name={name}
          param={param}
          isNeeded={job.params.required?.includes(name) ?? false}
          value={given[name] ?? ''}
          fault={pointer === `/params/${name}` ? <Refusal error={trouble} /> : null}
          onChange={(value) => setGiven((now) => ({ ...now, [name]: value }))}
        />
      ))}
      {isElsewhere ? (
        <p role="alert" className="fault">
          ✕ <Refusal error={trouble} />
        </p>
      ) : null}
      <div>
        <Button type="submit" color="signal" className="does" loading={busy}>
          {action}
        </Button>
      </div>
    </form>
  );
}

interface FieldProps {
  name: string;
  param: Param;
  isNeeded: boolean;
  value: string | boolean;
  fault: ReactNode;
  onChange(value: string | boolean): void;
}

function ParamField({ name, param, isNeeded, value, fault, onChange }: FieldProps) {
  const w = useWords(words);
  const { language } = useLanguage();
  const korean = language === 'ko' ? KOREAN_PARAMS[name] : undefined;
  const common = {
    label: korean ?? name,
    description: korean === undefined ? param.description : name,
    error: fault,
    required: isNeeded,
    name,
  };
  const choices = choicesOf(param);
  if (typeof value === 'boolean') {
    const { required: _, ...rest } = common;
    return <Checkbox {...rest} checked={value} onChange={(event) => onChange(event.currentTarget.checked)} />;
  }
  if (choices !== null) {
    const first = { value: '', label: isNeeded ? w.choose : w.unset };
    return (
      <NativeSelect
        {...common}
        value={value}
        data={[first, ...choices]}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    );
  }
  if (name === 'campaign') return <CampaignParam {...common} value={value} onChange={onChange} />;
  if (name === 'file') return <FileParam {...common} value={value} onChange={onChange} />;
  if (param.type === 'integer' || param.type === 'number') {
    return (
      <NumberInput
        {...common}
        value={value}
        allowDecimal={param.type === 'number'}
        {...(param.minimum === undefined ? {} : { min: param.minimum })}
        {...(param.maximum === undefined ? {} : { max: param.maximum })}
        onChange={(next) => onChange(String(next))}
        hideControls
      />
    );
  }
  return (
    <TextInput
      {...common}
      value={value}
      {...(param.maxLength === undefined ? {} : { maxLength: param.maxLength })}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

interface CampaignParamProps {
  label: string;
  description: string | undefined;
  error: ReactNode;
  required: boolean;
  name: string;
  value: string;
  onChange(value: string): void;
}

function CampaignParam({ value, onChange, ...common }: CampaignParamProps) {
  const w = useWords(words);
  const query = useQuery({
    queryKey: ['campaigns', 'all'],
    queryFn: () => ask<List<Campaign>>('/v1/admin/campaigns?limit=1000'),
  });
  const ids = query.data?.items.map(({ id, name }) => ({ value: id, label: `${name} (${id})` })) ?? [];
  return (
    <NativeSelect
      {...common}
      value={value}
      data={[{ value: '', label: common.required ? w.choose : w.all }, ...ids]}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

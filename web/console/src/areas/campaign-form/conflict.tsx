/** Two have changed the same campaign: theirs and mine side by side, and what is kept is chosen field by field. */

import { Button } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { Campaign } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { bodyOf, changesOf, FIELD_NAMES, type Field, type Form, formOf, withFields } from './form.ts';
import { formWords } from './words.ts';

export interface ConflictProps {
  /** what I began from */
  base: Form;
  mine: Form;
  theirs: Campaign;
  onKeep(merged: Form): void;
  onBack(): void;
  busy: boolean;
}

type Side = 'theirs' | 'mine';

/** Fields in which the two differ. What only one of them has changed is chosen already. */
function differing(base: Form, mine: Form, theirs: Form): { field: Field; side: Side; both: boolean }[] {
  const [changedByMe, changedByThem] = [changesOf(base, mine), changesOf(base, theirs)];
  const differs = changesOf(theirs, mine);
  return FIELD_NAMES.filter((field) => field in differs).map((field) => ({
    field,
    side: field in changedByMe ? 'mine' : 'theirs',
    both: field in changedByMe && field in changedByThem,
  }));
}

export function Conflict({ base, mine, theirs, onKeep, onBack, busy }: ConflictProps) {
  const w = useWords(formWords);
  const there = formOf(theirs);
  const rows = differing(base, mine, there);
  const [sides, setSides] = useState<Partial<Record<Field, Side>>>({});
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus(), []);
  const sideOf = (field: Field, side: Side): Side => sides[field] ?? side;
  const all = (side: Side): void => setSides(Object.fromEntries(rows.map(({ field }) => [field, side])));
  const chosen = rows.filter(({ field, side }) => sideOf(field, side) === 'mine').map(({ field }) => field);
  return (
    <section className="conflict" aria-labelledby="conflict-title">
      <h2 id="conflict-title" tabIndex={-1} ref={head}>
        <span className="mark wait" aria-hidden="true">
          ◑
        </span>{' '}
        {w.conflict.title}
      </h2>
      <p>{rows.length === 0 ? w.conflict.nothing : w.conflict.says}</p>
      {rows.length === 0 ? null : (
        <>
          <div className="view-acts">
            <Button variant="default" size="compact-sm" onClick={() => all('theirs')}>
              {w.conflict.allTheirs}
            </Button>
            <Button variant="default" size="compact-sm" onClick={() => all('mine')}>
              {w.conflict.allMine}
            </Button>
          </div>
          <div className="conflict-rows">
            {rows.map(({ field, side, both }) => (
              <Row
                key={field}
                field={field}
                both={both}
                forms={{ theirs: there, mine }}
                chosen={sideOf(field, side)}
                onChoose={(one) => setSides({ ...sides, [field]: one })}
              />
            ))}
          </div>
        </>
      )}
      <div className="view-acts">
        <Button
          color="signal"
          className="does"
          loading={busy}
          onClick={() => onKeep(withFields(there, mine, chosen))}
        >
          {w.conflict.keep}
        </Button>
        <Button variant="default" onClick={onBack}>
          {w.conflict.back}
        </Button>
      </div>
    </section>
  );
}

interface RowProps {
  field: Field;
  /** both have changed it */
  both: boolean;
  forms: Record<Side, Form>;
  chosen: Side;
  onChoose(side: Side): void;
}

function Row({ field, both, forms, chosen, onChoose }: RowProps) {
  const w = useWords(formWords);
  return (
    <fieldset className="conflict-row">
      <legend>
        {labelOf(w, field)}
        {both ? <span className="quiet conflict-both"> ◑ {w.conflict.both}</span> : null}
      </legend>
      {(['theirs', 'mine'] as const).map((one) => (
        <label key={one} className="choice-one" data-chosen={chosen === one}>
          <input
            type="radio"
            name={`keep-${field}`}
            checked={chosen === one}
            onChange={() => onChoose(one)}
          />
          <span className="choice-name">{w.conflict[one]}</span>
          <span className="choice-says">
            <Value field={field} form={forms[one]} />
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** What a field is called: some are made of several inputs. */
function labelOf(
  w: { groups: Record<string, string>; labels: Record<string, string> },
  field: Field,
): string {
  return w.groups[field] ?? w.labels[field] ?? field;
}

const isTime = (field: Field): boolean => field.endsWith('At');

function Value({ field, form }: { field: Field; form: Form }) {
  const w = useWords(formWords);
  const format = useFormat();
  const value = bodyOf(form)[field];
  if (value === null || value === undefined) return w.empty;
  if (typeof value === 'number') return format.number(value);
  const choices = (w.choices as Record<string, Record<string, readonly string[]>>)[field];
  if (typeof value === 'string') return isTime(field) ? format.time(value) : (choices?.[value]?.[0] ?? value);
  if (field === 'release') return w.conflict.perSecond(form.perSecond);
  if (field === 'confirm') return w.conflict.seconds(form.withinSeconds);
  if (field === 'codes') return `${w.choices.source[form.source][0]}, ${w.choices.issue[form.issue][0]}`;
  return <code className="conflict-json">{JSON.stringify(value, null, 2)}</code>;
}

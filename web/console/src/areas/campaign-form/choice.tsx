/** One of a few, each explained in a sentence: what a bare list of words would leave to guess. */

import { useId } from 'react';

export interface ChoiceProps<T extends string> {
  name: string;
  legend: string;
  /** the legend is heard and not seen: a headline says it already */
  quietLegend?: boolean;
  options: Readonly<Record<T, readonly string[]>>;
  value: T;
  onChange(value: T): void;
  /** why it may not change */
  why?: string | null;
  error?: string | null;
  /** side by side */
  inRow?: boolean;
}

export function Choice<T extends string>(props: ChoiceProps<T>) {
  const { name, legend, quietLegend, options, value, onChange, why, error, inRow } = props;
  const id = useId();
  const says = why ?? error;
  return (
    <fieldset
      className={`choice${inRow ? ' in-row' : ''}`}
      disabled={why !== undefined && why !== null}
      aria-describedby={says ? id : undefined}
    >
      <legend className={quietLegend ? 'hidden-but-heard' : 'choice-legend'}>{legend}</legend>
      {(Object.keys(options) as T[]).map((one, index) => (
        <label key={one} className="choice-one" data-chosen={one === value}>
          <input
            type="radio"
            name={name}
            id={index === 0 ? `f-${name}` : undefined}
            value={one}
            checked={one === value}
            aria-invalid={error ? true : undefined}
            onChange={() => onChange(one)}
          />
          <span className="choice-name">{options[one][0]}</span>
          {options[one][1] ? <span className="choice-says">{options[one][1]}</span> : null}
        </label>
      ))}
      {says ? (
        <p id={id} className={error ? 'fault choice-why' : 'quiet choice-why'}>
          {says}
        </p>
      ) : null}
    </fieldset>
  );
}

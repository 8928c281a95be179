/** The form's parts, in the order in which one thinks of them: what, how, when, with which code, for whom. */

import type { ReactNode } from 'react';
import { useWords } from '../../language.tsx';
import { Benefit } from './benefit.tsx';
import { Lines, Moment, Pick, Text, Tick, useEditing } from './fields.tsx';
import { formWords } from './words.ts';

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="form-part">
      <h2>{title}</h2>
      <div className="form-inputs">{children}</div>
    </section>
  );
}

export function Sections() {
  const w = useWords(formWords);
  const { form, campaign } = useEditing();
  // Of what exists the level is known; only a new one can leave it to the server.
  const levelsOut = campaign === null ? [] : [''];
  return (
    <>
      <Part title={w.sections.what}>
        <Text input="name" hint={w.hints.name} required />
        <Text input="id" hint={w.hints.id} mono placeholder="chicken-100" />
        <div className="pair">
          <Text input="quantity" hint={w.hints.quantity} required number />
          <Text input="perUserLimit" hint={w.hints.perUserLimit} number />
        </div>
        <Pick input="kind" inRow />
      </Part>
      <Part title={w.sections.how}>
        <Pick input="mode" quietLegend />
        {form.mode === 'queued' ? <Line /> : null}
      </Part>
      <Part title={w.sections.level}>
        <Pick input="durability" quietLegend without={levelsOut} />
      </Part>
      <Part title={w.sections.when}>
        <Moment input="opensAt" hint={w.hints.opensAt} />
        <Moment input="closesAt" hint={w.hints.closesAt} />
      </Part>
      <Part title={w.sections.codes}>
        <Pick input="source" quietLegend />
        {form.source === 'none' ? null : <Pick input="issue" />}
        <Moment input="couponExpiresAt" hint={w.hints.couponExpiresAt} />
        <Text input="validDays" hint={w.hints.validDays} number />
        <Pick input="returnUnits" />
      </Part>
      <Part title={w.sections.benefit}>
        <Benefit />
      </Part>
      <Part title={w.sections.who}>
        <Lines input="allowUsers" hint={`${w.hints.users} ${w.optional}.`} />
        <Lines input="denyUsers" hint={`${w.hints.users} ${w.optional}.`} />
        <Lines input="tokenClaims" hint={w.hints.tokenClaims} mono />
      </Part>
    </>
  );
}

function Line() {
  const w = useWords(formWords);
  return (
    <div className="form-nested">
      <Text input="perSecond" hint={w.hints.perSecond} number />
      <Text input="maxLength" hint={w.hints.maxLength} number />
      <Text input="cutAt" hint={w.hints.cutAt} number />
      <Text input="withinSeconds" hint={w.hints.withinSeconds} number unit={w.secondsUnit} />
      <Tick input="shuffle" hint={w.hints.shuffle} />
    </div>
  );
}

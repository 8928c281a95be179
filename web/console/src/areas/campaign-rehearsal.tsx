/** A crowd against a shadow copy: ask for one, watch it, and read what came of it. */

import './rehearsal/rehearsal.css';
import { useState } from 'react';
import type { Campaign } from '../api.ts';
import { useFormat, useWords } from '../language.tsx';
import { Mark } from '../parts/pieces.tsx';
import { Needs } from '../parts/role.tsx';
import { Empty, Loaded } from '../parts/states.tsx';
import { Told } from '../said.tsx';
import { AskForm } from './rehearsal/ask-form.tsx';
import { isUnderWay, type Rehearsal, useRehearsals } from './rehearsal/rehearsals.ts';
import { ResultPage } from './rehearsal/result.tsx';
import { UnderWay } from './rehearsal/under-way.tsx';
import { words } from './rehearsal/words.ts';

export default function View({ campaign }: { campaign: Campaign }) {
  const query = useRehearsals(campaign.id);
  const [chosen, choose] = useState<string | null>(null);
  return (
    <Loaded query={query}>
      {(rehearsals) => {
        const shown = rehearsals.find(({ id }) => id === chosen) ?? rehearsals[0];
        return (
          <div className="rehearsal">
            <aside>
              <Needs least="operate">
                <AskForm campaignId={campaign.id} busy={rehearsals.some(isUnderWay)} onAsked={choose} />
              </Needs>
              <Past campaignId={campaign.id} rehearsals={rehearsals} shown={shown} onChoose={choose} />
            </aside>
            {shown === undefined ? <None /> : <Shown campaignId={campaign.id} rehearsal={shown} />}
          </div>
        );
      }}
    </Loaded>
  );
}

function None() {
  const w = useWords(words);
  return (
    <section className="rehearsal-none">
      <p className="quiet">{w.pick}</p>
    </section>
  );
}

function Shown({ campaignId, rehearsal }: { campaignId: string; rehearsal: Rehearsal }) {
  const w = useWords(words);
  if (isUnderWay(rehearsal)) return <UnderWay campaignId={campaignId} rehearsal={rehearsal} />;
  if (rehearsal.result !== null) return <ResultPage rehearsal={rehearsal} result={rehearsal.result} />;
  return (
    <section className="rehearsal-result" data-ok="null">
      <p className="verdict-says">{w.brokenOff}</p>
      {rehearsal.error === null ? null : (
        <p className="fault">
          ✕ <Told text={rehearsal.error} said={rehearsal.errorSaid} />
        </p>
      )}
    </section>
  );
}

interface PastProps {
  campaignId: string;
  rehearsals: readonly Rehearsal[];
  shown: Rehearsal | undefined;
  onChoose(id: string): void;
}

function Past({ campaignId, rehearsals, shown, onChoose }: PastProps) {
  const w = useWords(words);
  if (rehearsals.length === 0) {
    return (
      <Empty command={`dibs rehearse --campaign ${campaignId} --users 5000 --kill-at 2`}>{w.none}</Empty>
    );
  }
  return (
    <nav className="rehearsal-past" aria-label={w.past}>
      <h2>
        {w.past} <span className="quiet">{w.pastHint}</span>
      </h2>
      <ul>
        {rehearsals.map((one) => (
          <li key={one.id}>
            <button type="button" aria-current={one.id === shown?.id} onClick={() => onChoose(one.id)}>
              <Outcome rehearsal={one} />
              <Short rehearsal={one} />
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

function Outcome({ rehearsal: { ok, state } }: { rehearsal: Rehearsal }) {
  const w = useWords(words);
  if (ok === true) return <Mark shape="✓" tone="won" says={w.green} />;
  if (ok === false) return <Mark shape="✕" tone="fault" says={w.red} />;
  const isOn = state === 'queued' || state === 'running';
  return <Mark shape={isOn ? '●' : '–'} tone={isOn ? 'signal' : 'quiet'} says={w.states[state]} />;
}

function Short({ rehearsal: { users, kill, createdAt } }: { rehearsal: Rehearsal }) {
  const w = useWords(words);
  const format = useFormat();
  const said = [
    w.people(format.number(users)),
    ...(kill === null ? [] : [w.killedAtShort(format.number(kill.atSecond))]),
  ];
  return (
    <span className="quiet">
      {said.join(' · ')} · <time dateTime={createdAt}>{format.clock(createdAt)}</time>
    </span>
  );
}

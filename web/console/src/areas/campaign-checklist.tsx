/** What must be true before it opens, each point with what to do, and then the opening: now, or by the clock. */

import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import './checklist/checklist.css';
import { partWords } from '../../../../src/words/parts.ts';
import { ask, type Campaign, Trouble } from '../api.ts';
import { useFormat, useLanguage, useWords } from '../language.tsx';
import { Confirm, Mark } from '../parts/pieces.tsx';
import { Needs } from '../parts/role.tsx';
import { Loaded } from '../parts/states.tsx';
import { go, placeOf } from '../route.ts';
import { Original } from '../said.tsx';
import { faultOf } from './campaign-form/faults.ts';
import { formWords } from './campaign-form/words.ts';
import { Schedule } from './checklist/schedule.tsx';
import { type Figures, figureText, words } from './checklist/words.ts';

interface Point {
  id: string;
  ok: boolean;
  /** what is so, or what is to be done, with its figures */
  code: string;
  figures: Figures;
  says: string;
}

interface Checklist {
  ok: boolean;
  checkedAt: string;
  points: Point[];
}

const AGAIN_MS = 5_000;
const pathOf = ({ id }: Campaign): string => `/v1/admin/campaigns/${encodeURIComponent(id)}`;

export default function View({ campaign }: { campaign: Campaign }) {
  const w = useWords(words);
  const { status, id } = campaign;
  if (status === 'closed' || status === 'archived') {
    return (
      <p className="state-says">
        {w.over} <a href={placeOf('campaigns', id, 'edit')}>{w.toEdit}</a>
      </p>
    );
  }
  const isAhead = status === 'draft' || status === 'scheduled';
  return (
    <>
      {isAhead ? null : (
        <p>
          {w.opened} <a href={placeOf('campaigns', id, 'live')}>{w.live}</a>
        </p>
      )}
      <Points campaign={campaign} isAhead={isAhead} />
    </>
  );
}

function Points({ campaign, isAhead }: { campaign: Campaign; isAhead: boolean }) {
  const w = useWords(words);
  const format = useFormat();
  const query = useQuery({
    queryKey: ['checklist', campaign.id, campaign.version],
    queryFn: () => ask<Checklist>(`${pathOf(campaign)}/checklist`),
    // What is mended elsewhere shows here by itself; what holds is left alone.
    refetchInterval: ({ state }) => (state.data?.ok === false ? AGAIN_MS : false),
    placeholderData: (before) => before,
  });
  return (
    <Loaded query={query}>
      {({ ok, checkedAt, points }) => {
        const open = points.filter((point) => !point.ok);
        return (
          <section className="checklist" aria-labelledby="checklist-title">
            <h2 id="checklist-title">{w.title}</h2>
            <p role="status" className="checklist-sum">
              <Mark
                shape={ok ? '✓' : '✕'}
                tone={ok ? 'won' : 'fault'}
                says={ok ? w.ready : w.notReady(open.length)}
              />{' '}
              <span className="quiet">{w.checkedAt(format.clock(checkedAt))}</span>
            </p>
            <ul className="points">
              {points.map((point) => (
                <PointRow key={point.id} point={point} campaign={campaign} />
              ))}
            </ul>
            <div className="view-acts">
              {isAhead ? (
                <Needs least="operate">
                  <Opening campaign={campaign} open={open} />
                </Needs>
              ) : null}
              <Button variant="default" loading={query.isFetching} onClick={() => void query.refetch()}>
                {w.again}
              </Button>
            </div>
            {isAhead ? (
              <Needs least="operate" silent>
                <Schedule key={campaign.opensAt} campaign={campaign} />
              </Needs>
            ) : null}
          </section>
        );
      }}
    </Loaded>
  );
}

/** Where a point is seen to. */
const PLACES: Readonly<Record<string, (id: string) => string>> = {
  parts: () => placeOf('parts'),
  level: (id) => placeOf('campaigns', id, 'edit'),
  codes: (id) => placeOf('campaigns', id, 'codes'),
};

function PointRow({ point, campaign }: { point: Point; campaign: Campaign }) {
  const w = useWords(words);
  const { number } = useFormat();
  const { language } = useLanguage();
  const said = w.says[point.code];
  const place = point.ok ? undefined : PLACES[point.id]?.(campaign.id);
  const to: Record<string, string> = { parts: w.toParts, level: w.toEdit, codes: w.toCodes };
  const broken = Object.entries((point.figures['parts'] ?? {}) as Record<string, string>);
  return (
    <li className="point" data-point={point.id} data-ok={point.ok}>
      <Mark shape={point.ok ? '✓' : '✕'} tone={point.ok ? 'won' : 'fault'} says={point.ok ? w.ok : w.bad} />
      <strong>{w.names[point.id] ?? point.id}</strong>
      <div>
        {said?.((name) => figureText(point.figures[name], number)) ?? <Original>{point.says}</Original>}
        {place === undefined ? null : (
          <>
            {' '}
            <a href={place}>{to[point.id]}</a>
          </>
        )}
        {broken.map(([part, state]) => (
          <p key={part} className="quiet small">
            {partWords(language, part)?.name ?? part}: <Original>{state}</Original>
          </p>
        ))}
      </div>
    </li>
  );
}

function Opening({ campaign, open }: { campaign: Campaign; open: readonly Point[] }) {
  const w = useWords(words);
  const form = useWords(formWords);
  const format = useFormat();
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const { name, mode, release, opensAt, closesAt } = campaign;
  const run = async (): Promise<void> => {
    try {
      const opened = await ask<Campaign>(`${pathOf(campaign)}/open`, { method: 'POST' });
      queries.setQueryData(['campaign', campaign.id], opened);
      go('campaigns', campaign.id, 'live');
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      throw new Error(faultOf(error, [], form).says);
    }
  };
  const names = open.map(({ id }) => w.names[id] ?? id).join(', ');
  return (
    <>
      <Button color="signal" className="does" onClick={() => setAsking(true)}>
        {w.open}
      </Button>
      <Confirm
        opened={asking}
        title={w.open}
        action={w.open}
        onClose={() => setAsking(false)}
        onConfirm={run}
      >
        <p>{w.confirm(name, format.number(campaign.quantity))}</p>
        <p>{mode === 'queued' ? w.mode.queued(format.number(release?.perSecond ?? 0)) : w.mode[mode]}</p>
        <p>{closesAt === null ? w.noEnd : w.until(format.time(closesAt))}</p>
        {opensAt === null ? null : <p>{w.early(format.time(opensAt))}</p>}
        <p className="quiet">{w.frozen}</p>
        {open.length === 0 ? null : <p className="fault">✕ {w.despite(names)}</p>}
      </Confirm>
    </>
  );
}

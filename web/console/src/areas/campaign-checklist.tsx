/** What must be true before it opens, each point with what to do, and then the opening: now, or by the clock. */

import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import './checklist/checklist.css';
import { ask, type Campaign, Trouble } from '../api.ts';
import { useFormat, useWords } from '../language.tsx';
import { Confirm, Mark } from '../parts/pieces.tsx';
import { Needs } from '../parts/role.tsx';
import { Loaded } from '../parts/states.tsx';
import { go, placeOf } from '../route.ts';
import { faultOf } from './campaign-form/faults.ts';
import { formWords } from './campaign-form/words.ts';
import { Schedule } from './checklist/schedule.tsx';
import { type Known, words } from './checklist/words.ts';

interface Point {
  id: string;
  ok: boolean;
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
  const known = useKnown(campaign);
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
                <PointRow key={point.id} point={point} known={known(point.says)} campaign={campaign} />
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

/** What the sentences need beside the server's own: how many codes there are, which settings it names. */
function useKnown(campaign: Campaign): (says: string) => Known {
  const format = useFormat();
  const isPool = campaign.codes.source === 'pool';
  const codes = useQuery({
    queryKey: ['codes', campaign.id],
    queryFn: () => ask<{ imported: number }>(`${pathOf(campaign)}/codes`),
    enabled: isPool,
    refetchInterval: AGAIN_MS,
  });
  const imported = codes.data?.imported ?? 0;
  return (says) => ({
    says,
    settings: [...new Set(says.match(/DIBS_[A-Z_]+/g) ?? [])].join(', '),
    quantity: format.number(campaign.quantity),
    imported: isPool ? format.number(imported) : null,
    missing: format.number(Math.max(0, campaign.quantity - imported)),
  });
}

/** Points of which the sentence says all that the server says. */
const FIGURES_SAY_IT = new Set(['codes', 'clock']);

/** Where a point is seen to. */
const PLACES: Readonly<Record<string, (id: string) => string>> = {
  parts: () => placeOf('parts'),
  level: (id) => placeOf('campaigns', id, 'edit'),
  codes: (id) => placeOf('campaigns', id, 'codes'),
};

function PointRow({ point, known, campaign }: { point: Point; known: Known; campaign: Campaign }) {
  const w = useWords(words);
  const said = w.points[point.id];
  const place = point.ok ? undefined : PLACES[point.id]?.(campaign.id);
  const to: Record<string, string> = { parts: w.toParts, level: w.toEdit, codes: w.toCodes };
  const sentence = said === undefined ? point.says : point.ok ? said.holds(known) : said.todo(known);
  return (
    <li className="point" data-point={point.id} data-ok={point.ok}>
      <Mark shape={point.ok ? '✓' : '✕'} tone={point.ok ? 'won' : 'fault'} says={point.ok ? w.ok : w.bad} />
      <strong>{said?.name ?? point.id}</strong>
      <div>
        {sentence}
        {place === undefined ? null : (
          <>
            {' '}
            <a href={place}>{to[point.id]}</a>
          </>
        )}
        {point.ok || sentence === point.says || FIGURES_SAY_IT.has(point.id) ? null : (
          <p className="quiet small" lang="en">
            {w.server}: {point.says}
          </p>
        )}
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
  const names = open.map(({ id }) => w.points[id]?.name ?? id).join(', ');
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

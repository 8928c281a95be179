/** Where the codes of a campaign come from, how many are out and left, and the way into a pool. */

import './codes/codes.css';
import { useQuery } from '@tanstack/react-query';
import { ask, type Campaign } from '../api.ts';
import { useFormat, useWords } from '../language.tsx';
import { Figure, Mark } from '../parts/pieces.tsx';
import { Needs } from '../parts/role.tsx';
import { Loaded } from '../parts/states.tsx';
import { placeOf } from '../route.ts';
import { ImportForm } from './codes/import-form.tsx';
import { words } from './codes/words.ts';

interface Counts {
  source: Campaign['codes']['source'];
  issued: number;
  imported?: number;
  assigned?: number;
  left?: number;
  imports?: number;
  lastImportAt?: string | null;
}

export default function View({ campaign }: { campaign: Campaign }) {
  const query = useQuery({
    queryKey: ['codes', campaign.id],
    queryFn: () => ask<Counts>(`/v1/admin/campaigns/${encodeURIComponent(campaign.id)}/codes`),
    refetchInterval: 5_000,
  });
  return (
    <div className="codes">
      <Loaded query={query}>
        {(counts) =>
          counts.source === 'pool' ? (
            <Pool campaign={campaign} counts={counts} />
          ) : (
            <NoPool campaign={campaign} counts={counts} />
          )
        }
      </Loaded>
    </div>
  );
}

function Pool({ campaign, counts }: { campaign: Campaign; counts: Counts }) {
  const w = useWords(words);
  const format = useFormat();
  const { imported = 0, assigned = 0, left = 0, imports = 0, lastImportAt } = counts;
  const missing = Math.max(0, campaign.remaining - left);
  return (
    <>
      <div className="codes-figures">
        <Figure
          value={format.number(left)}
          unit={w.unit}
          label={w.left}
          tone={missing > 0 ? 'fault' : 'ink'}
        />
        <Figure value={format.number(assigned)} unit={w.unit} label={w.assigned} />
        <Figure value={format.number(imported)} unit={w.unit} label={w.imported} />
      </div>
      <p>
        {missing > 0 ? (
          <Mark shape="✕" tone="fault" says={w.short(format.number(missing))} />
        ) : (
          <Mark shape="✓" tone="won" says={w.enough} />
        )}
        {imports > 0 ? (
          <span className="quiet"> {w.imports(format.number(imports), format.time(lastImportAt))}</span>
        ) : null}
      </p>
      {campaign.archivedAt === null ? (
        <Needs least="operate">
          <ImportForm campaignId={campaign.id} />
        </Needs>
      ) : null}
    </>
  );
}

function NoPool({ campaign, counts }: { campaign: Campaign; counts: Counts }) {
  const w = useWords(words);
  const format = useFormat();
  const isBefore = campaign.status === 'draft' || campaign.status === 'scheduled';
  return (
    <>
      {counts.source === 'generated' ? (
        <Figure value={format.number(counts.issued)} unit={w.unit} label={w.made} />
      ) : null}
      <p>{counts.source === 'none' ? w.none : w.generated}</p>
      <p className="quiet">
        {w.usePool} {isBefore ? <a href={placeOf('campaigns', campaign.id, 'edit')}>{w.edit}</a> : null}
      </p>
    </>
  );
}

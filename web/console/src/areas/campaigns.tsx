/** Campaigns: the list, a new one, and everything about one of them under its head. */

import { lazy, Suspense } from 'react';
import { useWords } from '../language.tsx';
import { Head, Status } from '../parts/pieces.tsx';
import { Loaded, Loading } from '../parts/states.tsx';
import { placeOf, usePlace } from '../route.ts';
import { CampaignList } from './campaign-list.tsx';
import { useCampaign } from './use-campaign.ts';

const New = lazy(() => import('./campaign-new.tsx'));

/** Each view of one campaign, loaded when somebody goes there. */
const VIEWS = {
  live: lazy(() => import('./campaign-live.tsx')),
  checklist: lazy(() => import('./campaign-checklist.tsx')),
  winners: lazy(() => import('./campaign-winners.tsx')),
  codes: lazy(() => import('./campaign-codes.tsx')),
  integrity: lazy(() => import('./campaign-integrity.tsx')),
  report: lazy(() => import('./campaign-report.tsx')),
  rehearsal: lazy(() => import('./campaign-rehearsal.tsx')),
  edit: lazy(() => import('./campaign-edit.tsx')),
} as const;

type View = keyof typeof VIEWS;

const words = {
  ko: {
    views: '캠페인 화면',
    live: '지금',
    checklist: '열기 전 점검',
    winners: '당첨자',
    codes: '코드',
    integrity: '정합성',
    report: '보고서',
    rehearsal: '리허설',
    edit: '고치기',
  },
  en: {
    views: 'Views of the campaign',
    live: 'Live',
    checklist: 'Checklist',
    winners: 'Winners',
    codes: 'Codes',
    integrity: 'Integrity',
    report: 'Report',
    rehearsal: 'Rehearsal',
    edit: 'Edit',
  },
};

export default function Campaigns() {
  const { parts } = usePlace();
  const id = parts[1];
  if (id === undefined) return <CampaignList />;
  // No id begins with a capital letter or is empty, and `new` could be one: it is asked for by a plus.
  if (id === '+new') {
    return (
      <Suspense fallback={<Loading />}>
        <New />
      </Suspense>
    );
  }
  return <OneCampaign key={id} id={id} asked={parts[2] ?? null} />;
}

function OneCampaign({ id, asked }: { id: string; asked: string | null }) {
  const w = useWords(words);
  const query = useCampaign(id);
  return (
    <Loaded query={query}>
      {(campaign) => {
        // Of what has not opened there is nothing to see yet, and something to do.
        const first: View = campaign.status === 'draft' ? 'checklist' : 'live';
        const view = asked !== null && Object.hasOwn(VIEWS, asked) ? (asked as View) : first;
        const Shown = VIEWS[view];
        return (
          <>
            <Head title={campaign.name} under={campaign.id}>
              <Status of={campaign.status} />
            </Head>
            <nav className="tabs" aria-label={w.views}>
              {(Object.keys(VIEWS) as View[]).map((one) => (
                <a
                  key={one}
                  href={placeOf('campaigns', id, one)}
                  aria-current={one === view ? 'page' : undefined}
                >
                  {w[one]}
                </a>
              ))}
            </nav>
            <Suspense fallback={<Loading />}>
              <Shown campaign={campaign} />
            </Suspense>
          </>
        );
      }}
    </Loaded>
  );
}

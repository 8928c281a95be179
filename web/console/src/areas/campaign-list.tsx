/** All campaigns with how each stands. */

import { Button, TextInput } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useDeferredValue, useEffect, useMemo, useState } from 'react';
import './campaign-list.css';
import { ask, type Campaign, type List } from '../api.ts';
import { useFormat, useWords } from '../language.tsx';
import { Head, Status } from '../parts/pieces.tsx';
import { Needs, useMay } from '../parts/role.tsx';
import { Empty, Fault, Loading } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { go, placeOf } from '../route.ts';
import { zone } from './campaign-form/times.ts';
import { SmallLife } from './small-life.tsx';

const PAGE = 500;
const AGAIN_MS = 3_000;

const words = {
  ko: {
    title: '캠페인',
    create: '새 캠페인',
    search: '캠페인 찾기',
    hint: '이름이나 주소',
    shown: (shown: string, all: string) => `${all}개 중 ${shown}개`,
    all: (all: string) => `${all}개`,
    none: (text: string) => `"${text}"에 맞는 캠페인이 없어요.`,
    empty: '아직 캠페인이 없어요. 여기서 만들거나, 파일로 만들 수 있어요.',
    name: '이름',
    status: '상태',
    life: '흐름',
    issued: '나간 수 (개)',
    when: (zone: string) => `여는 때 (${zone})`,
    mode: '판정',
    level: '보존',
    opensAt: (time: string) => `${time}에 열려요`,
    openedAt: (time: string) => `${time}에 열었어요`,
    closedAt: (time: string) => `${time}에 끝났어요`,
    byHand: '정하지 않음',
    modes: { instant: '즉시', ordered: '순서대로', queued: '줄' },
    levels: { memory: '메모리', disk: '디스크', replicated: '복제', logged: '로그' },
    lost: '새로고침하지 못했어요. 아래는 조금 전의 모습이에요.',
  },
  en: {
    title: 'Campaigns',
    create: 'New campaign',
    search: 'Search campaigns',
    hint: 'Name or address',
    shown: (shown: string, all: string) => `${shown} of ${all}`,
    all: (all: string) => `${all} in all`,
    none: (text: string) => `No campaign matches “${text}”.`,
    empty: 'There are no campaigns yet. Make one here, or from a file.',
    name: 'Name',
    status: 'Status',
    life: 'Life',
    issued: 'Issued (units)',
    when: (zone: string) => `Opens (${zone})`,
    mode: 'Mode',
    level: 'Level',
    opensAt: (time: string) => `opens ${time}`,
    openedAt: (time: string) => `opened ${time}`,
    closedAt: (time: string) => `over ${time}`,
    byHand: 'not set',
    modes: { instant: 'At once', ordered: 'In order', queued: 'Line' },
    levels: { memory: 'Memory', disk: 'Disk', replicated: 'Replicated', logged: 'Logged' },
    lost: 'This could not be refreshed. It is how things stood a moment ago.',
  },
};

/** All pages one after the other: there are hundreds rather than thousands, and the search goes over all of them. */
function useCampaigns() {
  const query = useInfiniteQuery({
    queryKey: ['campaigns'],
    queryFn: ({ pageParam, signal }) =>
      ask<List<Campaign>>(
        `/v1/admin/campaigns?limit=${PAGE}${pageParam === '' ? '' : `&cursor=${encodeURIComponent(pageParam)}`}`,
        { signal },
      ),
    initialPageParam: '',
    getNextPageParam: ({ next }) => next,
    // Many pages are asked for less often, so that whoever looks costs the server next to nothing.
    refetchInterval: ({ state }) => AGAIN_MS * (state.data?.pages.length ?? 1),
  });
  const { hasNextPage, isFetching, fetchNextPage } = query;
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  return query;
}

export function CampaignList() {
  const w = useWords(words);
  const format = useFormat();
  const may = useMay('operate');
  const query = useCampaigns();
  const [typed, setTyped] = useState('');
  const wanted = useDeferredValue(typed.trim().toLowerCase());
  const items = useMemo(() => query.data?.pages.flatMap((page) => page.items), [query.data]);
  const shown = useMemo(
    () => items?.filter(({ id, name }) => id.includes(wanted) || name.toLowerCase().includes(wanted)),
    [items, wanted],
  );
  const columns = useColumns();
  if (items === undefined || shown === undefined) {
    return query.isError ? <Fault error={query.error} again={() => void query.refetch()} /> : <Loading />;
  }
  const [count, all] = [format.number(shown.length), format.number(items.length)];
  return (
    <>
      <Head title={w.title} under={wanted === '' ? w.all(all) : w.shown(count, all)}>
        {items.length === 0 ? null : (
          <TextInput
            type="search"
            aria-label={w.search}
            placeholder={w.hint}
            value={typed}
            onChange={(event) => setTyped(event.currentTarget.value)}
            className="list-search"
            data-search
          />
        )}
        {may ? (
          <Button component="a" href={placeOf('campaigns', '+new')} color="signal" className="does">
            {w.create}
          </Button>
        ) : null}
      </Head>
      <Needs least="operate">{null}</Needs>
      {query.isRefetchError ? (
        <p role="status" className="fault">
          ✕ {w.lost}
        </p>
      ) : null}
      {items.length === 0 ? (
        <Empty command="npm run dibs -- campaign apply -f campaign.yaml">{w.empty}</Empty>
      ) : shown.length === 0 ? (
        <p className="state-says" role="status">
          {w.none(typed.trim())}
        </p>
      ) : (
        <Table
          label={w.title}
          columns={columns}
          rows={shown}
          keyOf={(row) => row.id}
          onOpen={(row) => go('campaigns', row.id)}
        />
      )}
    </>
  );
}

function useColumns(): Column<Campaign>[] {
  const w = useWords(words);
  const isNarrow = useMediaQuery('(max-width: 1000px)', false, { getInitialValueInEffect: false });
  return useMemo(() => {
    const name: Column<Campaign> = {
      key: 'name',
      head: w.name,
      width: isNarrow ? 'minmax(112px, 2fr)' : 'minmax(160px, 2fr)',
      cell: (row) => <Name of={row} />,
    };
    const status: Column<Campaign> = {
      key: 'status',
      head: w.status,
      width: isNarrow ? '98px' : '112px',
      cell: (row) => <Status of={row.status} />,
    };
    const issued: Column<Campaign> = {
      key: 'issued',
      head: w.issued,
      width: isNarrow ? 'minmax(100px, 1fr)' : 'minmax(150px, 1fr)',
      cell: (row) => <Share of={row} />,
    };
    if (isNarrow) return [name, status, issued];
    return [
      name,
      status,
      { key: 'life', head: w.life, width: '112px', cell: (row) => <SmallLife campaign={row} /> },
      issued,
      { key: 'when', head: w.when(zone()), width: 'minmax(200px, 1fr)', cell: (row) => <When of={row} /> },
      { key: 'mode', head: w.mode, width: '96px', cell: ({ mode }) => w.modes[mode] },
      { key: 'level', head: w.level, width: '96px', cell: ({ durability }) => w.levels[durability] },
    ];
  }, [w, isNarrow]);
}

/** A link, so that it can be opened beside this one; the row goes to the same place. */
function Name({ of }: { of: Campaign }) {
  return (
    <a className="row-link" href={placeOf('campaigns', of.id)} tabIndex={-1} title={`${of.name} (${of.id})`}>
      {of.name} <span className="quiet row-id">{of.id}</span>
    </a>
  );
}

/** How much of it is out: the numbers, and a thin bar under them. */
function Share({ of }: { of: Campaign }) {
  const format = useFormat();
  const part = of.quantity === 0 ? 0 : Math.min(1, of.issued / of.quantity);
  return (
    <div className="share">
      <span>
        {format.number(of.issued)} / {format.number(of.quantity)}
      </span>
      <div className="share-way">
        <div className={`share-done ${of.status}`} style={{ width: `${part * 100}%` }} />
      </div>
    </div>
  );
}

function When({ of }: { of: Campaign }) {
  const w = useWords(words);
  const format = useFormat();
  const over = of.status === 'closed' || of.status === 'archived';
  const end = of.closedAt ?? of.closesAt;
  if (over && end !== null) return w.closedAt(format.day(end));
  if (of.openedAt !== null) return w.openedAt(format.day(of.openedAt));
  if (of.opensAt === null) return <span className="quiet">{w.byHand}</span>;
  return of.status === 'scheduled' ? w.opensAt(format.day(of.opensAt)) : w.openedAt(format.day(of.opensAt));
}

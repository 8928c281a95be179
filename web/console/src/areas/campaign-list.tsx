/** All campaigns with how each stands. */

import { useQuery } from '@tanstack/react-query';
import { ask, type Campaign, type List } from '../api.ts';
import { useFormat, useWords } from '../language.tsx';
import { Head, Status } from '../parts/pieces.tsx';
import { Empty, Loaded } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { go } from '../route.ts';

const words = {
  ko: {
    title: '캠페인',
    empty: '아직 캠페인이 없어요. 여기서 만들거나 이렇게 시작해 보세요.',
    name: '이름',
    status: '상태',
    issued: '나간 수 / 전체',
    opens: '여는 때',
    level: '보존 수준',
  },
  en: {
    title: 'Campaigns',
    empty: 'There are no campaigns yet. Make one here, or begin so.',
    name: 'Name',
    status: 'Status',
    issued: 'Issued / all',
    opens: 'Opens',
    level: 'Level',
  },
};

export function CampaignList() {
  const w = useWords(words);
  const format = useFormat();
  const query = useQuery({
    queryKey: ['campaigns'],
    queryFn: () => ask<List<Campaign>>('/v1/admin/campaigns?limit=1000'),
    refetchInterval: 2_000,
  });
  const columns: Column<Campaign>[] = [
    { key: 'name', head: w.name, width: 'minmax(180px, 2fr)', cell: (row) => row.name },
    { key: 'status', head: w.status, width: '120px', cell: (row) => <Status of={row.status} /> },
    {
      key: 'issued',
      head: w.issued,
      width: '160px',
      right: true,
      cell: (row) => `${format.number(row.issued)} / ${format.number(row.quantity)}`,
    },
    {
      key: 'opens',
      head: w.opens,
      width: 'minmax(160px, 1fr)',
      cell: (row) => format.time(row.openedAt ?? row.opensAt),
    },
    { key: 'level', head: w.level, width: '100px', cell: (row) => row.durability },
  ];
  return (
    <>
      <Head title={w.title} />
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty command="npm run dibs -- campaign apply -f campaign.yaml">{w.empty}</Empty>
          ) : (
            <Table
              label={w.title}
              columns={columns}
              rows={items}
              keyOf={(row) => row.id}
              onOpen={(row) => go('campaigns', row.id)}
            />
          )
        }
      </Loaded>
    </>
  );
}

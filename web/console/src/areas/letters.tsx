/** Facts set aside: why, what a replay would do, and doing it. */

import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { ask, type Campaign, type List } from '../api.ts';
import { useFormat, useWords } from '../language.tsx';
import { type Rows, useRows } from '../list.ts';
import { Split } from '../parts/detail.tsx';
import { useMoment } from '../parts/moment.ts';
import { Head } from '../parts/pieces.tsx';
import { Needs } from '../parts/role.tsx';
import { Empty, Loaded } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { go, usePlace } from '../route.ts';
import { Told } from '../said.tsx';
import { LetterSide } from './letters/letter-side.tsx';
import { LetterState } from './letters/letter-state.tsx';
import { ReplayMany } from './letters/replay-many.tsx';
import { type Letter, words } from './letters/words.ts';

interface Filter {
  /** '': all */
  campaign: string;
  state: '' | Letter['state'];
  reason: string;
}

const TYPED_MS = 300;
/** What was typed, when nothing more has been typed for a moment. */
function useSettled(value: string): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), TYPED_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}

function pathOf({ campaign, state, reason }: Filter): string {
  const asked = Object.entries({ campaign, state, reason: reason.trim() }).filter(
    ([, value]) => value !== '',
  );
  const query = new URLSearchParams(asked).toString();
  return `/v1/admin/dead-letters${query === '' ? '' : `?${query}`}`;
}

export default function View() {
  const w = useWords(words);
  const { parts } = usePlace();
  const [filter, setFilter] = useState<Filter>({ campaign: '', state: 'dead', reason: '' });
  const [many, setMany] = useState(false);
  const settled = { ...filter, reason: useSettled(filter.reason) };
  const rows = useRows<Letter>(pathOf(settled), { everyMs: 5_000 });
  const chosen = parts[1] ?? null;
  const isAll = settled.campaign === '' && settled.reason.trim() === '';
  return (
    <>
      <Head title={w.title} under={w.under}>
        <Needs least="operate" silent>
          <Button variant="default" onClick={() => setMany(true)}>
            {w.many}
          </Button>
        </Needs>
      </Head>
      {many ? (
        <ReplayMany
          campaign={settled.campaign || null}
          reason={settled.reason.trim()}
          onClose={() => setMany(false)}
        />
      ) : null}
      <Filters filter={filter} onChange={setFilter} rows={rows} />
      <Split beside={chosen === null ? null : <LetterSide key={chosen} id={chosen} />}>
        <Loaded query={rows.query}>
          {(letters) =>
            letters.length === 0 ? (
              <Empty {...(isAll ? { command: 'npm run dibs -- dead-letters list' } : {})}>
                {isAll && settled.state !== 'replayed' && settled.state !== 'discarded' ? w.empty : w.none}
              </Empty>
            ) : (
              <Letters letters={letters} chosen={chosen} onEnd={rows.more} />
            )
          }
        </Loaded>
      </Split>
    </>
  );
}

interface FiltersProps {
  filter: Filter;
  rows: Rows<Letter>;
  onChange(filter: Filter): void;
}

function Filters({ filter, rows, onChange }: FiltersProps) {
  const w = useWords(words);
  const format = useFormat();
  const campaigns = useQuery({
    queryKey: ['campaigns', 'all'],
    queryFn: () => ask<List<Campaign>>('/v1/admin/campaigns?limit=1000'),
  });
  const ids = campaigns.data?.items.map(({ id }) => id) ?? [];
  const states = (['dead', 'replayed', 'discarded'] as const).map((value) => ({ value, label: w[value] }));
  return (
    <div className="filters" role="search">
      <NativeSelect
        label={w.campaign}
        value={filter.campaign}
        onChange={(event) => onChange({ ...filter, campaign: event.currentTarget.value })}
        data={[{ value: '', label: w.all }, ...ids]}
      />
      <NativeSelect
        label={w.state}
        value={filter.state}
        onChange={(event) => onChange({ ...filter, state: event.currentTarget.value as Filter['state'] })}
        data={[{ value: '', label: w.all }, ...states]}
      />
      <TextInput
        className="wide"
        label={w.reason}
        value={filter.reason}
        maxLength={200}
        onChange={(event) => onChange({ ...filter, reason: event.currentTarget.value })}
        data-search
      />
      <span className="says quiet" role="status">
        {rows.query.data ? w.count(format.number(rows.query.data.length), rows.isMore) : ''}
      </span>
    </div>
  );
}

interface LettersProps {
  letters: readonly Letter[];
  chosen: string | null;
  onEnd(): void;
}

function Letters({ letters, chosen, onEnd }: LettersProps) {
  const w = useWords(words);
  const format = useFormat();
  const moment = useMoment();
  const columns: Column<Letter>[] = [
    { key: 'id', head: w.no, width: '64px', right: true, cell: ({ id }) => format.number(id) },
    { key: 'state', head: w.state, width: '112px', cell: ({ state }) => <LetterState of={state} /> },
    {
      key: 'campaign',
      head: w.campaign,
      width: 'minmax(120px, 1fr)',
      cell: ({ campaignId }) => campaignId ?? '–',
    },
    {
      key: 'seq',
      head: w.seq,
      width: '72px',
      right: true,
      cell: ({ seq }) => (seq === null ? '–' : format.number(seq)),
    },
    { key: 'user', head: w.user, width: 'minmax(96px, 1fr)', cell: ({ userId }) => userId ?? '–' },
    {
      key: 'why',
      head: w.why,
      width: 'minmax(200px, 3fr)',
      cell: (one) => <Told text={one.reason} said={one.reasonSaid} />,
    },
    {
      key: 'tries',
      head: w.tries,
      width: '72px',
      right: true,
      cell: ({ tries }) => w.times(format.number(tries)),
    },
    { key: 'last', head: w.last, width: '136px', cell: ({ lastAt }) => moment(lastAt) },
  ];
  return (
    <Table
      label={w.title}
      columns={columns}
      rows={letters}
      keyOf={({ id }) => String(id)}
      chosen={chosen}
      onOpen={({ id }) => go('letters', String(id))}
      onEnd={onEnd}
    />
  );
}

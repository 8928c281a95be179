/** Who won, and the life of one claim. */

import './winners/winners.css';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { type FormEvent, useCallback, useMemo, useState } from 'react';
import { type Campaign, download } from '../api.ts';
import { useFormat, useWords } from '../language.tsx';
import { Empty, Fault, Loading } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { type Claim, isNobody, type Search, useFound, useWinners } from './winners/claims.ts';
import { ClaimStatus, Details } from './winners/details.tsx';
import { words } from './winners/words.ts';

const EVERYBODY: Search = { kind: 'user', text: '' };

export default function View({ campaign }: { campaign: Campaign }) {
  const [search, setSearch] = useState(EVERYBODY);
  const [chosen, choose] = useState<Claim | null>(null);
  return (
    <div className="winners">
      <SearchBar campaign={campaign} search={search} onSearch={setSearch} />
      <div className={`winners-both${chosen ? ' open' : ''}`}>
        {search.text === '' ? (
          <Everybody campaign={campaign} chosen={chosen} onChoose={choose} />
        ) : (
          <Found campaign={campaign} search={search} chosen={chosen} onChoose={choose} />
        )}
        {chosen ? (
          <Details key={chosen.id} campaign={campaign} claim={chosen} onClose={() => choose(null)} />
        ) : null}
      </div>
    </div>
  );
}

function SearchBar({
  campaign,
  search,
  onSearch,
}: {
  campaign: Campaign;
  search: Search;
  onSearch(search: Search): void;
}) {
  const w = useWords(words);
  const [kind, setKind] = useState<Search['kind']>('user');
  const [text, setText] = useState('');
  const [fault, setFault] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    onSearch({ kind, text: text.trim() });
  };
  const save = async (): Promise<void> => {
    setBusy(true);
    setFault(null);
    const path = `/v1/admin/campaigns/${encodeURIComponent(campaign.id)}/claims.csv`;
    await download(path, `${campaign.id}-winners.csv`).catch(setFault);
    setBusy(false);
  };
  return (
    <>
      <form className="winners-search" role="search" onSubmit={submit}>
        <NativeSelect
          label={w.by}
          size="sm"
          value={kind}
          onChange={(event) => setKind(event.currentTarget.value as Search['kind'])}
          data={Object.entries(w.kinds).map(([value, label]) => ({ value, label }))}
        />
        <TextInput
          className="grow"
          label={w.kinds[kind]}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          data-search
        />
        <Button type="submit" variant="default">
          {w.find}
        </Button>
        {search.text === '' ? null : (
          <Button
            variant="subtle"
            onClick={() => {
              setText('');
              onSearch(EVERYBODY);
            }}
          >
            {w.all}
          </Button>
        )}
        <Button className="end" variant="default" loading={busy} onClick={() => void save()}>
          {w.export}
        </Button>
      </form>
      {fault === null ? null : <Fault error={fault} />}
    </>
  );
}

interface Chooses {
  chosen: Claim | null;
  onChoose(claim: Claim): void;
}

function useColumns(): Column<Claim>[] {
  const w = useWords(words);
  const format = useFormat();
  return useMemo(
    () => [
      { key: 'seq', head: w.seq, width: '80px', right: true, cell: ({ seq }) => format.number(seq) },
      { key: 'user', head: w.user, width: 'minmax(140px, 2fr)', cell: ({ userId }) => userId },
      {
        key: 'code',
        head: w.code,
        width: 'minmax(190px, 1fr)',
        cell: ({ code }) => (code === null ? <span className="quiet">{w.noCode}</span> : <code>{code}</code>),
      },
      { key: 'status', head: w.status, width: '120px', cell: ({ status }) => <ClaimStatus of={status} /> },
      { key: 'won', head: w.wonAt, width: 'minmax(280px, 1fr)', cell: ({ wonAt }) => format.time(wonAt) },
    ],
    [w, format],
  );
}

function Everybody({ campaign, chosen, onChoose }: { campaign: Campaign } & Chooses) {
  const w = useWords(words);
  const format = useFormat();
  const columns = useColumns();
  const query = useWinners(campaign, true);
  const { data, hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const rows = useMemo(() => (data?.pages ?? []).flatMap(({ items }) => items), [data]);
  const onEnd = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  if (!data) {
    return query.isError ? <Fault error={query.error} again={() => void query.refetch()} /> : <Loading />;
  }
  if (rows.length === 0) {
    return (
      <Empty command={`npm run dibs -- rush --campaign ${campaign.id} --users 10000 --concurrency 200`}>
        {w.empty}
      </Empty>
    );
  }
  return (
    <div>
      <Table
        label={w.title}
        columns={columns}
        rows={rows}
        keyOf={({ id }) => id}
        onOpen={onChoose}
        onEnd={onEnd}
        chosen={chosen?.id ?? null}
      />
      <p className="quiet" role="status">
        {w.shown(format.number(rows.length))} · {hasNextPage ? w.more : w.complete}
      </p>
    </div>
  );
}

function Found({ campaign, search, chosen, onChoose }: { campaign: Campaign; search: Search } & Chooses) {
  const w = useWords(words);
  const columns = useColumns();
  const query = useFound(campaign, search);
  if (query.isPending) return <Loading />;
  if (query.isError && !isNobody(query.error)) {
    return <Fault error={query.error} again={() => void query.refetch()} />;
  }
  const rows = query.data ?? [];
  const other = rows.find(({ campaignId }) => campaignId !== campaign.id);
  if (other) return <Empty>{w.otherCampaign(other.campaignId)}</Empty>;
  if (rows.length === 0) return <Empty>{w.none}</Empty>;
  return (
    <Table
      label={w.title}
      columns={columns}
      rows={rows}
      keyOf={({ id }) => id}
      onOpen={onChoose}
      chosen={chosen?.id ?? null}
    />
  );
}

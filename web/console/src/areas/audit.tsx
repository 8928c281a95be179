/** Who changed what, before and after. */

import { NativeSelect, TextInput } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useFormat, useWords } from '../language.tsx';
import { useRows } from '../list.ts';
import { Facts, Section, Side, Split } from '../parts/detail.tsx';
import { useMoment } from '../parts/moment.ts';
import { Head } from '../parts/pieces.tsx';
import { Empty, Loaded } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { type Change, changesOf, changeText } from './audit/changes.ts';
import { Difference } from './audit/difference.tsx';

interface AuditLine {
  at: string;
  actor: string;
  action: string;
  target: string;
  before: unknown;
  after: unknown;
  requestId: string | null;
}

/** A line with what it changed, read once, and a name of its own. */
interface Line extends AuditLine {
  key: string;
  changes: Change[];
}

const words = {
  ko: {
    title: '감사 기록',
    under: '누가 언제 무엇을 바꿨는지 최근 것부터 보여 드려요.',
    empty: '아직 바뀐 것이 없어요. 캠페인을 만들거나 열면 여기에 남아요.',
    none: '불러온 기록에는 이 조건에 맞는 것이 없어요.',
    search: '찾기 (키, 한 일, 대상)',
    action: '한 일',
    all: '전체',
    at: '때',
    actor: '누가',
    target: '대상',
    changes: '바뀐 것',
    request: '요청 ID',
    count: (shown: string, all: string, more: boolean) =>
      `${all}건${more ? ' (더 있어요)' : ''} 가운데 ${shown}건`,
    more: (count: number) => ` 외 ${count}개`,
  },
  en: {
    title: 'Audit log',
    under: 'Who changed what and when, newest first.',
    empty: 'Nothing has been changed yet. A campaign that is made or opened is written down here.',
    none: 'None of the lines that were loaded is like this.',
    search: 'Search (key, action, target)',
    action: 'Action',
    all: 'All',
    at: 'At',
    actor: 'Who',
    target: 'Target',
    changes: 'Changed',
    request: 'Request id',
    count: (shown: string, all: string, more: boolean) => `${shown} of ${all}${more ? ' loaded so far' : ''}`,
    more: (count: number) => ` and ${count} more`,
  },
};

export default function View() {
  const w = useWords(words);
  const format = useFormat();
  const rows = useRows<AuditLine>('/v1/admin/audit', { everyMs: 5_000 });
  const [search, setSearch] = useState('');
  const [action, setAction] = useState('');
  const [chosen, setChosen] = useState<string | null>(null);
  const lines = useMemo(() => linesOf(rows.query.data ?? []), [rows.query.data]);
  const actions = useMemo(() => [...new Set(lines.map((line) => line.action))].toSorted(), [lines]);
  const shown = useMemo(() => filtered(lines, search, action), [lines, search, action]);
  const one = lines.find(({ key }) => key === chosen) ?? null;
  return (
    <>
      <Head title={w.title} under={w.under} />
      <Loaded query={rows.query}>
        {() =>
          lines.length === 0 ? (
            <Empty command="npm run dibs -- campaign apply -f campaign.yaml">{w.empty}</Empty>
          ) : (
            <>
              <div className="filters" role="search">
                <TextInput
                  className="wide"
                  label={w.search}
                  value={search}
                  onChange={(event) => setSearch(event.currentTarget.value)}
                  data-search
                />
                <NativeSelect
                  label={w.action}
                  value={action}
                  data={[{ value: '', label: w.all }, ...actions]}
                  onChange={(event) => setAction(event.currentTarget.value)}
                />
                <span className="says quiet" role="status">
                  {w.count(format.number(shown.length), format.number(lines.length), rows.isMore)}
                </span>
              </div>
              <Split beside={one === null ? null : <LineSide line={one} onClose={() => setChosen(null)} />}>
                {shown.length === 0 ? (
                  <p>{w.none}</p>
                ) : (
                  <Lines lines={shown} chosen={chosen} onOpen={setChosen} onEnd={rows.more} />
                )}
              </Split>
            </>
          )
        }
      </Loaded>
    </>
  );
}

function linesOf(told: readonly AuditLine[]): Line[] {
  const seen = new Map<string, number>();
  return told.map((line) => {
    const same = `${line.at} ${line.action} ${line.target} ${line.requestId ?? ''}`;
    const count = (seen.get(same) ?? 0) + 1;
    seen.set(same, count);
    return { ...line, key: `${same} ${count}`, changes: changesOf(line.before, line.after) };
  });
}

function filtered(lines: readonly Line[], search: string, action: string): Line[] {
  const wanted = search.trim().toLowerCase();
  return lines.filter(
    (line) =>
      (action === '' || line.action === action) &&
      `${line.actor} ${line.action} ${line.target}`.toLowerCase().includes(wanted),
  );
}

interface LinesProps {
  lines: readonly Line[];
  chosen: string | null;
  onOpen(key: string): void;
  onEnd(): void;
}

function Lines({ lines, chosen, onOpen, onEnd }: LinesProps) {
  const w = useWords(words);
  const moment = useMoment();
  const columns: Column<Line>[] = [
    { key: 'at', head: w.at, width: '136px', cell: ({ at }) => moment(at) },
    { key: 'actor', head: w.actor, width: 'minmax(96px, 1fr)', cell: ({ actor }) => actor },
    {
      key: 'action',
      head: w.action,
      width: 'minmax(140px, 1fr)',
      cell: (line) => <code>{line.action}</code>,
    },
    { key: 'target', head: w.target, width: 'minmax(140px, 1fr)', cell: ({ target }) => target },
    {
      key: 'changes',
      head: w.changes,
      width: 'minmax(200px, 2fr)',
      cell: ({ changes }) => {
        // What is now says more than what was.
        const first = changes.find(({ after }) => after !== undefined && after !== null) ?? changes[0];
        if (first === undefined) return '–';
        return changeText(first) + (changes.length > 1 ? w.more(changes.length - 1) : '');
      },
    },
  ];
  return (
    <Table
      label={w.title}
      columns={columns}
      rows={lines}
      keyOf={({ key }) => key}
      chosen={chosen}
      onOpen={({ key }) => onOpen(key)}
      onEnd={onEnd}
    />
  );
}

function LineSide({ line, onClose }: { line: Line; onClose(): void }) {
  const w = useWords(words);
  const format = useFormat();
  return (
    <Side title={line.action} under={<code>{line.target}</code>} onClose={onClose}>
      <Facts
        rows={[
          [w.at, format.time(line.at)],
          [w.actor, line.actor],
          [w.target, line.target],
          [w.request, line.requestId && <code key="request">{line.requestId}</code>],
        ]}
      />
      <Section title={w.changes}>
        <Difference changes={line.changes} />
      </Section>
    </Side>
  );
}

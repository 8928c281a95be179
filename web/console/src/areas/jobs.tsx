/** Batch jobs: what can run, what runs, and when it runs by itself. */

import { useQuery } from '@tanstack/react-query';
import { ask, type List, Trouble } from '../api.ts';
import { useWords } from '../language.tsx';
import { useMoment } from '../parts/moment.ts';
import { Head } from '../parts/pieces.tsx';
import { Empty, Loaded } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { go, usePlace } from '../route.ts';
import { Files } from './jobs/files.tsx';
import { RunStatusMark, useJobText } from './jobs/marks.tsx';
import { OneJob } from './jobs/one-job.tsx';
import { type Job, type Run, words } from './jobs/words.ts';

export default function View() {
  const w = useWords(words);
  const { parts } = usePlace();
  const query = useQuery({
    queryKey: ['jobs'],
    queryFn: () =>
      ask<List<Job>>('/v1/admin/jobs').catch((error: unknown) => {
        // A process without jobs has no such address.
        if (error instanceof Trouble && error.status === 404) return { items: [], next: null };
        throw error;
      }),
    refetchInterval: 3_000,
  });
  return (
    <Loaded query={query}>
      {({ items }) => {
        const job = items.find(({ name }) => name === parts[1]);
        if (job !== undefined) return <OneJob key={job.name} job={job} runId={parts[2] ?? null} />;
        return (
          <>
            <Head title={w.title} under={w.under} />
            {items.length === 0 ? (
              <Empty command="npm run dibs -- serve --role all,jobs">{w.none}</Empty>
            ) : (
              <Jobs jobs={items} />
            )}
            <Files />
          </>
        );
      }}
    </Loaded>
  );
}

function Jobs({ jobs }: { jobs: readonly Job[] }) {
  const w = useWords(words);
  const moment = useMoment();
  const text = useJobText();
  const columns: Column<Job>[] = [
    { key: 'name', head: w.job, width: 'minmax(150px, 1fr)', cell: (job) => text(job).name },
    { key: 'about', head: w.about, width: 'minmax(240px, 3fr)', cell: (job) => text(job).summary },
    { key: 'last', head: w.lastRun, width: '120px', cell: ({ lastRun }) => <LastRun run={lastRun} /> },
    {
      key: 'when',
      head: w.when,
      width: '136px',
      cell: ({ lastRun }) => moment(lastRun && (lastRun.startedAt ?? lastRun.createdAt)),
    },
    { key: 'next', head: w.next, width: '136px', cell: (job) => moment(nextOf(job)) },
  ];
  return (
    <Table
      label={w.title}
      columns={columns}
      rows={jobs}
      keyOf={({ name }) => name}
      onOpen={({ name }) => go('jobs', name)}
    />
  );
}

const nextOf = ({ schedules }: Job): string | null =>
  schedules.flatMap(({ nextAt }) => (nextAt === null ? [] : [nextAt])).toSorted()[0] ?? null;

function LastRun({ run }: { run: Run | null }) {
  const w = useWords(words);
  return run === null ? w.never : <RunStatusMark of={run.status} />;
}

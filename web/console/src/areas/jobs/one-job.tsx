/** One job: run it, its schedules, its runs. */

import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, Trouble } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { useRows } from '../../list.ts';
import { Section, Split } from '../../parts/detail.tsx';
import { useMoment } from '../../parts/moment.ts';
import { Head } from '../../parts/pieces.tsx';
import { Needs } from '../../parts/role.tsx';
import { Empty, Loaded } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { go, placeOf } from '../../route.ts';
import { paramsText, RunStatusMark, useJobText } from './marks.tsx';
import { ParamsForm } from './params-form.tsx';
import { RunSide } from './run-side.tsx';
import { Schedules } from './schedules.tsx';
import { type Job, type Run, words } from './words.ts';

export function OneJob({ job, runId }: { job: Job; runId: string | null }) {
  const w = useWords(words);
  const text = useJobText()(job);
  return (
    <>
      <p className="back">
        <a href={placeOf('jobs')}>{w.back}</a>
      </p>
      <Head title={text.name} under={text.summary}>
        <code className="quiet">{job.name}</code>
      </Head>
      <Split beside={runId === null ? null : <RunSide key={runId} id={runId} job={job.name} />}>
        <Section title={w.runTitle}>
          <Needs least="operate">
            <RunNow job={job} />
          </Needs>
        </Section>
        <Schedules job={job} />
        <Section title={w.runs}>
          <Runs job={job.name} chosen={runId} />
        </Section>
      </Split>
    </>
  );
}

function RunNow({ job }: { job: Job }) {
  const w = useWords(words);
  const queries = useQueryClient();
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const run = async (params: Record<string, unknown>): Promise<void> => {
    setTrouble(null);
    try {
      const path = `/v1/admin/jobs/${encodeURIComponent(job.name)}/runs`;
      const made = await ask<Run>(path, { method: 'POST', body: { params } });
      go('jobs', job.name, made.id);
      await queries.invalidateQueries({ queryKey: ['rows'] });
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      setTrouble(error);
    }
  };
  const other = trouble?.body['run'];
  return (
    <>
      <ParamsForm job={job} action={w.run} trouble={trouble} onSubmit={run} />
      {trouble !== null && typeof other === 'string' ? (
        <p role="alert">
          {trouble.code === 'job_running' ? w.running : w.finished}{' '}
          <a href={placeOf('jobs', job.name, other)}>{w.see}</a>
        </p>
      ) : null}
    </>
  );
}

function Runs({ job, chosen }: { job: string; chosen: string | null }) {
  const w = useWords(words);
  const format = useFormat();
  const moment = useMoment();
  const rows = useRows<Run>(`/v1/admin/jobs/${encodeURIComponent(job)}/runs`, { everyMs: 3_000 });
  const columns: Column<Run>[] = [
    {
      key: 'status',
      head: w.when,
      width: '136px',
      cell: ({ createdAt }) => moment(createdAt),
    },
    { key: 'how', head: w.stateHead, width: '120px', cell: ({ status }) => <RunStatusMark of={status} /> },
    { key: 'by', head: w.by, width: '110px', cell: ({ by }) => (by === 'schedule' ? w.bySchedule : by) },
    { key: 'params', head: w.params, width: 'minmax(140px, 2fr)', cell: ({ params }) => paramsText(params) },
    {
      key: 'written',
      head: `${w.written} (${w.items})`,
      width: '128px',
      right: true,
      cell: (run) => format.number(run.written),
    },
    {
      key: 'skipped',
      head: `${w.skipped} (${w.items})`,
      width: '128px',
      right: true,
      cell: (run) => format.number(run.skipped),
    },
  ];
  return (
    <Loaded query={rows.query}>
      {(runs) =>
        runs.length === 0 ? (
          <Empty command={`npm run dibs -- jobs run ${job}`}>{w.noRuns}</Empty>
        ) : (
          <Table
            label={w.runs}
            columns={columns}
            rows={runs}
            keyOf={({ id }) => id}
            chosen={chosen}
            onOpen={({ id }) => go('jobs', job, id)}
            onEnd={rows.more}
            height={Math.min(runs.length * 32 + 2, 420)}
          />
        )
      }
    </Loaded>
  );
}

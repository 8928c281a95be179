/** One run as it goes: how far, what was left out and why, its last error, its files; stopping it and going on with it. */

import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { ask } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { useRows } from '../../list.ts';
import { Facts, Progress, Raw, Section, Side } from '../../parts/detail.tsx';
import { Confirm, Figure } from '../../parts/pieces.tsx';
import { Needs } from '../../parts/role.tsx';
import { Loaded } from '../../parts/states.tsx';
import { go } from '../../route.ts';
import { Refusal, Told } from '../../said.tsx';
import { useStream } from '../../stream.ts';
import { Download } from './files.tsx';
import { paramsText, RunStatusMark } from './marks.tsx';
import { isOver, type Run, type Step, type StoredFile, words } from './words.ts';

export function RunSide({ id, job }: { id: string; job: string }) {
  const w = useWords(words);
  const queries = useQueryClient();
  const query = useQuery({
    queryKey: ['run', id],
    queryFn: () => ask<Run>(`/v1/admin/jobs/runs/${encodeURIComponent(id)}`),
  });
  const goes = query.data !== undefined && !isOver(query.data);
  const path = goes ? `/v1/admin/jobs/runs/${encodeURIComponent(id)}/events` : null;
  const stream = useStream<Run>(path, (name, run) => {
    if (name !== 'progress') return;
    queries.setQueryData(['run', id], run);
    if (isOver(run)) void queries.invalidateQueries({ queryKey: ['rows'] });
  });
  return (
    <Side title={w.runOf(id.slice(-8))} onClose={() => go('jobs', job)}>
      <Loaded query={query}>
        {(run) => (
          <>
            {goes && stream.heardAt !== null ? (
              <p className="quiet">{stream.connected ? w.live : w.cut}</p>
            ) : null}
            <Shown run={run} />
          </>
        )}
      </Loaded>
    </Side>
  );
}

function Shown({ run }: { run: Run }) {
  const w = useWords(words);
  const format = useFormat();
  const { number, time, span } = format;
  const tookMs =
    run.startedAt !== null && run.endedAt !== null
      ? Date.parse(run.endedAt) - Date.parse(run.startedAt)
      : null;
  return (
    <>
      <p role="status">
        <strong>
          <RunStatusMark of={run.status} />
        </strong>{' '}
        {run.stopAsked && run.status === 'running' ? w.stopping : null}
      </p>
      <Progress
        label={w.progress}
        done={run.read}
        of={run.total}
        says={run.total === null ? w.soFar(number(run.read)) : w.ofAll(number(run.read), number(run.total))}
      />
      <div className="figures run-figures">
        <Figure value={number(run.written)} unit={w.items} label={w.written} tone="won" />
        <Figure
          value={number(run.skipped)}
          unit={w.items}
          label={w.skipped}
          tone={run.skipped > 0 ? 'wait' : 'ink'}
        />
      </div>
      {run.lastError === null ? null : (
        <div className="would wait" role="alert">
          <p className="quiet">{w.lastError}</p>
          <p>
            <Told text={run.lastError} said={run.lastErrorSaid} />
          </p>
        </div>
      )}
      <Needs least="operate">
        <Acts run={run} />
      </Needs>
      <Results run={run} />
      <Steps steps={run.steps} />
      <Section title={w.runOf('')}>
        <Facts
          rows={[
            ['ID', <code key="id">{run.id}</code>],
            [w.params, paramsText(run.params)],
            [w.by, run.by === 'schedule' ? w.bySchedule : run.by],
            [w.asked, time(run.createdAt)],
            [w.began, run.startedAt && time(run.startedAt)],
            [w.ended, run.endedAt && time(run.endedAt)],
            [w.took, tookMs === null ? null : span(tookMs)],
            [w.starts, w.times(number(run.starts))],
          ]}
        />
      </Section>
    </>
  );
}

function Acts({ run }: { run: Run }) {
  const w = useWords(words);
  const format = useFormat();
  const queries = useQueryClient();
  const [stopping, setStopping] = useState(false);
  const [fault, setFault] = useState<ReactNode>(null);
  const act = async (what: 'stop' | 'restart'): Promise<void> => {
    const now = await ask<Run>(`/v1/admin/jobs/runs/${encodeURIComponent(run.id)}/${what}`, {
      method: 'POST',
    });
    queries.setQueryData(['run', run.id], now);
    await queries.invalidateQueries({ queryKey: ['rows'] });
  };
  const mayRestart = run.status === 'failed' || run.status === 'stopped';
  return (
    <div className="acts">
      {!isOver(run) ? (
        <Button variant="default" disabled={run.stopAsked} onClick={() => setStopping(true)}>
          {w.stop}
        </Button>
      ) : null}
      {mayRestart ? (
        <Button
          color="signal"
          className="does"
          onClick={() => {
            setFault(null);
            act('restart').catch((error: Error) => setFault(<Refusal error={error} />));
          }}
        >
          {w.restart}
        </Button>
      ) : null}
      {fault === null ? null : (
        <p role="alert" className="fault">
          ✕ {fault}
        </p>
      )}
      <Confirm
        opened={stopping}
        title={w.stopTitle}
        action={w.stop}
        onClose={() => setStopping(false)}
        onConfirm={() => act('stop')}
      >
        {w.stopSays(format.number(run.written))}
      </Confirm>
    </div>
  );
}

function Steps({ steps }: { steps: readonly Step[] }) {
  const w = useWords(words);
  const { number } = useFormat();
  return (
    <Section title={w.steps}>
      {steps.map((step) => (
        <div key={step.name} className="step">
          <p>
            <RunStatusMark of={step.status} /> <code>{step.name}</code> {w.stepNames[step.name]}
          </p>
          <p className="quiet">
            {w.read}{' '}
            {step.total === null ? number(step.read) : `${number(step.read)} / ${number(step.total)}`},{' '}
            {w.written} {number(step.written)}, {w.skipped} {number(step.skipped)}, {w.retries}{' '}
            {number(step.retries)}
          </p>
          {Object.keys(step.skips).length === 0 ? null : (
            <Facts
              rows={Object.entries(step.skips).map(([reason, count]) => [
                w.reasons[reason] ?? reason,
                skipText(count, number),
              ])}
            />
          )}
          {step.lastError === null ? null : (
            <p className="fault">
              ✕ <Told text={step.lastError} said={step.lastErrorSaid} />
            </p>
          )}
        </div>
      ))}
    </Section>
  );
}

const skipText = (count: unknown, number: (value: number) => string): string =>
  typeof count === 'number' ? number(count) : JSON.stringify(count);

/** Files that the run has made, by the ids in its result; and the rest of the result as it is. */
function Results({ run }: { run: Run }) {
  const w = useWords(words);
  const ids = new Set(Object.values(run.result).filter((value) => typeof value === 'string'));
  const rows = useRows<StoredFile>('/v1/admin/files', { enabled: ids.size > 0 });
  if (Object.keys(run.result).length === 0) return null;
  const files = (rows.query.data ?? []).filter(({ id }) => ids.has(id));
  return (
    <Section title={w.result}>
      {files.map((file) => (
        <p key={file.id} className="result-file">
          {file.name} <Download file={file} />
        </p>
      ))}
      <Raw text={JSON.stringify(run.result)} label={w.result} />
    </Section>
  );
}

/** A file of codes into the pool, with how far it is and a report by line. */

import { Button, Checkbox, Radio } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useRef, useState } from 'react';
import type { Trouble } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { Mark } from '../../parts/pieces.tsx';
import { Table } from '../../parts/table.tsx';
import { Refusal } from '../../said.tsx';
import { type ImportReport, sizeText, upload } from './upload.ts';
import { words } from './words.ts';

type State =
  | { kind: 'idle' }
  | { kind: 'sending'; sent: number; size: number }
  | { kind: 'done'; report: ImportReport }
  | { kind: 'refused'; trouble: Trouble };

export function ImportForm({ campaignId }: { campaignId: string }) {
  const w = useWords(words);
  const queries = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [header, setHeader] = useState(false);
  const [onDuplicate, setOnDuplicate] = useState<OnDuplicate>('refuse');
  const [state, setState] = useState<State>({ kind: 'idle' });
  const stop = useRef<AbortController | null>(null);
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (file === null) return;
    const size = file.size;
    stop.current = new AbortController();
    setState({ kind: 'sending', sent: 0, size });
    const onProgress = (sent: number): void =>
      setState({ kind: 'sending', sent: Math.min(sent, size), size });
    try {
      const report = await upload({ campaignId, file, header, onDuplicate, onProgress }, stop.current.signal);
      setState({ kind: 'done', report });
    } catch (error) {
      setState({ kind: 'refused', trouble: error as Trouble });
    }
    void queries.invalidateQueries({ queryKey: ['codes', campaignId] });
  };
  const pick = (picked: File | null): void => {
    setFile(picked);
    setState({ kind: 'idle' });
  };
  const busy = state.kind === 'sending';
  return (
    <form className="import" onSubmit={(event) => void send(event)}>
      <h2>{w.title}</h2>
      <p className="quiet">{w.hint}</p>
      <FileField file={file} busy={busy} onFile={pick} />
      <Checkbox
        label={w.header}
        checked={header}
        disabled={busy}
        onChange={(event) => setHeader(event.currentTarget.checked)}
      />
      <DuplicateChoice value={onDuplicate} busy={busy} onChange={setOnDuplicate} />
      <div className="choices">
        <Button type="submit" color="signal" className="does" disabled={file === null} loading={busy}>
          {w.go}
        </Button>
        {busy ? (
          <Button variant="default" onClick={() => stop.current?.abort()}>
            {w.stop}
          </Button>
        ) : null}
      </div>
      <Result state={state} />
    </form>
  );
}

function FileField({
  file,
  busy,
  onFile,
}: {
  file: File | null;
  busy: boolean;
  onFile(file: File | null): void;
}) {
  const w = useWords(words);
  return (
    <label className="pick">
      <span className="pick-says">{file === null ? w.file : w.chosen(file.name, sizeText(file.size))}</span>
      <input
        type="file"
        accept=".csv,.txt,.gz,text/csv,text/plain,application/gzip"
        disabled={busy}
        onChange={(event) => onFile(event.currentTarget.files?.[0] ?? null)}
      />
    </label>
  );
}

type OnDuplicate = 'refuse' | 'skip';

function DuplicateChoice({
  value,
  busy,
  onChange,
}: {
  value: OnDuplicate;
  busy: boolean;
  onChange(value: OnDuplicate): void;
}) {
  const w = useWords(words);
  return (
    <Radio.Group label={w.duplicates} value={value} onChange={(next) => onChange(next as OnDuplicate)}>
      <div className="choices">
        <Radio value="refuse" label={w.refuse} disabled={busy} />
        <Radio value="skip" label={w.skip} disabled={busy} />
      </div>
    </Radio.Group>
  );
}

function Result({ state }: { state: State }) {
  switch (state.kind) {
    case 'idle':
      return null;
    case 'sending':
      return <Progress sent={state.sent} size={state.size} />;
    case 'done':
      return <Done report={state.report} />;
    case 'refused':
      return <Refused trouble={state.trouble} />;
  }
}

function Progress({ sent, size }: { sent: number; size: number }) {
  const w = useWords(words);
  const percent = size === 0 ? 100 : Math.floor((sent / size) * 100);
  return (
    <div>
      <progress className="bar" aria-label={w.progress} value={sent} max={Math.max(1, size)} />
      <p role="status">
        {sent >= size ? w.checking : w.sending(sizeText(sent), sizeText(size), String(percent))}
      </p>
    </div>
  );
}

function Done({ report }: { report: ImportReport }) {
  const w = useWords(words);
  const { number } = useFormat();
  const { imported, first, last, total, lines, empty, skipped } = report;
  const rows: [string, number][] = [
    [w.lines, lines],
    [w.empty, empty],
    [w.skipped, skipped],
    [w.total, total],
  ];
  return (
    <section role="status" className="import-result" data-imported={imported}>
      <p>
        <Mark shape="✓" tone="won" says={w.done(number(imported))} />{' '}
        {first === null || last === null ? '' : w.numbers(number(first), number(last))}
      </p>
      <dl className="codes-pairs">
        {rows.map(([name, count]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{number(count)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

interface LineFault {
  line: number;
  reason: keyof (typeof words)['en']['reasons'];
  sameAs?: number;
}

function Refused({ trouble }: { trouble: Trouble }) {
  const w = useWords(words);
  const { number } = useFormat();
  if (trouble.code === 'stopped') return <p role="status">{w.stopped}</p>;
  const lines = (trouble.body['lines'] ?? []) as LineFault[];
  const total = Number(trouble.body['total'] ?? lines.length);
  const why = ({ reason, sameAs }: LineFault): string => {
    const says = w.reasons[reason];
    return typeof says === 'function' ? says(number(sameAs ?? 0)) : (says ?? reason);
  };
  return (
    <section role="alert" className="import-result">
      <p>
        <Mark shape="✕" tone="fault" says={trouble.status === 0 ? w.away : w.notImported} />
      </p>
      {trouble.status === 0 || lines.length > 0 ? null : (
        <p>
          <Refusal error={trouble} /> <code>{trouble.code}</code>
        </p>
      )}
      {lines.length === 0 ? null : (
        <>
          <h3>{w.faults(number(total), number(lines.length))}</h3>
          <Table
            label={w.report}
            rows={lines}
            keyOf={({ line }) => String(line)}
            height={Math.min(lines.length * 32 + 2, 320)}
            columns={[
              { key: 'line', head: w.line, width: '96px', right: true, cell: ({ line }) => number(line) },
              { key: 'why', head: w.why, width: 'minmax(200px, 1fr)', cell: why },
            ]}
          />
        </>
      )}
    </section>
  );
}

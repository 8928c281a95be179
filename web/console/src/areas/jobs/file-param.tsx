/** A param that is a file: one that is there, or a new one, which is brought to the server as soon as it is chosen. */

import { FileInput, NativeSelect } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { key, Trouble, troubleOf } from '../../api.ts';
import { useWords } from '../../language.tsx';
import { useRows } from '../../list.ts';
import { Progress } from '../../parts/detail.tsx';
import { Refusal } from '../../said.tsx';
import { bytesText, type StoredFile, words } from './words.ts';

const READABLE = new Set(['text/csv', 'application/gzip']);

/** By XMLHttpRequest: it tells how far an upload is, and a large one may take its time. */
function upload(file: File, told: (sent: number) => void): Promise<StoredFile> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const isPacked = file.name.endsWith('.gz');
    request.open('POST', `/v1/admin/files?name=${encodeURIComponent(file.name.slice(0, 100))}`);
    request.setRequestHeader('authorization', `Bearer ${key.get()}`);
    request.setRequestHeader('content-type', isPacked ? 'application/gzip' : 'text/csv');
    request.responseType = 'json';
    request.upload.onprogress = ({ loaded }) => told(loaded);
    request.onload = () => {
      if (request.status === 201) return resolve(request.response as StoredFile);
      reject(troubleOf(request.status, request.response, request.statusText));
    };
    request.onerror = () => reject(new Trouble(0, 'unreachable', 'The server did not take the file.'));
    request.send(file);
  });
}

export interface FileParamProps {
  label: string;
  description: string | undefined;
  error: ReactNode;
  required: boolean;
  /** id of a file */
  value: string;
  onChange(id: string): void;
}

export function FileParam({ label, description, error, required, value, onChange }: FileParamProps) {
  const w = useWords(words);
  const queries = useQueryClient();
  const rows = useRows<StoredFile>('/v1/admin/files');
  const [going, setGoing] = useState<{ sent: number; all: number } | null>(null);
  const [fault, setFault] = useState<ReactNode>(null);
  const kept = (rows.query.data ?? []).filter(
    ({ type, finishedAt }) => finishedAt !== null && READABLE.has(type),
  );
  const bring = async (file: File | null): Promise<void> => {
    if (file === null) return;
    setFault(null);
    setGoing({ sent: 0, all: file.size });
    try {
      const stored = await upload(file, (sent) => setGoing({ sent, all: file.size }));
      await queries.invalidateQueries({ queryKey: ['rows', '/v1/admin/files'] });
      onChange(stored.id);
    } catch (trouble) {
      setFault(<Refusal error={trouble} />);
    } finally {
      setGoing(null);
    }
  };
  return (
    <fieldset>
      <legend>{label}</legend>
      {description ? <p className="quiet small">{description}</p> : null}
      <FileInput
        label={w.newFile}
        description={w.upload}
        accept=".csv,.gz,text/csv,application/gzip"
        placeholder={w.choose}
        error={fault}
        value={null}
        onChange={(file) => void bring(file)}
      />
      {going === null ? null : (
        <Progress
          label={w.newFile}
          done={going.sent}
          of={going.all}
          says={w.uploading(bytesText(going.sent), bytesText(going.all))}
        />
      )}
      <NativeSelect
        mt="sm"
        label={w.orKept}
        error={error}
        required={required}
        value={value}
        data={[
          { value: '', label: w.choose },
          ...kept.map(({ id, name, bytes }) => ({ value: id, label: `${name} · ${bytesText(bytes)}` })),
        ]}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
    </fieldset>
  );
}

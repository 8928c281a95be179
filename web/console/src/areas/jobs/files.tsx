/** Files that jobs read, and those that they have made. */

import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { ask, download } from '../../api.ts';
import { useWords } from '../../language.tsx';
import { useRows } from '../../list.ts';
import { Section } from '../../parts/detail.tsx';
import { useMoment } from '../../parts/moment.ts';
import { Confirm } from '../../parts/pieces.tsx';
import { useMay } from '../../parts/role.tsx';
import { Loaded } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Refusal } from '../../said.tsx';
import { bytesText, type StoredFile, words } from './words.ts';

export function Files() {
  const w = useWords(words);
  const queries = useQueryClient();
  const rows = useRows<StoredFile>('/v1/admin/files', { everyMs: 10_000 });
  const [leaving, setLeaving] = useState<StoredFile | null>(null);
  return (
    <Section title={w.files}>
      <p className="quiet">{w.filesUnder}</p>
      <Loaded query={rows.query}>
        {(files) =>
          files.length === 0 ? (
            <p>{w.noFiles}</p>
          ) : (
            <FileTable files={files} onEnd={rows.more} onRemove={setLeaving} />
          )
        }
      </Loaded>
      <Confirm
        opened={leaving !== null}
        title={w.removeFile}
        action={w.remove}
        onClose={() => setLeaving(null)}
        onConfirm={async () => {
          await ask(`/v1/admin/files/${encodeURIComponent(leaving?.id ?? '')}`, { method: 'DELETE' });
          await queries.invalidateQueries({ queryKey: ['rows', '/v1/admin/files'] });
        }}
      >
        {leaving === null ? null : w.removeFileSays(leaving.name, bytesText(leaving.bytes))}
      </Confirm>
    </Section>
  );
}

interface FileTableProps {
  files: readonly StoredFile[];
  onEnd(): void;
  onRemove(file: StoredFile): void;
}

function FileTable({ files, onEnd, onRemove }: FileTableProps) {
  const w = useWords(words);
  const moment = useMoment();
  const mayRemove = useMay('operate');
  const columns: Column<StoredFile>[] = [
    { key: 'name', head: w.file, width: 'minmax(180px, 2fr)', cell: ({ name }) => name },
    { key: 'size', head: w.size, width: '96px', right: true, cell: ({ bytes }) => bytesText(bytes) },
    {
      key: 'made',
      head: w.made,
      width: '136px',
      cell: ({ createdAt }) => moment(createdAt),
    },
    { key: 'by', head: w.by, width: '120px', cell: ({ by }) => (by === 'schedule' ? w.bySchedule : by) },
    { key: 'get', head: w.download, width: '120px', cell: (file) => <Download file={file} /> },
    ...(mayRemove
      ? [
          {
            key: 'remove',
            head: w.remove,
            width: '96px',
            cell: (file: StoredFile) => (
              <Button
                variant="default"
                size="compact-xs"
                aria-label={w.removeOf(file.name)}
                onClick={() => onRemove(file)}
              >
                {w.remove}
              </Button>
            ),
          },
        ]
      : []),
  ];
  return (
    <Table
      label={w.files}
      columns={columns}
      rows={files}
      keyOf={({ id }) => id}
      onEnd={onEnd}
      height={Math.min(files.length * 32 + 2, 320)}
    />
  );
}

/** A button that hands the file over, or why there is none. */
export function Download({ file }: { file: StoredFile }) {
  const w = useWords(words);
  const may = useMay(file.role);
  const [fault, setFault] = useState<ReactNode>(null);
  if (file.finishedAt === null) return <span className="quiet">{w.notWhole}</span>;
  if (!may) return <span className="quiet">{w.needs(file.role)}</span>;
  if (fault !== null) return <span className="fault">✕ {fault}</span>;
  return (
    <Button
      variant="default"
      size="compact-xs"
      aria-label={w.downloadOf(file.name)}
      onClick={() => {
        download(`/v1/admin/files/${encodeURIComponent(file.id)}`, file.name).catch((error: Error) =>
          setFault(<Refusal error={error} />),
        );
      }}
    >
      {w.download}
    </Button>
  );
}

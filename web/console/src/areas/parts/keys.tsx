/** Operator keys: who has one, making one (its secret is shown once), revoking one. */

import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { ask, type List } from '../../api.ts';
import { useWords } from '../../language.tsx';
import { Once, Section } from '../../parts/detail.tsx';
import { useMoment } from '../../parts/moment.ts';
import { Confirm, Mark } from '../../parts/pieces.tsx';
import { Needs, type Role, useWho } from '../../parts/role.tsx';
import { Loaded } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { Refusal } from '../../said.tsx';
import { words } from './words.ts';

interface Key {
  id: string;
  name: string;
  role: Role;
  createdAt: string;
  revokedAt: string | null;
}

const PATH = '/v1/admin/keys';

export function Keys() {
  const w = useWords(words);
  return (
    <Section title={w.keys}>
      <p className="quiet">{w.keysUnder}</p>
      <Needs least="admin">
        <AllKeys />
      </Needs>
    </Section>
  );
}

function AllKeys() {
  const w = useWords(words);
  const queries = useQueryClient();
  const who = useWho();
  const query = useQuery({
    queryKey: ['keys'],
    queryFn: () => ask<List<Key>>(PATH),
    refetchInterval: 10_000,
  });
  const [secret, setSecret] = useState<string | null>(null);
  const [leaving, setLeaving] = useState<Key | null>(null);
  return (
    <>
      {secret === null ? (
        <NewKey onMade={setSecret} />
      ) : (
        <Once label={w.secret} secret={secret} onDone={() => setSecret(null)} />
      )}
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? <p>{w.noKeys}</p> : <KeyTable keys={items} onRevoke={setLeaving} />
        }
      </Loaded>
      <Confirm
        opened={leaving !== null}
        title={w.revokeTitle}
        action={w.revoke}
        onClose={() => setLeaving(null)}
        onConfirm={async () => {
          await ask(`${PATH}/${encodeURIComponent(leaving?.id ?? '')}`, { method: 'DELETE' });
          await queries.invalidateQueries({ queryKey: ['keys'] });
          await queries.invalidateQueries({ queryKey: ['whoami'] });
        }}
      >
        <p>{w.revokeSays(leaving?.name ?? '')}</p>
        {leaving?.id === who.data?.id ? <p>{w.revokeSelf}</p> : null}
      </Confirm>
    </>
  );
}

function NewKey({ onMade }: { onMade(secret: string): void }) {
  const w = useWords(words);
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('read');
  const [fault, setFault] = useState<ReactNode>(null);
  const make = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setFault(null);
    try {
      const made = await ask<{ key: string }>(PATH, { method: 'POST', body: { name: name.trim(), role } });
      onMade(made.key);
      await queries.invalidateQueries({ queryKey: ['keys'] });
    } catch (error) {
      setFault(<Refusal error={error} />);
    }
  };
  const roles = (['read', 'operate', 'admin'] as const).map((value) => ({
    value,
    label: `${value}: ${w.roles[value]}`,
  }));
  return (
    <form className="filters" onSubmit={(event) => void make(event)}>
      <TextInput
        className="wide"
        label={w.name}
        value={name}
        error={fault}
        maxLength={100}
        required
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <NativeSelect
        className="wide"
        label={w.allowed}
        value={role}
        data={roles}
        onChange={(event) => setRole(event.currentTarget.value as Role)}
      />
      <Button type="submit" variant="default">
        {w.add}
      </Button>
    </form>
  );
}

function KeyTable({ keys, onRevoke }: { keys: readonly Key[]; onRevoke(key: Key): void }) {
  const w = useWords(words);
  const moment = useMoment();
  const columns: Column<Key>[] = [
    { key: 'name', head: w.name, width: 'minmax(140px, 2fr)', cell: ({ name }) => name },
    { key: 'id', head: 'ID', width: 'minmax(120px, 1fr)', cell: ({ id }) => <code>{id}</code> },
    { key: 'role', head: w.allowed, width: '96px', cell: ({ role }) => role },
    {
      key: 'state',
      head: w.keyState,
      width: '104px',
      cell: ({ revokedAt }) =>
        revokedAt === null ? (
          <Mark shape="●" tone="won" says={w.inForce} />
        ) : (
          <Mark shape="□" tone="quiet" says={w.gone} />
        ),
    },
    {
      key: 'made',
      head: w.made,
      width: '136px',
      cell: ({ createdAt }) => moment(createdAt),
    },
    {
      key: 'gone',
      head: w.revoked,
      width: '136px',
      cell: ({ revokedAt }) => moment(revokedAt),
    },
    {
      key: 'revoke',
      head: w.revoke,
      width: '96px',
      cell: (key) =>
        key.revokedAt === null ? (
          <Button
            variant="default"
            size="compact-xs"
            aria-label={w.revokeOf(key.name)}
            onClick={() => onRevoke(key)}
          >
            {w.revoke}
          </Button>
        ) : (
          '–'
        ),
    },
  ];
  return <Table label={w.keys} columns={columns} rows={keys} keyOf={({ id }) => id} />;
}

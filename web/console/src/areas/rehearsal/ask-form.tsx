/** What is asked for: how many people, over how many connections, and when the server is killed. */

import { Button, Checkbox, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { keyOf, pathOf, type Rehearsal, type Wish } from './rehearsals.ts';
import { words } from './words.ts';

const BOUNDS = { users: [1, 20_000], concurrency: [1, 1_000], killAt: [0, 60], over: [1, 60] } as const;
type Field = keyof typeof BOUNDS;

/** null: nothing that the server would take. */
function numberOf(field: Field, text: string): number | null {
  const plain = text.replaceAll(/[,_\s]/g, '');
  const value = Number(plain);
  const [least, most] = BOUNDS[field];
  const isWhole = field === 'killAt' || field === 'over' || Number.isInteger(value);
  return plain !== '' && isWhole && value >= least && value <= most ? value : null;
}

interface Typed extends Record<Field, string> {
  kills: boolean;
}

function wrongOf(typed: Typed): Field[] {
  const asked: Field[] = ['users', 'concurrency', typed.kills ? 'killAt' : 'over'];
  return asked.filter(
    (field) => numberOf(field, typed[field]) === null && !(field === 'over' && typed.over.trim() === ''),
  );
}

function wishOf(typed: Typed): Wish {
  const value = (field: Field): number => numberOf(field, typed[field]) ?? 0;
  return {
    users: value('users'),
    concurrency: value('concurrency'),
    kill: typed.kills ? { part: 'server', atSecond: value('killAt') } : null,
    overSeconds: typed.kills ? null : numberOf('over', typed.over),
  };
}

export function AskForm({
  campaignId,
  busy,
  onAsked,
}: {
  campaignId: string;
  busy: boolean;
  onAsked(id: string): void;
}) {
  const w = useWords(words);
  const format = useFormat();
  const queries = useQueryClient();
  const [typed, setTyped] = useState<Typed>({
    ...{ users: '5000', concurrency: '100', killAt: '2', over: '' },
    kills: true,
  });
  const [asked, setAsked] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const wrong = asked ? wrongOf(typed) : [];
  const begin = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setAsked(true);
    setFault(null);
    if (wrongOf(typed).length > 0) return;
    setSending(true);
    try {
      const made = await ask<Rehearsal>(pathOf(campaignId), { method: 'POST', body: wishOf(typed) });
      await queries.invalidateQueries({ queryKey: keyOf(campaignId) });
      onAsked(made.id);
    } catch (error) {
      setFault((error as Error).message);
    } finally {
      setSending(false);
    }
  };
  const field = (name: Field, label: string, hint: string) => (
    <TextInput
      label={label}
      description={hint}
      inputMode="decimal"
      autoComplete="off"
      value={typed[name]}
      error={
        wrong.includes(name)
          ? w.notANumber(format.number(BOUNDS[name][0]), format.number(BOUNDS[name][1]))
          : null
      }
      onChange={(event) => {
        const { value } = event.currentTarget;
        setTyped((before) => ({ ...before, [name]: value }));
      }}
    />
  );
  return (
    <form className="rehearsal-ask" onSubmit={(event) => void begin(event)}>
      <h2>{w.title}</h2>
      <p className="quiet">{w.what}</p>
      <div className="rehearsal-pair">
        {field('users', w.users, w.usersHint)}
        {field('concurrency', w.concurrency, w.concurrencyHint)}
      </div>
      <Checkbox
        label={w.kills}
        checked={typed.kills}
        onChange={(event) => {
          const { checked } = event.currentTarget;
          setTyped((before) => ({ ...before, kills: checked }));
        }}
      />
      {typed.kills ? field('killAt', w.killAt, w.killHint) : field('over', w.over, w.overHint)}
      {fault === null ? null : (
        <p role="alert" className="fault">
          ✕ {fault}
        </p>
      )}
      <Button type="submit" color="signal" className="does" loading={sending} disabled={busy}>
        {w.begin}
      </Button>
    </form>
  );
}

/** What is asked for: how many people, over how many connections, and when the server is killed. */

import { Button, Checkbox, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { ask } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { Refusal } from '../../said.tsx';
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

/** One number that is asked for. */
function NumberField({
  name,
  label,
  hint,
  value,
  isWrong,
  onType,
}: {
  name: Field;
  label: string;
  hint: string;
  value: string;
  isWrong: boolean;
  onType(value: string): void;
}) {
  const w = useWords(words);
  const { number } = useFormat();
  const [least, most] = BOUNDS[name];
  return (
    <TextInput
      label={label}
      description={hint}
      inputMode="decimal"
      autoComplete="off"
      value={value}
      error={isWrong ? w.notANumber(number(least), number(most)) : null}
      onChange={(event) => onType(event.currentTarget.value)}
    />
  );
}

/** Asks for one, and tells which it is, or why it is refused. */
function useAsking(campaignId: string, onAsked: (id: string) => void) {
  const queries = useQueryClient();
  const [fault, setFault] = useState<ReactNode>(null);
  const [sending, setSending] = useState(false);
  const send = async (wish: Wish): Promise<void> => {
    setSending(true);
    setFault(null);
    try {
      const made = await ask<Rehearsal>(pathOf(campaignId), { method: 'POST', body: wish });
      await queries.invalidateQueries({ queryKey: keyOf(campaignId) });
      onAsked(made.id);
    } catch (error) {
      setFault(<Refusal error={error} />);
    } finally {
      setSending(false);
    }
  };
  return { send, sending, fault };
}

interface AskProps {
  campaignId: string;
  /** one is under way */
  busy: boolean;
  onAsked(id: string): void;
}

export function AskForm({ campaignId, busy, onAsked }: AskProps) {
  const w = useWords(words);
  const { send, sending, fault } = useAsking(campaignId, onAsked);
  const [typed, setTyped] = useState<Typed>({
    ...{ users: '5000', concurrency: '100', killAt: '2', over: '' },
    kills: true,
  });
  const [asked, setAsked] = useState(false);
  const wrong = asked ? wrongOf(typed) : [];
  const begin = (event: FormEvent): void => {
    event.preventDefault();
    setAsked(true);
    if (wrongOf(typed).length === 0) void send(wishOf(typed));
  };
  const field = (name: Field, label: string, hint: string) => (
    <NumberField
      {...{ name, label, hint }}
      value={typed[name]}
      isWrong={wrong.includes(name)}
      onType={(value) => setTyped((before) => ({ ...before, [name]: value }))}
    />
  );
  return (
    <form className="rehearsal-ask" onSubmit={begin}>
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

/** What can be done with a running campaign. Each act says in numbers what it does before it does it. */

import { Button, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { ask, askFull, type Campaign, Trouble } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { Confirm } from '../../parts/pieces.tsx';
import { placeOf } from '../../route.ts';
import type { Stats } from './figures.ts';
import { words } from './words.ts';

const ACTS = ['open', 'pause', 'resume', 'close', 'quantity'] as const;
type Act = (typeof ACTS)[number];

const POSSIBLE: Readonly<Record<Campaign['status'], readonly Act[]>> = {
  draft: ['open', 'quantity'],
  scheduled: ['open', 'quantity', 'close'],
  open: ['pause', 'quantity', 'close'],
  paused: ['resume', 'quantity', 'close'],
  sold_out: ['quantity', 'close'],
  closed: [],
  archived: [],
};

const pathOf = ({ id }: Campaign): string => `/v1/admin/campaigns/${encodeURIComponent(id)}`;

export function Acts({ campaign, stats }: { campaign: Campaign; stats: Stats | null }) {
  const w = useWords(words);
  const queries = useQueryClient();
  const [chosen, choose] = useState<Act | null>(null);
  const status = stats?.status ?? campaign.status;
  const done = async (): Promise<void> => {
    await queries.invalidateQueries({ queryKey: ['campaign', campaign.id] });
    await queries.invalidateQueries({ queryKey: ['stats', campaign.id] });
  };
  const act = async (name: Act): Promise<void> => {
    await ask(`${pathOf(campaign)}/${name}`, { method: 'POST' });
    await done();
  };
  const close = (): void => choose(null);
  return (
    <fieldset className="acts" aria-label={w.actsLabel}>
      {POSSIBLE[status].map((name) => (
        <Button key={name} variant="default" onClick={() => choose(name)}>
          {w.acts[name]}
        </Button>
      ))}
      {chosen !== null && chosen !== 'quantity' ? (
        <Confirm
          opened
          title={`${campaign.name}: ${w.acts[chosen]}`}
          action={w.acts[chosen]}
          onClose={close}
          onConfirm={() => act(chosen)}
        >
          <WhatHappens act={chosen} campaign={campaign} stats={stats} />
        </Confirm>
      ) : null}
      {chosen === 'quantity' ? (
        <Quantity campaign={campaign} stats={stats} onClose={close} onDone={done} />
      ) : null}
    </fieldset>
  );
}

function WhatHappens({
  act,
  campaign,
  stats,
}: {
  act: Exclude<Act, 'quantity'>;
  campaign: Campaign;
  stats: Stats | null;
}) {
  const w = useWords(words);
  const { number } = useFormat();
  const left = number(stats?.remaining ?? campaign.remaining);
  const issued = number(stats?.issued ?? campaign.issued);
  const waiting = stats?.line?.waiting ?? 0;
  const says: Record<typeof act, string> = {
    open: w.confirm.open(number(campaign.quantity)),
    pause: w.confirm.pause(left, number(stats?.claimsPerSecond ?? 0)),
    resume: w.confirm.resume(left),
    close: w.confirm.close(left, issued),
  };
  return (
    <>
      <p>{says[act]}</p>
      {act === 'pause' && waiting > 0 ? <p>{w.confirm.inLine(number(waiting))}</p> : null}
      {act === 'close' && waiting > 0 ? <p>{w.confirm.lineEnds(number(waiting))}</p> : null}
      {act === 'open' ? (
        <p>
          <a href={placeOf('campaigns', campaign.id, 'checklist')}>{w.confirm.checkFirst}</a>
        </p>
      ) : null}
    </>
  );
}

/** Changes the version that was read: if somebody was quicker, his change is shown and nothing is overwritten. */
function Quantity({
  campaign,
  stats,
  onClose,
  onDone,
}: {
  campaign: Campaign;
  stats: Stats | null;
  onClose(): void;
  onDone(): Promise<void>;
}) {
  const w = useWords(words);
  const { number } = useFormat();
  const [read, setRead] = useState<{ campaign: Campaign; etag: string | null }>({ campaign, etag: null });
  const [typed, setTyped] = useState(String(campaign.quantity));
  const path = pathOf(campaign);
  const reread = async (): Promise<Campaign> => {
    const { body, etag } = await askFull<Campaign>(path);
    setRead({ campaign: body, etag });
    return body;
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was read when the question was put is what is changed
  useEffect(() => {
    void reread().catch(() => undefined);
  }, [path]);
  const before = read.campaign.quantity;
  const issued = stats?.issued ?? read.campaign.issued;
  const after = /^\d{1,8}$/.test(typed.trim()) ? Number(typed) : Number.NaN;
  const change = async (): Promise<void> => {
    if (Number.isNaN(after) || after < Math.max(1, issued)) throw new Error(w.tooFew(number(issued)));
    if (after === before) throw new Error(w.unchanged);
    try {
      await ask(path, {
        method: 'PATCH',
        body: { quantity: after },
        ...(read.etag ? { ifMatch: read.etag } : {}),
      });
    } catch (error) {
      if (!(error instanceof Trouble && (error.status === 412 || error.status === 428))) throw error;
      throw new Error(w.conflict(number((await reread()).quantity)));
    }
    await onDone();
  };
  return (
    <Confirm
      opened
      title={`${campaign.name}: ${w.acts.quantity}`}
      action={w.acts.quantity}
      onClose={onClose}
      onConfirm={change}
    >
      <p>{w.quantityNow(number(before), number(issued))}</p>
      <TextInput
        label={w.newQuantity}
        inputMode="numeric"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        data-autofocus
      />
      <Means before={before} after={after} issued={issued} stats={stats} />
    </Confirm>
  );
}

function Means({
  before,
  after,
  issued,
  stats,
}: {
  before: number;
  after: number;
  issued: number;
  stats: Stats | null;
}) {
  const w = useWords(words);
  const { number } = useFormat();
  if (Number.isNaN(after) || after < issued) return <p className="fault">✕ {w.tooFew(number(issued))}</p>;
  if (after === before) return <p className="quiet">{w.unchanged}</p>;
  const left = number(after - issued);
  const soldOut = (stats?.verdicts['sold_out'] ?? 0) + (stats?.laterVerdicts['sold_out'] ?? 0);
  return (
    <>
      <p>{after > before ? w.more(number(after - before), left) : w.fewer(number(before - after), left)}</p>
      {after > before && soldOut > 0 ? <p>{w.toldSoldOut(number(soldOut))}</p> : null}
    </>
  );
}

/** What was sent to a webhook, newest first. */

import { NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { useFormat, useWords } from '../../language.tsx';
import { useRows } from '../../list.ts';
import { useMoment } from '../../parts/moment.ts';
import { Mark, type Tone } from '../../parts/pieces.tsx';
import { Loaded } from '../../parts/states.tsx';
import { type Column, Table } from '../../parts/table.tsx';
import { go } from '../../route.ts';
import { type Answer, type Delivery, pathOf, words } from './words.ts';

const SHAPES: Readonly<Record<Delivery['state'], [string, Tone]>> = {
  pending: ['◔', 'wait'],
  delivered: ['●', 'won'],
  failed: ['✕', 'fault'],
};

export function DeliveryState({ of }: { of: Delivery['state'] }) {
  const w = useWords(words);
  const [shape, tone] = SHAPES[of];
  return <Mark shape={shape} tone={tone} says={w.delivery[of]} />;
}

export function useAnswerText(): (answer: Answer | undefined) => string {
  const w = useWords(words);
  const { span } = useFormat();
  return (answer) => (answer === undefined ? '–' : `${answer.status ?? w.noAnswer} · ${span(answer.ms)}`);
}

export function Deliveries({ webhook, chosen }: { webhook: string; chosen: string | null }) {
  const w = useWords(words);
  const format = useFormat();
  const moment = useMoment();
  const answerText = useAnswerText();
  const [state, setState] = useState('');
  const path = `${pathOf(webhook)}/deliveries`;
  const rows = useRows<Delivery>(state === '' ? path : `${path}?state=${state}`, { everyMs: 3_000 });
  const states = (Object.keys(SHAPES) as Delivery['state'][]).map((value) => ({
    value,
    label: w.delivery[value],
  }));
  const columns: Column<Delivery>[] = [
    { key: 'state', head: w.state, width: '120px', cell: (one) => <DeliveryState of={one.state} /> },
    { key: 'type', head: w.type, width: 'minmax(150px, 1fr)', cell: ({ type }) => <code>{type}</code> },
    { key: 'campaign', head: w.campaigns, width: 'minmax(120px, 1fr)', cell: ({ campaignId }) => campaignId },
    {
      key: 'tries',
      head: w.tries,
      width: '80px',
      right: true,
      cell: ({ tries }) => w.times(format.number(tries)),
    },
    { key: 'last', head: w.last, width: '150px', cell: ({ answers }) => answerText(answers.at(-1)) },
    {
      key: 'when',
      head: w.when,
      width: '136px',
      cell: ({ createdAt }) => moment(createdAt),
    },
  ];
  return (
    <>
      <div className="filters">
        <NativeSelect
          label={w.state}
          value={state}
          data={[{ value: '', label: w.all }, ...states]}
          onChange={(event) => setState(event.currentTarget.value)}
        />
      </div>
      <Loaded query={rows.query}>
        {(deliveries) =>
          deliveries.length === 0 ? (
            <p>{w.noDeliveries}</p>
          ) : (
            <Table
              label={w.deliveries}
              columns={columns}
              rows={deliveries}
              keyOf={({ id }) => String(id)}
              chosen={chosen}
              onOpen={({ id }) => go('webhooks', webhook, String(id))}
              onEnd={rows.more}
            />
          )
        }
      </Loaded>
    </>
  );
}

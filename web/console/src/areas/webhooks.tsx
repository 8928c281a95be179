/** Where facts are sent, and how each delivery went. */

import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, type List } from '../api.ts';
import { useFormat, useWords } from '../language.tsx';
import { Head } from '../parts/pieces.tsx';
import { Needs } from '../parts/role.tsx';
import { Empty, Loaded } from '../parts/states.tsx';
import { type Column, Table } from '../parts/table.tsx';
import { go, usePlace } from '../route.ts';
import { Told } from '../said.tsx';
import { OneWebhook } from './webhooks/one-webhook.tsx';
import { WebhookForm } from './webhooks/webhook-form.tsx';
import { WebhookState } from './webhooks/webhook-state.tsx';
import { PATH, type Webhook, words } from './webhooks/words.ts';

export default function View() {
  const w = useWords(words);
  const { parts } = usePlace();
  const [adding, setAdding] = useState(false);
  /** the secret of the one that was just added: it is shown on its page, once */
  const [fresh, setFresh] = useState<{ id: string; secret: string } | null>(null);
  const query = useQuery({
    queryKey: ['webhooks'],
    queryFn: () => ask<List<Webhook>>(PATH),
    refetchInterval: 5_000,
  });
  return (
    <Loaded query={query}>
      {({ items }) => {
        const one = items.find(({ id }) => id === parts[1]);
        if (one !== undefined) {
          return (
            <OneWebhook
              key={one.id}
              webhook={one}
              deliveryId={parts[2] ?? null}
              secret={fresh?.id === one.id ? fresh.secret : null}
              onSecret={(secret) => setFresh(secret === null ? null : { id: one.id, secret })}
            />
          );
        }
        return (
          <>
            <Head title={w.title} under={w.under}>
              <Needs least="admin" silent>
                <Button color="signal" className="does" onClick={() => setAdding(true)}>
                  {w.add}
                </Button>
              </Needs>
            </Head>
            {items.length === 0 ? (
              <Empty command="node examples/webhook-receiver/receiver.ts">{w.empty}</Empty>
            ) : (
              <Webhooks webhooks={items} />
            )}
            <Needs least="admin">{null}</Needs>
            {adding ? (
              <WebhookForm
                webhook={null}
                onClose={() => setAdding(false)}
                onMade={({ id, secret }) => {
                  setFresh({ id, secret });
                  setAdding(false);
                  go('webhooks', id);
                }}
              />
            ) : null}
          </>
        );
      }}
    </Loaded>
  );
}

function Webhooks({ webhooks }: { webhooks: readonly Webhook[] }) {
  const w = useWords(words);
  const { number } = useFormat();
  const columns: Column<Webhook>[] = [
    { key: 'state', head: w.state, width: '112px', cell: ({ state }) => <WebhookState of={state} /> },
    { key: 'url', head: w.url, width: 'minmax(240px, 2fr)', cell: ({ url }) => url },
    {
      key: 'description',
      head: w.description,
      width: 'minmax(120px, 1fr)',
      cell: (one) => one.description || '–',
    },
    {
      key: 'facts',
      head: w.facts,
      width: '120px',
      cell: ({ facts }) => (facts === null ? w.allFacts : w.someFacts(number(facts.length))),
    },
    {
      key: 'campaigns',
      head: w.campaigns,
      width: '140px',
      cell: ({ campaigns }) =>
        campaigns === null ? w.allCampaigns : w.someCampaigns(number(campaigns.length)),
    },
    {
      key: 'why',
      head: w.why,
      width: 'minmax(160px, 1fr)',
      cell: (one) => (one.why === null ? '–' : <Told text={one.why} said={one.whySaid} />),
    },
  ];
  return (
    <Table
      label={w.title}
      columns={columns}
      rows={webhooks}
      keyOf={({ id }) => id}
      onOpen={({ id }) => go('webhooks', id)}
    />
  );
}

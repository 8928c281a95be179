/** One webhook: its state and why, a test with the answer, a new secret, its deliveries. */

import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { ask } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { Facts, Once, Raw, Section, Split } from '../../parts/detail.tsx';
import { Confirm, Head, Mark } from '../../parts/pieces.tsx';
import { Needs, useMay } from '../../parts/role.tsx';
import { go, placeOf } from '../../route.ts';
import { Original, Refusal, Told } from '../../said.tsx';
import { Deliveries } from './deliveries.tsx';
import { DeliverySide } from './delivery-side.tsx';
import { WebhookForm } from './webhook-form.tsx';
import { WebhookState } from './webhook-state.tsx';
import { type Answer, pathOf, type Webhook, words } from './words.ts';

export interface OneWebhookProps {
  webhook: Webhook;
  deliveryId: string | null;
  /** not yet kept by the operator */
  secret: string | null;
  onSecret(secret: string | null): void;
}

export function OneWebhook({ webhook, deliveryId, secret, onSecret }: OneWebhookProps) {
  const w = useWords(words);
  const mayLook = useMay('operate');
  const side = deliveryId !== null && mayLook;
  return (
    <>
      <p className="back">
        <a href={placeOf('webhooks')}>{w.back}</a>
      </p>
      <Head title={webhook.url} under={webhook.description}>
        <WebhookState of={webhook.state} />
      </Head>
      {secret === null ? null : <Once label={w.secret} secret={secret} onDone={() => onSecret(null)} />}
      <Split beside={side ? <DeliverySide key={deliveryId} webhook={webhook.id} id={deliveryId} /> : null}>
        <What webhook={webhook} />
        <Needs least="operate">
          <Acts webhook={webhook} onSecret={onSecret} />
          <Section title={w.deliveries}>
            <Deliveries webhook={webhook.id} chosen={deliveryId} />
          </Section>
        </Needs>
      </Split>
    </>
  );
}

function What({ webhook }: { webhook: Webhook }) {
  const w = useWords(words);
  const format = useFormat();
  return (
    <Facts
      rows={[
        ['ID', <code key="id">{webhook.id}</code>],
        [w.facts, webhook.facts?.join(', ') ?? w.allFacts],
        [w.campaigns, webhook.campaigns?.join(', ') ?? w.allCampaigns],
        [
          w.why,
          webhook.why === null ? null : (
            <strong key="why">
              <Told text={webhook.why} said={webhook.whySaid} />
            </strong>
          ),
        ],
        [w.since, webhook.disabledAt && format.time(webhook.disabledAt)],
        [w.made, format.time(webhook.createdAt)],
        [w.changed, webhook.updatedAt === webhook.createdAt ? null : format.time(webhook.updatedAt)],
      ]}
    />
  );
}

type Asking = 'rotate' | 'disable' | 'remove' | 'edit' | null;

function Acts({ webhook, onSecret }: { webhook: Webhook; onSecret(secret: string): void }) {
  const w = useWords(words);
  const queries = useQueryClient();
  const [asking, setAsking] = useState<Asking>(null);
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<(Answer & { ok: boolean }) | null>(null);
  const [fault, setFault] = useState<ReactNode>(null);
  const at = pathOf(webhook.id);
  const again = () => queries.invalidateQueries({ queryKey: ['webhooks'] });
  const act = async (run: () => Promise<unknown>): Promise<void> => {
    setFault(null);
    setBusy(true);
    await run()
      .catch((error: Error) => setFault(<Refusal error={error} />))
      .finally(() => setBusy(false));
  };
  const post = (what: string) => ask(`${at}/${what}`, { method: 'POST', body: {} });
  return (
    <>
      <div className="acts">
        <Button
          color="signal"
          className="does"
          loading={busy}
          onClick={() => void act(async () => setAnswer((await post('test')) as Answer & { ok: boolean }))}
        >
          {w.test}
        </Button>
        {webhook.state === 'enabled' ? (
          <Button variant="default" onClick={() => setAsking('disable')}>
            {w.disable}
          </Button>
        ) : (
          <Button variant="default" onClick={() => void act(() => post('enable').then(again))}>
            {w.enable}
          </Button>
        )}
        <Needs least="admin" silent>
          <Button variant="default" onClick={() => setAsking('edit')}>
            {w.edit}
          </Button>
          <Button variant="default" onClick={() => setAsking('rotate')}>
            {w.rotate}
          </Button>
          <Button variant="default" onClick={() => setAsking('remove')}>
            {w.remove}
          </Button>
        </Needs>
      </div>
      {fault === null ? null : (
        <p role="alert" className="fault">
          ✕ {fault}
        </p>
      )}
      <div role="status">{answer === null ? null : <TestAnswer answer={answer} />}</div>
      {asking === 'edit' ? <WebhookForm webhook={webhook} onClose={() => setAsking(null)} /> : null}
      <Confirms webhook={webhook} asking={asking} onClose={() => setAsking(null)} onSecret={onSecret} />
    </>
  );
}

function TestAnswer({ answer }: { answer: Answer & { ok: boolean } }) {
  const w = useWords(words);
  const { span } = useFormat();
  return (
    <div className={`would ${answer.ok ? 'won' : 'wait'}`}>
      <p>
        <Mark
          shape={answer.ok ? '●' : '✕'}
          tone={answer.ok ? 'won' : 'fault'}
          says={answer.ok ? w.testOk(answer.status, span(answer.ms)) : w.testBad(span(answer.ms))}
        />{' '}
        {answer.error === null ? null : <Original>{answer.error}</Original>}
      </p>
      {answer.body === '' ? <p className="quiet">{w.noBody}</p> : <Raw text={answer.body} label={w.answer} />}
    </div>
  );
}

interface ConfirmsProps {
  webhook: Webhook;
  asking: Asking;
  onClose(): void;
  onSecret(secret: string): void;
}

function Confirms({ webhook, asking, onClose, onSecret }: ConfirmsProps) {
  const w = useWords(words);
  const queries = useQueryClient();
  const { number } = useFormat();
  const at = pathOf(webhook.id);
  const rows = queries.getQueriesData<{ pages: { items: unknown[]; next: string | null }[] }>({
    queryKey: ['rows', `${at}/deliveries`],
  });
  const pages = rows.flatMap(([, data]) => data?.pages ?? []);
  const shown = pages.reduce((sum, { items }) => sum + items.length, 0);
  const count = w.more(number(shown), pages.at(-1)?.next != null);
  const again = () => queries.invalidateQueries({ queryKey: ['webhooks'] });
  return (
    <>
      <Confirm
        opened={asking === 'rotate'}
        title={w.rotate}
        action={w.rotate}
        onClose={onClose}
        onConfirm={async () => {
          const told = await ask<{ secret: string }>(`${at}/rotate`, { method: 'POST', body: {} });
          onSecret(told.secret);
        }}
      >
        {w.rotateSays}
      </Confirm>
      <Confirm
        opened={asking === 'disable'}
        title={w.disable}
        action={w.disable}
        onClose={onClose}
        onConfirm={() => ask(`${at}/disable`, { method: 'POST', body: {} }).then(again)}
      >
        {w.disableSays}
      </Confirm>
      <Confirm
        opened={asking === 'remove'}
        title={w.removeTitle}
        action={w.remove}
        onClose={onClose}
        onConfirm={async () => {
          await ask(at, { method: 'DELETE' });
          go('webhooks');
          await again();
        }}
      >
        {w.removeSays(count)}
      </Confirm>
    </>
  );
}

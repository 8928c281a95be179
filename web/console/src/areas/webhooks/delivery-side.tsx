/** One delivery: each try with its answer, and sending it again. */

import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { ask } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { useRows } from '../../list.ts';
import { Facts, Raw, Section, Side } from '../../parts/detail.tsx';
import { Mark } from '../../parts/pieces.tsx';
import { Loaded } from '../../parts/states.tsx';
import { go } from '../../route.ts';
import { Original, Refusal } from '../../said.tsx';
import { DeliveryState, useAnswerText } from './deliveries.tsx';
import { type Answer, type Delivery, pathOf, words } from './words.ts';

export function DeliverySide({ webhook, id }: { webhook: string; id: string }) {
  const w = useWords(words);
  // There is no call for one alone: it is among those that the list has brought.
  const rows = useRows<Delivery>(`${pathOf(webhook)}/deliveries`, { everyMs: 3_000 });
  return (
    <Side title={w.deliveryOf(id)} onClose={() => go('webhooks', webhook)}>
      <Loaded query={rows.query}>
        {(deliveries) => {
          const one = deliveries.find((delivery) => String(delivery.id) === id);
          return one === undefined ? <p className="quiet">–</p> : <Shown webhook={webhook} delivery={one} />;
        }}
      </Loaded>
    </Side>
  );
}

function Shown({ webhook, delivery }: { webhook: string; delivery: Delivery }) {
  const w = useWords(words);
  const format = useFormat();
  const queries = useQueryClient();
  const [told, setTold] = useState<ReactNode>(null);
  const resend = async (): Promise<void> => {
    try {
      await ask(`${pathOf(webhook)}/deliveries/${delivery.id}/resend`, { method: 'POST', body: {} });
      setTold(w.resent);
      await queries.invalidateQueries({ queryKey: ['rows'] });
    } catch (error) {
      setTold(<Refusal error={error} />);
    }
  };
  return (
    <>
      <p>
        <DeliveryState of={delivery.state} />
      </p>
      <div className="acts">
        <Button variant="default" onClick={() => void resend()}>
          {w.resend}
        </Button>
        <span role="status">{told}</span>
      </div>
      <Facts
        rows={[
          [w.type, <code key="type">{delivery.type}</code>],
          [w.event, <code key="event">{delivery.eventId}</code>],
          [w.campaigns, delivery.campaignId],
          [w.claim, delivery.claimId && <code key="claim">{delivery.claimId}</code>],
          [w.tries, w.times(format.number(delivery.tries))],
          [w.when, format.time(delivery.createdAt)],
          [w.next, delivery.nextTryAt && format.time(delivery.nextTryAt)],
          [w.settled, delivery.settledAt && format.time(delivery.settledAt)],
        ]}
      />
      <Section title={w.answers}>
        {delivery.answers.toReversed().map((answer) => (
          <OneAnswer key={answer.at} answer={answer} />
        ))}
      </Section>
    </>
  );
}

function OneAnswer({ answer }: { answer: Answer }) {
  const w = useWords(words);
  const format = useFormat();
  const text = useAnswerText()(answer);
  const ok = answer.error === null;
  return (
    <div className="step">
      <p>
        <Mark shape={ok ? '●' : '✕'} tone={ok ? 'won' : 'fault'} says={text} />{' '}
        <span className="quiet">{format.time(answer.at)}</span>
      </p>
      {answer.error === null ? null : (
        <p className="fault">
          <Original>{answer.error}</Original>
        </p>
      )}
      {answer.body === '' ? null : <Raw text={answer.body} label={w.answer} />}
    </div>
  );
}

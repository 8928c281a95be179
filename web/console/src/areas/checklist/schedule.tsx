/** Opening by the clock: the time, what will happen then, and taking it back. */

import { Button, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, type Campaign, Trouble } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { Confirm, Mark } from '../../parts/pieces.tsx';
import { faultOf } from '../campaign-form/faults.ts';
import { localText, withOffset, zone } from '../campaign-form/times.ts';
import { formWords } from '../campaign-form/words.ts';
import { words } from './words.ts';

type Asked = 'set' | 'cancel' | null;

export function Schedule({ campaign }: { campaign: Campaign }) {
  const w = useWords(words).schedule;
  const format = useFormat();
  const [typed, setTyped] = useState(localText(campaign.opensAt));
  const [asked, ask_] = useState<Asked>(null);
  const [fault, setFault] = useState<string | null>(null);
  const change = useOpening(campaign);
  const opensAt = withOffset(typed);
  const isPast = opensAt !== null && Date.parse(opensAt) <= Date.now();
  const begin = (): void => {
    setFault(opensAt === null ? w.empty : null);
    if (opensAt !== null) ask_('set');
  };
  return (
    <section className="opening" aria-labelledby="schedule-title">
      <h2 id="schedule-title">{w.title}</h2>
      {campaign.opensAt === null ? null : (
        <p>
          <Mark shape="◔" tone="wait" says={w.now(format.time(campaign.opensAt))} />
        </p>
      )}
      <div className="opening-row">
        <TextInput
          id="schedule-at"
          type="datetime-local"
          step={1}
          label={w.label}
          description={w.hint(zone())}
          error={fault}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Button variant="default" onClick={begin}>
          {w.act}
        </Button>
        {campaign.opensAt === null ? null : (
          <Button variant="default" onClick={() => ask_('cancel')}>
            {w.cancel}
          </Button>
        )}
      </div>
      <Confirm
        opened={asked === 'set'}
        title={w.act}
        action={w.act}
        onClose={() => ask_(null)}
        onConfirm={() => change(opensAt)}
      >
        <p>{w.confirm(format.time(opensAt), format.number(campaign.quantity))}</p>
        {isPast ? <p>{w.past}</p> : null}
      </Confirm>
      <Confirm
        opened={asked === 'cancel'}
        title={w.cancel}
        action={w.cancel}
        onClose={() => ask_(null)}
        onConfirm={async () => {
          await change(null);
          setTyped('');
        }}
      >
        <p>{w.confirmCancel}</p>
      </Confirm>
    </section>
  );
}

/** Sets `opensAt` of the version that is shown; what is refused is thrown in the reader's language. */
function useOpening(campaign: Campaign): (opensAt: string | null) => Promise<void> {
  const w = useWords(words).schedule;
  const form = useWords(formWords);
  const queries = useQueryClient();
  return async (opensAt) => {
    const path = `/v1/admin/campaigns/${encodeURIComponent(campaign.id)}`;
    try {
      const changed = await ask<Campaign>(path, {
        method: 'PATCH',
        body: { opensAt },
        ifMatch: `"${campaign.version}"`,
      });
      queries.setQueryData(['campaign', campaign.id], changed);
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      void queries.invalidateQueries({ queryKey: ['campaign', campaign.id] });
      throw new Error(
        error.code === 'precondition_failed' ? w.stale : faultOf(error, ['opensAt'], form).says,
      );
    }
  };
}

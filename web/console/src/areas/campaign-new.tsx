/** A new campaign, or a copy of one. */

import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';
import { ask, type Campaign } from '../api.ts';
import { useWords } from '../language.tsx';
import { Head } from '../parts/pieces.tsx';
import { Needs, useMay } from '../parts/role.tsx';
import { Loaded } from '../parts/states.tsx';
import { askBeforeLeaving, go, usePlace } from '../route.ts';
import { CampaignForm } from './campaign-form/campaign-form.tsx';
import { copyOf, EMPTY, type Form, newBodyOf } from './campaign-form/form.ts';
import { Unsaved } from './campaign-form/unsaved.tsx';
import { formWords } from './campaign-form/words.ts';
import { useCampaign } from './use-campaign.ts';

export default function View() {
  const { query } = usePlace();
  const like = query.get('copy');
  return like === null ? <New first={EMPTY} like={null} /> : <Copy key={like} id={like} />;
}

function Copy({ id }: { id: string }) {
  const w = useWords(formWords);
  const query = useCampaign(id);
  return (
    <Loaded query={query}>
      {(campaign) => <New first={copyOf(campaign, w.copyName(campaign.name))} like={campaign.id} />}
    </Loaded>
  );
}

/** How many fields were filled in otherwise than they were. */
function differencesOf(first: Form, form: Form): number {
  const names = Object.keys(form) as (keyof Form)[];
  return names.filter((name) => JSON.stringify(first[name]) !== JSON.stringify(form[name])).length;
}

function New({ first, like }: { first: Form; like: string | null }) {
  const w = useWords(formWords);
  const may = useMay('operate');
  const queries = useQueryClient();
  const [form, setForm] = useState(first);
  // Asked again after a lost answer, it is the same creation as long as nothing was changed.
  const creation = useRef({ body: '', key: '' });
  const create = async (): Promise<void> => {
    const body = newBodyOf(form);
    const text = JSON.stringify(body);
    if (creation.current.body !== text) creation.current = { body: text, key: crypto.randomUUID() };
    const { key: idempotencyKey } = creation.current;
    const made = await ask<Campaign>('/v1/admin/campaigns', { method: 'POST', body, idempotencyKey });
    queries.setQueryData(['campaign', made.id], made);
    askBeforeLeaving(null);
    go('campaigns', made.id, 'checklist');
  };
  return (
    <>
      <Head title={w.newTitle} under={like === null ? w.newUnder : w.copied(like)} />
      <Needs least="operate">{null}</Needs>
      <Unsaved count={differencesOf(first, form)} />
      <CampaignForm
        form={form}
        onChange={setForm}
        campaign={null}
        locked={!may}
        pending=""
        action={w.create}
        onSend={create}
      />
    </>
  );
}

/** The definition as a form. What somebody else has changed meanwhile is never overwritten unseen. */

import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, type Campaign, Trouble } from '../api.ts';
import { useWords } from '../language.tsx';
import { Needs, useMay } from '../parts/role.tsx';
import { placeOf } from '../route.ts';
import { CampaignForm } from './campaign-form/campaign-form.tsx';
import { Conflict } from './campaign-form/conflict.tsx';
import { changesOf, type Form, formOf } from './campaign-form/form.ts';
import { hasBegun } from './campaign-form/frozen.ts';
import { formWords } from './campaign-form/words.ts';

/** What is edited: the version that was read, and what has been made of it. */
interface Draft {
  base: Campaign;
  form: Form;
}

const pathOf = ({ id }: Campaign): string => `/v1/admin/campaigns/${encodeURIComponent(id)}`;
const startOf = (base: Campaign): Draft => ({ base, form: formOf(base) });

export default function View({ campaign }: { campaign: Campaign }) {
  const w = useWords(formWords);
  const may = useMay('operate');
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => startOf(campaign));
  const [theirs, setTheirs] = useState<Campaign | null>(null);
  const [busy, setBusy] = useState(false);
  const [note, setNote] = useState<string | null>(null);
  const before = formOf(draft.base);
  const changes = changesOf(before, draft.form);
  const count = Object.keys(changes).length;
  // Nothing is lost by taking what is newer while nothing has been written.
  if (count === 0 && theirs === null && campaign.version > draft.base.version) setDraft(startOf(campaign));

  const save = async ({ base, form }: Draft): Promise<void> => {
    const body = changesOf(formOf(base), form);
    try {
      const saved =
        Object.keys(body).length === 0
          ? base
          : await ask<Campaign>(pathOf(base), { method: 'PATCH', body, ifMatch: `"${base.version}"` });
      queries.setQueryData(['campaign', saved.id], saved);
      setDraft(startOf(saved));
      setTheirs(null);
      setNote(w.saved);
    } catch (error) {
      if (!(error instanceof Trouble) || error.code !== 'precondition_failed') throw error;
      setTheirs(await ask<Campaign>(pathOf(base)));
    }
  };
  /** What the server refuses of it is shown in the form, where it can be mended. */
  const keep = async (form: Form): Promise<void> => {
    if (theirs === null) return;
    setBusy(true);
    const merged = { base: theirs, form };
    try {
      await save(merged);
    } catch {
      setTheirs(null);
      setDraft(merged);
    } finally {
      setBusy(false);
    }
  };

  if (theirs !== null) {
    return (
      <Conflict
        key={theirs.version}
        base={before}
        mine={draft.form}
        theirs={theirs}
        busy={busy}
        onKeep={(form) => void keep(form)}
        onBack={() => setTheirs(null)}
      />
    );
  }
  const isBehind = campaign.version > draft.base.version;
  const idle = note ?? w.unchanged;
  return (
    <>
      <div className="form-top">
        <Needs least="operate">
          <a href={`${placeOf('campaigns', '+new')}?copy=${encodeURIComponent(campaign.id)}`}>{w.copy}</a>
        </Needs>
        {hasBegun(draft.base) ? <p className="quiet">{w.begun}</p> : null}
        {isBehind ? (
          <p role="status" className="says">
            <span className="mark wait" aria-hidden="true">
              ◑
            </span>{' '}
            {w.newer}
          </p>
        ) : null}
      </div>
      <CampaignForm
        form={draft.form}
        onChange={(form) => {
          setNote(null);
          setDraft({ ...draft, form });
        }}
        campaign={draft.base}
        locked={!may}
        pending={count === 0 ? null : w.changed(count)}
        note={count === 0 ? idle : null}
        action={w.save}
        onSend={() => save(draft)}
        onUndo={() => setDraft(startOf(campaign))}
      />
    </>
  );
}

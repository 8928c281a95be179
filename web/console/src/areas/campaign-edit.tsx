/** The definition as a form. What somebody else has changed meanwhile is never overwritten unseen. */

import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { ask, type Campaign, Trouble } from '../api.ts';
import { useWords } from '../language.tsx';
import { Mark } from '../parts/pieces.tsx';
import { Needs, useMay } from '../parts/role.tsx';
import { placeOf } from '../route.ts';
import { CampaignForm } from './campaign-form/campaign-form.tsx';
import { Conflict } from './campaign-form/conflict.tsx';
import { changesOf, type Form, formOf } from './campaign-form/form.ts';
import { hasBegun } from './campaign-form/frozen.ts';
import { Unsaved } from './campaign-form/unsaved.tsx';
import { formWords } from './campaign-form/words.ts';

/** What is edited: the version that was read, and what has been made of it. */
interface Draft {
  base: Campaign;
  form: Form;
}

const pathOf = ({ id }: Campaign): string => `/v1/admin/campaigns/${encodeURIComponent(id)}`;
const startOf = (base: Campaign): Draft => ({ base, form: formOf(base) });

interface Editing {
  draft: Draft;
  /** of somebody else, while it is chosen what is kept */
  theirs: Campaign | null;
  busy: boolean;
  wasSaved: boolean;
  write(form: Form): void;
  save(): Promise<void>;
  /** Stores what was chosen of theirs and mine. What the server refuses of it is left in the form, to be mended there. */
  keep(merged: Form): Promise<void>;
  goBack(): void;
  undo(): void;
}

function useEditing(campaign: Campaign): Editing {
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => startOf(campaign));
  const [theirs, setTheirs] = useState<Campaign | null>(null);
  const [busy, setBusy] = useState(false);
  const [wasSaved, setSaved] = useState(false);
  const isUntouched = Object.keys(changesOf(formOf(draft.base), draft.form)).length === 0;
  // Nothing is lost by taking what is newer while nothing has been written.
  if (isUntouched && theirs === null && campaign.version > draft.base.version) setDraft(startOf(campaign));

  const store = async ({ base, form }: Draft): Promise<void> => {
    const body = changesOf(formOf(base), form);
    const change = { method: 'PATCH', body, ifMatch: `"${base.version}"` } as const;
    try {
      const saved = Object.keys(body).length === 0 ? base : await ask<Campaign>(pathOf(base), change);
      queries.setQueryData(['campaign', saved.id], saved);
      setDraft(startOf(saved));
      setTheirs(null);
      setSaved(true);
    } catch (error) {
      if (!(error instanceof Trouble) || error.code !== 'precondition_failed') throw error;
      setTheirs(await ask<Campaign>(pathOf(base)));
    }
  };
  return {
    draft,
    theirs,
    busy,
    wasSaved,
    write(form) {
      setSaved(false);
      setDraft({ ...draft, form });
    },
    save: () => store(draft),
    async keep(form) {
      if (theirs === null) return;
      const merged = { base: theirs, form };
      setBusy(true);
      await store(merged).catch(() => {
        setTheirs(null);
        setDraft(merged);
      });
      setBusy(false);
    },
    goBack: () => setTheirs(null),
    undo: () => setDraft(startOf(campaign)),
  };
}

export default function View({ campaign }: { campaign: Campaign }) {
  const w = useWords(formWords);
  const may = useMay('operate');
  const editing = useEditing(campaign);
  const { draft, theirs } = editing;
  const before = formOf(draft.base);
  const count = Object.keys(changesOf(before, draft.form)).length;
  if (theirs !== null) {
    return (
      <>
        <Unsaved count={count} />
        <Conflict
          key={theirs.version}
          base={before}
          mine={draft.form}
          theirs={theirs}
          busy={editing.busy}
          onKeep={(form) => void editing.keep(form)}
          onBack={editing.goBack}
        />
      </>
    );
  }
  const idle = editing.wasSaved ? w.saved : w.unchanged;
  return (
    <>
      <Unsaved count={count} />
      <Top campaign={campaign} base={draft.base} />
      <CampaignForm
        form={draft.form}
        onChange={editing.write}
        campaign={draft.base}
        locked={!may}
        pending={count === 0 ? null : w.changed(count)}
        note={count === 0 ? idle : null}
        action={w.save}
        onSend={editing.save}
        onUndo={editing.undo}
      />
    </>
  );
}

/** What holds of all of it: copying, that it has begun, that somebody else has changed it. */
function Top({ campaign, base }: { campaign: Campaign; base: Campaign }) {
  const w = useWords(formWords);
  return (
    <div className="form-top">
      <Needs least="operate">
        <a href={`${placeOf('campaigns', '+new')}?copy=${encodeURIComponent(campaign.id)}`}>{w.copy}</a>
      </Needs>
      {hasBegun(base) ? <p className="quiet">{w.begun}</p> : null}
      {campaign.version > base.version ? (
        <p role="status" className="says">
          <Mark shape="◑" tone="wait" says={w.newer} />
        </p>
      ) : null}
    </div>
  );
}

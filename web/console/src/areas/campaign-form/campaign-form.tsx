/** The form with its preview: for a new campaign and for one that exists. */

import { Button } from '@mantine/core';
import { type FormEvent, useEffect, useState } from 'react';
import './campaign-form.css';
import { type Campaign, Trouble } from '../../api.ts';
import { useWords } from '../../language.tsx';
import { type Fault, faultOf } from './faults.ts';
import { type Editing, EditingContext } from './fields.tsx';
import { EMPTY, type Form } from './form.ts';
import { Preview, Sums } from './preview.tsx';
import { Sections } from './sections.tsx';
import { formWords } from './words.ts';

export interface CampaignFormProps {
  form: Form;
  onChange(form: Form): void;
  campaign: Campaign | null;
  /** the key may not change anything: the form is there to be read */
  locked: boolean;
  /** says what there is to save; null: nothing */
  pending: string | null;
  action: string;
  /** resolves when it is done; a Trouble is shown where it belongs */
  onSend(): Promise<void>;
  onUndo?: () => void;
  /** shown where the acts are, when nothing is to be said */
  note?: string | null;
}

const INPUTS = Object.keys(EMPTY);

export function CampaignForm(props: CampaignFormProps) {
  const { form, onChange, campaign, locked, pending, action, onSend, onUndo, note } = props;
  const w = useWords(formWords);
  const [fault, setFault] = useState<Fault | null>(null);
  const [busy, setBusy] = useState(false);
  // Whoever writes with a screen reader or at the bottom of the form is brought to what has to be mended.
  useEffect(() => {
    const input = fault?.input ? document.getElementById(`f-${fault.input}`) : null;
    input?.focus({ preventScroll: true });
    input?.scrollIntoView({ block: 'center' });
  }, [fault]);
  const editing: Editing = {
    form,
    campaign,
    fault,
    locked,
    set: (input, value) => {
      if (fault?.input === input) setFault(null);
      onChange({ ...form, [input]: value });
    },
  };
  const send = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setFault(null);
    try {
      await onSend();
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      setFault(faultOf(error, INPUTS, w));
    } finally {
      setBusy(false);
    }
  };
  const isOver = campaign?.status === 'closed' || campaign?.status === 'archived';
  const said = fault === null ? null : fault.input === null ? fault.says : w.toFix(w.labels[fault.input]);
  return (
    <EditingContext value={editing}>
      <form className="campaign-form" noValidate onSubmit={(event) => void send(event)}>
        <div className="form-parts">
          <Sections />
          <div className="form-foot">
            <Button
              type="submit"
              color="signal"
              className="does"
              loading={busy}
              disabled={locked || pending === null}
            >
              {action}
            </Button>
            {onUndo && pending !== null ? (
              <Button variant="default" onClick={onUndo}>
                {w.undo}
              </Button>
            ) : null}
            <p role={said ? 'alert' : 'status'} className={said ? 'fault' : 'quiet'}>
              {said ? `✕ ${said}` : (note ?? pending ?? '')}
            </p>
          </div>
        </div>
        <div className="form-beside">
          <Preview form={form} openedAt={campaign?.openedAt ?? null} />
          {isOver ? null : <Sums form={form} openedAt={campaign?.openedAt ?? null} />}
        </div>
      </form>
    </EditingContext>
  );
}

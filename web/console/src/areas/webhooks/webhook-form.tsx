/** A webhook's address and what it is told of: a new one, or one that is changed. */

import { Button, Checkbox, Modal, MultiSelect, Radio, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { ask, type Campaign, type List, Trouble } from '../../api.ts';
import { useWords } from '../../language.tsx';
import { Refusal } from '../../said.tsx';
import { FACTS, PATH, pathOf, type Webhook, words } from './words.ts';

export interface WebhookFormProps {
  /** null: a new one */
  webhook: Webhook | null;
  onClose(): void;
  /** with its secret, when it is new */
  onMade?(made: Webhook & { secret: string }): void;
}

export function WebhookForm({ webhook, onClose, onMade }: WebhookFormProps) {
  const w = useWords(words);
  const queries = useQueryClient();
  const [url, setUrl] = useState(webhook?.url ?? '');
  const [description, setDescription] = useState(webhook?.description ?? '');
  const [facts, setFacts] = useState<string[] | null>(webhook?.facts ?? null);
  const [campaigns, setCampaigns] = useState<string[]>(webhook?.campaigns ?? []);
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState<Trouble | null>(null);
  const save = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    // None of them is not all of them.
    if (facts?.length === 0) return setTrouble(new Trouble(400, 'invalid_field', w.noFacts));
    setBusy(true);
    setTrouble(null);
    const body = {
      ...{ url: url.trim(), description, facts },
      campaigns: campaigns.length === 0 ? null : campaigns,
    };
    try {
      if (webhook === null) onMade?.(await ask(PATH, { method: 'POST', body }));
      else await ask(pathOf(webhook.id), { method: 'PATCH', body });
      await queries.invalidateQueries({ queryKey: ['webhooks'] });
      if (webhook !== null) onClose();
    } catch (error) {
      if (!(error instanceof Trouble)) throw error;
      setTrouble(error);
    } finally {
      setBusy(false);
    }
  };
  const isUrl = trouble?.code === 'webhook_url_refused' || trouble?.body['pointer'] === '/url';
  return (
    <Modal
      opened
      onClose={onClose}
      title={webhook === null ? w.addTitle : w.editTitle}
      size="lg"
      closeButtonProps={{ 'aria-label': w.cancel }}
    >
      <form className="form" onSubmit={(event) => void save(event)}>
        <TextInput
          label={w.url}
          description={w.urlHint}
          error={isUrl ? <Refusal error={trouble} /> : null}
          value={url}
          maxLength={2048}
          required
          onChange={(event) => setUrl(event.currentTarget.value)}
          data-autofocus
        />
        <TextInput
          label={w.description}
          value={description}
          maxLength={500}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        <FactsField facts={facts} onChange={setFacts} />
        <CampaignsField campaigns={campaigns} onChange={setCampaigns} />
        <Saving
          fault={isUrl || trouble === null ? null : <Refusal error={trouble} />}
          busy={busy}
          onClose={onClose}
        />
      </form>
    </Modal>
  );
}

function Saving({ fault, busy, onClose }: { fault: ReactNode; busy: boolean; onClose(): void }) {
  const w = useWords(words);
  return (
    <>
      {fault === null ? null : (
        <p role="alert" className="fault">
          ✕ {fault}
        </p>
      )}
      <div className="view-acts">
        <Button type="submit" color="signal" className="does" loading={busy}>
          {w.save}
        </Button>
        <Button variant="default" onClick={onClose}>
          {w.cancel}
        </Button>
      </div>
    </>
  );
}

function FactsField({ facts, onChange }: { facts: string[] | null; onChange(facts: string[] | null): void }) {
  const w = useWords(words);
  return (
    <fieldset>
      <legend>{w.facts}</legend>
      <div className="view-acts">
        <Radio label={w.allFacts} name="facts" checked={facts === null} onChange={() => onChange(null)} />
        <Radio label={w.chosenFacts} name="facts" checked={facts !== null} onChange={() => onChange([])} />
      </div>
      {facts === null ? null : (
        <div className="ticks">
          {FACTS.map((fact) => (
            <Checkbox
              key={fact}
              label={fact}
              checked={facts.includes(fact)}
              onChange={({ currentTarget: { checked } }) =>
                onChange(checked ? [...facts, fact] : facts.filter((one) => one !== fact))
              }
            />
          ))}
        </div>
      )}
    </fieldset>
  );
}

function CampaignsField({
  campaigns,
  onChange,
}: {
  campaigns: string[];
  onChange(campaigns: string[]): void;
}) {
  const w = useWords(words);
  const query = useQuery({
    queryKey: ['campaigns', 'all'],
    queryFn: () => ask<List<Campaign>>('/v1/admin/campaigns?limit=1000'),
  });
  const known = query.data?.items.map(({ id }) => id) ?? [];
  return (
    <MultiSelect
      label={w.campaigns}
      description={w.campaignsHint}
      data={[...new Set([...known, ...campaigns])]}
      value={campaigns}
      onChange={onChange}
      placeholder={campaigns.length === 0 ? w.allCampaigns : ''}
      searchable
    />
  );
}

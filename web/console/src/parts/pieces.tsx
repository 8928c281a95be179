/** Small pieces that every view uses: how a state looks, figures with their units, and asking before it happens. */

import { Button, Group, Modal, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import type { Campaign } from '../api.ts';
import { useWords } from '../language.tsx';
import { Refusal } from '../said.tsx';

const words = {
  ko: {
    draft: '준비 중',
    scheduled: '열리기 전',
    open: '열림',
    paused: '멈춤',
    sold_out: '소진',
    closed: '끝남',
    archived: '보관',
    cancel: '그만두기',
    reason: '이유 (감사 기록에 남아요)',
  },
  en: {
    draft: 'Draft',
    scheduled: 'Scheduled',
    open: 'Open',
    paused: 'Paused',
    sold_out: 'Sold out',
    closed: 'Closed',
    archived: 'Archived',
    cancel: 'Cancel',
    reason: 'Reason (kept in the audit log)',
  },
};

/** State is a word, a shape and a colour. */
const SHAPES: Readonly<Record<Campaign['status'], [string, string]>> = {
  draft: ['○', 'quiet'],
  scheduled: ['◔', 'wait'],
  open: ['●', 'signal'],
  paused: ['‖', 'wait'],
  sold_out: ['■', 'ink'],
  closed: ['□', 'ink'],
  archived: ['▤', 'quiet'],
};

export function Status({ of }: { of: Campaign['status'] }) {
  const w = useWords(words);
  const [shape, tone] = SHAPES[of];
  return <Mark shape={shape} tone={tone as Tone} says={w[of]} />;
}

export type Tone = 'quiet' | 'wait' | 'signal' | 'ink' | 'won' | 'fault';

export function Mark({ shape, tone, says }: { shape: string; tone: Tone; says: ReactNode }) {
  return (
    <span className="says">
      <span className={`mark ${tone}`} aria-hidden="true">
        {shape}
      </span>{' '}
      {says}
    </span>
  );
}

/** A figure that stands alone: the number large, its unit and what it is in quiet letters. */
export function Figure({
  value,
  unit,
  label,
  tone = 'ink',
}: {
  value: ReactNode;
  unit?: string;
  label: string;
  tone?: Tone;
}) {
  return (
    <div className={`figure ${tone}`}>
      <div className="figure-value">
        {value}
        {unit ? <span className="figure-unit"> {unit}</span> : null}
      </div>
      <div className="figure-label">{label}</div>
    </div>
  );
}

export interface ConfirmProps {
  opened: boolean;
  title: string;
  /** what will happen, in numbers */
  children: ReactNode;
  action: string;
  /** nothing can be done without one */
  needsReason?: boolean;
  onClose(): void;
  /** resolves when it is done; what it throws is shown */
  onConfirm(reason: string): Promise<unknown>;
}

/** Says what will happen before it happens. */
export function Confirm({ opened, title, children, action, needsReason, onClose, onConfirm }: ConfirmProps) {
  const w = useWords(words);
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<ReactNode>(null);
  const run = async (): Promise<void> => {
    setBusy(true);
    setFault(null);
    try {
      await onConfirm(reason);
      setReason('');
      onClose();
    } catch (error) {
      setFault(<Refusal error={error} />);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ 'aria-label': w.cancel }}>
      <div className="confirm">{children}</div>
      {needsReason ? (
        <TextInput
          label={w.reason}
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          data-autofocus
        />
      ) : null}
      {fault === null ? null : (
        <p role="alert" className="fault">
          ✕ {fault}
        </p>
      )}
      <Group justify="flex-end" mt="md">
        <Button variant="default" onClick={onClose}>
          {w.cancel}
        </Button>
        <Button
          color="signal"
          className="does"
          loading={busy}
          disabled={needsReason === true && reason.trim() === ''}
          onClick={() => void run()}
        >
          {action}
        </Button>
      </Group>
    </Modal>
  );
}

/** A view's head: where one is, and what can be done here. */
export function Head({
  title,
  under,
  children,
}: {
  title: ReactNode;
  under?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <header className="view-head">
      <div>
        <h1>{title}</h1>
        {under ? <p className="quiet">{under}</p> : null}
      </div>
      {children ? <div className="view-acts">{children}</div> : null}
    </header>
  );
}

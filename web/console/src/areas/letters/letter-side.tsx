/** One dead letter: what led to it, what a replay would do now, and doing it or giving it up. */

import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { ask } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { Facts, Raw, Section, Side } from '../../parts/detail.tsx';
import { Confirm, Mark } from '../../parts/pieces.tsx';
import { Needs } from '../../parts/role.tsx';
import { Loaded } from '../../parts/states.tsx';
import { go } from '../../route.ts';
import { Original, Refusal, type Said, Told } from '../../said.tsx';
import { LetterState } from './letter-state.tsx';
import { type Letter, words } from './words.ts';

interface Replayed {
  outcome: 'issued' | 'already_there' | 'stays';
  why: string | null;
  whySaid: Said | null;
  dryRun: boolean;
}

const whyOf = ({ why, whySaid }: Pick<Replayed, 'why' | 'whySaid'>): ReactNode =>
  why === null ? null : <Told text={why} said={whySaid} />;

export function LetterSide({ id }: { id: string }) {
  const w = useWords(words);
  const query = useQuery({
    queryKey: ['letter', id],
    queryFn: () => ask<Letter>(`/v1/admin/dead-letters/${encodeURIComponent(id)}`),
    refetchInterval: 5_000,
  });
  return (
    <Side title={w.letter(Number(id))} onClose={() => go('letters')}>
      <Loaded query={query}>{(letter) => <Shown letter={letter} />}</Loaded>
    </Side>
  );
}

function Shown({ letter }: { letter: Letter }) {
  const w = useWords(words);
  const format = useFormat();
  return (
    <>
      {letter.state === 'dead' ? <Open letter={letter} /> : null}
      <Facts
        rows={[
          [w.state, <LetterState key="state" of={letter.state} />],
          [w.campaign, letter.campaignId],
          [w.seq, letter.seq === null ? null : format.number(letter.seq)],
          [w.user, letter.userId],
          [w.kind, <code key="kind">{letter.type}</code>],
          [w.source, <code key="source">{letter.source}</code>],
          [w.tries, w.times(format.number(letter.tries))],
          [w.first, format.time(letter.firstAt)],
          [w.last, format.time(letter.lastAt)],
          [w.resolved, letter.resolvedAt && format.time(letter.resolvedAt)],
          [w.by, letter.resolvedBy],
          [w.said, letter.resolvedReason],
        ]}
      />
      <Section title={w.causes}>
        <Chain letter={letter} />
      </Section>
      <Section title={w.payload}>
        <Raw text={letter.payload} label={w.payload} />
      </Section>
    </>
  );
}

/** The nearest first; the reason stands for the chain where there is none. */
function Chain({ letter: { causes, reason, reasonSaid } }: { letter: Letter }) {
  const links = causes.length > 0 ? causes : [{ message: reason, code: null }];
  return (
    <ol className="chain">
      {links.map(({ message, code }, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a chain has its order, and may say a thing twice
        <li key={index}>
          {message === reason ? <Told text={reason} said={reasonSaid} /> : <Original>{message}</Original>}{' '}
          {code === null ? null : <code className="quiet">{code}</code>}
        </li>
      ))}
    </ol>
  );
}

/** What can be done with one that is dead. */
function Open({ letter }: { letter: Letter }) {
  const w = useWords(words);
  const queries = useQueryClient();
  const [told, setTold] = useState<{ says: ReactNode; why: ReactNode; ok: boolean } | null>(null);
  const [busy, setBusy] = useState<'dry' | 'replay' | null>(null);
  const [discarding, setDiscarding] = useState(false);
  const at = `/v1/admin/dead-letters/${letter.id}`;
  const again = async (): Promise<void> => {
    await queries.invalidateQueries({ queryKey: ['letter'] });
    await queries.invalidateQueries({ queryKey: ['rows'] });
  };
  const replay = async (isDry: boolean): Promise<void> => {
    setBusy(isDry ? 'dry' : 'replay');
    try {
      const done = await ask<Replayed>(`${at}/replay${isDry ? '?dryRun=true' : ''}`, {
        method: 'POST',
        body: {},
      });
      const says = isDry ? w.dryTold[done.outcome] : w.told[done.outcome];
      setTold({ says, why: whyOf(done), ok: done.outcome !== 'stays' });
      await again();
    } catch (error) {
      setTold({ says: <Refusal error={error} />, why: null, ok: false });
    } finally {
      setBusy(null);
    }
  };
  return (
    <>
      <Would letter={letter} />
      <Needs least="operate">
        <div className="acts">
          {letter.wouldDo === null ? null : (
            <>
              <Button variant="default" loading={busy === 'dry'} onClick={() => void replay(true)}>
                {w.dryRun}
              </Button>
              <Button
                color="signal"
                className="does"
                loading={busy === 'replay'}
                onClick={() => void replay(false)}
              >
                {w.replay}
              </Button>
            </>
          )}
          <Button variant="default" onClick={() => setDiscarding(true)}>
            {w.discard}
          </Button>
        </div>
      </Needs>
      <p role="status" className="told">
        {told === null ? null : (
          <>
            <Mark shape={told.ok ? '●' : '✕'} tone={told.ok ? 'won' : 'fault'} says={told.says} /> {told.why}
          </>
        )}
      </p>
      <Discard letter={letter} opened={discarding} onClose={() => setDiscarding(false)} onDone={again} />
    </>
  );
}

interface DiscardProps {
  letter: Letter;
  opened: boolean;
  onClose(): void;
  onDone(): Promise<void>;
}

function Discard({ letter, opened, onClose, onDone }: DiscardProps) {
  const w = useWords(words);
  return (
    <Confirm
      opened={opened}
      title={w.discardTitle}
      action={w.discard}
      needsReason
      onClose={onClose}
      onConfirm={async (reason) => {
        await ask(`/v1/admin/dead-letters/${letter.id}/discard`, { method: 'POST', body: { reason } });
        await onDone();
      }}
    >
      <Loss letter={letter} />
    </Confirm>
  );
}

/** What giving it up does, in numbers. */
function Loss({ letter: { campaignId, userId, seq } }: { letter: Letter }) {
  const w = useWords(words);
  const format = useFormat();
  return (
    <>
      <p>{campaignId === null ? w.freesNothing : w.frees(campaignId)}</p>
      {userId === null || seq === null ? null : <p>{w.loses(userId, format.number(seq))}</p>}
      <p>{w.final}</p>
    </>
  );
}

function Would({ letter: { wouldDo } }: { letter: Letter }) {
  const w = useWords(words);
  const tone = wouldDo?.kind === 'would_stay' || wouldDo === null ? 'wait' : 'won';
  return (
    <div className={`would ${tone}`}>
      <p className="quiet">{w.now}</p>
      <p>
        <strong>{wouldDo === null ? w.noWin : w.would[wouldDo.kind]}</strong> {wouldDo && whyOf(wouldDo)}
      </p>
    </div>
  );
}

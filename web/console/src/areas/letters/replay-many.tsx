/** Many dead letters sent through again: counted first by a dry run, then done in steps that can be stopped. */

import { Button, Modal } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { ask } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { Progress } from '../../parts/detail.tsx';
import { Figure } from '../../parts/pieces.tsx';
import { Refusal } from '../../said.tsx';
import { words } from './words.ts';

interface Many {
  issued: number;
  alreadyThere: number;
  stillDead: number;
  next: string | null;
}

interface Counts {
  issued: number;
  there: number;
  stay: number;
}

type Phase = 'looking' | 'asked' | 'going' | 'ended' | 'stopped';

/** letters a call: few enough that the bar moves */
const STEP = 200;
const NONE: Counts = { issued: 0, there: 0, stay: 0 };
const allOf = ({ issued, there, stay }: Counts): number => issued + there + stay;

export interface ReplayManyProps {
  /** null: of all */
  campaign: string | null;
  /** '': for any */
  reason: string;
  onClose(): void;
}

interface Replay {
  phase: Phase;
  /** of the dry run */
  would: Counts;
  done: Counts;
  fault: ReactNode;
  go(): void;
  stop(): void;
}

/** One step after another; `told` hears where it stands after each, and says whether to go on. */
async function passThrough(
  filter: object,
  dryRun: boolean,
  told: (counts: Counts) => boolean,
): Promise<void> {
  let counts = NONE;
  let cursor: string | null = null;
  do {
    const body = { filter, dryRun, limit: STEP, ...(cursor === null ? {} : { cursor }) };
    const step: Many = await ask<Many>('/v1/admin/dead-letters/replay', { method: 'POST', body });
    counts = {
      issued: counts.issued + step.issued,
      there: counts.there + step.alreadyThere,
      stay: counts.stay + step.stillDead,
    };
    if (!told(counts)) return;
    cursor = step.next;
  } while (cursor !== null);
}

/** Counts as soon as it is there. A stop waits for the step that is under way: what it did is counted, too. */
function useReplay({ campaign, reason }: Pick<ReplayManyProps, 'campaign' | 'reason'>): Replay {
  const queries = useQueryClient();
  const [phase, setPhase] = useState<Phase>('looking');
  const [would, setWould] = useState<Counts>(NONE);
  const [done, setDone] = useState<Counts>(NONE);
  const [fault, setFault] = useState<ReactNode>(null);
  const isStopped = useRef(false);
  const run = async (dryRun: boolean): Promise<void> => {
    const filter = { ...(campaign === null ? {} : { campaign }), ...(reason === '' ? {} : { reason }) };
    isStopped.current = false;
    setPhase(dryRun ? 'looking' : 'going');
    try {
      await passThrough(filter, dryRun, (counts) => {
        (dryRun ? setWould : setDone)(counts);
        return !isStopped.current;
      });
      const end = isStopped.current ? 'stopped' : 'ended';
      setPhase(dryRun ? 'asked' : end);
    } catch (error) {
      setFault(<Refusal error={error} />);
      setPhase('stopped');
    }
    if (!dryRun) await queries.invalidateQueries({ queryKey: ['rows'] });
  };
  const stop = (): void => {
    isStopped.current = true;
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: counted once, when it is opened
  useEffect(() => {
    void run(true);
    return stop;
  }, []);
  return { phase, would, done, fault, go: () => void run(false), stop };
}

export function ReplayMany({ campaign, reason, onClose }: ReplayManyProps) {
  const w = useWords(words);
  const { number } = useFormat();
  const { phase, would, done, fault, go, stop } = useReplay({ campaign, reason });
  const all = allOf(would);
  const isOver = phase === 'ended' || phase === 'stopped';
  return (
    <Modal
      opened
      onClose={onClose}
      title={w.manyTitle}
      size="lg"
      closeButtonProps={{ 'aria-label': w.close }}
    >
      <p className="quiet">{w.manyWhat(campaign, reason)}</p>
      <div role="status">
        {phase === 'looking' ? <p>{w.looking(number(all))}</p> : null}
        {phase === 'asked' ? <p>{all === 0 ? w.nothing : w.found(number(all))}</p> : null}
        {isOver ? <p>{phase === 'ended' ? w.ended : w.stopped}</p> : null}
      </div>
      {all > 0 ? <Three counts={phase === 'looking' || phase === 'asked' ? would : done} /> : null}
      {phase === 'going' || isOver ? (
        <Progress
          label={w.progress}
          done={allOf(done)}
          of={all}
          says={w.going(number(allOf(done)), number(all))}
        />
      ) : null}
      {fault === null ? null : (
        <p role="alert" className="fault">
          ✕ {fault}
        </p>
      )}
      <div className="acts">
        {phase === 'asked' && all > 0 ? (
          <Button color="signal" className="does" onClick={go} data-autofocus>
            {w.go(number(all))}
          </Button>
        ) : null}
        <Button variant="default" onClick={phase === 'going' ? stop : onClose}>
          {phase === 'going' ? w.stop : w.close}
        </Button>
      </div>
    </Modal>
  );
}

function Three({ counts }: { counts: Counts }) {
  const w = useWords(words);
  const format = useFormat();
  return (
    <div className="figures">
      <Figure value={format.number(counts.issued)} unit={w.unit} label={w.issue} tone="won" />
      <Figure value={format.number(counts.there)} unit={w.unit} label={w.there} />
      <Figure
        value={format.number(counts.stay)}
        unit={w.unit}
        label={w.stay}
        tone={counts.stay > 0 ? 'fault' : 'ink'}
      />
    </div>
  );
}

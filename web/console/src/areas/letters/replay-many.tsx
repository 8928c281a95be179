/** Many dead letters sent through again: counted first by a dry run, then done in steps that can be stopped. */

import { Button, Modal } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { ask } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { Progress } from '../../parts/detail.tsx';
import { Figure } from '../../parts/pieces.tsx';
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

export function ReplayMany({ campaign, reason, onClose }: ReplayManyProps) {
  const w = useWords(words);
  const format = useFormat();
  const queries = useQueryClient();
  const [phase, setPhase] = useState<Phase>('looking');
  const [would, setWould] = useState<Counts>(NONE);
  const [done, setDone] = useState<Counts>(NONE);
  const [fault, setFault] = useState<string | null>(null);
  const stop = useRef(new AbortController());
  const passThrough = async (dryRun: boolean, told: (counts: Counts) => void): Promise<void> => {
    const filter = { ...(campaign === null ? {} : { campaign }), ...(reason === '' ? {} : { reason }) };
    let counts = NONE;
    let cursor: string | null = null;
    do {
      const body = { filter, dryRun, limit: STEP, ...(cursor === null ? {} : { cursor }) };
      const { signal } = stop.current;
      const step: Many = await ask<Many>('/v1/admin/dead-letters/replay', { method: 'POST', body, signal });
      counts = {
        issued: counts.issued + step.issued,
        there: counts.there + step.alreadyThere,
        stay: counts.stay + step.stillDead,
      };
      told(counts);
      cursor = step.next;
    } while (cursor !== null && !stop.current.signal.aborted);
  };
  const run = async (dryRun: boolean): Promise<void> => {
    stop.current = new AbortController();
    const { signal } = stop.current;
    setPhase(dryRun ? 'looking' : 'going');
    try {
      await passThrough(dryRun, dryRun ? setWould : setDone);
      if (!signal.aborted) setPhase(dryRun ? 'asked' : 'ended');
    } catch (error) {
      if (!signal.aborted) setFault((error as Error).message);
    }
    if (!dryRun) await queries.invalidateQueries({ queryKey: ['rows'] });
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: counted once, when it is opened
  useEffect(() => {
    void run(true);
    return () => stop.current.abort();
  }, []);
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
        {phase === 'looking' ? <p>{w.looking(format.number(all))}</p> : null}
        {phase === 'asked' ? <p>{all === 0 ? w.nothing : w.found(format.number(all))}</p> : null}
        {isOver ? <p>{phase === 'ended' ? w.ended : w.stopped}</p> : null}
      </div>
      {all > 0 ? <Three counts={phase === 'looking' || phase === 'asked' ? would : done} /> : null}
      {phase === 'going' || isOver ? (
        <Progress
          label={w.progress}
          done={allOf(done)}
          of={all}
          says={w.going(format.number(allOf(done)), format.number(all))}
        />
      ) : null}
      {fault === null ? null : (
        <p role="alert" className="fault">
          ✕ {fault}
        </p>
      )}
      <div className="acts">
        {phase === 'asked' && all > 0 ? (
          <Button color="signal" className="does" onClick={() => void run(false)} data-autofocus>
            {w.go(format.number(all))}
          </Button>
        ) : null}
        {phase === 'going' ? (
          <Button
            variant="default"
            onClick={() => {
              stop.current.abort();
              setPhase('stopped');
            }}
          >
            {w.stop}
          </Button>
        ) : (
          <Button variant="default" onClick={onClose}>
            {w.close}
          </Button>
        )}
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

/** A rehearsal while it is played: which step it is at, and how many presses have their answer. */

import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { ask } from '../../api.ts';
import { useFormat, useWords } from '../../language.tsx';
import { Needs } from '../../parts/role.tsx';
import { keyOf, pathOf, type Rehearsal } from './rehearsals.ts';
import { words } from './words.ts';

export function UnderWay({ campaignId, rehearsal }: { campaignId: string; rehearsal: Rehearsal }) {
  const w = useWords(words);
  const format = useFormat();
  const queries = useQueryClient();
  const { progress, kill, id } = rehearsal;
  const { stage = 'preparing', finished = 0, presses = 0 } = progress ?? {};
  const stop = async (): Promise<void> => {
    await ask(`${pathOf(campaignId)}/${id}/stop`, { method: 'POST' }).catch(() => undefined);
    await queries.invalidateQueries({ queryKey: keyOf(campaignId) });
  };
  const stages = (['preparing', 'rush', 'killed', 'checking'] as const).filter(
    (one) => one !== 'killed' || kill !== null,
  );
  return (
    <section className="rehearsal-way" data-stage={stage}>
      <ol className="rehearsal-stages" aria-label={w.steps}>
        {stages.map((one) => (
          <li key={one} aria-current={one === stage ? 'step' : undefined}>
            {w.stages[one]}
            {one === 'killed' && kill !== null ? ` ${kill.atSecond} s` : ''}
          </li>
        ))}
      </ol>
      <p className="rehearsal-count">{format.number(finished)}</p>
      <p className="quiet">{w.finished(format.number(presses))}</p>
      <progress max={Math.max(1, presses)} value={finished} aria-label={w.steps} />
      <p className="hear" role="status">
        {w.stages[stage]}
      </p>
      <Needs least="operate" silent>
        <Button variant="default" onClick={() => void stop()}>
          {w.stop}
        </Button>
      </Needs>
    </section>
  );
}

/** The area of figures: what this process counts goes to the store once a second, and the rest of it when it ends. */

import { LOOK_MS, makeNotedFigures } from '../flow/figures.ts';
import { watchPartFaults } from '../flow/part-faults.ts';
import { makeSights } from '../flow/sight.ts';
import type { AfterWinParts, Started } from './area.ts';
import { repeat } from './repeat.ts';

const FLUSH_MS = 1_000;

export function startFigures(parts: AfterWinParts): Started {
  const { system, catalog, stored, master, logger } = parts;
  const figures = makeNotedFigures({
    ...{ catalog, system, master, store: stored.figures },
    source: `${system.now().toString(36)}-${system.randomBytes(6).toString('hex')}`,
    faults: watchPartFaults(parts),
  });
  const looking = system.every(LOOK_MS, () => figures.look());
  let failed = false;
  const flush = (): Promise<void> =>
    figures.flush().then(
      () => {
        failed = false;
      },
      (error: unknown) => {
        if (!failed) logger.warn({ err: error }, 'figures cannot be stored; they are kept');
        failed = true;
      },
    );
  const flushing = repeat(system, FLUSH_MS, flush);
  return {
    served: { figures, sights: makeSights(parts.shared) },
    async stop() {
      looking.stop();
      await flushing.stop();
      await flush();
    },
  };
}

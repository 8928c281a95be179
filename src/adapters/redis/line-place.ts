/**
 * A campaign's line as one process sees it: which epoch it asks for, what is on its way, and the calls of line.lua, with
 * the shuffle that may have to come in between.
 */

import type { LineAttempt, Standing } from '../../core/line.ts';
import type { LineFact } from '../../core/line-fact.ts';
import type { LineAnswer, LineFault } from '../../ports/line.ts';
import type { System } from '../../ports/system.ts';
import type { CallOutcome, Lane } from './batcher.ts';
import { makeLaneOf } from './batcher.ts';
import { clockOf, isShuffleDue, pressArgs, readPresses, readStandings } from './line-answers.ts';
import { type Armed, type AskLine, type CallParts, callArmed, LineTrouble } from './line-call.ts';
import { shuffleNow } from './line-shuffle.ts';
import { armedScript } from './scripts.ts';

export interface LinePlaceParts extends CallParts {
  system: Pick<System, 'after' | 'afterTurn'>;
  lineText: string;
  /** presses, and questions, of one campaign that may wait at once */
  waitingMax: number;
}

/** What a question is told. */
export type StandingTold = { standing: Standing | null } | { fault: LineFault };

export interface LinePlace extends Armed {
  campaignId: string;
  /** the latest clock that Redis has told about this line */
  clock: number;
  presses: Lane<LineAttempt, LineAnswer>;
  questions: Lane<string | number, StandingTold>;
  /** Calls line.lua as it is armed for this place's epoch. */
  ask: AskLine;
  /** The same, with a shuffle first when one is due. */
  askInOrder: AskLine;
  /** Facts that came about beside what was asked, to be handed out with the next answer that has any. */
  owed: LineFact[];
}

export function makeLinePlace(parts: LinePlaceParts, campaignId: string): LinePlace {
  const { client, system, waitingMax } = parts;
  const lane = <Asked, Told>(
    call: (batch: readonly Asked[]) => Promise<Told[]>,
    told: (fault: LineFault) => Told,
  ): Lane<Asked, Told> =>
    makeLaneOf<Asked, Told>({
      call: (batch) => outcomeOf(call(batch), told),
      open: () => client.status === 'ready',
      afterTurn: (run) => system.afterTurn(run),
      waitingMax,
      faults: { unavailable: told('unavailable'), overloaded: told('overloaded'), unknown: told('unknown') },
    });
  const ask: AskLine = async (op, ...details) => {
    const reply = await callArmed(parts, place, place.clock, '', op, details);
    const clock = clockOf(reply);
    if (clock > place.clock) place.clock = clock;
    return reply;
  };
  const askInOrder: AskLine = async (op, ...details) => {
    const reply = await ask(op, ...details);
    if (!isShuffleDue(reply)) return reply;
    place.owed.push(...(await shuffleNow(place, system)));
    const again = await ask(op, ...details);
    // The window moved meanwhile, to be opened later.
    if (isShuffleDue(again)) throw new LineTrouble('unavailable', 'a shuffle is due once more');
    return again;
  };
  const place: LinePlace = {
    campaignId,
    epoch: 0,
    sha: '',
    clock: 0,
    owed: [],
    ask,
    askInOrder,
    presses: lane<LineAttempt, LineAnswer>(
      async (batch) => {
        const { epoch } = place;
        const reply = await askInOrder('press', ...pressArgs(batch));
        return readPresses(reply, batch, { campaignId, epoch }, place.owed.splice(0));
      },
      (fault) => ({ fault }),
    ),
    questions: lane<string | number, StandingTold>(
      async (batch) => {
        const reply = await ask('standing', JSON.stringify(batch));
        return readStandings(reply, batch.length).map((standing) => ({ standing }));
      },
      (fault) => ({ fault }),
    ),
  };
  return place;
}

/** From now on it asks for `epoch`. Never goes back. */
export function moveLineToEpoch(place: LinePlace, epoch: number, lineText: string): void {
  if (epoch <= place.epoch) return;
  place.epoch = epoch;
  place.sha = armedScript(lineText, place.campaignId, epoch).sha;
}

async function outcomeOf<Told>(
  call: Promise<Told[]>,
  told: (fault: LineFault) => Told,
): Promise<CallOutcome<Told>> {
  try {
    return { kind: 'answered', answers: await call };
  } catch (error) {
    if (!(error instanceof LineTrouble)) return { kind: 'silent' };
    return error.fault === 'unknown' ? { kind: 'silent' } : { kind: 'refused', with: told(error.fault) };
  }
}

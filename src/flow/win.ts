/** A win on its way to the log, and those who wait until it is there. */

import type { ClaimWon } from '../core/event.ts';
import type { Log } from '../ports/log.ts';
import type { LiveCampaign, Waiter } from './catalog.ts';

/** Whether what is told of this campaign is told only when the log has it. `shared`: the gate is, and keeps `disk` itself. */
export function asksTheLog({ campaign: { durability } }: LiveCampaign, shared: boolean): boolean {
  return shared ? durability === 'logged' : durability !== 'memory';
}

/** Counts a win that the gate has just given. */
export function noteWin(live: LiveCampaign, { wonAt }: ClaimWon): void {
  live.issued += 1;
  live.firstWonAt ??= wonAt;
  live.lastWonAt = wonAt;
}

/** Puts a win on the log; whoever has to know when it is there adds himself to the waiters in the same turn. */
export function appendWin(log: Log, live: LiveCampaign, fact: ClaimWon, shared: boolean): Waiter[] {
  const waiters: Waiter[] = [];
  const { inFlight, onLog } = live;
  // What an earlier epoch decided is for those who wait for it; its number may be somebody else's by now.
  const counts = fact.epoch === live.campaign.epoch;
  if (counts) inFlight.set(fact.seq, waiters);
  live.newestInFlight = waiters;
  const settle: Waiter = (error) => {
    if (counts) inFlight.delete(fact.seq);
    if (counts && error === null && shared) onLog.add(fact.seq);
    for (const waiter of waiters) waiter(error);
  };
  let appending = true;
  log.append(fact, (error) => {
    // A log that refuses at once is heard by those who are about to wait.
    if (appending) void Promise.resolve(error).then(settle);
    else settle(error);
  });
  appending = false;
  return waiters;
}

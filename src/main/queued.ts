/** Queued mode put together: the line, whoever lets its head in, and what is public of it. */

import type { Logger } from 'pino';
import { shuffleCommitment, shuffleSeed } from '../core/shuffle.ts';
import type { Catalog, LiveCampaign } from '../flow/catalog.ts';
import type { Codes } from '../flow/codes.ts';
import { makeJoinFlow } from '../flow/join.ts';
import { lineChecks, sharedLineChecks } from '../flow/line-checks.ts';
import { withLines } from '../flow/line-gate.ts';
import { LineUp, STEP_MS } from '../flow/line-up.ts';
import type { ModeFlow } from '../flow/mode.ts';
import { publishedShuffle } from '../flow/published-shuffle.ts';
import { makePacer } from '../flow/release.ts';
import type { Tickets } from '../flow/tickets.ts';
import type { LinePublic } from '../http/parts.ts';
import type { Gate } from '../ports/gate.ts';
import type { Line } from '../ports/line.ts';
import type { LineHistory } from '../ports/line-history.ts';
import type { Log } from '../ports/log.ts';
import type { RecordStore } from '../ports/record.ts';
import type { System } from '../ports/system.ts';

export interface QueuedParts {
  system: System;
  catalog: Catalog;
  gate: Gate;
  line: Line;
  log: Log;
  history: LineHistory;
  record: Pick<RecordStore, 'holders'>;
  codes: Codes;
  tickets: Tickets;
  master: Buffer;
  shared: boolean;
  /** whether this process is the one that lets people in */
  holdsLease(): boolean;
  /** see flow/release */
  ensure?(live: LiveCampaign): Promise<boolean>;
  logger?: Logger;
}

export interface Queued {
  lineUp: LineUp;
  flow: ModeFlow;
  /** the gate, whose rules the lines are given too */
  gate: Pick<Gate, 'begin' | 'configure'>;
  public: LinePublic;
  /** Begins to let people in. */
  start(): void;
  stop(): void;
}

export function makeQueued(parts: QueuedParts): Queued {
  const { system, gate, codes, tickets, master, holdsLease, ensure, logger } = parts;
  const lineUp = new LineUp({ ...parts, seedOf: (campaignId) => shuffleSeed(master, campaignId) });
  const pacer = makePacer({
    lineUp,
    gate,
    codes,
    holdsLease,
    ...(ensure && { ensure }),
    onFault: (campaignId, error) => logger?.warn({ campaignId, err: error }, 'the line does not move'),
  });
  const { poke, onVerdict } = pacer;
  const flow = makeJoinFlow({
    lineUp,
    gate,
    tickets,
    poke: poke.bind(pacer),
    onVerdict: onVerdict.bind(pacer),
  });
  let steps: { stop(): void } | null = null;
  return {
    lineUp,
    flow,
    gate: withLines(gate, lineUp),
    public: publicLines(parts, lineUp),
    start() {
      steps ??= system.every(STEP_MS, () => pacer.tick());
    },
    stop: () => steps?.stop(),
  };
}

function publicLines({ catalog, history, master, record, shared }: QueuedParts, lineUp: LineUp): LinePublic {
  const isShuffled = (campaignId: string): boolean =>
    catalog.get(campaignId)?.campaign.line?.shuffleBeforeOpen === true;
  return {
    counts(campaignId) {
      const live = catalog.get(campaignId);
      return live?.campaign.mode === 'queued' ? lineUp.of(live).counts : null;
    },
    commitment: (campaignId) =>
      isShuffled(campaignId) ? shuffleCommitment(shuffleSeed(master, campaignId)) : null,
    shuffle: (campaignId) =>
      isShuffled(campaignId) ? publishedShuffle(history, campaignId) : Promise.resolve(null),
    // What many processes have logged is in no order of its own.
    checks: (campaignId) => (shared ? sharedLineChecks : lineChecks)(history, record, campaignId),
    estimatedWaitMs(campaignId) {
      const live = catalog.get(campaignId);
      if (live?.campaign.mode !== 'queued') return null;
      // Before a shuffle nobody stands before anybody.
      if (lineUp.of(live).counts?.unnumbered !== false) return null;
      return lineUp.waitOf(live, lineUp.of(live).counts?.waiting ?? 0).waitMs;
    },
  };
}

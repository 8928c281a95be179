/** What the composition puts together, whatever it runs on: the parts that flows are made of. */

import type { HttpParts, RunsOn } from '../http/parts.ts';

/** Whatever is served does not change with what it is served from. */
type Served =
  | 'system'
  | 'catalog'
  | 'gate'
  | 'log'
  | 'record'
  | 'campaigns'
  | 'operators'
  | 'codes'
  | 'durabilities'
  | 'caughtUp'
  | 'bring'
  | 'refresh'
  | 'seek'
  | 'onGateFault'
  | 'recorderState'
  | 'keeper'
  | 'epochs'
  | 'sharedRate'
  | 'modes'
  | 'hasGate'
  | 'tickets'
  | 'line'
  | 'gauges'
  | 'stored'
  | 'leases';

/** The parts that flows are made of, chosen by configuration. */
export interface Parts extends Pick<HttpParts, Served> {
  /** other processes decide at the same gate */
  shared: boolean;
  /** what each part is doing: `ready`, or why it is not */
  roles(): Record<string, string>;
  /** Lets go of a campaign's line, wherever it is; see flow/sweep-gate. */
  unloadLine(campaignId: string): Promise<void>;
  /** Leaves nothing in files of ours of what was taken out of them; absent: there are none. */
  scrub?(): Promise<void>;
  /** in words, for the greeting */
  runsOn: string;
  /** as codes, for pages */
  on: RunsOn;
  /** Leaves nothing unwritten behind. Presses must have been answered before. */
  stop(): Promise<void>;
}

/** What a generator is told: where to send what, and how patiently. It goes to other processes as it is. */
import type { Target } from './connection.ts';
import type { CrowdOptions } from './plan.ts';
import type { RequestOptions } from './request.ts';

/** How presses arrive: as fast as answers come back, at a rate, or in bursts of `size` every `gapMs`. */
export type Pace =
  | { kind: 'closed' }
  | { kind: 'rate'; perSecond: number }
  | { kind: 'burst'; size: number; gapMs: number };

export interface GeneratorOptions {
  readonly target: Target;
  readonly request: RequestOptions;
  readonly crowd: CrowdOptions;
  readonly connections: number;
  readonly pace: Pace;
  /** This generator takes every `of`-th press of the plan, beginning with `index`. */
  readonly share: { readonly index: number; readonly of: number };
  /** How often one press is sent at most. */
  readonly triesMax: number;
  /** How long one press is asked again, and how long an unreachable server is waited for. */
  readonly patienceMs: number;
  /** How long somebody stands in a line that answers him, at most. */
  readonly linePatienceMs: number;
  readonly timeoutMs: number;
}

/** What a report says, in each language. Short and exact; "about" only where it is an estimate. */

import type { AnswerGroup } from '../core/series.ts';
import type { UnitTotals } from '../flow/report.ts';

export interface Words {
  title: string;
  status: Readonly<Record<string, string>>;
  modes: Readonly<Record<string, string>>;
  heroSoldOut(quantity: string, took: string): string;
  cameBack(count: string): string;
  heroLeft(quantity: string, given: string): string;
  heroNone: string;
  demand(people: string, low: string, high: string, without: string): string;
  keys: Readonly<
    Record<
      | 'presses'
      | 'people'
      | 'turnedAway'
      | 'sellOut'
      | 'firstToLast'
      | 'p50'
      | 'p99'
      | 'unavailable'
      | 'deadLetters',
      string
    >
  >;
  between(low: string, high: string): string;
  soldOut: string;
  leftAtEnd(count: string): string;
  withinShare(percent: number, time: string): string;
  plots: Readonly<Record<'answers' | 'remaining' | 'wait' | 'units', string>>;
  describes: {
    answers(peak: string, total: string): string;
    remaining(from: string, to: string): string;
    wait(p50: string, p99: string): string;
    units(list: string): string;
  };
  axis: {
    perSecond: string;
    units: string;
    share: string;
    wait: string;
    ms: string;
    s: string;
    since: Readonly<Record<'opening' | 'firstWin', (unit: string) => string>>;
    clock(zone: string): string;
  };
  groups: Readonly<Record<AnswerGroup, string>>;
  units: Readonly<Record<keyof UnitTotals, string>>;
  sections: Readonly<
    Record<
      'answers' | 'later' | 'winners' | 'faults' | 'certificate' | 'definition' | 'made' | 'latency',
      string
    >
  >;
  columns: Readonly<
    Record<
      'verdict' | 'means' | 'count' | 'share' | 'seq' | 'user' | 'at' | 'state' | 'invariant' | 'figures',
      string
    >
  >;
  verdicts: Readonly<Record<string, string>>;
  first: string;
  last: string;
  nobody: string;
  unitsQuiet(count: string): string;
  noPresses: string;
  noFaults: string;
  faultsTold(count: string): string;
  fault(lasted: string, told: string): string;
  ongoing: string;
  holds: string;
  holdsNot: string;
  allHold: string;
  notAllHold: string;
  sampled: string;
  yes: string;
  no: string;
  onTheWay: string;
  invariants: Readonly<Record<string, string>>;
  definition: Readonly<Record<string, string>>;
  codes: Readonly<Record<'none' | 'generated' | 'pool', string>>;
  made: {
    record: string;
    counted(processes: string, noted: string): string;
    people: string;
    latency(measured: string): string;
    outside(count: string): string;
  };
  generated(at: string, zone: string): string;
}

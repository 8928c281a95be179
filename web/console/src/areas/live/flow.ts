/** The way of a win through the parts, in numbers: what each stage has, how fast, and what is on its way to the next. */

import { rateOf, type Sample, type Stats } from './figures.ts';

export const STAGES = ['claims', 'gate', 'log', 'record', 'issued'] as const;
export type StageName = (typeof STAGES)[number];

export interface Stage {
  name: StageName;
  /** null: not counted yet */
  count: number | null;
  perSecond: number | null;
}

/** Units that the gate has given, those that came back included. */
export const toldOf = ({ issued, returned }: Stats): number => issued + returned;

const READ: Readonly<Record<StageName, (stats: Stats) => number | null>> = {
  claims: ({ claims }) => claims,
  gate: toldOf,
  log: (stats) => Math.max(0, toldOf(stats) - stats.inFlight),
  record: ({ record }) => record?.recorded ?? null,
  issued: ({ record }) => (record === null ? null : record.recorded - record.unissued),
};

export function stagesOf(stats: Stats, samples: readonly Sample[]): Stage[] {
  const measured: Partial<Record<StageName, number>> = {
    claims: stats.claimsPerSecond,
    gate: stats.winsPerSecond,
  };
  return STAGES.map((name) => ({
    name,
    count: READ[name](stats),
    perSecond: measured[name] ?? rateOf(samples, READ[name]),
  }));
}

/** How what was told stands to what is recorded. `differ` and `setAside` are faults. */
export type Balance =
  | { kind: 'counting' }
  | { kind: 'same' }
  | { kind: 'onTheWay' | 'differ' | 'setAside'; count: number };

/** `quietMs`: how long nothing has been behind while they differed. */
export function balanceOf(stats: Stats, quietMs: number): Balance {
  const { record } = stats;
  if (record === null) return { kind: 'counting' };
  if (record.setAside > 0) return { kind: 'setAside', count: record.setAside };
  const count = differenceOf(stats);
  if (count === 0) return { kind: 'same' };
  return { kind: quietMs >= DIFFER_MS ? 'differ' : 'onTheWay', count };
}

/** A fact on its way is no difference; what stays for so long without anything on its way is. */
const DIFFER_MS = 5_000;

/** Units by which told and recorded differ. What was recorded after the gate was asked is told by now. */
export function differenceOf(stats: Stats): number {
  const { record } = stats;
  if (record === null) return 0;
  const known = record.recorded + record.setAside + record.reserved;
  if (known > record.told) return Math.max(0, known - toldOf(stats));
  return record.told - known;
}

export const isBehind = ({ lag, inFlight }: Stats): boolean =>
  lag.journal > 0 || lag.recorder > 0 || inFlight > 0;

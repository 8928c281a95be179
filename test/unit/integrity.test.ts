// Protects: where several processes share a gate, the report is green exactly when gate, log and record tell the same
// story: units without a holder and numbers of before a disaster are accounted for, lag is told as lag, loss as loss.

import { beforeEach, describe, expect, it } from 'vitest';
import type { IntegrityReport } from '../../src/flow/integrity.ts';
import { makeIntegrity } from '../../src/flow/integrity.ts';
import { makeSights } from '../../src/flow/sight.ts';
import { T0 } from '../support/samples.ts';
import type { SharedTables } from '../support/shared-parts.ts';
import { leftBehind, rowsOf, sharedPorts, sharedTables } from '../support/shared-parts.ts';

let tables: SharedTables;
/** runs before each new look */
let meanwhile: () => void;
let caughtUp: boolean;

beforeEach(() => {
  tables = sharedTables();
  meanwhile = () => undefined;
  caughtUp = true;
});

/** Waiting takes no time here, and is counted. */
function integrity(shared = true): Promise<IntegrityReport> {
  let at = 0;
  const ports = sharedPorts(tables);
  const { keeper, epochs, ...rest } = ports;
  const ask = makeIntegrity({
    ...rest,
    ...(shared ? { keeper, epochOf: () => epochs.of() } : {}),
    sights: makeSights(shared),
    system: {
      now: () => T0 + at,
      monotonic: () => at,
      after(ms, run) {
        at += ms;
        meanwhile();
        queueMicrotask(run);
        return { stop: () => undefined };
      },
    },
    caughtUp: async () => caughtUp,
  });
  return ask('chicken-100') as Promise<IntegrityReport>;
}

/** `issued` out at the gate, with the last number `lastSeq`. */
function gateHas(issued: number, lastSeq = issued): void {
  if (tables.inForce) Object.assign(tables.inForce, { issued, lastSeq });
}

/** The gate was lost and made good: epoch 2, on what the record had. */
function remade(baseSeq: number, reserved: number): void {
  Object.assign(tables.epoch, { epoch: 2, baseSeq, reserved });
  if (tables.inForce) Object.assign(tables.inForce, { epoch: 2, reserved });
}

const red = ({ checks }: IntegrityReport): string[] => checks.filter(({ ok }) => !ok).map(({ id }) => id);
const figures = ({ checks }: IntegrityReport, id: string) => checks.find((check) => check.id === id)?.figures;

describe('gate and record', () => {
  it('are green when they have the same', async () => {
    tables.rows = rowsOf(1, 40);
    gateHas(40);
    expect(await integrity()).toMatchObject({ ok: true, drained: true, gate: 'compared' });
  });

  it('are looked at again while they move', async () => {
    tables.rows = rowsOf(1, 38);
    gateHas(40);
    let looks = 0;
    meanwhile = () => {
      looks += 1;
      if (looks === 3) tables.rows = rowsOf(1, 40);
    };
    expect(await integrity()).toMatchObject({ ok: true, drained: true });
    expect(looks).toBe(3);
  });

  it('differ by what is on its way, which is no fault', async () => {
    tables.rows = rowsOf(1, 37);
    gateHas(40);
    tables.left = [leftBehind([37, 38], 9000), leftBehind([39, 40], 100)];
    const report = await integrity();
    expect(report).toMatchObject({ ok: true, drained: false });
    expect(figures(report, 'I3')).toMatchObject({ missing: 3, drained: false });
  });

  it('differ by wins that are nowhere, which is one', async () => {
    tables.rows = rowsOf(1, 37);
    gateHas(40);
    tables.left = [leftBehind([39, 40], 100)];
    expect(red(await integrity())).toEqual(['I3']);
  });

  it('differ by lag as long as the recorder is behind', async () => {
    tables.rows = rowsOf(1, 37);
    gateHas(40);
    caughtUp = false;
    expect(await integrity()).toMatchObject({ ok: true, drained: false });
  });

  it('are red when the record has more', async () => {
    tables.rows = rowsOf(1, 40);
    gateHas(39);
    expect(red(await integrity())).toEqual(['I4']);
  });
});

describe('units without a holder', () => {
  it('count as given', async () => {
    tables.live.campaign.durability = 'replicated';
    tables.rows = rowsOf(1, 30);
    remade(30, 10);
    gateHas(40, 40);
    const report = await integrity();
    expect(report).toMatchObject({ ok: true, drained: true });
    expect(figures(report, 'I3')).toMatchObject({ decided: 30, missing: 0, reserved: 10 });
  });

  it('may not hide a win that is lost, nor be given to somebody else', async () => {
    tables.rows = rowsOf(1, 30);
    remade(30, 10);
    gateHas(41, 31);
    expect(red(await integrity())).toEqual(['I3']);
    gateHas(39, 30);
    expect(red(await integrity())).toEqual(['I4']);
    gateHas(101, 30);
    expect(red(await integrity())).toContain('I1');
  });
});

describe('numbers after the gate was lost', () => {
  it('may be missing below what the epoch began with, and nowhere above', async () => {
    tables.rows = [...rowsOf(1, 10), ...rowsOf(13, 20), ...rowsOf(21, 30, 2)];
    remade(20, 0);
    gateHas(28, 30);
    const report = await integrity();
    expect(report.ok).toBe(true);
    expect(figures(report, 'I6')).toMatchObject({ gaps: 0, accountedFor: 2, baseSeq: 20, epoch: 2 });
    tables.rows = tables.rows.filter(({ seq }) => seq !== 21);
    gateHas(27, 30);
    expect(red(await integrity())).toEqual(['I6']);
  });

  it('go on above all that were leased, at the weaker levels', async () => {
    tables.live.campaign.durability = 'disk';
    tables.rows = [...rowsOf(1, 20), ...rowsOf(51, 60, 2)];
    remade(20, 30);
    gateHas(60, 60);
    expect(figures(await integrity(), 'I6')).toMatchObject({ gaps: 0, accountedFor: 30 });
    // Somebody of before turned up: his number fills a gap, and one unit less waits for its holder.
    tables.rows.push(...rowsOf(33, 33, 1));
    tables.epoch.reserved = 29;
    expect(await integrity()).toMatchObject({ ok: true });
    tables.rows = tables.rows.filter(({ seq }) => seq !== 55);
    gateHas(59, 60);
    expect(red(await integrity())).toEqual(['I6']);
  });

  it('are missing nowhere when the gate never was lost', async () => {
    tables.rows = [...rowsOf(1, 10), ...rowsOf(12, 20)];
    gateHas(19, 20);
    expect(red(await integrity())).toEqual(['I6']);
  });
});

describe('a gate that cannot be asked', () => {
  it('leaves the record to speak alone, and is named', async () => {
    tables.rows = rowsOf(1, 40);
    gateHas(3);
    tables.gateAway = true;
    expect(await integrity()).toMatchObject({ ok: true, gate: 'away' });
    tables.gateAway = false;
    if (tables.inForce) tables.inForce.armed = false;
    expect(await integrity()).toMatchObject({ ok: true, gate: 'rebuilding' });
    tables.epoch.state = 'rebuilding';
    expect(await integrity()).toMatchObject({ ok: true, gate: 'rebuilding' });
    tables.epoch.state = 'retired';
    expect(await integrity()).toMatchObject({ ok: true, gate: 'over' });
  });

  it('is not there for what is decided on the log, and what is known of that is compared', async () => {
    tables = sharedTables({ mode: 'ordered' });
    tables.rows = rowsOf(1, 40);
    gateHas(40);
    if (tables.inForce) tables.inForce.armed = false;
    expect(await integrity()).toMatchObject({ ok: true, gate: 'compared' });
    gateHas(39);
    expect(red(await integrity())).toEqual(['I4']);
  });

  it('is asked without ado when it is of this process', async () => {
    tables.rows = rowsOf(1, 40);
    gateHas(41);
    const report = await integrity(false);
    expect([red(report), report.gate]).toEqual([['I3'], 'compared']);
    tables.gateAway = true;
    expect(await integrity(false)).toMatchObject({ ok: true, gate: 'away' });
  });
});

// Protects: at a gate that other processes share, looking up tells no win that may still be lost, and denies none while
// the gate cannot say: then the record speaks, or it is said to be unknown.

import { beforeEach, describe, expect, it } from 'vitest';
import { makeCodes } from '../../src/flow/codes.ts';
import { makeLookUp } from '../../src/flow/look-up.ts';
import type { Holding } from '../../src/ports/gate.ts';
import type { RecordStore } from '../../src/ports/record.ts';
import { makeHandLog } from '../support/hand-log.ts';
import { T0 } from '../support/samples.ts';
import type { SharedTables } from '../support/shared-parts.ts';
import { rowsOf, sharedTables } from '../support/shared-parts.ts';

let tables: SharedTables;
let held: Map<string, Holding[]>;
/** runs while somebody waits for the recorder; says whether it has caught up */
let catchUp: () => boolean;

beforeEach(() => {
  tables = sharedTables();
  held = new Map([['u-7', [{ seq: 7, wonAt: T0 + 7, key: null }]]]);
  catchUp = () => true;
});

function lookUp() {
  const { live } = tables;
  const away = (): void => {
    if (tables.gateAway) throw new Error('away');
  };
  const find: RecordStore['find'] = async (_id, by) =>
    tables.rows.filter((row) =>
      'seq' in by ? row.seq === by.seq : 'userId' in by && row.userId === by.userId,
    );
  return makeLookUp({
    shared: true,
    catalog: { get: () => live, all: () => [live].values(), put: () => live, onChange: () => undefined },
    gate: {
      async holdings(_id: string, userId: string) {
        away();
        return held.get(userId) ?? [];
      },
      async counts() {
        away();
        return { issued: 7, lastSeq: 7, quantity: 100, holders: 7 };
      },
    } as unknown as Parameters<typeof makeLookUp>[0]['gate'],
    record: { find } as RecordStore,
    log: makeHandLog(),
    codes: makeCodes(Buffer.alloc(32, 1)),
    caughtUp: async () => catchUp(),
  });
}

const mine = (userId = 'u-7') => lookUp().mine('chicken-100', userId);
const ticket = (userId: string | null, seq = 7) =>
  lookUp().byTicket('chicken-100', `chicken-100.${seq}`, userId);
const WON = { kind: 'claim', claim: { seq: 7, userId: 'u-7' } };
const UNKNOWN = { kind: 'unknown' };

describe('a win of another process', () => {
  it('is told when the record has it, after a moment if need be', async () => {
    catchUp = () => {
      tables.rows = rowsOf(7, 7);
      return true;
    };
    expect(await mine()).toMatchObject(WON);
  });

  it('is unknown as long as nobody knows that it stays', async () => {
    expect([await mine(), await ticket('u-7')]).toEqual([UNKNOWN, UNKNOWN]);
    catchUp = () => false;
    expect([await mine(), await lookUp().all('u-7')]).toEqual([UNKNOWN, []]);
  });

  it('is told at once in ordered mode, where it is known because the record has it', async () => {
    catchUp = () => false;
    tables.live.campaign.mode = 'ordered';
    expect(await mine()).toMatchObject(WON);
  });

  it('is told at once when it is known to be on the log, or the gate’s word is the promise', async () => {
    catchUp = () => false;
    tables.live.onLog.add(7);
    expect(await mine()).toMatchObject(WON);
    expect(await lookUp().all('u-7')).toMatchObject([{ seq: 7 }]);
    tables = sharedTables({ durability: 'disk' });
    expect(await mine()).toMatchObject(WON);
    tables = sharedTables({ durability: 'replicated' });
    expect(await mine()).toEqual(UNKNOWN);
  });
});

describe.each([
  ['is away', () => void Object.assign(tables, { gateAway: true })],
  ['is being made good', () => void Object.assign(tables.live, { rebuilding: true })],
])('while the gate %s', (_what, begin) => {
  beforeEach(() => {
    held.clear();
    begin();
  });

  it('the record speaks', async () => {
    tables.rows = rowsOf(1, 7);
    expect(await mine()).toMatchObject(WON);
    expect(await ticket('u-7')).toMatchObject(WON);
    expect(await ticket('u-8')).toEqual({ kind: 'mismatch' });
    expect(await ticket(null)).toMatchObject({ kind: 'claim', claim: { code: null } });
  });

  it('nobody is told that he holds nothing', async () => {
    expect([await mine(), await ticket('u-7'), await ticket(null)]).toEqual([
      UNKNOWN,
      UNKNOWN,
      { kind: 'pending' },
    ]);
    expect(await lookUp().all('u-7')).toEqual([]);
  });
});

it('does not believe a gate that has just lost its memory', async () => {
  held.clear();
  tables.rows = rowsOf(1, 7);
  expect(await mine()).toMatchObject(WON);
});

it('denies what was never given, when the gate can say', async () => {
  expect([await mine('zoe'), await ticket('zoe', 8), await ticket(null, 8)]).toEqual([
    { kind: 'none' },
    { kind: 'none' },
    { kind: 'none' },
  ]);
});

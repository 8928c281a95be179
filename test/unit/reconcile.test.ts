// Protects: each difference between gate, outbox and record is named for what it is; a dry run changes nothing; applying
// does what the rule says, leaves its line in the audit log, and touches nothing that has no rule.

import { beforeEach, describe, expect, it } from 'vitest';
import type { ClaimWon } from '../../src/core/event.ts';
import type { Reconciled } from '../../src/flow/reconcile.ts';
import { makeReconcile } from '../../src/flow/reconcile.ts';
import type { Log } from '../../src/ports/log.ts';
import { T0 } from '../support/samples.ts';
import type { SharedTables } from '../support/shared-parts.ts';
import { leftBehind, rowsOf, sharedPorts, sharedTables } from '../support/shared-parts.ts';

let tables: SharedTables;
let sent: ClaimWon[];
let logFault: Error | null;
let caughtUp: boolean;

beforeEach(() => {
  tables = sharedTables();
  sent = [];
  logFault = null;
  caughtUp = true;
});

const log: Log = {
  append(fact, done) {
    if (logFault === null && fact.type === 'claim.won') sent.push(fact);
    done(logFault);
  },
  state: () => ({ waiting: 0, end: 0, fault: null }),
  flush: async () => 0,
  onDurable: () => undefined,
  trim: async () => undefined,
  close: async () => undefined,
};

function reconcile(apply = false, releaseReserved: string | null = null, shared = true): Promise<Reconciled> {
  const { keeper, epochs, ...rest } = sharedPorts(tables);
  const run = makeReconcile({
    ...rest,
    ...(shared ? { keeper, epochs } : {}),
    log,
    system: { now: () => T0 + 10_000 },
    caughtUp: async () => caughtUp,
  });
  const by = { id: 'op-1', requestId: 'r-1' };
  return run({ campaignId: 'chicken-100', apply, releaseReserved, by }) as Promise<Reconciled>;
}

function gateHas(issued: number, reserved = 0): void {
  if (tables.inForce) Object.assign(tables.inForce, { issued, lastSeq: issued, reserved });
  tables.epoch.reserved = reserved;
}

const kinds = ({ differences }: Reconciled) => differences.map(({ kind, count }) => [kind, count]);

describe('differences', () => {
  it('are none when gate and record have the same', async () => {
    tables.rows = rowsOf(1, 40);
    gateHas(40);
    expect(await reconcile()).toMatchObject({
      ok: true,
      applied: false,
      figures: { gate: 40, record: 40, reserved: 0, deadLetters: 0, outbox: 0 },
      differences: [],
    });
  });

  it('are none where the record is what was decided, and there is no gate beside it', async () => {
    tables = sharedTables({ mode: 'ordered' });
    tables.rows = rowsOf(1, 40);
    tables.inForce = null;
    expect(await reconcile()).toMatchObject({
      ok: true,
      differences: [],
      figures: { gate: null, record: 40 },
    });
  });

  it('are told apart by what they are', async () => {
    tables.rows = rowsOf(1, 30);
    gateHas(44, 5);
    tables.deadLetters = 1;
    tables.left = [leftBehind([30, 31, 32], 2000), leftBehind([33, 34], 1999)];
    const found = await reconcile();
    expect(kinds(found)).toEqual([
      ['left_behind', 2],
      ['lag', 2],
      ['set_aside', 1],
      ['reserved', 5],
      ['lost', 4],
    ]);
    expect(found.differences[0]?.seqs).toEqual([31, 32]);
    expect(found.ok).toBe(false);
  });

  it.each<[string, () => void, [string, number][], boolean]>([
    [
      'lag, while the recorder is behind',
      () => {
        caughtUp = false;
      },
      [['lag', 3]],
      true,
    ],
    [
      'lag, while the recorder is behind and may find on the log what the outbox still has',
      () => {
        caughtUp = false;
        tables.left = [leftBehind([38, 39, 40], 9000)];
      },
      [['lag', 3]],
      true,
    ],
    ['lost, when it is not', () => undefined, [['lost', 3]], false],
    [
      'undecided, when the record has more',
      () => {
        tables.rows = rowsOf(1, 41);
      },
      [['undecided', 1]],
      false,
    ],
    [
      'contradicted, when the outbox names another holder',
      () => {
        tables.rows = rowsOf(1, 40);
        tables.left = [leftBehind([40], 0, { userId: 'zoe' })];
      },
      [['contradicted', 1]],
      false,
    ],
    [
      'unknown, while the gate is away',
      () => {
        tables.gateAway = true;
      },
      [['gate_away', 1]],
      false,
    ],
    [
      'unknown, while the gate is there and not armed',
      () => {
        if (tables.inForce) tables.inForce.armed = false;
      },
      [['gate_away', 1]],
      false,
    ],
    [
      'none, when the campaign is over',
      () => {
        tables.live.atGate = false;
      },
      [],
      true,
    ],
  ])('are %s', async (_name, change, expected, ok) => {
    tables.rows = rowsOf(1, 37);
    gateHas(40);
    change();
    const found = await reconcile();
    expect([kinds(found), found.ok]).toEqual([expected, ok]);
  });

  it('are found with the gate in this process too', async () => {
    tables.rows = rowsOf(1, 37);
    gateHas(40);
    expect(kinds(await reconcile(true, 'why', false))).toEqual([['lost', 3]]);
  });

  it('show the first numbers only', async () => {
    gateHas(50);
    tables.left = [
      leftBehind(
        Array.from({ length: 50 }, (_, i) => i + 1),
        5000,
      ),
    ];
    const [first] = (await reconcile()).differences;
    expect([first?.count, first?.seqs.length]).toEqual([50, 20]);
  });
});

describe('a repair', () => {
  it('sends on what was left behind, and only when told to', async () => {
    tables.rows = rowsOf(1, 37);
    gateHas(40);
    tables.left = [leftBehind([36, 37], 9000), leftBehind([38], 9000), leftBehind([39, 40], 100)];
    expect((await reconcile()).ok).toBe(false);
    expect([sent, tables.left.length, tables.audit]).toEqual([[], 3, []]);
    const applied = await reconcile(true);
    expect(applied).toMatchObject({
      ok: true,
      applied: true,
      differences: [{ done: true }, { kind: 'lag' }],
    });
    expect(sent.map(({ seq }) => seq)).toEqual([38]);
    expect(tables.audit).toMatchObject([
      { actor: 'op-1', action: 'campaign.reconcile', before: { leftBehind: 1 }, after: { sent: 1 } },
    ]);
  });

  it('says so when the log does not take it', async () => {
    gateHas(1);
    tables.left = [leftBehind([1], 9000)];
    logFault = new Error('no broker answers');
    const { ok, differences } = await reconcile(true);
    expect([ok, differences[0]?.done, differences[0]?.says]).toEqual([
      false,
      false,
      expect.stringContaining('no broker answers'),
    ]);
    expect(tables.audit).toEqual([]);
  });

  it('gives reserved units back only with a reason, those of dead letters never', async () => {
    tables.rows = rowsOf(1, 30);
    gateHas(42, 10);
    tables.deadLetters = 2;
    await reconcile(true);
    expect([tables.epoch.reserved, tables.inForce?.issued]).toEqual([10, 42]);
    await reconcile(false, 'nobody turned up');
    expect([tables.epoch.reserved, tables.inForce?.issued]).toEqual([10, 42]);
    const { differences } = await reconcile(true, 'nobody turned up');
    expect(differences.find(({ kind }) => kind === 'reserved')).toMatchObject({ count: 10, done: true });
    expect([tables.epoch.reserved, tables.inForce?.issued]).toEqual([0, 32]);
    expect(tables.audit).toMatchObject([
      {
        action: 'campaign.release_reserved',
        target: 'chicken-100',
        before: { reserved: 10 },
        after: { reserved: 0, reason: 'nobody turned up' },
        requestId: 'r-1',
      },
    ]);
  });

  it('leaves no unit that two could win when it stops halfway', async () => {
    tables.rows = rowsOf(1, 30);
    gateHas(40, 10);
    tables.unreserveFails = true;
    const { ok, differences } = await reconcile(true, 'nobody turned up');
    expect([ok, differences[0]?.done, differences[0]?.alarm]).toEqual([false, false, true]);
    expect([tables.epoch.reserved, tables.inForce?.issued]).toEqual([0, 40]);
  });

  it('releases nothing that has changed meanwhile', async () => {
    tables.rows = rowsOf(1, 30);
    gateHas(40, 10);
    tables.refusesUnreserve = true;
    const { differences } = await reconcile(true, 'nobody turned up');
    expect(differences[0]).toMatchObject({ kind: 'reserved', done: false });
    expect([tables.inForce?.issued, tables.audit]).toEqual([40, []]);
  });
});

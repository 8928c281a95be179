// Protects: looking up tells no more than a press does. A win that the log has failed to take is told to nobody, on no
// path, until it is durable (I3).

import { expect, it } from 'vitest';
import { makeMemoryGate } from '../../src/adapters/memory/gate.ts';
import { makeCatalog } from '../../src/flow/catalog.ts';
import { makeClaimFlow } from '../../src/flow/claim.ts';
import { makeCodes } from '../../src/flow/codes.ts';
import { makeLookUp } from '../../src/flow/look-up.ts';
import { makeHandClock } from '../support/hand-clock.ts';
import { makeHandLog } from '../support/hand-log.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../support/samples.ts';
import { makeSqlitePlace } from '../support/sqlite-place.ts';

async function makeBench() {
  const clock = makeHandClock();
  const gate = makeMemoryGate(clock);
  const log = makeHandLog();
  const catalog = makeCatalog();
  const codes = makeCodes(Buffer.from('a master secret for tests only'));
  const { record, campaigns } = await makeSqlitePlace();
  const campaign = sampleCampaign();
  await campaigns.create(campaign, sampleAudit());
  await gate.configure(campaign);
  catalog.put(campaign).atGate = true;
  const parts = { catalog, gate, log, record, codes, system: clock, shared: false };
  const flow = makeClaimFlow({ ...parts, inFlightMax: 100, logWaitingMax: 100 });
  const lookUp = makeLookUp({
    catalog,
    gate,
    log,
    record,
    codes,
    caughtUp: async () => log.state().fault === null,
  });
  const press = (userId: string): void =>
    flow.claim({ campaignId: campaign.id, userId, key: null, tokenClaims: {} }, () => undefined);
  return { lookUp, log, record, press };
}

it('waits for a win on its way', async () => {
  const { lookUp, log, press } = await makeBench();
  press('ann');
  const looking = lookUp.mine('chicken-100', 'ann');
  await new Promise((resolve) => setImmediate(resolve));
  log.letThrough();
  expect(await looking).toMatchObject({ kind: 'claim', claim: { seq: 1, status: 'won' } });
});

it('calls a win unknown that the log failed to take, and the win that it is once the log has it', async () => {
  const { lookUp, log, press, record } = await makeBench();
  press('ann');
  log.letThrough();
  const wins = [{ fact: sampleWin(1, { userId: 'ann', wonAt: T0 }), codeLookup: null }];
  await record.store({ source: 'journal', from: 0, next: 1, wins, unreadable: [], now: T0 });
  press('bob');
  const looking = lookUp.mine('chicken-100', 'bob');
  await new Promise((resolve) => setImmediate(resolve));
  log.fail('no space left');
  expect(await looking).toEqual({ kind: 'unknown' });
  expect(await lookUp.mine('chicken-100', 'bob')).toEqual({ kind: 'unknown' });
  expect(await lookUp.byTicket('chicken-100', 'chicken-100.2', 'bob')).toEqual({ kind: 'unknown' });
  expect(await lookUp.all('bob')).toEqual([]);
  expect(await lookUp.mine('chicken-100', 'ann')).toMatchObject({
    kind: 'claim',
    claim: { status: 'issued' },
  });
  expect(await lookUp.mine('chicken-100', 'eve')).toEqual({ kind: 'none' });
  log.letThrough();
  expect(await lookUp.mine('chicken-100', 'bob')).toMatchObject({ kind: 'claim', claim: { seq: 2 } });
});

// Protects: an epoch is opened with exactly the wins its gate was filled with. One that the record has taken in since
// would be known to nobody at the gate, and its unit would be given again. On real MariaDB.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { makeMysqlEpochs } from '../../src/adapters/mysql/epochs.ts';
import { type Mysql, openMysql } from '../../src/adapters/mysql/open.ts';
import { makeSystem } from '../../src/adapters/system/system.ts';
import type { Epoch } from '../../src/ports/epochs.ts';
import { ID, type RecordPlace } from '../support/contract/record-bench.ts';
import { makerOfMysqlPlaces } from '../support/mysql-place.ts';
import { sampleAudit, sampleCampaign, sampleWin, T0 } from '../support/samples.ts';

const maria = await startOrSkip(() => startMariaDb());

describe.skipIf(maria === null)('opening an epoch in MariaDB', () => {
  if (!maria) return;
  const places = makerOfMysqlPlaces(maria.url);
  let place: RecordPlace;
  let mysql: Mysql;

  beforeAll(async () => {
    place = await places.make();
    mysql = await openMysql(maria.url, { lockWaitSeconds: 2 });
  });
  afterAll(async () => {
    await Promise.all([places.close(), mysql.close()]);
    await maria.stop();
  });

  it('is refused when the record has another number of wins than the gate was filled with', async () => {
    const epochs = makeMysqlEpochs(mysql, makeSystem());
    await place.campaigns.create(sampleCampaign(), sampleAudit());
    const begun = (await epochs.begin(ID, 1)) as Epoch;
    const wins = [sampleWin(1), sampleWin(2)].map((fact) => ({ fact, codeLookup: null }));
    await place.record.store({ source: 'log', from: 0, next: 2, wins, unreadable: [], now: T0 });
    const opened: Epoch = { ...begun, state: 'open' };
    expect(await epochs.open(opened, 1)).toBe(false);
    expect(await epochs.open(opened, 3)).toBe(false);
    expect(await epochs.of(ID)).toMatchObject({ epoch: 2, state: 'rebuilding' });
    expect(await epochs.open(opened, 2)).toBe(true);
    expect(await epochs.of(ID)).toMatchObject({ epoch: 2, state: 'open' });
  });
});

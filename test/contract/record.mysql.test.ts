// Protects: the record, the campaigns and the operators in MariaDB keep the promises of their ports.

import { afterAll, describe } from 'vitest';
import { startMariaDb } from '../../scripts/services/mariadb.ts';
import { startOrSkip } from '../../scripts/services/provide.ts';
import { campaignsContract } from '../support/contract/campaigns.ts';
import { couponsContract } from '../support/contract/coupons.ts';
import { operatorsContract } from '../support/contract/operators.ts';
import { recordAsking } from '../support/contract/record-asking.ts';
import { recordLines } from '../support/contract/record-lines.ts';
import { recordRulings } from '../support/contract/record-rulings.ts';
import { recordSoldOut } from '../support/contract/record-sold-out.ts';
import { recordStoring } from '../support/contract/record-storing.ts';
import { makerOfMysqlPlaces } from '../support/mysql-place.ts';

const maria = await startOrSkip(() => startMariaDb());
const places = maria && makerOfMysqlPlaces(maria.url);

afterAll(async () => {
  await places?.close();
  await maria?.stop();
});

describe.skipIf(places === null)('in MariaDB', () => {
  if (!places) return;
  recordStoring('MariaDB', places.make);
  recordAsking('MariaDB', places.make);
  couponsContract('MariaDB', places.make);
  recordRulings('MariaDB', places.make);
  recordSoldOut('MariaDB', places.make);
  recordLines('MariaDB', places.make);
  campaignsContract('MariaDB', places.make);
  operatorsContract('MariaDB', places.make);
});

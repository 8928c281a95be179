// Protects: the record, the campaigns and the operators in MariaDB keep the promises of their ports.

import { campaignsContract } from '../support/contract/campaigns.ts';
import { couponsContract } from '../support/contract/coupons.ts';
import { operatorsContract } from '../support/contract/operators.ts';
import { recordAsking } from '../support/contract/record-asking.ts';
import { recordLines } from '../support/contract/record-lines.ts';
import { recordRulings } from '../support/contract/record-rulings.ts';
import { recordSoldOut } from '../support/contract/record-sold-out.ts';
import { recordStoring } from '../support/contract/record-storing.ts';
import { inMariaDb } from '../support/in-mariadb.ts';
import { PLACE_TABLES, placeIn } from '../support/mysql-place.ts';

await inMariaDb((emptied) => {
  const make = async () => placeIn(await emptied(...PLACE_TABLES));
  recordStoring('MariaDB', make);
  recordAsking('MariaDB', make);
  couponsContract('MariaDB', make);
  recordRulings('MariaDB', make);
  recordSoldOut('MariaDB', make);
  recordLines('MariaDB', make);
  campaignsContract('MariaDB', make);
  operatorsContract('MariaDB', make);
});

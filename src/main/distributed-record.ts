/** The record's side of many processes, all of one MySQL. */

import { makeMysqlEpochs } from '../adapters/mysql/epochs.ts';
import { makeMysqlLeases } from '../adapters/mysql/leases.ts';
import type { Mysql } from '../adapters/mysql/open.ts';
import { makeMysqlRecord } from '../adapters/mysql/record.ts';
import { steady } from '../adapters/mysql/steady.ts';
import { makeMysqlTopicVersions } from '../adapters/mysql/topic-versions.ts';
import { makeSqlCampaigns } from '../adapters/sql/campaigns.ts';
import { makeSqlLineHistory } from '../adapters/sql/line-history.ts';
import { makeSqlOperators } from '../adapters/sql/operators.ts';
import { makeSqlRulings } from '../adapters/sql/rulings.ts';
import { makeSqlSettled } from '../adapters/sql/settled.ts';
import type { System } from '../ports/system.ts';
import { mysqlStoredPorts } from './stored-ports.ts';

export function storedParts(mysql: Mysql, system: System) {
  return {
    record: makeMysqlRecord({ mysql, system }),
    campaigns: steady(makeSqlCampaigns(mysql.db), mysql.address, system),
    operators: steady(makeSqlOperators(mysql.db), mysql.address, system),
    epochs: makeMysqlEpochs(mysql, system),
    leases: makeMysqlLeases(mysql, system),
    settled: steady(makeSqlSettled(mysql.db), mysql.address, system),
    stored: mysqlStoredPorts(mysql, system),
    rulings: steady(makeSqlRulings(mysql.db), mysql.address, system),
    versions: makeMysqlTopicVersions(mysql, system),
    history: steady(makeSqlLineHistory(mysql.db), mysql.address, system),
  };
}
